{{/*
The values in normal form, as JSON. The rest of the chart reads nothing else: the names are today's, what flavors wrote
is joined to what the user wrote, and handler and handler mode are taken out of the environment. In it env, volumes,
volumeMounts and tolerations are lists. Takes: the values as given.
*/}}
{{- define "actor.values" -}}
{{- $values := include "actor.values.today" . | fromJson -}}
{{- $preset := $values.preset -}}
{{- $_ := set $preset "env" ($preset.env | default dict) -}}
{{- range $name, $entry := include "actor.values.secretEnv" $values.secretRefs | fromJson -}}
{{- $_ := set $preset.env $name $entry -}}
{{- end -}}
{{- range $field, $identity := dict "env" "name" "volumes" "name" "volumeMounts" "mountPath" "tolerations" "" -}}
{{- $key := ternary "" "name" (eq $identity "") -}}
{{- $join := dict "preset" (get $preset $field) "own" (get $values $field) "key" $key "identity" $identity -}}
{{- $_ := set $values $field (include "actor.join" $join | fromJsonArray) -}}
{{- end -}}
{{- range $field := list "resources" "nodeSelector" "podLabels" "podAnnotations" -}}
{{- $_ := set $values $field (mergeOverwrite dict (get $preset $field | default dict) (get $values $field | default dict)) -}}
{{- end -}}
{{- $env := list -}}
{{- range $values.env -}}
{{- if eq .name "ASYA_HANDLER" -}}
{{- $_ := set $values "handler" (.value | default "") -}}
{{- else if eq .name "ASYA_HANDLER_MODE" -}}
{{- $_ := set $values "handlerMode" (lower .value) -}}
{{- else -}}
{{- $env = append $env . -}}
{{- end -}}
{{- end -}}
{{- $_ := set $values "env" $env -}}
{{- omit $values "preset" "secretRefs" | toJson }}
{{- end }}

{{/* The environment that secretRefs stand for, as a JSON map from name to entry. Takes: secretRefs. */}}
{{- define "actor.values.secretEnv" -}}
{{- $env := dict -}}
{{- range $ref := . -}}
{{- range .keys -}}
{{- $_ := set $env .envVar (dict "valueFrom" (dict "secretKeyRef" (dict "name" $ref.secretName "key" .key))) -}}
{{- end -}}
{{- end -}}
{{- $env | toJson }}
{{- end }}
