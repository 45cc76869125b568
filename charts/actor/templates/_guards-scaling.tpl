{{- define "actor.guards.scaling" -}}
{{- $scaling := .values.scaling -}}
{{- $least := int $scaling.minReplicaCount -}}
{{- if gt $least (int $scaling.maxReplicaCount) }}
ERROR: scaling.minReplicaCount: {{ $least }} is more than scaling.maxReplicaCount, {{ int $scaling.maxReplicaCount }}; lower it or raise the other
{{- end }}
{{- if not (kindIs "invalid" $scaling.idleReplicaCount) -}}
{{- if gt (int $scaling.idleReplicaCount) 0 }}
ERROR: scaling.idleReplicaCount: KEDA knows 0 alone, with {{ int $scaling.idleReplicaCount }} the number of pods would swing; use 0, or remove it and set minReplicaCount
{{- else if eq $least 0 }}
ERROR: scaling.idleReplicaCount: it has to be less than scaling.minReplicaCount, which is 0 and means the same; raise minReplicaCount, or remove it
{{- end }}
{{- end }}
{{- $prefetch := include "actor.text" .values.prefetch -}}
{{- if and (ne $prefetch "auto") (eq (int .values.batch.maxSize) 1) (lt (int $prefetch) (int .values.concurrency)) }}
ERROR: prefetch: {{ $prefetch }} messages can't fill the {{ int .values.concurrency }} places that concurrency makes; raise it, or leave it at auto
{{- end }}
{{- end }}

{{/*
The fixed number of pods of a 2025 manifest that says nothing of scaling, which was off then and is on now. A manifest
that scales gives the number, too, for the time before KEDA.
*/}}
{{- define "actor.guards.unscaled" -}}
{{- $given := .raw.scaling -}}
{{- $fixed := .raw.workload.replicas -}}
{{- if and $given.enabled (not (kindIs "invalid" $fixed)) (kindIs "invalid" $given.minReplicas) (kindIs "invalid" $given.maxReplicas) }}
ERROR: workload.replicas: {{ int $fixed }} does not count while scaling.enabled is true, as it is by default, and KEDA runs {{ int .values.scaling.minReplicaCount }} to {{ int .values.scaling.maxReplicaCount }} pods; set scaling.enabled to false, or remove it
{{- end }}
{{- end }}

{{/* What would not count while the number of pods is fixed; a run without a cluster (values/local.yaml) may fix it. */}}
{{- define "actor.guards.fixed" -}}
{{- $scaling := .values.scaling -}}
{{- if not (or $scaling.enabled (dig "local" false (.raw.preset.flavors | default dict))) -}}
{{- range $field := list "paused" "hpa" "fallback" "additionalTriggers" "idleReplicaCount" "initialCooldownPeriod" -}}
{{- $value := get $scaling $field -}}
{{- if or $value (kindIs "float64" $value) }}
ERROR: scaling.{{ $field }}: it does not count while scaling.enabled is false, and {{ int $.values.replicas }} pods run; remove it, or set scaling.enabled to true
{{- end }}
{{- end }}
{{- if gt (int $scaling.minReplicaCount) (max 1 (int .values.replicas) | int) }}
ERROR: scaling.minReplicaCount: it does not count while scaling.enabled is false, when the number of pods is replicas; set replicas to {{ int $scaling.minReplicaCount }}, or remove it
{{- end }}
{{- end }}
{{- end }}

{{/* What KEDA would refuse, or what would stop an actor that has work. */}}
{{- define "actor.guards.keda" -}}
{{- $scaling := .values.scaling -}}
{{- with $scaling.fallback -}}
{{- if eq (int .replicas) 0 }}
ERROR: scaling.fallback.replicas: 0 would stop the actor whenever KEDA can't read the queue; use 1 or more, or remove fallback to keep what runs
{{- end }}
{{- if gt (int .replicas) (int $scaling.maxReplicaCount) }}
ERROR: scaling.fallback.replicas: {{ int .replicas }} is more than scaling.maxReplicaCount, {{ int $scaling.maxReplicaCount }}; lower it or raise the other
{{- end }}
{{- if and (eq (toString .behavior) "scalingModifiers") (not $scaling.advanced.formula) }}
ERROR: scaling.fallback.behavior: scalingModifiers needs a formula that handles what can't be read; set scaling.advanced.formula, or another behavior
{{- end }}
{{- end }}
{{- range $index, $trigger := $scaling.additionalTriggers -}}
{{- if eq (toString $trigger.name) "queue" }}
ERROR: scaling.additionalTriggers[{{ $index }}].name: queue is the name of the chart's own trigger; use another
{{- end }}
{{- end }}
{{- $modifiers := pick $scaling.advanced "target" "activationTarget" "metricType" -}}
{{- if and $scaling.advanced.formula (not $modifiers.target) }}
ERROR: scaling.advanced.formula: KEDA compares its result with a target; set scaling.advanced.target
{{- end }}
{{- if and $modifiers (not $scaling.advanced.formula) }}
ERROR: scaling.advanced.{{ keys $modifiers | sortAlpha | first }}: it belongs to a formula; set scaling.advanced.formula, or remove it
{{- end }}
{{- if eq (toString $modifiers.metricType) "Utilization" }}
ERROR: scaling.advanced.metricType: a formula's result has no utilization; use AverageValue or Value
{{- end }}
{{- end }}

{{- define "actor.guards.hpa" -}}
{{- $scaling := .values.scaling -}}
{{- if $scaling.hpa -}}
{{- if eq (int $scaling.minReplicaCount) 0 }}
ERROR: scaling.minReplicaCount: a HorizontalPodAutoscaler never goes below 1 pod; set 1 or more, or remove scaling.hpa for KEDA
{{- end }}
{{- range $field := list "fallback" "advanced" "additionalTriggers" "idleReplicaCount" "initialCooldownPeriod" "paused" -}}
{{- $value := get $scaling $field -}}
{{- if or $value (kindIs "float64" $value) }}
ERROR: scaling.{{ $field }}: it is KEDA's, and scaling.hpa takes KEDA's place; remove one of them
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "actor.guards.timeouts" -}}
{{- $actor := int (include "actor.seconds" .values.timeout.actor) -}}
{{- if lt $actor 1 }}
ERROR: timeout.actor: {{ .values.timeout.actor }} leaves a handler no time; use at least 1s
{{- end }}
{{- if lt (int (include "actor.seconds" .values.startup.timeout)) 1 }}
ERROR: startup.timeout: {{ .values.startup.timeout }} leaves a handler no time to load; use at least 1s
{{- end }}
{{- $least := add $actor 30 -}}
{{- if lt (int (include "actor.gracePeriod" .)) (int $least) }}
ERROR: timeout.gracefulShutdown: {{ include "actor.gracePeriod" . }} s is shorter than timeout.actor and 30 s together, so a stopping pod would lose its message; remove it (the chart derives it) or use at least {{ $least }}
{{- end }}
{{- if and (eq .values.transport "rabbitmq") (ge $actor (int (include "actor.seconds" .values.transports.rabbitmq.consumerTimeout))) }}
ERROR: timeout.actor: {{ include "actor.text" .values.timeout.actor }} is not shorter than RabbitMQ's consumer_timeout, {{ include "actor.text" .values.transports.rabbitmq.consumerTimeout }}, after which the broker takes a running message back; lower it, or raise the server's setting and transports.rabbitmq.consumerTimeout with it
{{- end }}
{{- end }}
