{{/*
The values with the names of 2025 (and the one of 2026 that has changed) replaced by today's, as JSON. What
`workload.template` says of the pod and of the container asya-runtime moves to the keys of the same name; the rest of
that container becomes `runtimeContainer`, and the other containers become `extraContainers`.
Takes: the values as given.
*/}}
{{- define "actor.values.today" -}}
{{- $values := deepCopy . -}}
{{- range include "actor.values.renamed" . | fromJsonArray -}}
{{- if not (kindIs "invalid" .value) -}}
{{- $_ := set (ternary $values (get $values .section) (eq .section "")) .name .value -}}
{{- end -}}
{{- end -}}
{{- $template := $values.workload.template | default dict -}}
{{- $pod := dig "spec" dict $template -}}
{{- $extra := list -}}
{{- $runtime := dict -}}
{{- range $pod.containers -}}
{{- if eq .name "asya-runtime" -}}
{{- $runtime = omit . "name" -}}
{{- else -}}
{{- $extra = append $extra . -}}
{{- end -}}
{{- end -}}
{{- $lifted := list "image" "imagePullPolicy" "env" "resources" "volumeMounts" -}}
{{- range $field := $lifted -}}
{{- if hasKey $runtime $field -}}
{{- $_ := set $values $field (get $runtime $field) -}}
{{- $runtime = omit $runtime $field -}}
{{- end -}}
{{- end -}}
{{- range $field, $value := omit $pod "containers" "initContainers" "terminationGracePeriodSeconds" -}}
{{- $_ := set $values $field $value -}}
{{- end -}}
{{- $meta := dig "metadata" dict $template -}}
{{- $_ := set $values "podLabels" (mergeOverwrite dict ($meta.labels | default dict) ($values.podLabels | default dict)) -}}
{{- $_ := set $values "podAnnotations" (mergeOverwrite dict ($meta.annotations | default dict) ($values.podAnnotations | default dict)) -}}
{{- $_ := set $values "runtimeContainer" $runtime -}}
{{- $_ := set $values "extraContainers" $extra -}}
{{- $_ := set $values "initContainers" ($pod.initContainers | default list) -}}
{{- omit $values "workload" | toJson }}
{{- end }}

{{/* Renamed keys as a JSON list of {section, name, value, was}: today's place, the value given, and the old place. */}}
{{- define "actor.values.renamed" -}}
{{- $grace := dig "spec" "terminationGracePeriodSeconds" nil (.workload.template | default dict) -}}
{{- list
  (dict "section" "scaling" "name" "minReplicaCount" "value" .scaling.minReplicas "was" "scaling.minReplicas")
  (dict "section" "scaling" "name" "maxReplicaCount" "value" .scaling.maxReplicas "was" "scaling.maxReplicas")
  (dict "section" "timeout" "name" "actor" "value" .timeout.processing "was" "timeout.processing")
  (dict "section" "timeout" "name" "actor" "value" .resiliency.actorTimeout "was" "resiliency.actorTimeout")
  (dict "section" "timeout" "name" "gracefulShutdown" "value" $grace "was" "workload.template.spec.terminationGracePeriodSeconds")
  (dict "section" "" "name" "replicas" "value" .workload.replicas "was" "workload.replicas")
  (dict "section" "" "name" "pythonExecutable" "value" .workload.pythonExecutable "was" "workload.pythonExecutable")
  | toJson }}
{{- end }}
