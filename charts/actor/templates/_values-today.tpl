{{/*
The values with the names of 2025 (and those of 2026 that have changed) replaced by today's, as JSON. What
`workload.template` says of the pod and of the container asya-runtime moves to the keys of the same name.
Takes: the values as given.
*/}}
{{- define "actor.values.today" -}}
{{- $values := deepCopy . -}}
{{- range include "actor.values.renamed" . | fromJsonArray -}}
{{- if not (kindIs "invalid" .value) -}}
{{- $_ := set (ternary $values (get $values .section) (eq .section "")) .name .value -}}
{{- end -}}
{{- end -}}
{{- $lifted := include "actor.values.lifted" (.workload.template | default dict) | fromJson -}}
{{- range $field := list "podLabels" "podAnnotations" -}}
{{- $_ := set $lifted $field (mergeOverwrite (get $lifted $field) (get $values $field | default dict)) -}}
{{- end -}}
{{- range $field, $value := include "actor.values.overEnvironment" (dict "values" $values "lifted" $lifted) | fromJson -}}
{{- $_ := set $values $field $value -}}
{{- end -}}
{{- $_ := set $values "flavors" (include "actor.values.flavors" . | fromJsonArray) -}}
{{- omit $values "workload" "flavor" | toJson }}
{{- end }}

{{/*
What a pod template says, over what an environment may give for all actors under the same keys, as JSON: entries by name,
and amounts and labels one by one. Takes: values, lifted.
*/}}
{{- define "actor.values.overEnvironment" -}}
{{- $result := deepCopy .lifted -}}
{{- range $field, $identity := include "actor.values.identities" . | fromJson -}}
{{- $key := ternary "" "name" (eq $identity "") -}}
{{- $shared := include "actor.list" (dict "entries" (get $.values $field) "key" $key) | fromJsonArray -}}
{{- if and (hasKey $.lifted $field) $shared -}}
{{- $join := dict "preset" $shared "own" (get $.lifted $field) "key" $key "identity" $identity -}}
{{- $_ := set $result $field (include "actor.join" $join | fromJsonArray) -}}
{{- end -}}
{{- end -}}
{{- range $field := list "resources" "nodeSelector" "affinity" -}}
{{- if hasKey $.lifted $field -}}
{{- $over := dict "base" (get $.values $field | default dict) "over" (get $.lifted $field) -}}
{{- $_ := set $result $field (include "actor.overlay" $over | fromJson) -}}
{{- end -}}
{{- end -}}
{{- $result | toJson }}
{{- end }}

{{/* Keys that take a list or a map, and the field that tells their entries apart (empty: none), as a JSON map. */}}
{{- define "actor.values.identities" -}}
{{- dict "env" "name" "volumes" "name" "volumeMounts" "mountPath" "tolerations" "" "initContainers" "name" | toJson }}
{{- end }}

{{/*
What a 2025 pod template says under today's keys, as JSON. What is left of the container asya-runtime becomes
`runtimeContainer`, the other containers `extraContainers`, and fields that have no key `podFields`. Takes:
workload.template.
*/}}
{{- define "actor.values.lifted" -}}
{{- $pod := dig "spec" dict . -}}
{{- $runtime := dict -}}
{{- $others := list -}}
{{- range $pod.containers -}}
{{- if eq .name "asya-runtime" -}}
{{- $runtime = omit . "name" -}}
{{- else -}}
{{- $others = append $others . -}}
{{- end -}}
{{- end -}}
{{- $passed := pick $pod "dnsConfig" "dnsPolicy" "hostAliases" "preemptionPolicy" "readinessGates" "resourceClaims" "schedulerName" "schedulingGates" "shareProcessNamespace" -}}
{{- $lifted := set (omit $pod "containers" "restartPolicy" "securityContext" "terminationGracePeriodSeconds") "podFields" $passed -}}
{{- range $field := list "image" "imagePullPolicy" "env" "resources" "volumeMounts" -}}
{{- if hasKey $runtime $field -}}
{{- $_ := set $lifted $field (get $runtime $field) -}}
{{- $runtime = omit $runtime $field -}}
{{- end -}}
{{- end -}}
{{- $metadata := dig "metadata" dict . -}}
{{- $_ := set $lifted "podLabels" ($metadata.labels | default dict) -}}
{{- $_ := set $lifted "podAnnotations" ($metadata.annotations | default dict) -}}
{{- merge (dict "runtimeContainer" $runtime "extraContainers" $others) $lifted | toJson }}
{{- end }}

{{/* The names under `flavor` and `flavors`, as a JSON list. Takes: the values as given. */}}
{{- define "actor.values.flavors" -}}
{{- $names := list -}}
{{- range list .flavor .flavors -}}
{{- $names = concat $names (ternary . (list .) (kindIs "slice" .)) -}}
{{- end -}}
{{- compact $names | uniq | toJson }}
{{- end }}

{{/*
Renamed keys as a JSON list of {section, name, value, was, default}: today's place, the value given under the old name, the
old place, and what stands in today's place unless somebody writes it.
*/}}
{{- define "actor.values.renamed" -}}
{{- $grace := dig "spec" "terminationGracePeriodSeconds" nil (.workload.template | default dict) -}}
{{- list
  (dict "section" "scaling" "name" "minReplicaCount" "value" .scaling.minReplicas "was" "scaling.minReplicas" "default" 0)
  (dict "section" "scaling" "name" "maxReplicaCount" "value" .scaling.maxReplicas "was" "scaling.maxReplicas" "default" 50)
  (dict "section" "timeout" "name" "actor" "value" .timeout.processing "was" "timeout.processing" "default" "5m")
  (dict "section" "timeout" "name" "actor" "value" .resiliency.actorTimeout "was" "resiliency.actorTimeout" "default" "5m")
  (dict "section" "timeout" "name" "gracefulShutdown" "value" $grace "was" "workload.template.spec.terminationGracePeriodSeconds" "default" nil)
  (dict "section" "" "name" "replicas" "value" .workload.replicas "was" "workload.replicas" "default" 1)
  (dict "section" "" "name" "pythonExecutable" "value" .workload.pythonExecutable "was" "workload.pythonExecutable" "default" "python3")
  | toJson }}
{{- end }}
