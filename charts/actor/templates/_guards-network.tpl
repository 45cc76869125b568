{{/* Objects around the pods: values that would not count, or that would harm. */}}
{{- define "actor.guards.network" -}}
{{- $policy := .values.networkPolicy -}}
{{- range $field := list "brokerTo" "egress" "metricsFrom" -}}
{{- if and (get $policy $field) (not $policy.enabled) }}
ERROR: networkPolicy.{{ $field }}: it counts only with a policy; set networkPolicy.enabled to true, or remove it
{{- end }}
{{- end }}
{{- $account := .values.serviceAccount -}}
{{- if and $account.annotations (not $account.create) }}
ERROR: serviceAccount.annotations: they belong to an account of the chart; set serviceAccount.create to true, or annotate the account that serviceAccountName names
{{- end }}
{{- if and $account.create .values.serviceAccountName }}
ERROR: serviceAccountName: serviceAccount.create makes another account, called like the actor; keep one of them
{{- end }}
{{- if has (include "actor.text" .values.podDisruptionBudget.maxUnavailable) (list "0" "0%") }}
ERROR: podDisruptionBudget.maxUnavailable: {{ include "actor.text" .values.podDisruptionBudget.maxUnavailable }} would let no node be drained; use 1 or more, or null for no budget
{{- end }}
{{- end }}

{{- define "actor.guards.queues" -}}
{{- $job := .values.queues.job -}}
{{- if and .values.queues.deleteOnUninstall (not .values.queues.create) }}
ERROR: queues.deleteOnUninstall: with queues.create false the queue is made by somebody else, and deleting it is theirs, too; set one of them otherwise
{{- end }}
{{- if lt (int $job.ttlSecondsAfterFinished) 600 }}
ERROR: queues.job.ttlSecondsAfterFinished: after {{ int $job.ttlSecondsAfterFinished }} s the Job may be gone before Helm or Argo CD has seen its end; use at least 600
{{- end }}
{{- if lt (int $job.activeDeadlineSeconds) 90 }}
ERROR: queues.job.activeDeadlineSeconds: the Job waits 60 s for the broker, so {{ int $job.activeDeadlineSeconds }} s may end it without a word; use at least 90
{{- end }}
{{- end }}
