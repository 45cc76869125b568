{{/*
`resiliency` in today's names, as JSON: flavors' policies below the user's, leaf by leaf, and their rules behind the
user's, since the first one that fits decides. Takes: the values.
*/}}
{{- define "actor.values.resiliency" -}}
{{- $given := .resiliency -}}
{{- $own := dict -}}
{{- range $name, $policy := $given.policies -}}
{{- $_ := set $own $name $policy -}}
{{- with dig "onExhausted" nil ($policy | default dict) -}}
{{- $_ := set $own $name (set (omit $policy "onExhausted") "thenRoute" .) -}}
{{- end -}}
{{- end -}}
{{- with $given.retry -}}
{{- $_ := set $own "default" (include "actor.values.retry" . | fromJson) -}}
{{- end -}}
{{- $rules := concat ($given.rules | default list) (include "actor.list" (dict "entries" .preset.rules "key" "") | fromJsonArray) -}}
{{- with $given.nonRetryableErrors -}}
{{- $_ := set $own "non-retryable" (dict "maxAttempts" 1) -}}
{{- $rules = prepend $rules (dict "errors" . "policy" "non-retryable") -}}
{{- end -}}
{{- $policies := include "actor.overlay" (dict "base" (.preset.policies | default dict) "over" $own) | fromJson -}}
{{- range $name, $policy := $policies -}}
{{- $policies = ternary (omit $policies $name) $policies (kindIs "invalid" $policy) -}}
{{- end -}}
{{- merge (dict "policies" $policies "rules" (compact $rules)) (pick $given "maxDeliveries" "unroutableAfter") | toJson }}
{{- end }}

{{/* The one retry policy of early 2026 in today's names, with that time's defaults, as JSON. Takes: resiliency.retry. */}}
{{- define "actor.values.retry" -}}
{{- $was := dict "backoff" "policy" "initialDelay" "initialInterval" "maxAttempts" "maxAttempts" "maxInterval" "maxInterval" "jitter" "jitter" -}}
{{- $policy := dict "maxAttempts" 3 "backoff" "exponential" "initialDelay" "1s" "maxInterval" "300s" "jitter" true -}}
{{- range $name, $old := $was -}}
{{- if hasKey $ $old -}}
{{- $_ := set $policy $name (get $ $old) -}}
{{- end -}}
{{- end -}}
{{- $policy | toJson }}
{{- end }}
