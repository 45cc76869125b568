{{/* Environment entries: numbers and booleans become text. Takes: a list of {name, value} or {name, valueFrom}. */}}
{{- define "actor.env" -}}
{{- range . }}
- name: {{ .name | quote }}
{{- if hasKey . "valueFrom" }}
  valueFrom:
    {{- toYaml .valueFrom | nindent 4 }}
{{- else }}
  value: {{ include "actor.text" .value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the chart sets for the sidecar, as a JSON map. */}}
{{- define "actor.sidecar.env" -}}
{{- $env := merge (include "actor.transport.env" . | fromJson) (include "actor.claim-check.env" . | fromJson) -}}
{{- $resiliency := pick .values.resiliency "policies" "rules" "maxDeliveries" "unroutableAfter" -}}
{{- $drain := sub (include "actor.gracePeriod" .) 5 -}}
{{- mergeOverwrite $env (dict
  "ASYA_ACTOR_NAME" .name
  "ASYA_IS_END_ACTOR" (include "actor.isEnd" .)
  "ASYA_SOCKET_DIR" "/var/run/asya"
  "ASYA_METRICS_ADDR" (printf ":%d" (int .values.sidecar.metricsPort))
  "ASYA_PREFETCH" (include "actor.text" .values.prefetch)
  "ASYA_RUNTIME_TIMEOUT" (include "actor.text" .values.timeout.actor)
  "ASYA_DRAIN_TIMEOUT" (printf "%ds" $drain)
  "ASYA_RESILIENCY" (toJson $resiliency)
) | toJson }}
{{- end }}

{{/* What the chart sets for the runtime and nobody may change, as a JSON map. */}}
{{- define "actor.runtime.env" -}}
{{- dict
  "ASYA_HANDLER" (.values.handler | default "asya_runtime.echo.process")
  "ASYA_HANDLER_MODE" .values.handlerMode
  "ASYA_SOCKET_DIR" "/var/run/asya"
  "ASYA_CONCURRENCY" (include "actor.text" .values.concurrency)
  "ASYA_BATCH_MAX_SIZE" (include "actor.text" .values.batch.maxSize)
  "ASYA_BATCH_MAX_WAIT" (include "actor.text" .values.batch.maxWait)
  "ASYA_MAX_BODY_BYTES" (include "actor.text" .values.maxBodyBytes)
| toJson }}
{{- end }}

{{/* What the chart sets for the runtime unless the user does, as a JSON map. */}}
{{- define "actor.runtime.defaultEnv" -}}
{{- dict "ASYA_LOG_LEVEL" .values.logLevel "HOME" "/tmp" "XDG_CACHE_HOME" "/tmp/.cache" "USER" "asya" | toJson }}
{{- end }}
