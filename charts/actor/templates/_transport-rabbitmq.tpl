{{- define "actor.transport.rabbitmq.env" -}}
{{- $rabbitmq := .values.transports.rabbitmq -}}
{{- dict
  "ASYA_RABBITMQ_URL" $rabbitmq.url
  "ASYA_RABBITMQ_VHOST" $rabbitmq.vhost
  "ASYA_RABBITMQ_CONSUMER_TIMEOUT" (include "actor.text" $rabbitmq.consumerTimeout)
| toJson }}
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
  activationValue: {{ include "actor.text" .values.scaling.activationQueueLength | quote }}
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

{{/* Where the hook Job checks that KEDA would see a queue's depth: statistics can be switched off, and then read as 0. */}}
{{- define "actor.transport.rabbitmq.statistics" -}}
{{- dict "ASYA_RABBITMQ_MANAGEMENT_URL" .values.transports.rabbitmq.managementUrl | toJson }}
{{- end }}

{{/* Ports of the broker that the pods need, the hook Job's look at the management API included, as a JSON list. */}}
{{- define "actor.transport.rabbitmq.ports" -}}
{{- $rabbitmq := .values.transports.rabbitmq -}}
{{- $ports := list -}}
{{- range splitList "," $rabbitmq.url -}}
{{- $default := ternary "5671" "5672" (hasPrefix "amqps:" (trim .)) -}}
{{- $ports = append $ports (include "actor.networkpolicy.port" (dict "url" (trim .) "default" $default) | int) -}}
{{- end -}}
{{- $default := ternary "15671" "15672" (hasPrefix "https:" $rabbitmq.managementUrl) -}}
{{- append $ports (include "actor.networkpolicy.port" (dict "url" $rabbitmq.managementUrl "default" $default) | int) | toJson }}
{{- end }}
