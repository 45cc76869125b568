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
