{{- define "actor.guards.resiliency" -}}
{{- $policies := .values.resiliency.policies -}}
{{- $used := list "default" -}}
{{- range $index, $rule := .values.resiliency.rules -}}
{{- $used = append $used $rule.policy -}}
{{- if not (hasKey $policies $rule.policy) }}
ERROR: resiliency.rules[{{ $index }}].policy: there is no policy {{ $rule.policy | quote }}; use one of resiliency.policies ({{ keys $policies | sortAlpha | join ", " | default "none yet" }})
{{- end }}
{{- end -}}
{{- range $name, $policy := $policies -}}
{{- if not (has $name $used) }}
ERROR: resiliency.policies.{{ $name }}: no rule names this policy, so it would never count; name it in resiliency.rules, call it default, or remove it
{{- end }}
{{- include "actor.guards.policy" (dict "name" $name "policy" $policy "actor" $.name) }}
{{- end }}
{{- end }}

{{/* Mistakes inside one policy. Takes: name, policy, actor. */}}
{{- define "actor.guards.policy" -}}
{{- $policy := .policy -}}
{{- range $index, $actor := $policy.thenRoute -}}
{{- if has $actor (list "happy-end" "error-end") }}
ERROR: resiliency.policies.{{ $.name }}.thenRoute[{{ $index }}]: {{ $actor }} is reached by the end of a route, not by naming it; remove it
{{- end }}
{{- if eq $actor $.actor }}
ERROR: resiliency.policies.{{ $.name }}.thenRoute[{{ $index }}]: {{ $actor }} is this actor itself, which would fail again without end; raise maxAttempts, or remove it
{{- end }}
{{- end }}
{{- if and $policy.breaker (not $policy.maxDuration) }}
ERROR: resiliency.policies.{{ .name }}.maxDuration: missing; with breaker attempts may cost nothing, so only this ends them; set it, such as 1h
{{- end }}
{{- if and $policy.initialDelay $policy.maxInterval -}}
{{- if gt (int (include "actor.seconds" $policy.initialDelay)) (int (include "actor.seconds" $policy.maxInterval)) }}
ERROR: resiliency.policies.{{ .name }}.initialDelay: {{ include "actor.text" $policy.initialDelay }} is more than maxInterval, {{ include "actor.text" $policy.maxInterval }}, so every delay would be cut; lower it or raise the other
{{- end }}
{{- end }}
{{- end }}

{{/* The names of early 2026. */}}
{{- define "actor.guards.retry" -}}
{{- $given := .raw.resiliency -}}
{{- if and $given.retry (hasKey ($given.policies | default dict) "default") }}
ERROR: resiliency.retry: resiliency.policies.default says the same in today's names; keep one of them
{{- end }}
{{- $coefficient := dig "backoffCoefficient" 2.0 ($given.retry | default dict) -}}
{{- if ne (float64 $coefficient) 2.0 }}
ERROR: resiliency.retry.backoffCoefficient: {{ $coefficient }} is not built, delays double; remove it, or use policy: constant
{{- end }}
{{- if hasKey ($given.policies | default dict) "non-retryable" -}}
{{- if $given.nonRetryableErrors }}
ERROR: resiliency.nonRetryableErrors: it stands for a policy called non-retryable, which resiliency.policies has, too; rename yours
{{- end }}
{{- end }}
{{- range $name, $policy := $given.policies -}}
{{- if and $policy (dig "onExhausted" nil ($policy | default dict)) (dig "thenRoute" nil ($policy | default dict)) }}
ERROR: resiliency.policies.{{ $name }}.onExhausted: it is an old name of thenRoute, which is given, too; keep thenRoute
{{- end }}
{{- end }}
{{- end }}
