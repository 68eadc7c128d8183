{{- define "assay.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "assay.selector" -}}
app.kubernetes.io/name: assay
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "assay.labels" -}}
{{ include "assay.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* An image of `dict "root" $ "which" "api"`: by its digest, or else by its tag. */}}
{{- define "assay.image" -}}
{{- $image := index .root.Values.image .which -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "assay.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {{- toYaml .Values.seccompProfile | nindent 2 }}
{{- end }}

{{- define "assay.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "assay.environment" -}}
- {name: ASSAY_DATABASE_URL_FILE, value: /run/secrets/assay/database-url}
- {name: ASSAY_BROKER_URL_FILE, value: /run/secrets/assay/broker-url}
- {name: ASSAY_REPORT_KEY_FILE, value: /run/secrets/assay/report.pem}
- {name: ASSAY_METRICS__HOST, value: "0.0.0.0"}
- {name: ASSAY_METRICS__PORT, value: "9464"}
{{- with .Values.host }}
- {name: ASSAY_ALLOWED_HOSTS, value: {{ . | quote }}}
{{- end }}
{{- with .Values.storage.url }}
- {name: ASSAY_STORAGE, value: {{ . | quote }}}
{{- end }}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "assay.mounts" -}}
- {name: data, mountPath: /data}
- {name: tmp, mountPath: /tmp}
- {name: secrets, mountPath: /run/secrets/assay, readOnly: true}
{{- end }}

{{- define "assay.secretVolume" -}}
- name: secrets
  secret:
    secretName: {{ .Values.secret.name }}
    defaultMode: 0440
    items:
      - {key: {{ .Values.secret.databaseUrl }}, path: database-url}
      - {key: {{ .Values.secret.brokerUrl }}, path: broker-url}
      - {key: {{ .Values.secret.reportKey }}, path: report.pem}
{{- end }}

{{- define "assay.volumes" -}}
- name: data
  persistentVolumeClaim:
    claimName: {{ .Values.data.existingClaim | default (include "assay.name" .) }}
- name: tmp
  emptyDir: {sizeLimit: 2Gi}
{{ include "assay.secretVolume" . }}
{{- end }}
