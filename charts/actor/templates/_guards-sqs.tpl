{{/* What SQS does not take. */}}
{{- define "actor.guards.sqs" -}}
{{- if eq .values.transport "sqs" -}}
{{- $sqs := .values.transports.sqs -}}
{{- $name := include "actor.queue" . -}}
{{- if gt (len $name) 76 }}
ERROR: queues.prefix: with the actor's name it makes {{ $name }}, which has {{ len $name }} characters, and SQS allows 76 beside the -dlq of its second queue; shorten one of them
{{- end }}
{{- $whole := "^([0-9]+[hms])+$|^[0-9]+$" -}}
{{- $hidden := include "actor.text" $sqs.visibilityTimeout -}}
{{- $wait := include "actor.text" $sqs.waitTime -}}
{{- $seconds := int (include "actor.seconds" $hidden) -}}
{{- if or (lt $seconds 5) (gt $seconds 43200) (not (regexMatch $whole $hidden)) }}
ERROR: transports.sqs.visibilityTimeout: {{ $hidden }} can't be, for the sidecar renews it every few seconds and SQS hides nothing for longer than 12 hours; use whole seconds, 5s to 12h
{{- end }}
{{- if or (gt (int (include "actor.seconds" $wait)) 20) (not (regexMatch $whole $wait)) }}
ERROR: transports.sqs.waitTime: {{ $wait }} can't be, for SQS answers after 20 s at the latest; use whole seconds, 0s to 20s
{{- end }}
{{- if ge (int (include "actor.seconds" .values.timeout.actor)) 43200 }}
ERROR: timeout.actor: {{ include "actor.text" .values.timeout.actor }} is not shorter than 12 hours, after which SQS takes any message back; lower it, or use another transport
{{- end }}
{{- range $tag := list "asya.sh/owner" -}}
{{- if hasKey $sqs.tags $tag }}
ERROR: transports.sqs.tags.{{ $tag }}: the chart sets it from transports.sqs.owner; remove it, and set that
{{- end }}
{{- end }}
{{- end }}
{{- end }}
