{{/*
A name of at most 63 characters that ends in the suffix. What is cut is replaced by a digest, so that two long names
stay two. Takes: name, suffix.
*/}}
{{- define "actor.suffixed" -}}
{{- $room := int (sub 63 (len .suffix)) -}}
{{- if gt (len .name) $room -}}
{{- printf "%s-%s%s" (trunc (int (sub $room 9)) .name) (sha256sum .name | trunc 8) .suffix }}
{{- else -}}
{{- printf "%s%s" .name .suffix }}
{{- end }}
{{- end }}

{{/* The actor's queue. */}}
{{- define "actor.queue" -}}
{{- printf "%s%s" .values.queues.prefix .name }}
{{- end }}

{{/* The queues that the hook Job ensures, as a JSON list of actors: this one's or all that share it, and the ends'. */}}
{{- define "actor.queues" -}}
{{- concat (.shared.actors | default (list .name)) (list "happy-end" "error-end") | uniq | toJson }}
{{- end }}

{{/* The ConfigMap with the runtime's files: the actor's own, or one that several share. */}}
{{- define "actor.runtimeConfigMap" -}}
{{- .shared.runtime | default (include "actor.suffixed" (dict "name" .name "suffix" "-runtime")) }}
{{- end }}

{{/* true for the two actors that every message ends in. */}}
{{- define "actor.isEnd" -}}
{{- has .name (list "happy-end" "error-end") }}
{{- end }}

{{/* An image of this project, unless another is given. Takes: context, image, name. */}}
{{- define "actor.image" -}}
{{- if .image -}}
{{- .image }}
{{- else -}}
{{- with .context.values.imageRegistry }}{{ printf "%s/" . }}{{ end -}}
{{- printf "%s:%s" .name .context.root.Chart.AppVersion }}
{{- with get (.context.values.imageDigests | default dict) .name }}{{ printf "@%s" . }}{{ end -}}
{{- end }}
{{- end }}
