{{/*
A list as it is, or the entries of a map from name to entry, as a JSON list. An entry that is no map becomes
{value: entry}; one that is null is left out.
Takes: entries (a list or a map), key (the field that takes an entry's name unless it has one; empty: none).
*/}}
{{- define "actor.list" -}}
{{- $list := list -}}
{{- if kindIs "map" .entries -}}
{{- range $name, $entry := .entries -}}
{{- if kindIs "map" $entry -}}
{{- $list = append $list (merge (deepCopy $entry) (ternary (dict $.key $name) dict (ne $.key ""))) -}}
{{- else if not (kindIs "invalid" $entry) -}}
{{- $list = append $list (dict $.key $name "value" $entry) -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- $list = .entries | default list -}}
{{- end -}}
{{- $list | toJson }}
{{- end }}

{{/*
The entries of flavors, then the user's, as a JSON list. The user's entry takes the place of the flavors' that has its
name in the map, or its value of the field `identity`.
Takes: preset (a map), own (a list or a map), key (as actor.list), identity.
*/}}
{{- define "actor.join" -}}
{{- $own := include "actor.list" (dict "entries" .own "key" .key) | fromJsonArray -}}
{{- $taken := list -}}
{{- range $own -}}
{{- $taken = append $taken (get . $.identity) -}}
{{- end -}}
{{- $preset := deepCopy (.preset | default dict) -}}
{{- if kindIs "map" .own -}}
{{- range $name, $_ := .own -}}
{{- $preset = omit $preset $name -}}
{{- end -}}
{{- end -}}
{{- $joined := list -}}
{{- range include "actor.list" (dict "entries" $preset "key" .key) | fromJsonArray -}}
{{- if not (and (hasKey . $.identity) (has (get . $.identity) $taken)) -}}
{{- $joined = append $joined . -}}
{{- end -}}
{{- end -}}
{{- concat $joined $own | toJson }}
{{- end }}

{{/* A map with another laid over it, key by key in nested maps; null counts. As JSON. Takes: base, over. */}}
{{- define "actor.overlay" -}}
{{- $result := deepCopy .base -}}
{{- range $key, $value := .over -}}
{{- if and (kindIs "map" $value) (kindIs "map" (get $result $key)) -}}
{{- $_ := set $result $key (include "actor.overlay" (dict "base" (get $result $key) "over" $value) | fromJson) -}}
{{- else -}}
{{- $_ := set $result $key $value -}}
{{- end -}}
{{- end -}}
{{- $result | toJson }}
{{- end }}
