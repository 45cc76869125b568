{{/*
Makes missing queues before each install and upgrade (on every sync of Argo CD). The Job stays until the next one or for
queues.job.ttlSecondsAfterFinished, so that its log can be read: what it made and found, or why it failed.
*/}}
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
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  {{- include "actor.queues.job" (dict "context" . "arguments" $arguments "serviceAccount" (include "actor.queues.serviceAccount" .)) | nindent 2 }}
{{- end }}
{{- end }}
