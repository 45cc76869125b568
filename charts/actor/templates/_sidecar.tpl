{{/* The container between queue and runtime; it alone has the broker's credentials. */}}
{{- define "actor.sidecar" -}}
{{- $set := include "actor.sidecar.env" . | fromJson -}}
{{- $env := include "actor.join" (dict "preset" $set "own" .values.sidecar.env "key" "name" "identity" "name") | fromJsonArray -}}
- name: asya-sidecar
  image: {{ include "actor.image" (dict "context" . "image" .values.sidecar.image "name" "asya-sidecar") | quote }}
  imagePullPolicy: {{ .values.sidecar.imagePullPolicy }}
  command: ["python", "-m", "asya_sidecar"]
  env:
    {{- include "actor.env" $env | trim | nindent 4 }}
  ports:
    - name: metrics
      containerPort: {{ int .values.sidecar.metricsPort }}
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
  securityContext:
    {{- include "actor.pod.containerSecurity" (dict "readOnly" true) | nindent 4 }}
  {{- with .values.sidecar.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
    - name: asya-socket
      mountPath: /var/run/asya
    - name: asya-sidecar-tmp
      mountPath: /tmp
    {{- with include "actor.transport.mount" . }}
    {{- . | nindent 4 }}
    {{- end }}
{{- end }}
