{{- define "actor.transport.rabbitmq.env" -}}
{{- $rabbitmq := .values.transports.rabbitmq -}}
{{- dict "ASYA_RABBITMQ_URL" $rabbitmq.url "ASYA_RABBITMQ_VHOST" $rabbitmq.vhost | toJson }}
{{- end }}

{{/* Over the management API KEDA counts ready and unacknowledged messages; over AMQP only those that are ready. */}}
{{- define "actor.transport.rabbitmq.trigger" -}}
{{- $rabbitmq := .values.transports.rabbitmq -}}
type: rabbitmq
metadata:
  protocol: http
  host: {{ $rabbitmq.managementUrl | quote }}
  vhostName: {{ $rabbitmq.vhost | quote }}
  queueName: {{ include "actor.queue" . | quote }}
  mode: QueueLength
  value: {{ include "actor.text" .values.scaling.queueLength | quote }}
  activationValue: "0"
  excludeUnacknowledged: "false"
{{- end }}

{{- define "actor.transport.rabbitmq.authentication" -}}
{{- $secret := .values.transports.rabbitmq.monitoringSecret | default .values.transports.rabbitmq.existingSecret -}}
secretTargetRef:
{{- range list "username" "password" }}
  - parameter: {{ . }}
    name: {{ $secret | quote }}
    key: {{ . }}
{{- end }}
{{- end }}
