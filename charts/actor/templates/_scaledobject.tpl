{{/* KEDA's object that sets the number of pods by the depth of the actor's queue. Fields in KEDA's order. */}}
{{- define "actor.scaledobject" -}}
{{- if and .values.scaling.enabled (not .values.scaling.hpa) -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "" "component" "actor") | nindent 2 }}
  {{- with include "actor.scaledobject.pause" .values.scaling.paused }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  scaleTargetRef:
    name: {{ .name | quote }}
  {{- include "actor.scaledobject.numbers" .values.scaling | trim | nindent 2 }}
  {{- with .values.scaling.fallback }}
  fallback:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  advanced:
    {{- include "actor.scaledobject.advanced" . | nindent 4 }}
  triggers:
    {{- include "actor.scaledobject.triggers" . | nindent 4 }}
{{- end }}
{{- end }}

{{/* KEDA's numbers, as far as they are given; 0 is one. Takes: scaling. */}}
{{- define "actor.scaledobject.numbers" -}}
{{- $scaling := . -}}
{{- $fields := list "pollingInterval" "cooldownPeriod" "initialCooldownPeriod" "idleReplicaCount" "minReplicaCount" "maxReplicaCount" -}}
{{- range $field := $fields }}
{{- if and (hasKey $scaling $field) (not (kindIs "invalid" (get $scaling $field))) }}
{{ $field }}: {{ int (get $scaling $field) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The annotation that stops KEDA: where the number of pods is now, or at a number. Takes: scaling.paused. */}}
{{- define "actor.scaledobject.pause" -}}
{{- if kindIs "bool" . -}}
{{- if . -}}
autoscaling.keda.sh/paused: "true"
{{- end -}}
{{- else -}}
autoscaling.keda.sh/paused-replicas: {{ include "actor.text" . | quote }}
{{- end }}
{{- end }}

{{/* The AsyncActor's flat `advanced` in KEDA's shape, over our own scale-down behaviour. */}}
{{- define "actor.scaledobject.advanced" -}}
{{- $given := .values.scaling.advanced -}}
{{- $config := deepCopy ($given.horizontalPodAutoscalerConfig | default dict) -}}
{{- $_ := set $config "behavior" (include "actor.overlay" (dict "base" (include "actor.scaling.behavior" . | fromYaml) "over" ($config.behavior | default dict)) | fromJson) -}}
{{- $advanced := dict "horizontalPodAutoscalerConfig" $config -}}
{{- if hasKey $given "restoreToOriginalReplicaCount" -}}
{{- $_ := set $advanced "restoreToOriginalReplicaCount" $given.restoreToOriginalReplicaCount -}}
{{- end -}}
{{- with pick $given "formula" "target" "activationTarget" "metricType" -}}
{{- $_ := set $advanced "scalingModifiers" . -}}
{{- end -}}
{{- toYaml $advanced }}
{{- end }}

{{/*
How pods go while messages run. An autoscaler can't tell a busy pod from an idle one, so it waits as long as one message
may take, then lets a quarter go each minute. One that was busy all the same finishes its message before it ends.
*/}}
{{- define "actor.scaling.behavior" -}}
scaleDown:
  stabilizationWindowSeconds: {{ min 3600 (max 60 (include "actor.seconds" .values.timeout.actor)) }}
  policies:
    - type: Percent
      value: 25
      periodSeconds: 60
{{- end }}

{{/* The queue's trigger, called `queue` for formulas, and further ones. */}}
{{- define "actor.scaledobject.triggers" -}}
- name: queue
  {{- include (printf "actor.transport.%s.trigger" .values.transport) . | nindent 2 }}
  {{- if include (printf "actor.transport.%s.authentication" .values.transport) . }}
  authenticationRef:
    name: {{ .name | quote }}
  {{- end }}
{{- with .values.scaling.additionalTriggers }}
{{ toYaml . }}
{{- end }}
{{- end }}
