{{- define "actor.guards.scaling" -}}
{{- $scaling := .values.scaling -}}
{{- if gt (int $scaling.minReplicaCount) (int $scaling.maxReplicaCount) }}
ERROR: scaling.minReplicaCount: {{ int $scaling.minReplicaCount }} is more than scaling.maxReplicaCount, {{ int $scaling.maxReplicaCount }}; lower it or raise the other
{{- end }}
{{- if and $scaling.fallback (eq (int $scaling.fallback.replicas) 0) }}
ERROR: scaling.fallback.replicas: 0 would stop the actor whenever KEDA can't read the queue; use 1 or more, or remove fallback to keep what runs
{{- end }}
{{- end }}

{{/* Batches that can be filled, and that wait for company only a small part of the time that a message has. */}}
{{- define "actor.guards.batch" -}}
{{- $size := int .values.batch.maxSize -}}
{{- $all := mul (int .values.concurrency) $size -}}
{{- $wait := include "actor.text" .values.batch.maxWait -}}
{{- $tenfold := int (include "actor.secondsTimes" (dict "length" .values.batch.maxWait "times" 10)) -}}
{{- if gt $tenfold (int (include "actor.seconds" .values.timeout.actor)) }}
ERROR: batch.maxWait: {{ $wait }} is more than a tenth of timeout.actor, {{ include "actor.text" .values.timeout.actor }}; waiting for a full batch is to save time, so lower it
{{- end }}
{{- if and (eq $size 1) (regexMatch "[1-9]" $wait) }}
ERROR: batch.maxWait: {{ $wait }} would never count, since batch.maxSize is 1; set batch.maxSize, or remove it
{{- end }}
{{- if and (gt $size 1) (not .values.handler) }}
ERROR: batch.maxSize: the built-in echo handler takes one message at a time; give image and handler, or remove it
{{- end }}
{{- if gt $all 65535 }}
ERROR: batch.maxSize: with concurrency it makes {{ $all }} messages at once, and brokers hand out at most 65535; lower one of them
{{- end }}
{{- if and (ne (include "actor.text" .values.prefetch) "auto") (gt $size 1) (lt (int .values.prefetch) $all) }}
ERROR: prefetch: {{ .values.prefetch }} messages can't fill the batches, which take {{ $all }} (concurrency times batch.maxSize); raise it, or leave it at auto
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
