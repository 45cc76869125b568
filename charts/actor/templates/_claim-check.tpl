{{/*
Payloads that are too large for messages: the sidecar alone keeps them in an object store and fetches them from there.
Settings of it, as a JSON map of variables; none where payloads stay in their messages.
*/}}
{{- define "actor.claim-check.env" -}}
{{- $check := .values.claimCheck -}}
{{- ternary dict (dict
  "ASYA_CLAIM_CHECK_URL" $check.url
  "ASYA_CLAIM_CHECK_PREFIX" $check.prefix
  "ASYA_CLAIM_CHECK_THRESHOLD" (include "actor.text" $check.threshold)
  "ASYA_CLAIM_CHECK_SECRETS_DIR" "/var/run/secrets/asya-claim-check"
) (eq $check.url "") | toJson }}
{{- end }}

{{/* Mounts of its credentials, and of the claim that a file:// store is on. */}}
{{- define "actor.claim-check.mounts" -}}
{{- if .values.claimCheck.existingSecret }}
- name: asya-claim-check-secrets
  mountPath: /var/run/secrets/asya-claim-check
  readOnly: true
{{- end }}
{{- if .values.claimCheck.existingClaim }}
- name: asya-claim-check-store
  mountPath: {{ trimPrefix "file://" .values.claimCheck.url | quote }}
{{- end }}
{{- end }}

{{/* Volumes of both. */}}
{{- define "actor.claim-check.volumes" -}}
{{- with .values.claimCheck.existingSecret }}
- name: asya-claim-check-secrets
  secret:
    secretName: {{ . | quote }}
{{- end }}
{{- with .values.claimCheck.existingClaim }}
- name: asya-claim-check-store
  persistentVolumeClaim:
    claimName: {{ . | quote }}
{{- end }}
{{- end }}

{{/* true where the service account's cloud identity enters the store. */}}
{{- define "actor.claim-check.byIdentity" -}}
{{- and (eq (include "actor.claim-check.isRemote" .) "true") (not .values.claimCheck.existingSecret) }}
{{- end }}

{{/* true where the store is a cloud's, and not a folder. */}}
{{- define "actor.claim-check.isRemote" -}}
{{- and (ne .values.claimCheck.url "") (not (hasPrefix "file:" .values.claimCheck.url)) }}
{{- end }}
