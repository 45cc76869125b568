{{/*
The values in normal form, as JSON. The rest of the chart reads nothing else: the names are today's, what flavors wrote
is joined to what the user wrote, and handler and handler mode are taken out of the environment. In it env, volumes,
volumeMounts, tolerations and initContainers are lists. Takes: the values as given.
*/}}
{{- define "actor.values" -}}
{{- $values := include "actor.values.today" . | fromJson -}}
{{- $preset := $values.preset -}}
{{- $_ := set $preset "env" (include "actor.values.secretEnv" $values | fromJson) -}}
{{- range $field, $identity := include "actor.values.identities" . | fromJson -}}
{{- $key := ternary "" "name" (eq $identity "") -}}
{{- $join := dict "preset" (get $preset $field) "own" (get $values $field) "key" $key "identity" $identity -}}
{{- $_ := set $values $field (include "actor.join" $join | fromJsonArray) -}}
{{- end -}}
{{- $resources := dict "base" ($preset.resources | default dict) "over" ($values.resources | default dict) -}}
{{- $_ := set $values "resources" (include "actor.values.resources" $resources | fromJson) -}}
{{- $_ := set $values.sidecar "resources" (include "actor.values.resources" (dict "base" dict "over" $values.sidecar.resources) | fromJson) -}}
{{- range $field := list "nodeSelector" "podLabels" "podAnnotations" -}}
{{- $_ := set $values $field (mergeOverwrite dict (get $preset $field | default dict) (get $values $field | default dict)) -}}
{{- end -}}
{{- $_ := set $values "affinity" (include "actor.values.affinity" $values | fromJson) -}}
{{- $_ := set $values "resiliency" (include "actor.values.resiliency" $values | fromJson) -}}
{{- range $field, $value := include "actor.values.handler" $values | fromJson -}}
{{- $_ := set $values $field $value -}}
{{- end -}}
{{- $_ := set $values "transport" (coalesce $values.transport $preset.transport "nats") -}}
{{- omit $values "preset" "secretRefs" | toJson }}
{{- end }}

{{/* Requests and limits laid over others, as JSON; what is null goes. Takes: base, over. */}}
{{- define "actor.values.resources" -}}
{{- $kept := dict -}}
{{- range $kind, $amounts := include "actor.overlay" . | fromJson -}}
{{- if kindIs "map" $amounts -}}
{{- $given := dict -}}
{{- range $name, $amount := $amounts -}}
{{- if not (kindIs "invalid" $amount) -}}
{{- $_ := set $given $name $amount -}}
{{- end -}}
{{- end -}}
{{- $amounts = $given -}}
{{- end -}}
{{- if $amounts -}}
{{- $_ := set $kept $kind $amounts -}}
{{- end -}}
{{- end -}}
{{- $kept | toJson }}
{{- end }}

{{/* handler, handlerMode, and env without the variables that give them, as JSON. Takes: the values, env being a list. */}}
{{- define "actor.values.handler" -}}
{{- $found := dict "env" list -}}
{{- $fields := dict "ASYA_HANDLER" "handler" "ASYA_HANDLER_MODE" "handlerMode" -}}
{{- range .env -}}
{{- if hasKey $fields .name -}}
{{- $text := .value | default "" -}}
{{- $_ := set $found (get $fields .name) (ternary (lower $text) $text (eq .name "ASYA_HANDLER_MODE")) -}}
{{- else -}}
{{- $_ := set $found "env" (append $found.env .) -}}
{{- end -}}
{{- end -}}
{{- $found | toJson }}
{{- end }}

{{/* preset.env with the environment that secretRefs stand for, as a JSON map from name to entry. Takes: the values. */}}
{{- define "actor.values.secretEnv" -}}
{{- $env := .preset.env | default dict -}}
{{- range $ref := .secretRefs -}}
{{- range .keys -}}
{{- $_ := set $env .envVar (dict "valueFrom" (dict "secretKeyRef" (dict "name" $ref.secretName "key" .key))) -}}
{{- end -}}
{{- end -}}
{{- $env | toJson }}
{{- end }}

{{/*
The affinity of the user with what flavors ask of nodes, as JSON. Kubernetes takes a node that fits one of the required
terms, so what flavors require is added to each. Takes: the values.
*/}}
{{- define "actor.values.affinity" -}}
{{- $preset := .preset.nodeAffinity -}}
{{- $node := deepCopy (dig "nodeAffinity" dict (.affinity | default dict)) -}}
{{- $required := include "actor.list" (dict "entries" $preset.required "key" "") | fromJsonArray -}}
{{- if $required -}}
{{- $terms := list -}}
{{- range dig "requiredDuringSchedulingIgnoredDuringExecution" "nodeSelectorTerms" (list dict) $node -}}
{{- $terms = append $terms (merge (dict "matchExpressions" (concat (.matchExpressions | default list) $required)) .) -}}
{{- end -}}
{{- $_ := set $node "requiredDuringSchedulingIgnoredDuringExecution" (dict "nodeSelectorTerms" $terms) -}}
{{- end -}}
{{- $preferred := include "actor.list" (dict "entries" $preset.preferred "key" "") | fromJsonArray -}}
{{- with concat ($node.preferredDuringSchedulingIgnoredDuringExecution | default list) $preferred -}}
{{- $_ := set $node "preferredDuringSchedulingIgnoredDuringExecution" . -}}
{{- end -}}
{{- merge (ternary (dict "nodeAffinity" $node) dict (ne (len $node) 0)) (.affinity | default dict) | toJson }}
{{- end }}
