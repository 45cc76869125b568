{{- define "actor.guards.workload" -}}
{{- $workload := .raw.workload -}}
{{- if ne $workload.kind "Deployment" }}
ERROR: workload.kind: {{ $workload.kind | quote }} is not supported; an actor is a Deployment, so remove the key
{{- end }}
{{- $spec := dig "spec" dict ($workload.template | default dict) -}}
{{- if $spec.securityContext }}
ERROR: workload.template.spec.securityContext: the chart sets it; remove it (security has the ids)
{{- end }}
{{- if $spec.shareProcessNamespace }}
ERROR: workload.template.spec.shareProcessNamespace: your containers could read the sidecar's credentials in /proc; remove it
{{- end }}
{{- include "actor.guards.twice" (dict "path" "workload.template.spec.containers" "entries" $spec.containers) }}
{{- $names := list -}}
{{- range $spec.containers -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- if and $names (not (has "asya-runtime" $names)) }}
ERROR: workload.template.spec.containers: none is called asya-runtime; give the container with your code that name
{{- end }}
{{- if has "asya-sidecar" $names }}
ERROR: workload.template.spec.containers: the chart adds asya-sidecar itself; rename or remove yours
{{- end }}
{{- end }}

{{/* The container asya-runtime of a manifest, and what stands there and under today's keys. */}}
{{- define "actor.guards.pod" -}}
{{- $runtime := .values.runtimeContainer -}}
{{- range $field := list "command" "args" "securityContext" -}}
{{- if hasKey $runtime $field }}
ERROR: workload.template.spec.containers[asya-runtime].{{ $field }}: the chart sets it; remove it (handler says what to call, security and runtime.readOnlyRootFilesystem how to run it)
{{- end }}
{{- end }}
{{- $lifted := include "actor.values.lifted" (.raw.workload.template | default dict) | fromJson -}}
{{- if and .raw.image $lifted.image (ne .raw.image $lifted.image) }}
ERROR: image: workload.template gives it too, and differs; keep one of them
{{- end }}
{{- range $name := list "checksum/runtime" "kubectl.kubernetes.io/default-container" -}}
{{- if hasKey $.values.podAnnotations $name }}
ERROR: podAnnotations.{{ $name }}: the chart sets it, so that pods follow the runtime and logs are found; remove it
{{- end }}
{{- end }}
{{- range .values.initContainers -}}
{{- if hasPrefix "asya-" .name }}
ERROR: initContainers.{{ .name }}: names that begin with asya- belong to the chart; rename it
{{- end }}
{{- end }}
{{- end }}


{{/* The names that a list has twice, in a sentence each. Takes: path, entries (a map can't have a name twice). */}}
{{- define "actor.guards.twice" -}}
{{- $seen := list -}}
{{- $twice := list -}}
{{- if kindIs "slice" .entries -}}
{{- range .entries -}}
{{- $twice = ternary (append $twice .name) $twice (has .name $seen) -}}
{{- $seen = append $seen .name -}}
{{- end -}}
{{- end -}}
{{- range uniq $twice }}
ERROR: {{ $.path }}: {{ . }} is there twice, and only one can count; remove the other
{{- end }}
{{- end }}

{{- define "actor.guards.env" -}}
{{- include "actor.guards.twice" (dict "path" "env" "entries" (include "actor.values.today" .raw | fromJson).env) -}}
{{- include "actor.guards.twice" (dict "path" "sidecar.env" "entries" .values.sidecar.env) -}}
{{- $fixed := include "actor.runtime.env" . | fromJson -}}
{{- range .values.env -}}
{{- if hasKey $fixed .name }}
ERROR: env.{{ .name }}: the chart sets this variable from its values; remove it and set the value (concurrency, batch, maxBodyBytes)
{{- end }}
{{- end }}
{{- if has .values.transport (include "actor.transports" . | fromJsonArray) -}}
{{- $fixed = omit (include "actor.sidecar.env" . | fromJson) "ASYA_LOG_LEVEL" -}}
{{- range include "actor.list" (dict "entries" .values.sidecar.env "key" "name") | fromJsonArray -}}
{{- if hasKey $fixed .name }}
ERROR: sidecar.env.{{ .name }}: the chart sets this variable from its values; remove it and set the value that it stands for
{{- end }}
{{- end }}
{{- end }}
{{- end }}
