{{- define "actor.guards.transport" -}}
{{- $built := include "actor.transports" . | fromJsonArray -}}
{{- if not (has .values.transport $built) -}}
{{- $why := ternary "is not built yet" "is unknown" (has .values.transport (list "pubsub" "kafka")) }}
ERROR: transport: {{ .values.transport | quote }} {{ $why }}; use one of {{ join ", " $built }}
{{- else -}}
{{- include "actor.guards.addresses" . }}
{{- end }}
{{- if and (eq .values.transport "rabbitmq") .values.scaling.enabled (not .values.scaling.hpa) -}}
{{- $rabbitmq := .values.transports.rabbitmq -}}
{{- if not (regexMatch "^https?://" $rabbitmq.managementUrl) }}
ERROR: transports.rabbitmq.managementUrl: {{ $rabbitmq.managementUrl | quote }} is no http address; KEDA has to read the management API, since AMQP does not count messages in progress
{{- end }}
{{- if not (or $rabbitmq.existingSecret $rabbitmq.monitoringSecret) }}
ERROR: transports.rabbitmq.existingSecret: the management API asks for a user, so KEDA needs one; make a Secret with username and password and name it here
{{- end }}
{{- end }}
{{- end }}

{{- define "actor.guards.addresses" -}}
{{- $path := printf "transports.%s" .values.transport -}}
{{- $transport := get .values.transports .values.transport -}}
{{- $forms := get (dict
  "nats" (dict "field" "url" "pattern" "^(nats|tls)://[^/]+" "example" "nats://host:4222")
  "rabbitmq" (dict "field" "url" "pattern" "^amqps?://[^/]+" "example" "amqp://host:5672")
  "sqs" (dict "field" "endpoint" "pattern" "^$|^https?://[^/]+/?$" "example" "http://host:4566")
) .values.transport -}}
{{- $address := get $transport $forms.field -}}
{{- if not (regexMatch $forms.pattern $address) }}
ERROR: {{ $path }}.{{ $forms.field }}: {{ $address | quote }} is no address of a server; write it like {{ $forms.example }}
{{- end }}
{{- if and (eq .values.transport "rabbitmq") (regexMatch "^amqps?://[^/]+/." $address) }}
ERROR: {{ $path }}.url: {{ $address | quote }} has a path, which would not count; remove it, and set {{ $path }}.vhost
{{- end }}
{{- range $field := list "url" "managementUrl" "endpoint" -}}
{{- if regexMatch "://[^/]*@" (get $transport $field) }}
ERROR: {{ $path }}.{{ $field }}: it holds credentials, which whoever may read the release would see; move them into a Secret and name that in {{ $path }}.existingSecret
{{- end }}
{{- end }}
{{- if and (eq .values.transport "nats") (not (regexMatch "^[^/:]+:[0-9]+$" $transport.monitoringEndpoint)) }}
ERROR: transports.nats.monitoringEndpoint: {{ $transport.monitoringEndpoint | quote }} is not host:port; write it like nats-headless.nats.svc.cluster.local:8222
{{- end }}
{{- end }}
