{{/*
An old name and today's beside each other, with different values. The old one beats the chart's defaults and flavors,
which write today's names; whoever else writes today's name means it, and would be overruled in silence.
*/}}
{{- define "actor.guards.renamed" -}}
{{- $flavors := list -}}
{{- $given := dict -}}
{{- range include "actor.values.renamed" .raw | fromJsonArray -}}
{{- if not (kindIs "invalid" .value) -}}
{{- $section := ternary $.raw (get $.raw .section | default dict) (eq .section "") -}}
{{- $now := get $section .name -}}
{{- $path := list .section .name | compact | join "." -}}
{{- if not $flavors -}}
{{- $flavors = include "actor.guards.renamed.flavors" $ | fromJsonArray -}}
{{- end -}}
{{- $other := get $given $path | default . -}}
{{- $_ := set $given $path . -}}
{{- if ne (toJson $other.value) (toJson .value) }}
ERROR: {{ .was }}: {{ include "actor.text" .value }} is given under this old name of {{ $path }}, and {{ include "actor.text" $other.value }} under {{ $other.was }}; keep one of them
{{- end }}
{{- $expected := list (toJson .default) (toJson .value) -}}
{{- range $flavors -}}
{{- $expected = append $expected (toJson (get . $path)) -}}
{{- end -}}
{{- if not (has (toJson $now) $expected) }}
ERROR: {{ .was }}: {{ include "actor.text" .value }} is given under this old name of {{ $path }}, which is {{ include "actor.text" $now }}; keep one of them (asya convert writes today's names)
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the flavors that were given write under today's names, as a JSON list of maps from path to value. */}}
{{- define "actor.guards.renamed.flavors" -}}
{{- $given := list dict -}}
{{- range $name, $file := include "actor.flavors" . | fromJson -}}
{{- if get ($.raw.preset.flavors | default dict) $name -}}
{{- $values := fromYaml $file -}}
{{- $paths := pick $values "replicas" "pythonExecutable" -}}
{{- range $section := list "scaling" "timeout" -}}
{{- range $key, $value := dig $section dict $values -}}
{{- $_ := set $paths (printf "%s.%s" $section $key) $value -}}
{{- end -}}
{{- end -}}
{{- $given = append $given $paths -}}
{{- end -}}
{{- end -}}
{{- $given | toJson }}
{{- end }}
