{{/* How many pods a drained node may take at once. Off unless asked for: it slows drains, and messages survive them. */}}
{{- define "actor.poddisruptionbudget" -}}
{{- if not (kindIs "invalid" .values.podDisruptionBudget.maxUnavailable) -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "" "component" "actor") | nindent 2 }}
spec:
  maxUnavailable: {{ include "actor.text" .values.podDisruptionBudget.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "actor.selectorLabels" . | nindent 6 }}
{{- end }}
{{- end }}
