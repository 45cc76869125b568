{{- define "actor.guards.identity" -}}
{{- $rule := "use at most 63 lower-case letters, digits and dashes, beginning and ending with a letter or digit" -}}
{{- if not (and (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" .name) (le (len .name) 63)) }}
ERROR: actor: {{ .name | quote }} can't be an actor's name; {{ $rule }}, or set actor where the release's name can't be one
{{- end }}
{{- if and (has .name (list "happy-end" "error-end")) (not (hasPrefix "asya_crew." .values.handler)) }}
ERROR: actor: {{ .name }} is an end actor, and any other in its place takes what the pipelines end with and stores nothing; install the chart crew, or use another name
{{- end }}
{{- if .values.stateProxy }}
ERROR: stateProxy: the state proxy is not built yet; remove the key and keep state outside of the actor
{{- end }}
{{- if and .values.runtime.inject (not (.files.Glob "files/asya_runtime/*.py")) }}
ERROR: runtime.inject: this copy of the chart has no files of the runtime; use a released chart, or set it to false for an image that has the runtime
{{- end }}
{{- if and .values.sidecar.native (semverCompare "<1.29-0" .root.Capabilities.KubeVersion.Version) }}
ERROR: sidecar.native: Kubernetes {{ .root.Capabilities.KubeVersion.Version }} starts no such sidecars, 1.29 is the first; set it to false
{{- end }}
{{- end }}

{{- define "actor.guards.images" -}}
{{- if regexMatch "^[a-z]+://|/$|\\s" .values.imageRegistry }}
ERROR: imageRegistry: {{ .values.imageRegistry | quote }} is no registry; write it like registry.example.com/asya, without scheme, spaces and a slash at its end
{{- end }}
{{- range $path, $image := dict "image" .values.image "sidecar.image" .values.sidecar.image -}}
{{- if and $image (not (regexMatch "^[^\\s@]+(@sha256:[0-9a-f]{64})?$" $image)) }}
ERROR: {{ $path }}: {{ $image | quote }} is no image; write it like registry.example.com/text:1.0.0, with @sha256: and 64 hexadecimal digits behind it to pin it
{{- end }}
{{- end }}
{{- end }}

{{- define "actor.guards.handler" -}}
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
{{- end }}

{{/* Every flavor that the values name has left its mark. */}}
{{- define "actor.guards.flavors" -}}
{{- $marks := .raw.preset.flavors | default dict -}}
{{- $known := include "actor.flavors" . | fromJson | keys | sortAlpha -}}
{{- range $name := .values.flavors -}}
{{- if not (get $marks $name) -}}
{{- if and (eq $name "s3-results") (not (has $.name (list "happy-end" "error-end"))) }}
ERROR: {{ ternary "flavor" "flavors" (eq $name (toString $.raw.flavor)) }}: {{ $name }} is for the chart crew, which stores results for all actors; remove it here, and give it there
{{- else if and $known (not (has $name $known)) }}
ERROR: {{ ternary "flavor" "flavors" (eq $name (toString $.raw.flavor)) }}: {{ $name | quote }} is no flavor of this chart, which has {{ join ", " $known }}; give a values file of your own with -f that sets preset.flavors.{{ $name }} to true
{{- else }}
ERROR: {{ ternary "flavor" "flavors" (eq $name (toString $.raw.flavor)) }}: {{ $name }} was not given; flavors are values files, so add -f flavors/{{ $name }}.yaml before your own
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The flavors that are here, in a chart or in the chart `actor` inside it, as a JSON map from name to text. */}}
{{- define "actor.flavors" -}}
{{- $flavors := dict -}}
{{- $inside := get (.root.Subcharts | default dict) "actor" | default dict -}}
{{- range compact (list .files $inside.Files) -}}
{{- range $path, $text := .Glob "flavors/*.yaml" -}}
{{- $_ := set $flavors (base $path | trimSuffix ".yaml") (toString $text) -}}
{{- end -}}
{{- end -}}
{{- $flavors | toJson }}
{{- end }}
