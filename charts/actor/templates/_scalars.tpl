{{/* A value as text. Helm reads every number of a values file as a float, which would print 1000000 as 1e+06. */}}
{{- define "actor.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- int64 . }}
{{- else -}}
{{- . }}
{{- end }}
{{- end }}

{{/* Whole seconds of a length of time such as 5m, 1h30m or 300. Go's own parser reads it. */}}
{{- define "actor.seconds" -}}
{{- include "actor.secondsTimes" (dict "length" . "times" 1) }}
{{- end }}

{{/* Whole seconds of a length of time that passes several times, so that fractions count. Takes: length, times. */}}
{{- define "actor.secondsTimes" -}}
{{- $text := include "actor.text" .length -}}
{{- if regexMatch "^[0-9.]+$" $text -}}
{{- $text = printf "%ss" $text -}}
{{- end -}}
{{- $start := toDate "2006-01-02" "2000-01-01" -}}
{{- $end := $start -}}
{{- range until (int .times) -}}
{{- $end = mustDateModify $text $end -}}
{{- end -}}
{{- sub (unixEpoch $end | int64) (unixEpoch $start | int64) }}
{{- end }}

{{/*
Seconds that a pod may take to stop: as long as one message may run, and 30 more to settle it. A manifest of 2025 has
30 unless its author said more, so beside its other field it only ever makes this longer.
*/}}
{{- define "actor.gracePeriod" -}}
{{- $derived := add 30 (include "actor.seconds" .values.timeout.actor) -}}
{{- $given := .values.timeout.gracefulShutdown | default $derived -}}
{{- ternary $given (max $given $derived) (kindIs "invalid" .raw.timeout.processing) | int64 }}
{{- end }}
