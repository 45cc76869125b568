{{/* One object for each end, rendered by the chart `actor`. Takes: root, object, ends (which; both unless given). */}}
{{- define "crew.render" -}}
{{- with include "crew.guards" .root | trim }}
{{- fail (printf "\n\n%s\n" .) }}
{{- end }}
{{- range $index, $end := .ends | default (list "happy-end" "error-end") }}
{{- if $index }}
---
{{ end }}
{{- $values := include "crew.values" (dict "root" $.root "end" $end) | fromJson }}
{{- include "actor.render" (dict "root" $.root "files" $.root.Files "values" $values "object" $.object) }}
{{- end }}
{{- end }}

{{/* Accounts of the Jobs that make and delete queues: one makes those of both ends, so error-end's is for its deletion. */}}
{{- define "crew.queueaccounts" -}}
{{- $ends := list "happy-end" -}}
{{- if (include "crew.values" (dict "root" . "end" "error-end") | fromJson).queues.deleteOnUninstall -}}
{{- $ends = append $ends "error-end" -}}
{{- end -}}
{{- include "crew.render" (dict "root" . "object" "queue-serviceaccount" "ends" $ends) }}
{{- end }}

{{/*
Values of one end, as JSON, later ones over earlier ones: the actor chart's defaults, what makes it an end, the shared
keys, its own keys. Takes: root, end.
*/}}
{{- define "crew.values" -}}
{{- $given := .root.Values -}}
{{- $shared := omit $given "actor" "image" "store" "happy-end" "error-end" "global" -}}
{{- $layers := list
  (omit $given.actor "global")
  (include "crew.identity" . | fromJson)
  $shared
  (get $given .end)
-}}
{{- $values := dict -}}
{{- range $layers -}}
{{- $values = include "actor.overlay" (dict "base" $values "over" .) | fromJson -}}
{{- end -}}
{{- if include "crew.onOneNode" .root -}}
{{- $affinity := $values.affinity | default dict -}}
{{- $together := dig "podAffinity" "requiredDuringSchedulingIgnoredDuringExecution" list $affinity -}}
{{- $together = append $together (include "crew.together" .root | fromJson) -}}
{{- $pods := merge (dict "requiredDuringSchedulingIgnoredDuringExecution" $together) (dig "podAffinity" dict $affinity) -}}
{{- $_ := set $values "affinity" (merge (dict "podAffinity" $pods) $affinity) -}}
{{- $_ := set $values "topologySpreadConstraints" list -}}
{{- end -}}
{{- $values | toJson }}
{{- end }}

{{/* Whether the chart's own claim is for the pods of one node alone, so that what spreads pods can't count. */}}
{{- define "crew.onOneNode" -}}
{{- if and (include "crew.folder" .) (not .Values.store.existingClaim) (not (has "ReadWriteMany" .Values.store.claim.accessModes)) }}yes{{ end -}}
{{- end }}

{{/* Affinity of the ends' pods to each other, as JSON; the first of them may go to any node. */}}
{{- define "crew.together" -}}
{{- $ends := dict "key" "asya.sh/actor" "operator" "In" "values" (list "happy-end" "error-end") -}}
{{- $selector := dict "matchLabels" (dict "app.kubernetes.io/instance" .Release.Name) "matchExpressions" (list $ends) -}}
{{- dict "labelSelector" $selector "topologyKey" "kubernetes.io/hostname" | toJson }}
{{- end }}

{{/* What makes an actor an end, as JSON values of the actor chart. Takes: root, end. */}}
{{- define "crew.identity" -}}
{{- $given := .root.Values -}}
{{- $handlers := dict "happy-end" "asya_crew.happy_end.HappyEnd.process" "error-end" "asya_crew.error_end.ErrorEnd.process" -}}
{{- $context := dict "root" .root "values" (dict "imageRegistry" $given.imageRegistry) -}}
{{- $env := dict "ASYA_STORE_URL" $given.store.url "ASYA_STORE_PREFIX" (get $given.store.prefixes .end) -}}
{{- $preset := dict "env" $env -}}
{{- with include "crew.folder" .root -}}
{{- $claim := $given.store.existingClaim | default (include "crew.claimName" $.root) -}}
{{- $_ := set $preset "volumes" (dict "store" (dict "persistentVolumeClaim" (dict "claimName" $claim))) -}}
{{- $_ := set $preset "volumeMounts" (dict "store" (dict "mountPath" .)) -}}
{{- end -}}
{{- dict
  "enabled" true
  "actor" .end
  "image" (include "actor.image" (dict "context" $context "image" $given.image "name" "asya-crew"))
  "handler" (get $handlers .end)
  "handlerMode" "envelope"
  "runtime" (dict "inject" false "cloudIdentity" true)
  "preset" $preset
| toJson }}
{{- end }}

{{/* The folder of a file:// store, or nothing. */}}
{{- define "crew.folder" -}}
{{- if hasPrefix "file://" .Values.store.url }}{{ trimPrefix "file://" .Values.store.url }}{{ end }}
{{- end }}
