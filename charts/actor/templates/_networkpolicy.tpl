{{/*
What the actor's pods, and those of its hook Jobs, may reach: names, the broker, and what is added. In comes whoever
reads metrics.
*/}}
{{- define "actor.networkpolicy" -}}
{{- $policy := .values.networkPolicy -}}
{{- if $policy.enabled -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "actor.metadata" (dict "context" . "suffix" "" "component" "actor") | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- omit (include "actor.selectorLabels" . | fromYaml) "app.kubernetes.io/component" | toYaml | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    - ports:
        - port: {{ int .values.sidecar.metricsPort }}
      {{- with $policy.metricsFrom }}
      from:
        {{- toYaml . | nindent 8 }}
      {{- end }}
  egress:
    {{- include "actor.networkpolicy.egress" . | nindent 4 }}
{{- end }}
{{- end }}

{{/* DNS, the broker by its ports, a cloud's object store, and what values add. */}}
{{- define "actor.networkpolicy.egress" -}}
{{- $ports := list -}}
{{- range include (printf "actor.transport.%s.ports" .values.transport) . | fromJsonArray | uniq -}}
{{- $ports = append $ports (dict "protocol" "TCP" "port" (int .)) -}}
{{- end -}}
{{- $dns := dict "ports" (list (dict "protocol" "UDP" "port" 53) (dict "protocol" "TCP" "port" 53)) -}}
{{- $broker := dict "ports" $ports -}}
{{- with .values.networkPolicy.brokerTo -}}
{{- $_ := set $broker "to" . -}}
{{- end -}}
{{- $store := ternary (list (dict "ports" (list (dict "protocol" "TCP" "port" 443)))) list (eq (include "actor.claim-check.isRemote" .) "true") -}}
{{- concat (list $dns $broker) $store .values.networkPolicy.egress | toYaml }}
{{- end }}

{{/* Port of an address. Takes: url, default. */}}
{{- define "actor.networkpolicy.port" -}}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" (urlParse .url).host) | default .default }}
{{- end }}
