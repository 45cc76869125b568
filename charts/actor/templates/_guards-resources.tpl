{{/* Requests above limits, and of devices without one: the API server would refuse the Deployment's pods, out of Helm's sight. */}}
{{- define "actor.guards.resources" -}}
{{- range $path, $resources := dict "resources" .values.resources "sidecar.resources" .values.sidecar.resources -}}
{{- range $name, $wanted := $resources.requests -}}
{{- $most := get ($resources.limits | default dict) $name -}}
{{- if and (hasKey ($resources.limits | default dict) $name) (gt (include "actor.amount" $wanted | float64) (include "actor.amount" $most | float64)) }}
ERROR: {{ $path }}.requests.{{ $name }}: {{ include "actor.text" $wanted }} is more than {{ $path }}.limits.{{ $name }}, {{ include "actor.text" $most }}, and no pod could start; lower it or raise the other (null takes a flavor's away)
{{- else if and (contains "/" $name) (or (not $most) (ne (include "actor.amount" $wanted) (include "actor.amount" $most))) }}
ERROR: {{ $path }}.requests.{{ $name }}: Kubernetes takes requests of such devices only beside an equal limit; set {{ $path }}.limits.{{ $name }} alone, which asks for them, too
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* An amount of Kubernetes, such as 500m, 1.5, 1e3 or 64Mi, as a number. */}}
{{- define "actor.amount" -}}
{{- $text := include "actor.text" . -}}
{{- $unit := regexFind "[numkMGTPE]i?$" $text -}}
{{- $worth := dict
  "n" 1e-9 "u" 1e-6 "m" 1e-3 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18
  "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 "Pi" 1125899906842624.0 "Ei" 1152921504606846976.0
-}}
{{- mulf (trimSuffix $unit $text | float64) (get $worth $unit | default 1.0) }}
{{- end }}
