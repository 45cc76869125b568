{{/*
The pod that works on queues, for the hook Jobs and for `helm test`: the sidecar's image with another program. Before an
install nothing of the release exists, so it uses nothing of it. A Secret that is missing is a sentence in its log.
Takes: context, arguments (of asya_sidecar.queues), serviceAccount (empty: the namespace's default).
*/}}
{{- define "actor.queues.pod" -}}
restartPolicy: Never
{{ include "actor.pod.shared" (dict "context" .context "serviceAccount" .serviceAccount) }}
containers:
  - name: queues
    image: {{ include "actor.image" (dict "context" .context "image" .context.values.sidecar.image "name" "asya-sidecar") | quote }}
    imagePullPolicy: {{ .context.values.sidecar.imagePullPolicy }}
    command: {{ concat (list "python" "-m" "asya_sidecar.queues") .arguments | toJson }}
    env:
      {{- include "actor.queues.env" .context | nindent 6 }}
    securityContext:
      {{- include "actor.pod.containerSecurity" (dict "readOnly" true) | nindent 6 }}
    {{- with .context.values.sidecar.resources }}
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    volumeMounts:
      {{- list (dict "name" "asya-tmp" "mountPath" "/tmp") | toYaml | nindent 6 }}
      {{- with include "actor.transport.mount" .context }}
      {{- . | nindent 6 }}
      {{- end }}
volumes:
  {{- list (dict "name" "asya-tmp" "emptyDir" dict) | toYaml | nindent 2 }}
  {{- with include "actor.transport.volume" (dict "context" .context "optional" true) }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* Environment of that pod: the broker's, where KEDA reads depths, and the Secret that should be mounted. */}}
{{- define "actor.queues.env" -}}
{{- $env := include "actor.transport.env" . | fromJson -}}
{{- if and .values.scaling.enabled (not .values.scaling.hpa) -}}
{{- $env = merge $env (include (printf "actor.transport.%s.statistics" .values.transport) . | fromJson) -}}
{{- end -}}
{{- with include "actor.transport.secret" . -}}
{{- $_ := set $env "ASYA_SECRET_NAME" . -}}
{{- end -}}
{{- include "actor.env" (include "actor.list" (dict "entries" $env "key" "name") | fromJsonArray) | trim }}
{{- end }}

{{/* Pod labels that never make it one of the actor's pods; the user's stand with them, for policies look at labels. */}}
{{- define "actor.queues.labels" -}}
{{- merge (dict
  "app.kubernetes.io/name" .name
  "app.kubernetes.io/instance" .root.Release.Name
  "app.kubernetes.io/component" "queues"
  "app.kubernetes.io/part-of" "asya"
) .values.podLabels | toYaml }}
{{- end }}

{{/* Spec of a hook Job. Takes: as actor.queues.pod. */}}
{{- define "actor.queues.job" -}}
{{- $job := .context.values.queues.job -}}
backoffLimit: {{ int $job.backoffLimit }}
activeDeadlineSeconds: {{ int $job.activeDeadlineSeconds }}
ttlSecondsAfterFinished: {{ int $job.ttlSecondsAfterFinished }}
template:
  metadata:
    labels:
      {{- include "actor.queues.labels" .context | nindent 6 }}
  spec:
    {{- include "actor.queues.pod" . | nindent 4 }}
{{- end }}

{{/* What a pod of queues runs as before and after the release exists: a given account, or one of its own, as a hook. */}}
{{- define "actor.queues.serviceAccount" -}}
{{- if .values.serviceAccount.create -}}
{{- include "actor.suffixed" (dict "name" .name "suffix" "-queues") }}
{{- else -}}
{{- .values.serviceAccountName }}
{{- end }}
{{- end }}
