{{/*
One object for each actor, or one for all of them, made by the chart `actor`. What is there once is what that chart
makes of an actor called like the release.
Takes: root, object, and optionally once (true: one for all).
*/}}
{{- define "pipeline.render" -}}
{{- include "pipeline.prepare" .root -}}
{{- $prepared := .root.prepared -}}
{{- range $name, $made := ternary $prepared.release $prepared.actors (.once | default false) }}
{{- with include (printf "actor.%s" $.object) (dict
  "root" $.root
  "files" $.root.Subcharts.actor.Files
  "name" $name
  "raw" $made.raw
  "values" $made.values
  "shared" (dict "runtime" (include "pipeline.runtimeConfigMap" $.root) "actors" (keys $prepared.actors | sortAlpha))
) | trim }}
---
{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* The ConfigMap with the runtime's files, which all actors mount. Takes: the root. */}}
{{- define "pipeline.runtimeConfigMap" -}}
{{- include "actor.suffixed" (dict "name" .Release.Name "suffix" "-runtime") }}
{{- end }}
