{{- define "crew.claimName" -}}
{{- include "actor.suffixed" (dict "name" .Release.Name "suffix" "-store") }}
{{- end }}

{{/* The volume of a file:// store. It outlives the release, for it holds every result. */}}
{{- define "crew.claim" -}}
{{- $store := .Values.store -}}
{{- if and (include "crew.folder" .) (not $store.existingClaim) -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ include "crew.claimName" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
  labels:
    app.kubernetes.io/name: crew
    app.kubernetes.io/instance: {{ .Release.Name | quote }}
    app.kubernetes.io/component: store
    app.kubernetes.io/part-of: asya
    app.kubernetes.io/managed-by: {{ .Release.Service }}
    helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
  annotations:
    helm.sh/resource-policy: keep
spec:
  accessModes:
    {{- toYaml $store.claim.accessModes | nindent 4 }}
  {{- with $store.claim.storageClassName }}
  storageClassName: {{ . | quote }}
  {{- end }}
  resources:
    requests:
      storage: {{ $store.claim.size | quote }}
{{- end }}
{{- end }}

{{/* Mistakes in what only this chart has; one line each. */}}
{{- define "crew.guards" -}}
{{- $folder := include "crew.folder" . -}}
{{- if and (hasPrefix "file:" .Values.store.url) (not (regexMatch "^/[^/]" $folder)) }}
ERROR: store.url: {{ .Values.store.url | quote }} names no folder; write its whole path with three slashes, as in file:///data
{{- end }}
{{- if eq (index .Values.store.prefixes "happy-end") (index .Values.store.prefixes "error-end") }}
ERROR: store.prefixes: results and errors would share one folder; give them two
{{- end }}
{{- range $name, $amount := dig "resources" "limits" dict (.Values.preset | default dict) -}}
{{- if and (contains "gpu" $name) $amount }}
ERROR: preset.resources.limits.{{ $name }}: a flavor gives it to each end, and all that they do is to store messages; leave that -f out (gpu, gpu-inference)
{{- end }}
{{- end }}
{{- range $field := list "enabled" "actor" "image" "handler" -}}
{{- if get $.Values.actor $field }}
ERROR: actor.{{ $field }}: under actor stand the defaults of the chart that makes each end, and this would not count; remove it
{{- end }}
{{- end }}
{{- if regexMatch "://[^/]*@" .Values.store.url }}
ERROR: store.url: it holds credentials, which whoever may read the release would see; move them into a Secret and name its keys in secretRefs
{{- end }}
{{- end }}
