{{/* Pod fields that the actor's pods and the hook Job's pods share. */}}
{{- define "actor.pod.shared" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .values.serviceAccountName }}
serviceAccountName: {{ . | quote }}
{{- end }}
{{- with .values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- range $field, $id := pick .values.security "runAsUser" "runAsGroup" "fsGroup" }}
  {{- if not (kindIs "invalid" $id) }}
  {{ $field }}: {{ int64 $id }}
  {{- end }}
  {{- end }}
  {{- if not (kindIs "invalid" .values.security.fsGroup) }}
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

{{/* Where the actor's pods run. */}}
{{- define "actor.pod.placement" -}}
{{- range $field := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" }}
{{- with get $.values $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- range $field := list "priorityClassName" "runtimeClassName" }}
{{- with get $.values $field }}
{{ $field }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The actor's pod. */}}
{{- define "actor.pod" -}}
terminationGracePeriodSeconds: {{ include "actor.gracePeriod" . }}
{{ include "actor.pod.shared" . }}
{{- include "actor.pod.placement" . }}
{{- with .values.initContainers }}
initContainers:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  {{- include "actor.runtime" . | nindent 2 }}
  {{- include "actor.sidecar" . | nindent 2 }}
  {{- with .values.extraContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumes:
  - name: asya-socket
    emptyDir: {}
  - name: asya-tmp
    emptyDir: {}
  - name: asya-sidecar-tmp
    emptyDir: {}
  {{- if .values.runtime.inject }}
  - name: asya-runtime
    configMap:
      name: {{ include "actor.runtimeConfigMap" . | quote }}
  {{- end }}
  {{- with include "actor.transport.volume" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .values.volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
