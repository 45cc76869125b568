{{/* Ends the render with what the guards say, unless they say nothing. Takes: their lines. */}}
{{- define "pipeline.refuse" -}}
{{- with trim . }}
{{- fail (printf "\n\n%s\n" .) }}
{{- end }}
{{- end }}

{{/* Mistakes in what only this chart has; one line each. Takes: root, shared (values). */}}
{{- define "pipeline.guards" -}}
{{- $there := list -}}
{{- range $path, $_ := .root.Subcharts.actor.Files.Glob "flavors/*.yaml" -}}
{{- $there = append $there (base $path | trimSuffix ".yaml") -}}
{{- end -}}
{{- range $field := list "enabled" "actor" -}}
{{- if get $.root.Values.actor $field }}
ERROR: actor.{{ $field }}: under actor stand the defaults of the chart that makes each actor, and this would not count; remove it, and name actors under actors
{{- end }}
{{- end }}
{{- range $name, $own := .root.Values.actors -}}
{{- if has $name (list "happy-end" "error-end") }}
ERROR: actors.{{ $name }}: it is an end actor, which the chart crew brings; remove it
{{- end }}
{{- include "pipeline.renamed" (dict "name" $name "own" ($own | default dict)) }}
{{- range include "pipeline.flavors" ($own | default dict) | fromJsonArray -}}
{{- if not (has . $there) }}
ERROR: actors.{{ $name }}.flavors: no flavor {{ . | quote }} is in the chart; use one of {{ join ", " $there }}, or give a file with -f, which counts for all actors
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* An old name and today's in one actor's own values, where one of them is forgotten. Takes: name, own (values). */}}
{{- define "pipeline.renamed" -}}
{{- $sections := dict "scaling" dict "timeout" dict "resiliency" dict "workload" dict -}}
{{- range include "actor.values.renamed" (mergeOverwrite $sections (deepCopy .own)) | fromJsonArray -}}
{{- $section := ternary $.own (get $.own .section | default dict) (eq .section "") -}}
{{- if and (not (kindIs "invalid" .value)) (hasKey $section .name) -}}
{{- $now := get $section .name -}}
{{- if ne (toJson $now) (toJson .value) }}
ERROR: actors.{{ $.name }}.{{ .was }}: {{ include "actor.text" .value }} is given under this old name of {{ list .section .name | compact | join "." }}, which is {{ include "actor.text" $now }}; keep one of them
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the chart `actor` has against each actor, and what an actor can't have for itself. Takes: the root. */}}
{{- define "pipeline.actorGuards" -}}
{{- range $name, $made := .prepared.actors -}}
{{- $context := dict "root" $ "files" $.Subcharts.actor.Files "name" $name "raw" $made.raw "values" $made.values "shared" dict -}}
{{- range splitList "\n" (include "actor.guards" $context | trim) }}
{{ . | replace "ERROR: " (printf "ERROR: actors.%s." $name) }}
{{- end }}
{{- $transport := (get $.prepared.release $.Release.Name).values.transport -}}
{{- if ne $made.values.transport $transport }}
ERROR: actors.{{ $name }}.flavors: they choose transport {{ $made.values.transport | quote }}, and the release has {{ $transport | quote }}; set transport for the whole release, or use another release
{{- end }}
{{- end }}
{{- end }}
