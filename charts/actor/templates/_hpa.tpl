{{/* A plain HorizontalPodAutoscaler, for clusters without KEDA. */}}
{{- define "actor.hpa" -}}
{{- $scaling := .values.scaling -}}
{{- if and $scaling.enabled $scaling.hpa -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "" "component" "actor") | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .name | quote }}
  minReplicas: {{ int $scaling.minReplicaCount }}
  maxReplicas: {{ int $scaling.maxReplicaCount }}
  metrics:
    {{- toYaml $scaling.hpa.metrics | nindent 4 }}
  behavior:
    {{- include "actor.overlay" (dict "base" (include "actor.scaling.behavior" . | fromYaml) "over" ($scaling.hpa.behavior | default dict)) | fromJson | toYaml | nindent 4 }}
{{- end }}
{{- end }}
