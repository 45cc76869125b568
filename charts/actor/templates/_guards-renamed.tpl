{{/*
Two old names of one key with different values. Today's name beside an old one is no mistake: charts can't see which file
a value comes from, and only a manifest brings old names, so they win over what its environment and its flavors write.
*/}}
{{- define "actor.guards.renamed" -}}
{{- $given := dict -}}
{{- range include "actor.values.renamed" .raw | fromJsonArray -}}
{{- if not (kindIs "invalid" .value) -}}
{{- $path := list .section .name | compact | join "." -}}
{{- $other := get $given $path | default . -}}
{{- $_ := set $given $path . -}}
{{- if ne (toJson $other.value) (toJson .value) }}
ERROR: {{ .was }}: {{ include "actor.text" .value }} is given under this old name of {{ $path }}, and {{ include "actor.text" $other.value }} under {{ $other.was }}; keep one of them
{{- end }}
{{- end }}
{{- end }}
{{- end }}
