{{/*
The hook Jobs' own account, where the broker is entered with a cloud identity: the release's does not exist yet. Without
one they run as the namespace's default, since Helm forgets what hooks made: this one stays after `helm uninstall`.
*/}}
{{- define "actor.queue-serviceaccount" -}}
{{- $values := .values -}}
{{- if and $values.serviceAccount.create (or $values.queues.create $values.queues.deleteOnUninstall) -}}
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
