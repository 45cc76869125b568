{{/* `helm test`: is the broker there, and does it have the queues that messages of this actor need? Argo CD ignores it. */}}
{{- define "actor.queue-test" -}}
{{- $arguments := prepend (include "actor.queues" . | fromJsonArray) "check" -}}
apiVersion: v1
kind: Pod
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "-test" "component" "queues") | nindent 2 }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  {{- include "actor.queues.pod" (dict "context" . "arguments" $arguments "serviceAccount" (include "actor.queues.serviceAccount" .)) | nindent 2 }}
{{- end }}
