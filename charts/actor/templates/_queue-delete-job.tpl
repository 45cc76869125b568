{{/* Deletes the actor's queue and its messages once the release is gone, where that is asked for. */}}
{{- define "actor.queue-delete-job" -}}
{{- if .values.queues.deleteOnUninstall -}}
{{- $arguments := prepend (.shared.actors | default (list .name)) "delete" -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "-queues-delete" "component" "queues") | nindent 2 }}
  annotations:
    helm.sh/hook: post-delete
    helm.sh/hook-weight: "0"
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  {{- include "actor.queues.job" (dict "context" . "arguments" $arguments "serviceAccount" (include "actor.queues.serviceAccount" .)) | nindent 2 }}
{{- end }}
{{- end }}
