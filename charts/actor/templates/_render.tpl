{{/*
One object of one actor: values to normal form, then the guards, then the define called actor.<object>.
Every template of this chart is one include of it, so that another chart can render several actors with the same lines.

Takes: root (Release and Chart), files (those that hold files/asya_runtime), values (as the user gave them), object, and
optionally shared: what several actors of one release have together, as {runtime: name of the ConfigMap with the
runtime's files, actors: those whose queues the one hook Job ensures}.

What it hands on, the context of all other defines: root, files, name (the actor), raw (the values as given), values (in
normal form, see actor.values), shared (empty where nothing is). It is made once for all objects of an actor, and kept in
the root, which all templates of a chart have in common: normal form and guards are most of what a render costs.
*/}}
{{- define "actor.render" -}}
{{- if .values.enabled -}}
{{- $key := printf "asya-%s" (list .values .shared | toJson | sha256sum) -}}
{{- if not (hasKey .root $key) -}}
{{- $values := include "actor.values" .values | fromJson -}}
{{- $name := .values.actor | default .root.Release.Name -}}
{{- $context := dict "root" .root "files" .files "name" $name "raw" .values "values" $values "shared" (.shared | default dict) -}}
{{- with include "actor.guards" $context | trim }}
{{- fail (printf "\n\n%s\n" .) }}
{{- end }}
{{- $_ := set .root $key $context -}}
{{- end -}}
{{- include (printf "actor.%s" .object) (get .root $key) }}
{{- end }}
{{- end }}

{{/*
What validate/validate.yaml asks for: the guards alone. Helm takes templates in deeper folders first, and of these the last
by name, so that it is this one whose place an error tells.
*/}}
{{- define "actor.nothing" -}}
{{- end }}
