{{/* The user's container, with our runtime as its program. Further fields of a 2025 manifest's container stand last. */}}
{{- define "actor.runtime" -}}
{{- $set := include "actor.runtime.env" . | fromJson -}}
{{- $defaults := include "actor.runtime.defaultEnv" . | fromJson -}}
{{- $env := include "actor.join" (dict "preset" $defaults "own" .values.env "key" "name" "identity" "name") | fromJsonArray -}}
- name: asya-runtime
  image: {{ include "actor.image" (dict "context" . "image" .values.image "name" "asya-runtime") | quote }}
  imagePullPolicy: {{ .values.imagePullPolicy }}
  command: {{ list .values.pythonExecutable "/opt/asya/asya_runtime" | toJson }}
  env:
    {{- include "actor.env" (include "actor.list" (dict "entries" $set "key" "name") | fromJsonArray) | trim | nindent 4 }}
    {{- include "actor.env" $env | trim | nindent 4 }}
  {{- include "actor.runtime.probes" . | trim | nindent 2 }}
  securityContext:
    {{- include "actor.pod.containerSecurity" (dict "readOnly" .values.runtime.readOnlyRootFilesystem) | nindent 4 }}
  {{- with .values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
    {{- include "actor.runtime.mounts" . | nindent 4 }}
  {{- with omit .values.runtimeContainer "startupProbe" "readinessProbe" }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/*
Probes by the file that the runtime writes once the handler is loaded. Python looks for it, since it is the one program
that the user's image is sure to have. A hung handler is the sidecar's business, so there is no liveness probe.
*/}}
{{- define "actor.runtime.probes" -}}
{{- $look := list .values.pythonExecutable "-I" "-S" "-c" "import os; os.stat('/var/run/asya/runtime-ready')" -}}
{{- $own := dict
  "startupProbe" (dict "periodSeconds" 2 "failureThreshold" (max 1 (div (add 1 (include "actor.seconds" .values.startup.timeout)) 2)))
  "readinessProbe" (dict "periodSeconds" 10)
-}}
{{- range $name, $times := $own }}
{{ $name }}:
  {{- if hasKey $.values.runtimeContainer $name }}
  {{- toYaml (get $.values.runtimeContainer $name) | nindent 2 }}
  {{- else }}
  {{- merge (dict "exec" (dict "command" $look) "timeoutSeconds" 5) $times | toYaml | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The socket, the runtime's files, and the user's mounts, one of which may take the place of our /tmp. */}}
{{- define "actor.runtime.mounts" -}}
{{- $tmp := dict "tmp" (dict "name" "asya-tmp" "mountPath" "/tmp") -}}
{{- $join := dict "preset" $tmp "own" .values.volumeMounts "key" "name" "identity" "mountPath" -}}
- name: asya-socket
  mountPath: /var/run/asya
{{- include "actor.runtime.files" . }}
{{ include "actor.join" $join | fromJsonArray | toYaml }}
{{- end }}

{{/* One mount for each file, by subPath, so that a running pod never sees the files of a newer release. */}}
{{- define "actor.runtime.files" -}}
{{- if .values.runtime.inject }}
{{- range $path, $_ := .files.Glob "files/asya_runtime/*.py" }}
- name: asya-runtime
  mountPath: {{ printf "/opt/asya/asya_runtime/%s" (base $path) }}
  subPath: {{ base $path }}
  readOnly: true
{{- end }}
{{- end }}
{{- end }}
