{{/*
What a schema can't say: values that must come together, and values that are not built yet. Each guard prints one line
for each mistake, ERROR: <value path>: why; what to do. All are printed at once, before anything is rendered.
*/}}
{{- define "actor.guards" -}}
{{- range include "actor.guards.topics" . | fromJsonArray -}}
{{- with include (printf "actor.guards.%s" .) $ | trim }}
{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* What is looked at, in this order; actor.guards.<topic> each. */}}
{{- define "actor.guards.topics" -}}
{{- list
  "manifest" "renamed" "identity" "images" "handler" "flavors" "workload" "pod" "volumes" "resources" "env"
  "timeouts" "batch" "scaling" "unscaled" "fixed" "keda" "hpa" "resiliency" "retry" "queues" "network" "transport" "sqs" "claim-check"
| toJson }}
{{- end }}

{{- define "actor.guards.manifest" -}}
{{- $keys := list -}}
{{- range list "apiVersion" "kind" "metadata" "spec" -}}
{{- if hasKey $.raw . -}}
{{- $keys = append $keys . -}}
{{- end -}}
{{- end -}}
{{- if $keys }}
ERROR: {{ join ", " $keys }}: a whole manifest is no values file; save what stands under its spec as one, and install it under the name in its metadata
{{- end }}
{{- end }}
