{{/* Where KEDA finds the credentials for reading the queue's depth. */}}
{{- define "actor.triggerauthentication" -}}
{{- if and .values.scaling.enabled (not .values.scaling.hpa) -}}
{{- with include (printf "actor.transport.%s.authentication" .values.transport) . -}}
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  {{- include "actor.metadata" (dict "context" $ "suffix" "" "component" "actor") | nindent 2 }}
spec:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
