{{- define "actor.transport.nats.env" -}}
{{- dict "ASYA_NATS_URL" .values.transports.nats.url | toJson }}
{{- end }}

{{/* KEDA adds up the consumer's pending and unacknowledged messages, so those in progress count. */}}
{{- define "actor.transport.nats.trigger" -}}
{{- $nats := .values.transports.nats -}}
type: nats-jetstream
metadata:
  natsServerMonitoringEndpoint: {{ $nats.monitoringEndpoint | quote }}
  account: {{ $nats.account | quote }}
  stream: {{ include "actor.queue" . | quote }}
  consumer: actor
  lagThreshold: {{ include "actor.text" .values.scaling.queueLength | quote }}
  activationLagThreshold: {{ include "actor.text" .values.scaling.activationQueueLength | quote }}
  useHttps: {{ $nats.monitoringHttps | quote }}
{{- end }}

{{/* The monitoring endpoint knows no credentials. */}}
{{- define "actor.transport.nats.authentication" -}}
{{- end }}

{{/* NATS always tells how deep a queue is, so there is nothing to check. */}}
{{- define "actor.transport.nats.statistics" -}}
{{- dict | toJson }}
{{- end }}

{{/* Ports of the broker that the pods need, as a JSON list. */}}
{{- define "actor.transport.nats.ports" -}}
{{- $ports := list -}}
{{- range splitList "," .values.transports.nats.url -}}
{{- $ports = append $ports (include "actor.networkpolicy.port" (dict "url" (trim .) "default" "4222") | int) -}}
{{- end -}}
{{- $ports | toJson }}
{{- end }}
