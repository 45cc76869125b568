{{/* The runtime's files, for images that do not have them. */}}
{{- define "actor.configmap-runtime" -}}
{{- if .values.runtime.inject -}}
apiVersion: v1
kind: ConfigMap
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "-runtime" "component" "runtime") | nindent 2 }}
data:
  {{- include "actor.configmap-runtime.data" . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "actor.configmap-runtime.data" -}}
{{- (.files.Glob "files/asya_runtime/*.py").AsConfig }}
{{- end }}

{{/* Changes with every change of the runtime's files, so that pods roll. */}}
{{- define "actor.configmap-runtime.checksum" -}}
{{- $sums := list -}}
{{- range $path, $content := .files.Glob "files/asya_runtime/*.py" -}}
{{- $sums = append $sums (printf "%s %s" (base $path) (toString $content | sha256sum)) -}}
{{- end -}}
{{- join "\n" $sums | sha256sum }}
{{- end }}
