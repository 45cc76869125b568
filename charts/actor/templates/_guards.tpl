{{/*
What a schema can't say: values that must come together, and values that are not built yet. Each guard prints one line
for each mistake, ERROR: <value path>: why; what to do. All are printed at once, before anything is rendered.
*/}}
{{- define "actor.guards" -}}
{{- range list "manifest" "identity" "workload" "pod" "env" "timeouts" "batch" "scaling" "resiliency" "transport" -}}
{{- with include (printf "actor.guards.%s" .) $ | trim }}
{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "actor.guards.manifest" -}}
{{- $keys := list -}}
{{- range list "apiVersion" "kind" "metadata" "spec" -}}
{{- if hasKey $.raw . -}}
{{- $keys = append $keys . -}}
{{- end -}}
{{- end -}}
{{- if $keys }}
ERROR: {{ join ", " $keys }}: a whole manifest is no values file; save what stands under its spec as one, and install it under the name in its metadata
{{- end }}
{{- end }}

{{- define "actor.guards.identity" -}}
{{- $rule := "use at most 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit" -}}
{{- if not (and (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" .name) (le (len .name) 63)) }}
ERROR: actor: {{ .name | quote }} can't be an actor's name; {{ $rule }}, or set actor where the release's name can't be one
{{- end }}
{{- if and .values.image (not .values.handler) }}
ERROR: handler: image is given, but nothing to call in it; set handler to module.function or module.Class.method
{{- end }}
{{- if and .values.handler (not .values.image) }}
ERROR: image: handler is given, but no image that holds it; set image
{{- end }}
{{- if and .values.handler (not (regexMatch "^[A-Za-z_]\\w*(\\.[A-Za-z_]\\w*)+$" .values.handler)) }}
ERROR: handler: {{ .values.handler | quote }} names nothing in a module; write module.function or module.Class.method
{{- end }}
{{- if and .raw.handler (ne .raw.handler .values.handler) }}
ERROR: handler: env.ASYA_HANDLER gives it too, and differs; keep one of them
{{- end }}
{{- if not (has .values.handlerMode (list "payload" "envelope")) }}
ERROR: env.ASYA_HANDLER_MODE: {{ .values.handlerMode | quote }} is no mode; use payload or envelope
{{- end }}
{{- range $key := list "flavor" "flavors" -}}
{{- $files := list -}}
{{- range $name := ternary (get $.values $key) (list (get $.values $key)) (kindIs "slice" (get $.values $key)) -}}
{{- $files = append $files (printf "-f flavors/%v.yaml" $name) -}}
{{- end -}}
{{- if get $.values $key }}
ERROR: {{ $key }}: flavors are values files of this chart; remove the key and give them to Helm, as in {{ join " " $files }}
{{- end }}
{{- end }}
{{- if .values.stateProxy }}
ERROR: stateProxy: the state proxy is not built yet; remove the key and keep state outside of the actor
{{- end }}
{{- if and .values.runtime.inject (not (.files.Glob "files/asya_runtime/*.py")) }}
ERROR: runtime.inject: this copy of the chart has no files of the runtime; use a released chart, or set it to false for an image that has the runtime
{{- end }}
{{- end }}

{{- define "actor.guards.resiliency" -}}
{{- $policies := .values.resiliency.policies | default dict -}}
{{- range $index, $rule := .values.resiliency.rules -}}
{{- if not (hasKey $policies $rule.policy) }}
ERROR: resiliency.rules[{{ $index }}].policy: there is no policy {{ $rule.policy | quote }}; use one of resiliency.policies ({{ keys $policies | sortAlpha | join ", " | default "none yet" }})
{{- end }}
{{- end }}
{{- $used := list "default" -}}
{{- range .values.resiliency.rules -}}
{{- $used = append $used .policy -}}
{{- end -}}
{{- range $name, $policy := $policies -}}
{{- if not (has $name $used) }}
ERROR: resiliency.policies.{{ $name }}: no rule names this policy, so it would never count; name it in resiliency.rules, call it default, or remove it
{{- end }}
{{- range $index, $actor := $policy.thenRoute -}}
{{- if has $actor (list "happy-end" "error-end") }}
ERROR: resiliency.policies.{{ $name }}.thenRoute[{{ $index }}]: {{ $actor }} is reached by the end of a route, not by naming it; remove it
{{- end }}
{{- end }}
{{- end }}
{{- end }}
