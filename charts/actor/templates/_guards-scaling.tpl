{{- define "actor.guards.scaling" -}}
{{- $scaling := .values.scaling -}}
{{- if gt (int $scaling.minReplicaCount) (int $scaling.maxReplicaCount) }}
ERROR: scaling.minReplicaCount: {{ int $scaling.minReplicaCount }} is more than scaling.maxReplicaCount, {{ int $scaling.maxReplicaCount }}; lower it or raise the other
{{- end }}
{{- if and $scaling.fallback (eq (int $scaling.fallback.replicas) 0) }}
ERROR: scaling.fallback.replicas: 0 would stop the actor whenever KEDA can't read the queue; use 1 or more, or remove fallback to keep what runs
{{- end }}
{{- end }}

{{- define "actor.guards.timeouts" -}}
{{- $actor := int (include "actor.seconds" .values.timeout.actor) -}}
{{- if lt $actor 1 }}
ERROR: timeout.actor: {{ .values.timeout.actor }} leaves a handler no time; use at least 1s
{{- end }}
{{- $least := add $actor 30 -}}
{{- if lt (int (include "actor.gracePeriod" .)) (int $least) }}
ERROR: timeout.gracefulShutdown: {{ include "actor.gracePeriod" . }} s is shorter than timeout.actor and 30 s together, so a stopping pod would lose its message; remove it (the chart derives it) or use at least {{ $least }}
{{- end }}
{{- if and (eq .values.transport "rabbitmq") (ge $actor (int (include "actor.seconds" .values.transports.rabbitmq.consumerTimeout))) }}
ERROR: timeout.actor: {{ include "actor.text" .values.timeout.actor }} is not shorter than RabbitMQ's consumer_timeout, {{ include "actor.text" .values.transports.rabbitmq.consumerTimeout }}, after which the broker takes a running message back; lower it, or raise the server's setting and transports.rabbitmq.consumerTimeout with it
{{- end }}
{{- end }}
