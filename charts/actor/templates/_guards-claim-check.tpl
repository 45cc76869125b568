{{- define "actor.guards.claim-check" -}}
{{- $check := .values.claimCheck -}}
{{- $folder := hasPrefix "file:" $check.url -}}
{{- range $field := list "existingSecret" "existingClaim" -}}
{{- if and (get $check $field) (not $check.url) }}
ERROR: claimCheck.{{ $field }}: it counts only with a store; set claimCheck.url, or remove it
{{- end }}
{{- end }}
{{- if and $folder (not (regexMatch "^file:///[^/]" $check.url)) }}
ERROR: claimCheck.url: {{ $check.url | quote }} names no folder; write its whole path with three slashes, as in file:///payloads
{{- end }}
{{- if regexMatch "://[^/]*@" $check.url }}
ERROR: claimCheck.url: it holds credentials, which whoever may read the release would see; move them into a Secret and name that in claimCheck.existingSecret
{{- end }}
{{- if and $folder (not $check.existingClaim) (not (dig "local" false (.raw.preset.flavors | default dict))) }}
ERROR: claimCheck.url: {{ $check.url }} would be another folder in each pod, so that nobody finds the payloads; name a claim that all pods can mount in claimCheck.existingClaim, or use object storage
{{- end }}
{{- if and $check.existingClaim $check.url (not $folder) }}
ERROR: claimCheck.existingClaim: {{ $check.url }} is no folder, so nothing would be on the claim; remove it, or use a file:// URL
{{- end }}
{{- if regexMatch "[?#]|/[.][.](/|$)" $check.url }}
ERROR: claimCheck.url: {{ $check.url | quote }} is no plain URL of a store; write it like s3://bucket/folder
{{- end }}
{{- if or (regexMatch "(^|/)[.][.]?(/|$)" $check.prefix) (not (regexMatch "^/?([A-Za-z0-9._=-]+/)*[A-Za-z0-9._=-]+/?$" $check.prefix)) }}
ERROR: claimCheck.prefix: {{ $check.prefix | quote }} is no folder inside the store; use names of letters, digits, - _ . and =, joined by /
{{- end }}
{{- include "actor.guards.claim-check.limits" . }}
{{- end }}

{{/* Payloads go to the store before they are too large for the broker, and stay as long as their messages. */}}
{{- define "actor.guards.claim-check.limits" -}}
{{- $check := .values.claimCheck -}}
{{- if $check.url -}}
{{- $threshold := int64 $check.threshold -}}
{{- if ge $threshold (int64 .values.maxBodyBytes) }}
ERROR: claimCheck.threshold: {{ $threshold }} is not below maxBodyBytes, {{ int64 .values.maxBodyBytes }}, so a payload would be refused before it is stored; lower it
{{- end }}
{{- if eq .values.transport "sqs" -}}
{{- if gt $threshold 917504 }}
ERROR: claimCheck.threshold: SQS takes messages of 1 MiB, and {{ $threshold }} bytes of payload leave too little for the rest of one; use at most 917504
{{- end }}
{{- if le (int64 (include "actor.seconds" $check.expiresAfter)) 1382400 }}
ERROR: claimCheck.expiresAfter: SQS keeps messages for 14 days, their payloads may be two days older, and one that goes after {{ include "actor.text" $check.expiresAfter }} may be missing then; use more than 384h, and set the store's lifecycle rule to it
{{- end }}
{{- end }}
{{- end }}
{{- end }}
