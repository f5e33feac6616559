{{/*
The agent as an init container, for the pod of any chart. In a chart of your own, with this one as the dependency "twinlog" and
`kind: None` in its values:

  initContainers:
    {{- include "twinlog.sidecar" .Subcharts.twinlog | nindent 4 }}
  volumes:
    {{- include "twinlog.volumes" .Subcharts.twinlog | nindent 4 }}

and in the application's container: volumeMounts: [{name: twinlog-socket, mountPath: /run/twinlog, readOnly: true}]. The volume
twinlog-spool is yours to add then, and so is the pod's securityContext (include "twinlog.pod").
Why each field is as it is, packaging/kubernetes/sidecar/sidecar.yaml says.
*/}}
{{- define "twinlog.sidecar" -}}
- name: twinlog
  {{- include "twinlog.imageFields" . | nindent 2 }}
  restartPolicy: Always
  args: [agent, --config, /etc/twinlog/twinlog.toml]
  env:
  - name: TWINLOG_AGENT_NAME
    valueFrom: {fieldRef: {fieldPath: metadata.name}}
  - {name: TWINLOG_SPOOL_MAX_BYTES, value: {{ int64 .Values.spool.maxMiB }}MiB}
  ports:
  - {name: twinlog-admin, containerPort: 9464, protocol: TCP}
  startupProbe:
    httpGet: {path: /startupz, port: twinlog-admin}
    periodSeconds: 1
    timeoutSeconds: 1
    failureThreshold: 120
  readinessProbe:
    httpGet: {path: /readyz, port: twinlog-admin}
    periodSeconds: 5
    timeoutSeconds: 2
    failureThreshold: 3
  livenessProbe:
    httpGet: {path: /livez, port: twinlog-admin}
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  lifecycle:
    preStop:
      exec: {command: [/usr/bin/twinlog, drain]}
  {{- include "twinlog.hardening" . | nindent 2 }}
  volumeMounts:
  - {name: twinlog-socket, mountPath: /run/twinlog}
  {{- include "twinlog.mounts" . | nindent 2 }}
{{- end }}

{{- define "twinlog.imageFields" -}}
image: {{ include "twinlog.image" . }}
{{- with .Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- end }}

{{- define "twinlog.hardening" -}}
{{- $storage := ternary (add .Values.spool.volumeMiB 128) 128 (eq .Values.kind "Deployment") -}}
{{- $own := dict "ephemeral-storage" (printf "%dMi" (int $storage)) -}}
resources:
  requests: {{ merge (deepCopy .Values.resources.requests) $own | toJson }}
  limits: {{ merge (deepCopy .Values.resources.limits) $own | toJson }}
securityContext:
  runAsUser: 65532
  runAsGroup: 65532
  {{- include "twinlog.restricted" . | nindent 2 }}
terminationMessagePolicy: FallbackToLogsOnError
{{- end }}

{{- define "twinlog.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "twinlog.mounts" -}}
- {name: twinlog-spool, mountPath: /var/lib/twinlog}
- {name: twinlog-config, mountPath: /etc/twinlog, readOnly: true}
- {name: twinlog-credentials, mountPath: /run/credentials/twinlog, readOnly: true}
{{- end }}

{{- define "twinlog.files" -}}
- name: twinlog-config
  configMap: {name: {{ include "twinlog.configName" . }}}
- name: twinlog-credentials
  secret: {secretName: {{ .Values.credentialsSecret }}, defaultMode: 0440}
{{- end }}

{{- define "twinlog.volumes" -}}
- name: twinlog-socket
  emptyDir: {medium: Memory, sizeLimit: 1Mi}
{{- if eq .Values.kind "Deployment" }}
- name: twinlog-spool
  emptyDir: {sizeLimit: {{ int64 .Values.spool.volumeMiB }}Mi}
{{- end }}
{{ include "twinlog.files" . }}
{{- end }}

{{- define "twinlog.pod" -}}
automountServiceAccountToken: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end }}
