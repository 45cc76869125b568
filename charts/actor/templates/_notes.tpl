{{/* What `helm install` prints. */}}
{{- define "actor.notes" -}}
{{- if not .values.handler -}}
NO IMAGE AND NO HANDLER WERE GIVEN: this release runs the built-in echo handler, which returns what it gets.
Give your own:
  helm upgrade {{ .root.Release.Name }} <chart> --reuse-values --set image=<image> --set handler=<module.function>

{{ end -}}
Actor {{ .name }} takes messages from queue {{ include "actor.queue" . }} ({{ .values.transport }}).
{{- if .values.scaling.enabled }}
KEDA runs {{ int .values.scaling.minReplicaCount }} to {{ int .values.scaling.maxReplicaCount }} pods, one for each {{ int .values.scaling.queueLength }} messages:
  kubectl -n {{ .root.Release.Namespace }} get scaledobject,deployment {{ .name }}
{{- else }}
It runs {{ int .values.replicas }} pods all the time:
  kubectl -n {{ .root.Release.Namespace }} get deployment {{ .name }}
{{- end }}
Results and errors are stored by the end actors (chart crew), which every environment needs once.
{{- range include "actor.values.renamed" .raw | fromJsonArray }}
{{- if and (not (kindIs "invalid" .value)) (ne .section "") }}

{{ .was }} is an old name; write {{ .section }}.{{ .name }}.
{{- end }}
{{- end }}
{{- end }}
