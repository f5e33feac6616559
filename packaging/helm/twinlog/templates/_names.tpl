{{- define "twinlog.configName" -}}
{{ .Release.Name }}-twinlog-config
{{- end }}

{{- define "twinlog.accountName" -}}
{{ .Values.serviceAccount.name | default .Release.Name }}
{{- end }}

{{- define "twinlog.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "twinlog.selector" -}}
app.kubernetes.io/name: {{ .Release.Name }}
app.kubernetes.io/component: {{ lower .Values.kind }}
{{- end }}

{{- define "twinlog.labels" -}}
{{ include "twinlog.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* A table of TOML: its own keys, then the tables in it. JSON's scalars and lists are TOML's. */}}
{{- define "twinlog.table" -}}
{{- $path := .path -}}
{{- range $key, $value := .table }}
{{- if not (kindIs "map" $value) }}
{{ $key }} = {{ toJson $value }}
{{- end }}
{{- end }}
{{- range $key, $value := .table }}
{{- if kindIs "map" $value }}
{{- $name := ternary $key (printf "%s.%s" $path $key) (empty $path) }}

[{{ $name }}]
{{- include "twinlog.table" (dict "path" $name "table" $value) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "twinlog.configuration" -}}
{{- $users := dict "intake" (dict "unix" (dict "allow_uids" (list .Values.app.runAsUser))) -}}
{{ include "twinlog.table" (dict "path" "" "table" (mergeOverwrite $users (deepCopy .Values.config))) | trim }}
{{- end }}

{{/* What no schema can say, since it takes two values. */}}
{{- define "twinlog.check" -}}
{{- $drain := .Values.config.agent.drain_timeout | toString -}}
{{- if not (regexMatch "^[0-9]+s$" $drain) -}}
{{- fail "config.agent.drain_timeout: say it in seconds, as 110s" -}}
{{- end -}}
{{- if lt (int .Values.terminationGracePeriodSeconds) (add (trimSuffix "s" $drain | int) 10 | int) -}}
{{- fail (printf "terminationGracePeriodSeconds (%v) must be at least config.agent.drain_timeout (%s) and 10 s, or the drain is cut short" (int64 .Values.terminationGracePeriodSeconds) $drain) -}}
{{- end -}}
{{- if gt (mul (int .Values.spool.maxMiB) 10) (mul (int .Values.spool.volumeMiB) 6) -}}
{{- fail (printf "spool.maxMiB (%v) must be at most 60 %% of spool.volumeMiB (%v)" (int64 .Values.spool.maxMiB) (int64 .Values.spool.volumeMiB)) -}}
{{- end -}}
{{- if hasKey (default dict .Values.config.spool) "max_bytes" -}}
{{- fail "config.spool.max_bytes: the variable TWINLOG_SPOOL_MAX_BYTES would win over it; set spool.maxMiB" -}}
{{- end -}}
{{- if hasKey .Values.config.agent "name" -}}
{{- fail "config.agent.name: the variable TWINLOG_AGENT_NAME would win over it; every agent has the name of its pod" -}}
{{- end -}}
{{- if and (eq .Values.kind "Replay") (or (empty .Values.replay.claim) (empty .Values.replay.agentName)) -}}
{{- fail "kind: Replay needs replay.claim and replay.agentName" -}}
{{- end -}}
{{- end }}
