{{/*
The broker's side of the chart. A transport called x defines: actor.transport.x.env (its address, as a JSON map of
variables), actor.transport.x.trigger (type and metadata of KEDA's trigger), actor.transport.x.authentication (the spec
of a TriggerAuthentication, or nothing), actor.transport.x.statistics (as env, what the hook Job needs to check that KEDA
sees depths), and actor.transport.x.ports (the ports that pods reach it at, as a JSON list).
*/}}

{{/* The transports that are built, as a JSON list. */}}
{{- define "actor.transports" -}}
{{- list "nats" "rabbitmq" "sqs" | toJson }}
{{- end }}

{{/* Variables that sidecar and hook Job share, as a JSON map. Credentials come as files, never from here. */}}
{{- define "actor.transport.env" -}}
{{- $env := include (printf "actor.transport.%s.env" .values.transport) . | fromJson -}}
{{- $_ := set $env "ASYA_TRANSPORT" .values.transport -}}
{{- $_ := set $env "ASYA_QUEUE_PREFIX" .values.queues.prefix -}}
{{- $_ := set $env "ASYA_SECRETS_DIR" "/var/run/secrets/asya" -}}
{{- $_ := set $env "ASYA_LOG_LEVEL" .values.logLevel -}}
{{- $_ := set $env "ASYA_MAX_BODY_BYTES" (include "actor.text" .values.maxBodyBytes) -}}
{{- $env | toJson }}
{{- end }}

{{/* The existing Secret with the broker's credentials, or nothing. */}}
{{- define "actor.transport.secret" -}}
{{- dig .values.transport "existingSecret" "" .values.transports }}
{{- end }}

{{/* Mount of that Secret. */}}
{{- define "actor.transport.mount" -}}
{{- if include "actor.transport.secret" . -}}
- name: asya-secrets
  mountPath: /var/run/secrets/asya
  readOnly: true
{{- end }}
{{- end }}

{{/* Volume of that Secret. Takes: context, optional (start the pod without it, so that its log can say so). */}}
{{- define "actor.transport.volume" -}}
{{- $optional := .optional -}}
{{- with include "actor.transport.secret" .context -}}
- name: asya-secrets
  secret:
    secretName: {{ . | quote }}
    {{- if $optional }}
    optional: true
    {{- end }}
{{- end }}
{{- end }}

{{/* true where the service account's cloud identity enters the broker. */}}
{{- define "actor.transport.byIdentity" -}}
{{- and (eq .values.transport "sqs") (not (include "actor.transport.secret" .)) }}
{{- end }}
