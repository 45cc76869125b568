{{- define "actor.guards.volumes" -}}
{{- $volumes := list -}}
{{- range include "actor.pod.volumes" . | fromYamlArray -}}
{{- $volumes = append $volumes .name -}}
{{- end -}}
{{- include "actor.guards.twice" (dict "path" "volumes" "entries" .values.volumes) }}
{{- include "actor.guards.twice" (dict "path" "initContainers" "entries" .values.initContainers) }}
{{- range .values.volumes -}}
{{- if hasPrefix "asya-" .name }}
ERROR: volumes.{{ .name }}: names that begin with asya- belong to the chart; rename it
{{- end }}
{{- end }}
{{- range .values.volumeMounts -}}
{{- if regexMatch "^/(var/run/asya|opt/asya)(/|$)" (clean .mountPath) }}
ERROR: volumeMounts.{{ .name }}: {{ .mountPath }} belongs to the runtime; mount it elsewhere
{{- end }}
{{- end }}
{{- include "actor.guards.mounts" (dict "path" "volumeMounts" "mounts" .values.volumeMounts "volumes" $volumes) }}
{{- $others := dict "initContainers" .values.initContainers "workload.template.spec.containers" .values.extraContainers -}}
{{- range $path, $containers := $others -}}
{{- range $containers -}}
{{- $path := printf "%s[%s].volumeMounts" $path .name -}}
{{- include "actor.guards.mounts" (dict "path" $path "mounts" .volumeMounts "volumes" $volumes) }}
{{- end }}
{{- end }}
{{- end }}

{{/*
Mounts of no volume, two at one place, and those of the chart's own volumes: credentials are the sidecar's alone. Takes: path, mounts, volumes (their names).
*/}}
{{- define "actor.guards.mounts" -}}
{{- $seen := dict -}}
{{- range .mounts -}}
{{- $place := clean .mountPath -}}
{{- if hasPrefix "asya-" .name }}
ERROR: {{ $.path }}: {{ .name }} at {{ .mountPath }} is a volume of the chart, which may hold credentials; remove it, and mount volumes of your own
{{- else if not (has .name $.volumes) }}
ERROR: {{ $.path }}: {{ .name }} at {{ .mountPath }} is no volume of this pod; add it to volumes, or mount one of them
{{- end }}
{{- if hasKey $seen $place }}
ERROR: {{ $.path }}: {{ get $seen $place }} and {{ .name }} are both mounted at {{ $place }}, and Kubernetes takes one; remove the other
{{- end }}
{{- $_ := set $seen $place .name -}}
{{- end }}
{{- end }}
