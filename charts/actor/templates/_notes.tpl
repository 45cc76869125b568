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
  helm upgrade {{ .root.Release.Name }} <chart> --reset-then-reuse-values --set image=<image> --set handler=<module.function>

{{ end -}}
Actor {{ .name }} takes messages from queue {{ include "actor.queue" . }} ({{ .values.transport }}).
{{- include "actor.notes.pods" . }}
Results and errors are stored by the end actors (chart crew), which every environment needs once.
{{- include "actor.notes.registry" (dict "root" .root "registry" .values.imageRegistry "images" (dict "asya-runtime" .values.image "asya-sidecar" .values.sidecar.image)) }}
{{- range include "actor.values.renamed" .raw | fromJsonArray }}
{{- $path := list .section .name | compact | join "." }}
{{- $now := get (ternary $.raw (get $.raw .section | default dict) (eq .section "")) .name }}
{{- if kindIs "invalid" .value }}
{{- else if not (has (toJson $now) (list (toJson .value) (toJson .default))) }}

{{ .was }} is an old name, and beats {{ $path }}: {{ include "actor.text" .value }} counts, {{ include "actor.text" $now }} does not. Write {{ $path }}.
{{- else if ne .section "" }}

{{ .was }} is an old name; write {{ $path }}.
{{- end }}
{{- end }}
{{- if .values.queues.deleteOnUninstall }}

helm uninstall DELETES QUEUE {{ include "actor.queue" . }} WITH ITS MESSAGES (queues.deleteOnUninstall).
{{- end }}
{{- end }}

{{/* Who sets the number of pods, and what it is. */}}
{{- define "actor.notes.pods" -}}
{{- $scaling := .values.scaling -}}
{{- $replicas := int .values.replicas -}}
{{- if $scaling.enabled }}
{{ ternary "A HorizontalPodAutoscaler" "KEDA" (gt (len $scaling.hpa) 0) }} runs {{ int $scaling.minReplicaCount }} to {{ int $scaling.maxReplicaCount }} pods
{{- if not $scaling.hpa }}, one for each {{ int $scaling.queueLength }} messages{{ end }}:
  kubectl -n {{ .root.Release.Namespace }} get {{ ternary "hpa" "scaledobject" (gt (len $scaling.hpa) 0) }},deployment {{ .name }}
{{- if ne (toString $scaling.paused) "false" }}
It is paused (scaling.paused).
{{- end }}
{{- if ne $replicas 1 }}
replicas: {{ $replicas }} does not count while scaling.enabled is true; set scaling.minReplicaCount.
{{- end }}
{{- else }}
It runs {{ ternary "no" (toString $replicas) (eq $replicas 0) }} {{ ternary "pod" "pods" (eq $replicas 1) }} {{ ternary "until replicas is raised" "all the time" (eq $replicas 0) }}:
  kubectl -n {{ .root.Release.Namespace }} get deployment {{ .name }}
{{- end }}
{{- end }}
