{{/* Security context of a pod, as the restricted Pod Security Standard asks for it. Takes: security. */}}
{{- define "actor.pod.security" -}}
runAsNonRoot: true
{{- range $field, $id := pick . "runAsUser" "runAsGroup" "fsGroup" }}
{{- if not (kindIs "invalid" $id) }}
{{ $field }}: {{ int64 $id }}
{{- end }}
{{- end }}
{{- if not (kindIs "invalid" .fsGroup) }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* Security context of a container. Takes: readOnly. */}}
{{- define "actor.pod.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: {{ .readOnly }}
capabilities:
  drop: [ALL]
{{- end }}
