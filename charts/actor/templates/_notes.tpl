{{/*
A warning where images of this project have no registry, or nothing.
Takes: root, registry, images (from the name of an image to the one that is given instead, or nothing).
*/}}
{{- define "actor.notes.registry" -}}
{{- $bare := list -}}
{{- range $name, $given := .images -}}
{{- if not (or $given $.registry) -}}
{{- $bare = append $bare (printf "%s:%s" $name $.root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- if $bare }}

imageRegistry IS EMPTY: pods start only on nodes that have {{ join " and " $bare }} already.
Build the images (make build), push them to a registry, and set imageRegistry.
{{- end }}
{{- end }}

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
{{- if ne (int .values.replicas) 1 }}
replicas: {{ int .values.replicas }} does not count while scaling.enabled is true; set scaling.minReplicaCount.
{{- end }}
{{- else }}
{{- if eq (int .values.replicas) 0 }}
It runs no pods until replicas is raised:
{{- else }}
It runs {{ int .values.replicas }} {{ ternary "pod" "pods" (eq (int .values.replicas) 1) }} all the time:
{{- end }}
  kubectl -n {{ .root.Release.Namespace }} get deployment {{ .name }}
{{- end }}
Results and errors are stored by the end actors (chart crew), which every environment needs once.
{{- include "actor.notes.registry" (dict "root" .root "registry" .values.imageRegistry "images" (dict "asya-runtime" .values.image "asya-sidecar" .values.sidecar.image)) }}
{{- range include "actor.values.renamed" .raw | fromJsonArray }}
{{- if and (not (kindIs "invalid" .value)) (ne .section "") }}

{{ .was }} is an old name; write {{ .section }}.{{ .name }}.
{{- end }}
{{- end }}
{{- end }}
