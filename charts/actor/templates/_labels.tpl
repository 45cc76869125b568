{{/* What selects the actor's pods; it can never change. */}}
{{- define "actor.selectorLabels" -}}
app.kubernetes.io/name: {{ .name | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: actor
{{- end }}

{{/* Labels of the pods: no versions, so that an upgrade that changes nothing else restarts nothing. */}}
{{- define "actor.podLabels" -}}
{{- $own := include "actor.selectorLabels" . | fromYaml -}}
{{- $own = merge $own (dict "app.kubernetes.io/part-of" "asya" "asya.sh/actor" .name) -}}
{{- merge $own .values.podLabels | toYaml }}
{{- end }}

{{/* name, namespace and labels of an object. Takes: context, suffix, component. */}}
{{- define "actor.metadata" -}}
name: {{ include "actor.suffixed" (dict "name" .context.name "suffix" .suffix) | quote }}
namespace: {{ .context.root.Release.Namespace | quote }}
labels:
  app.kubernetes.io/name: {{ .context.name | quote }}
  app.kubernetes.io/instance: {{ .context.root.Release.Name | quote }}
  app.kubernetes.io/component: {{ .component }}
  app.kubernetes.io/part-of: asya
  app.kubernetes.io/version: {{ .context.root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .context.root.Release.Service }}
  helm.sh/chart: {{ printf "%s-%s" .context.root.Chart.Name .context.root.Chart.Version | replace "+" "_" }}
  asya.sh/actor: {{ .context.name | quote }}
{{- end }}
