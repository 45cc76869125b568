{{/* Fields that all pods share. Takes: context, serviceAccount (empty: the namespace's default). */}}
{{- define "actor.pod.shared" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .serviceAccount }}
serviceAccountName: {{ . | quote }}
{{- end }}
{{- with .context.values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "actor.pod.security" .context.values.security | nindent 2 }}
{{- end }}

{{/* Where the actor's pods run. A spread constraint without a selector counts the actor's pods. */}}
{{- define "actor.pod.placement" -}}
{{- $spread := list -}}
{{- $selector := dict "labelSelector" (dict "matchLabels" (include "actor.selectorLabels" . | fromYaml)) -}}
{{- range .values.topologySpreadConstraints -}}
{{- $spread = append $spread (merge (deepCopy .) (ternary dict $selector (hasKey . "labelSelector"))) -}}
{{- end -}}
{{- $fields := merge (dict "topologySpreadConstraints" $spread) .values -}}
{{- range $field := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" }}
{{- with get $fields $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- range $field := list "priorityClassName" "runtimeClassName" }}
{{- with get $fields $field }}
{{ $field }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The user's other containers. What their security contexts leave open is ours, or a restricted namespace would refuse
them; Kubernetes takes no privileged container that may not escalate.
*/}}
{{- define "actor.pod.others" -}}
{{- $ours := include "actor.pod.containerSecurity" (dict "readOnly" false) | fromYaml -}}
{{- range . }}
{{- $own := .securityContext | default dict -}}
{{- $base := ternary (omit $ours "allowPrivilegeEscalation") $ours (dig "privileged" false $own) -}}
{{- $security := include "actor.overlay" (dict "base" $base "over" $own) | fromJson }}
{{ list (set (deepCopy .) "securityContext" $security) | toYaml }}
{{- end }}
{{- end }}

{{/* The actor's pod. A native sidecar stands first, since init containers start in this order. */}}
{{- define "actor.pod" -}}
terminationGracePeriodSeconds: {{ include "actor.gracePeriod" . }}
{{ include "actor.pod.shared" (dict "context" . "serviceAccount" (include "actor.serviceAccountName" .)) }}
{{- include "actor.pod.placement" . }}
{{- with .values.podFields }}
{{ toYaml . }}
{{- end }}
{{- $native := .values.sidecar.native }}
{{- if or $native .values.initContainers }}
initContainers:
  {{- if $native }}
  {{- include "actor.sidecar" . | nindent 2 }}
  {{- end }}
  {{- with include "actor.pod.others" .values.initContainers | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}
containers:
  {{- include "actor.runtime" . | nindent 2 }}
  {{- if not $native }}
  {{- include "actor.sidecar" . | nindent 2 }}
  {{- end }}
  {{- with include "actor.pod.others" .values.extraContainers | trim }}
  {{- . | nindent 2 }}
  {{- end }}
volumes:
  {{- include "actor.pod.volumes" . | trim | nindent 2 }}
{{- end }}

{{/* Volumes of the actor's pod: ours, and the user's. */}}
{{- define "actor.pod.volumes" -}}
{{- range list "asya-socket" "asya-tmp" "asya-sidecar-tmp" }}
- name: {{ . }}
  emptyDir: {}
{{- end }}
{{- if .values.runtime.inject }}
- name: asya-runtime
  configMap:
    name: {{ include "actor.runtimeConfigMap" . | quote }}
{{- end }}
{{- with include "actor.transport.volume" (dict "context" . "optional" false) }}
{{ . }}
{{- end }}
{{- include "actor.claim-check.volumes" . }}
{{- with .values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
