{{/*
The account of what works on queues, where the broker is entered with a cloud identity: before an install the release's
own does not exist. It is a hook, so Helm forgets it: it stays after `helm uninstall`, for the Job that deletes queues.
*/}}
{{- define "actor.queue-serviceaccount" -}}
{{- $values := .values -}}
{{- if $values.serviceAccount.create -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "-queues" "component" "queues") | nindent 2 }}
  annotations:
    {{- merge (dict
      "helm.sh/hook" "pre-install,pre-upgrade"
      "helm.sh/hook-weight" "-10"
      "helm.sh/hook-delete-policy" "before-hook-creation"
    ) $values.serviceAccount.annotations | toYaml | nindent 4 }}
automountServiceAccountToken: false
{{- end }}
{{- end }}
