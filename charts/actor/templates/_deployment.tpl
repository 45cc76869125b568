{{/* The actor's pods. KEDA owns their number while scaling is on, so it is not written then. */}}
{{- define "actor.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "" "component" "actor") | nindent 2 }}
  {{- with keys .raw.preset.flavors | sortAlpha }}
  annotations:
    asya.sh/flavors: {{ join "," . }}
  {{- end }}
spec:
  {{- if not .values.scaling.enabled }}
  replicas: {{ int .values.replicas }}
  {{- end }}
  progressDeadlineSeconds: {{ add 120 (include "actor.seconds" .values.startup.timeout) }}
  selector:
    matchLabels:
      {{- include "actor.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "actor.podLabels" . | nindent 8 }}
      annotations:
        {{- include "actor.podAnnotations" . | nindent 8 }}
    spec:
      {{- include "actor.pod" . | nindent 6 }}
{{- end }}

{{/* Annotations of the pods. The checksum makes them roll when the runtime's files change. */}}
{{- define "actor.podAnnotations" -}}
kubectl.kubernetes.io/default-container: asya-runtime
{{- if .values.runtime.inject }}
checksum/runtime: {{ include "actor.configmap-runtime.checksum" . }}
{{- end }}
{{- with .values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}
