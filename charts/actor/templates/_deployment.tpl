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
{{- if and (include "actor.withoutIdentity" .) (not (hasKey .values.podAnnotations "eks.amazonaws.com/skip-containers")) }}
eks.amazonaws.com/skip-containers: {{ include "actor.withoutIdentity" . }}
{{- end }}
{{- with .values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
The user's containers, which get no cloud identity where it is what enters the broker or the store of payloads; nothing
where they may have it.
The webhook of EKS that hands out identities reads this.
*/}}
{{- define "actor.withoutIdentity" -}}
{{- $may := .values.runtime.cloudIdentity -}}
{{- if kindIs "invalid" $may -}}
{{- $may = not (has "true" (list (include "actor.transport.byIdentity" .) (include "actor.claim-check.byIdentity" .))) -}}
{{- end -}}
{{- if not $may -}}
{{- $names := list "asya-runtime" -}}
{{- range concat (.values.initContainers | default list) (.values.extraContainers | default list) -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- join "," $names }}
{{- end -}}
{{- end }}
