{{/*
Every actor's values, made once for all templates, since that is most of the work. They lie in the root, which all templates
have in common, as prepared:
actors, a map from name to {raw: values as the chart `actor` takes them, values: in normal form (actor.values)}, and
release, the same for what is there once, under the release's name. Guards are run here, before any object is made.
Takes: the root.
*/}}
{{- define "pipeline.prepare" -}}
{{- if not (hasKey . "prepared") -}}
{{- $prepared := dict "actors" dict "release" dict -}}
{{- $_ := set . "prepared" $prepared -}}
{{- $shared := include "pipeline.shared" . | fromJson -}}
{{- include "pipeline.refuse" (include "pipeline.guards" (dict "root" . "shared" $shared)) -}}
{{- range $name, $own := .Values.actors -}}
{{- if dig "enabled" true ($own | default dict) -}}
{{- $raw := include "pipeline.values" (dict "root" $ "shared" $shared "name" $name) | fromJson -}}
{{- $_ := set $prepared.actors $name (dict "raw" $raw "values" (include "actor.values" $raw | fromJson)) -}}
{{- end -}}
{{- end -}}
{{- if $prepared.actors -}}
{{- $raw := include "actor.overlay" (dict "base" $shared "over" (include "pipeline.nameless" . | fromJson)) | fromJson -}}
{{- $_ := set $prepared.release .Release.Name (dict "raw" $raw "values" (include "actor.values" $raw | fromJson)) -}}
{{- end -}}
{{- include "pipeline.refuse" (include "pipeline.actorGuards" .) -}}
{{- end -}}
{{- end }}

{{/* What stands for no actor, as JSON: objects that are there once go by the release's name. Takes: the root. */}}
{{- define "pipeline.nameless" -}}
{{- dict "enabled" true "actor" .Release.Name "image" "" "handler" "" | toJson }}
{{- end }}
