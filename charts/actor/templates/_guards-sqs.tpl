{{/* What SQS does not take. */}}
{{- define "actor.guards.sqs" -}}
{{- if eq .values.transport "sqs" -}}
{{- $sqs := .values.transports.sqs -}}
{{- $name := include "actor.queue" . -}}
{{- if gt (len $name) 76 }}
ERROR: queues.prefix: with the actor's name it makes {{ $name }}, which has {{ len $name }} characters, and SQS allows 76 beside the -dlq of its second queue; shorten one of them
{{- end }}
{{- $hidden := int (include "actor.seconds" $sqs.visibilityTimeout) -}}
{{- if or (lt $hidden 1) (gt $hidden 43200) }}
ERROR: transports.sqs.visibilityTimeout: SQS hides no message for {{ include "actor.text" $sqs.visibilityTimeout }}; use 1s to 12h (it is renewed while a message runs)
{{- end }}
{{- if gt (int (include "actor.seconds" $sqs.waitTime)) 20 }}
ERROR: transports.sqs.waitTime: SQS answers after 20 s at the latest, so {{ include "actor.text" $sqs.waitTime }} can't be; use 0s to 20s
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
