{{/* Lets the Prometheus operator scrape the sidecars. */}}
{{- define "actor.podmonitor" -}}
{{- if .values.podMonitor.enabled -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  {{- $metadata := include "actor.metadata" (dict "context" . "suffix" "" "component" "actor") | fromYaml }}
  {{- mergeOverwrite (dict "labels" .values.podMonitor.labels) $metadata | toYaml | nindent 2 }}
spec:
  selector:
    matchLabels:
      {{- include "actor.selectorLabels" . | nindent 6 }}
  podMetricsEndpoints:
    - port: metrics
      path: /metrics
      {{- with .values.podMonitor.interval }}
      interval: {{ include "actor.text" . | quote }}
      {{- end }}
  # So that dashboards and alerts group by actor.
  podTargetLabels: [asya.sh/actor]
{{- end }}
{{- end }}
