{{/*
Values of what counts for all actors, as JSON: the actor chart's defaults with the shared keys over them.
Takes: the root.
*/}}
{{- define "pipeline.shared" -}}
{{- $shared := omit .Values "actor" "actors" "global" -}}
{{- include "actor.overlay" (dict "base" (omit .Values.actor "global") "over" $shared) }}
{{- end }}

{{/*
Values of one actor, as JSON, later ones over earlier ones: what counts for all, its flavors from left to right, its own
keys. What it says under today's name beats an old name that counts for all. Takes: root, shared (values), name.
*/}}
{{- define "pipeline.values" -}}
{{- $own := get .root.Values.actors .name | default dict -}}
{{- $values := deepCopy .shared -}}
{{- range include "pipeline.flavors" $own | fromJsonArray -}}
{{- $preset := $.root.Subcharts.actor.Files.Get (printf "flavors/%s.yaml" .) | fromYaml -}}
{{- $values = include "actor.overlay" (dict "base" $values "over" $preset) | fromJson -}}
{{- end -}}
{{- range include "actor.values.renamed" $values | fromJsonArray -}}
{{- $section := ternary $own (get $own .section | default dict) (eq .section "") -}}
{{- $was := splitList "." .was -}}
{{- if and (hasKey $section .name) (eq (len $was) 2) -}}
{{- $_ := set (get $values (first $was)) (last $was) nil -}}
{{- end -}}
{{- end -}}
{{- $over := merge (dict "actor" .name "enabled" true) $own -}}
{{- $joined := include "pipeline.joined" (dict "shared" $values "own" $own) | fromJson -}}
{{- include "actor.overlay" (dict "base" $values "over" (merge $joined $over)) }}
{{- end }}

{{/*
What takes lists as well as maps and is given for all and for one: both, the actor's own winning by name, as a JSON map
of lists. (Two maps are joined like all other values.) Takes: shared, own (values).
*/}}
{{- define "pipeline.joined" -}}
{{- $joined := dict -}}
{{- range $field, $identity := include "actor.values.identities" . | fromJson -}}
{{- $shared := get $.shared $field -}}
{{- $own := get $.own $field -}}
{{- if and $shared $own (not (and (kindIs "map" $shared) (kindIs "map" $own))) -}}
{{- $key := ternary "" "name" (eq $identity "") -}}
{{- $named := dict -}}
{{- range $index, $entry := include "actor.list" (dict "entries" $shared "key" $key) | fromJsonArray -}}
{{- $_ := set $named (get $entry $identity | default (toString $index)) $entry -}}
{{- end -}}
{{- $join := dict "preset" $named "own" $own "key" $key "identity" $identity -}}
{{- $_ := set $joined $field (include "actor.join" $join | fromJsonArray) -}}
{{- end -}}
{{- end -}}
{{- $joined | toJson }}
{{- end }}

{{/* The flavors that an actor names, as a JSON list. Takes: its own values. */}}
{{- define "pipeline.flavors" -}}
{{- $flavors := list -}}
{{- range list .flavor .flavors -}}
{{- $flavors = concat $flavors (ternary . (list .) (kindIs "slice" .)) -}}
{{- end -}}
{{- compact $flavors | uniq | toJson }}
{{- end }}
