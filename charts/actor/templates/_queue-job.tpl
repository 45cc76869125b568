{{/*
Makes missing queues before each install and upgrade (on every sync of Argo CD). It uses nothing of the release itself,
since none of it may exist yet. A failed Job stays, for its logs.
*/}}
{{- define "actor.queue-job" -}}
{{- if .values.queueJob.enabled -}}
{{- $env := include "actor.transport.env" . | fromJson -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "-queues" "component" "queues") | nindent 2 }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: "0"
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  backoffLimit: {{ int .values.queueJob.backoffLimit }}
  activeDeadlineSeconds: {{ int .values.queueJob.activeDeadlineSeconds }}
  ttlSecondsAfterFinished: {{ int .values.queueJob.ttlSecondsAfterFinished }}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: {{ .name | quote }}
        app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
        app.kubernetes.io/component: queues
        app.kubernetes.io/part-of: asya
    spec:
      restartPolicy: Never
      {{- include "actor.pod.shared" . | nindent 6 }}
      containers:
        - name: queues
          image: {{ include "actor.image" (dict "context" . "image" .values.sidecar.image "name" "asya-sidecar") | quote }}
          imagePullPolicy: {{ .values.sidecar.imagePullPolicy }}
          command: {{ concat (list "python" "-m" "asya_sidecar.queues" "ensure") (include "actor.queues" . | fromJsonArray) | toJson }}
          env:
            {{- include "actor.env" (include "actor.list" (dict "entries" $env "key" "name") | fromJsonArray) | trim | nindent 12 }}
          securityContext:
            {{- include "actor.pod.containerSecurity" (dict "readOnly" true) | nindent 12 }}
          {{- with .values.sidecar.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          volumeMounts:
            - name: asya-tmp
              mountPath: /tmp
            {{- with include "actor.transport.mount" . }}
            {{- . | nindent 12 }}
            {{- end }}
      volumes:
        - name: asya-tmp
          emptyDir: {}
        {{- with include "actor.transport.volume" . }}
        {{- . | nindent 8 }}
        {{- end }}
{{- end }}
{{- end }}
