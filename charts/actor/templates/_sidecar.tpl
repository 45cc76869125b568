{{/* The container between queue and runtime; it alone has the broker's credentials. */}}
{{- define "actor.sidecar" -}}
{{- $set := include "actor.sidecar.env" . | fromJson -}}
{{- $env := include "actor.join" (dict "preset" $set "own" .values.sidecar.env "key" "name" "identity" "name") | fromJsonArray -}}
- name: asya-sidecar
  {{- if .values.sidecar.native }}
  restartPolicy: Always
  {{- end }}
  image: {{ include "actor.image" (dict "context" . "image" .values.sidecar.image "name" "asya-sidecar") | quote }}
  imagePullPolicy: {{ .values.sidecar.imagePullPolicy }}
  command: ["python", "-m", "asya_sidecar"]
  env:
    {{- include "actor.env" $env | trim | nindent 4 }}
  ports:
    - name: metrics
      containerPort: {{ int .values.sidecar.metricsPort }}
  {{- include "actor.sidecar.probes" . | trim | nindent 2 }}
  securityContext:
    {{- include "actor.pod.containerSecurity" (dict "readOnly" true) | nindent 4 }}
  {{- with .values.sidecar.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
    {{- include "actor.sidecar.mounts" . | trim | nindent 4 }}
{{- end }}

{{- define "actor.sidecar.mounts" -}}
{{- range $name, $path := dict "asya-socket" "/var/run/asya" "asya-sidecar-tmp" "/tmp" }}
- name: {{ $name }}
  mountPath: {{ $path }}
{{- end }}
{{- with include "actor.transport.mount" . }}
{{ . }}
{{- end }}
{{- include "actor.claim-check.mounts" . }}
{{- end }}

{{/*
Probes of the sidecar. Kubernetes starts the runtime only when a native sidecar has started, so its startup probe asks
for the process alone and never for the runtime; a plain one needs none.
*/}}
{{- define "actor.sidecar.probes" -}}
{{- if .values.sidecar.native }}
startupProbe:
  httpGet:
    path: /healthz
    port: metrics
  timeoutSeconds: 5
  periodSeconds: 1
  failureThreshold: 120
{{- end }}
livenessProbe:
  httpGet:
    path: /healthz
    port: metrics
  timeoutSeconds: 5
  periodSeconds: 10
  failureThreshold: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: metrics
  timeoutSeconds: 5
  periodSeconds: 5
{{- end }}
