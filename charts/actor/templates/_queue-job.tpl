{{/* Makes missing queues before each install and upgrade (on every sync of Argo CD). A failed Job stays, for its log. */}}
{{- define "actor.queue-job" -}}
{{- if .values.queues.create -}}
{{- $arguments := prepend (include "actor.queues" . | fromJsonArray) "ensure" -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "-queues" "component" "queues") | nindent 2 }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "0"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  {{- include "actor.queues.job" (dict "context" . "arguments" $arguments "serviceAccount" (include "actor.queues.serviceAccount" .)) | nindent 2 }}
{{- end }}
{{- end }}
