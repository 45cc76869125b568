{{/* KEDA's object that sets the number of pods by the depth of the actor's queue. Fields in KEDA's order. */}}
{{- define "actor.scaledobject" -}}
{{- $scaling := .values.scaling -}}
{{- if $scaling.enabled -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "" "component" "actor") | nindent 2 }}
spec:
  scaleTargetRef:
    name: {{ .name | quote }}
  pollingInterval: {{ int $scaling.pollingInterval }}
  cooldownPeriod: {{ int $scaling.cooldownPeriod }}
  {{- if not (kindIs "invalid" $scaling.initialCooldownPeriod) }}
  initialCooldownPeriod: {{ int $scaling.initialCooldownPeriod }}
  {{- end }}
  minReplicaCount: {{ int $scaling.minReplicaCount }}
  maxReplicaCount: {{ int $scaling.maxReplicaCount }}
  {{- with $scaling.fallback }}
  fallback:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "actor.scaledobject.advanced" $scaling.advanced | fromYaml }}
  advanced:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  triggers:
    - name: queue
      {{- include (printf "actor.transport.%s.trigger" .values.transport) . | nindent 6 }}
      {{- if include (printf "actor.transport.%s.authentication" .values.transport) . }}
      authenticationRef:
        name: {{ .name | quote }}
      {{- end }}
    {{- with $scaling.additionalTriggers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* The AsyncActor's flat `advanced` in KEDA's shape. Takes: scaling.advanced. */}}
{{- define "actor.scaledobject.advanced" -}}
{{- $modifiers := pick . "formula" "target" "activationTarget" "metricType" -}}
{{- $advanced := pick . "restoreToOriginalReplicaCount" "horizontalPodAutoscalerConfig" -}}
{{- if $modifiers -}}
{{- $_ := set $advanced "scalingModifiers" $modifiers -}}
{{- end -}}
{{- toYaml $advanced }}
{{- end }}
