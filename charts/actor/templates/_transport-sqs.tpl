{{- define "actor.transport.sqs.env" -}}
{{- $sqs := .values.transports.sqs -}}
{{- dict
  "ASYA_SQS_REGION" $sqs.region
  "ASYA_SQS_ENDPOINT" $sqs.endpoint
  "ASYA_SQS_VISIBILITY_TIMEOUT" (include "actor.text" $sqs.visibilityTimeout)
  "ASYA_SQS_WAIT_TIME" (include "actor.text" $sqs.waitTime)
  "ASYA_SQS_OWNER" ($sqs.owner | default .root.Release.Namespace)
  "ASYA_SQS_TAGS" (toJson $sqs.tags)
| toJson }}
{{- end }}

{{/*
KEDA adds up visible messages and those that pods hold, so those in progress count; delayed ones are retries that no pod
need wait for. The queue's name is enough: KEDA hands it to SQS, which knows the account by the credentials.
*/}}
{{- define "actor.transport.sqs.trigger" -}}
{{- $sqs := .values.transports.sqs -}}
type: aws-sqs-queue
metadata:
  queueURL: {{ include "actor.queue" . | quote }}
  awsRegion: {{ $sqs.region | quote }}
  {{- with $sqs.endpoint }}
  awsEndpoint: {{ . | quote }}
  {{- end }}
  queueLength: {{ include "actor.text" .values.scaling.queueLength | quote }}
  activationQueueLength: {{ include "actor.text" .values.scaling.activationQueueLength | quote }}
  scaleOnInFlight: "true"
  scaleOnDelayed: "false"
{{- end }}

{{/* Keys of a Secret, or a role: the operator's own, or the one that the pods' service account names. */}}
{{- define "actor.transport.sqs.authentication" -}}
{{- $sqs := .values.transports.sqs -}}
{{- if $sqs.existingSecret -}}
secretTargetRef:
{{- range $parameter, $key := dict "awsAccessKeyID" "AWS_ACCESS_KEY_ID" "awsSecretAccessKey" "AWS_SECRET_ACCESS_KEY" }}
  - parameter: {{ $parameter }}
    name: {{ $sqs.existingSecret | quote }}
    key: {{ $key }}
{{- end }}
{{- else -}}
podIdentity:
  provider: aws
  identityOwner: {{ $sqs.identityOwner }}
{{- end }}
{{- end }}

{{/* SQS always tells how deep a queue is, so there is nothing to check. */}}
{{- define "actor.transport.sqs.statistics" -}}
{{- dict | toJson }}
{{- end }}

{{/* The server's port, and without a Secret the one of the service that turns an identity into credentials. */}}
{{- define "actor.transport.sqs.ports" -}}
{{- $sqs := .values.transports.sqs -}}
{{- $ports := ternary list (list 443) (ne $sqs.existingSecret "") -}}
{{- $default := ternary "80" "443" (hasPrefix "http:" $sqs.endpoint) -}}
{{- append $ports (include "actor.networkpolicy.port" (dict "url" $sqs.endpoint "default" $default) | int) | toJson }}
{{- end }}
