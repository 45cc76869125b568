{{/* The pods' own account, where one is asked for: an identity at a cloud. No token of Kubernetes is mounted. */}}
{{- define "actor.serviceaccount" -}}
{{- if .values.serviceAccount.create -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "" "component" "actor") | nindent 2 }}
  {{- with .values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
{{- end }}

{{/* The account of the pods: the chart's, one that exists, or nothing for the namespace's default. */}}
{{- define "actor.serviceAccountName" -}}
{{- ternary .name .values.serviceAccountName .values.serviceAccount.create }}
{{- end }}
