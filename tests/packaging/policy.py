"""What every manifest of ours must keep to, each rule with the reason why. A rule yields its faults; none is good."""
from manifests import seconds, size

OVERFLOW_USER = 65534  # What a uid of another user namespace reads as.
SPOOL, SOCKET, CREDENTIALS = "/var/lib/twinlog", "/run/twinlog", "/run/credentials/twinlog"
LONGEST_SOCKET_PATH = 107
RULES = {}


def rule(function):
    RULES[function.__name__] = function
    return function


def for_each(condition):
    """A rule about one workload at a time: the function says whether all is well."""
    def all_of(manifests):
        return [f"{workload.label}: {condition.__doc__}" for workload in manifests.workloads()
                if applies(condition, workload) and not condition(workload)]
    RULES[condition.__name__] = all_of
    return condition


def applies(condition, workload):
    return not workload.is_job or not getattr(condition, "sidecars_only", True)


def also_jobs(condition):
    condition.sidecars_only = False
    return condition


def probe(workload, kind, path):
    asked = workload.agent.get(kind, {})
    ports = {port["name"]: port["containerPort"] for port in workload.agent.get("ports", [])}
    listen = int(workload.setting("admin.listen", "[::]:9464").rsplit(":", 1)[1])
    target = asked.get("httpGet", {})
    is_ours = target.get("path") == path and ports.get(target.get("port"), target.get("port")) == listen
    return asked if is_ours and "terminationGracePeriodSeconds" not in asked else {}


def budget(asked):
    return asked.get("periodSeconds", 10) * asked.get("failureThreshold", 3)


@for_each
def the_agent_is_a_native_sidecar(workload):
    """starts before the application and ends after it: initContainers with restartPolicy Always"""
    return workload.agent in workload.init and workload.agent.get("restartPolicy") == "Always"


@for_each
def the_agent_is_the_last_init_container(workload):
    """stops before a mesh proxy, which it needs for the drain"""
    return workload.init and workload.init[-1] is workload.agent


@for_each
def startup_holds_the_application_back(workload):
    """/startupz asks nothing remote, once a second, for at least 120 s of recovery"""
    asked = probe(workload, "startupProbe", "/startupz")
    return asked and asked["periodSeconds"] == 1 and budget(asked) >= 120


@for_each
def readiness_means_that_events_are_kept(workload):
    """/readyz, never a store: an outage of a database must not take every pod out of its Service"""
    return probe(workload, "readinessProbe", "/readyz")


@for_each
def liveness_is_patient(workload):
    """/livez stays green while draining; at least a minute, and no grace period of its own that would cut the drain"""
    asked = probe(workload, "livenessProbe", "/livez")
    return asked and budget(asked) >= 60


@for_each
def probes_reach_the_public_port(workload):
    """kubelet asks the pod's address: the port must not be on loopback"""
    return workload.setting("admin.listen", "[::]:9464").split(":")[0] not in ("127.0.0.1", "localhost")


@for_each
def the_drain_begins_with_the_end_of_the_pod(workload):
    """preStop is `twinlog drain`, which returns at once; nothing else tells the agent of the end"""
    hook = workload.agent.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command")
    return hook == ["/usr/bin/twinlog", "drain"]


@for_each
@also_jobs
def the_grace_period_is_longer_than_the_drain(workload):
    """terminationGracePeriodSeconds is at least agent.drain_timeout and 10 s"""
    return workload.pod.get("terminationGracePeriodSeconds", 30) >= seconds(workload.setting("agent.drain_timeout", "20s")) + 10


@for_each
def the_spool_is_what_it_says(workload):
    """a Deployment's is an emptyDir on disk with a limit, a StatefulSet's a claim; never memory, the host or an ephemeral claim"""
    volume = workload.volume(workload.volume_at(SPOOL) or "") or {}
    if workload.kind == "StatefulSet":
        return workload.claim() and not volume
    return "sizeLimit" in (volume.get("emptyDir") or {}) and "medium" not in volume["emptyDir"]


@for_each
def a_claim_is_of_one_pod_and_stays(workload):
    """ReadWriteOncePod, so that two agents cannot open one spool; retained when the set shrinks or goes"""
    if workload.kind != "StatefulSet":
        return True
    retention = workload.document["spec"].get("persistentVolumeClaimRetentionPolicy")
    return ((workload.claim() or {"spec": {}})["spec"].get("accessModes") == ["ReadWriteOncePod"]
            and retention == {"whenDeleted": "Retain", "whenScaled": "Retain"})


@for_each
def the_spool_stays_well_below_its_volume(workload):
    """spool.max_bytes is at most 60 % of it: an emptyDir that is too large evicts the whole pod without a grace period"""
    claim, volume = workload.claim(), workload.volume(workload.volume_at(SPOOL) or "") or {}
    limit = claim["spec"]["resources"]["requests"]["storage"] if claim else (volume.get("emptyDir") or {}).get("sizeLimit", 0)
    return size(workload.setting("spool.max_bytes", "2GiB")) <= 0.6 * size(limit)


@for_each
def the_node_reserves_what_the_spool_takes(workload):
    """requests and limits of ephemeral storage are alike and hold the emptyDir: what is above a request is evicted first"""
    resources = workload.agent.get("resources", {})
    asked, most = (resources.get(kind, {}).get("ephemeral-storage", 0) for kind in ("requests", "limits"))
    volume = workload.volume(workload.volume_at(SPOOL) or "") or {}
    return 0 < size(asked) == size(most) and size(asked) >= size((volume.get("emptyDir") or {}).get("sizeLimit", 0))


@for_each
def the_socket_folder_is_read_only_for_others(workload):
    """a socket can be used on a read-only mount, and nobody can put another one in its place; the folder lies in memory"""
    name = workload.volume_at(SOCKET)
    folder = (workload.volume(name or "") or {}).get("emptyDir") or {}
    mounts = [mount for other in workload.others for mount in other.get("volumeMounts", []) if mount["name"] == name]
    return folder.get("medium") == "Memory" and mounts and all(mount.get("readOnly") for mount in mounts)


@for_each
def the_socket_has_a_name_that_fits(workload):
    """the path of a socket has at most 107 bytes, and lies in the folder that is shared"""
    path = workload.setting("intake.unix.path", f"{SOCKET}/events.sock")
    return path.startswith(SOCKET + "/") and len(path) <= LONGEST_SOCKET_PATH


@for_each
def the_application_shares_nothing_else(workload):
    """spool, configuration and credentials are mounted by the agent alone"""
    own = {mount["name"] for mount in workload.agent["volumeMounts"] if mount["mountPath"] != SOCKET}
    return not any(mount["name"] in own for other in workload.others for mount in other.get("volumeMounts", []))


@for_each
def the_application_is_somebody_else(workload):
    """another user than the agent's, not root and not the overflow user; and intake.unix.allow_uids names it alone"""
    agent = workload.agent["securityContext"].get("runAsUser")
    users = {other.get("securityContext", {}).get("runAsUser") for other in workload.others}
    allowed = workload.setting("intake.unix.allow_uids", [])
    allowed = {int(word) for word in allowed.split(",")} if isinstance(allowed, str) else set(allowed)
    return users == allowed and not users & {agent, 0, None, OVERFLOW_USER}


@for_each
@also_jobs
def the_pod_shares_a_group(workload):
    """fsGroup, for the socket and the volume; OnRootMismatch, or kubelet opens the spool's files to the group at each start"""
    context = workload.pod.get("securityContext", {})
    return context.get("fsGroup", 0) > 0 and context.get("fsGroupChangePolicy") == "OnRootMismatch"


@for_each
@also_jobs
def nothing_of_the_host_is_shared(workload):
    """no namespace and no folder of the host, no privileged container: the profile restricted"""
    shared = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace")
    return (not any(workload.pod.get(name) for name in shared)
            and not any("hostPath" in volume for volume in workload.pod.get("volumes", [])))


@for_each
@also_jobs
def every_container_is_restricted(workload):
    """no root, no privilege, no capability, the default seccomp filter, a read-only root, a user by number"""
    pod = workload.pod.get("securityContext", {})
    if not pod.get("runAsNonRoot") or pod.get("seccompProfile") != {"type": "RuntimeDefault"}:
        return False
    wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    for container in [workload.agent, *workload.others]:
        context = container.get("securityContext", {})
        if not context.get("runAsUser") or any(context.get(key) != value for key, value in wanted.items()):
            return False
        if set(context) - set(wanted) - {"runAsUser", "runAsGroup", "runAsNonRoot"}:
            return False
    return True


@for_each
@also_jobs
def resources_are_said(workload):
    """requests for CPU and memory, a limit for memory, none for CPU: throttled, the agent answers late"""
    resources = workload.agent.get("resources", {})
    return (all(name in resources.get("requests", {}) for name in ("cpu", "memory"))
            and "memory" in resources.get("limits", {}) and "cpu" not in resources.get("limits", {}))


@for_each
@also_jobs
def nobody_gets_a_token(workload):
    """neither the agent nor the application talks to the API server"""
    accounts = {document["metadata"]["name"]: document for document in workload.documents if document["kind"] == "ServiceAccount"}
    account = accounts.get(workload.pod.get("serviceAccountName"), {"automountServiceAccountToken": False})
    return workload.pod.get("automountServiceAccountToken") is False and account.get("automountServiceAccountToken") is False


@for_each
@also_jobs
def secrets_are_files(workload):
    """no secret in a variable: it would never change in a running pod, and every child process has it"""
    return not any("envFrom" in container or "secretKeyRef" in str(container.get("env")) for container in
                   [workload.agent, *workload.others])


@for_each
@also_jobs
def files_are_renewed_while_it_runs(workload):
    """configuration and secrets are mounted as folders, never by subPath, which is never renewed"""
    return not any("subPath" in mount or "subPathExpr" in mount for mount in workload.agent["volumeMounts"])


@for_each
@also_jobs
def secrets_are_not_for_everybody(workload):
    """the credentials have no right for others, and are mounted read-only, like the configuration"""
    secret = (workload.volume(workload.volume_at(CREDENTIALS) or "") or {}).get("secret", {})
    mounts = [mount for mount in workload.agent["volumeMounts"] if mount["mountPath"] in (CREDENTIALS, "/etc/twinlog")]
    return secret.get("defaultMode", 0o644) & 0o7 == 0 and len(mounts) == 2 and all(mount.get("readOnly") for mount in mounts)


@for_each
@also_jobs
def the_last_words_are_kept(workload):
    """what is left in the spool is written to the termination log, or else the end of the log is"""
    return workload.agent.get("terminationMessagePolicy") == "FallbackToLogsOnError"


@for_each
@also_jobs
def the_image_is_named(workload):
    """a version or a digest, never what is newest today"""
    name = workload.agent["image"].rsplit("/", 1)[-1]
    return "@sha256:" in name or (":" in name and not name.endswith(":latest"))


@for_each
@also_jobs
def names_lead_somewhere(workload):
    """account, configuration, service and selector of a workload are there and are its own"""
    there = {(document["kind"], document["metadata"]["name"]) for document in workload.documents}
    spec = workload.document["spec"]
    wanted = {("ConfigMap", volume["configMap"]["name"]) for volume in workload.pod["volumes"] if "configMap" in volume}
    wanted |= {("ServiceAccount", workload.pod["serviceAccountName"])} if "serviceAccountName" in workload.pod else set()
    wanted |= {("Service", spec["serviceName"])} if "serviceName" in spec else set()
    return wanted <= there and spec.get("selector", {}).get("matchLabels", {}).items() <= workload.labels.items()


def selected_by(workload, selector):
    return selector.get("matchLabels", {}).items() <= workload.labels.items()


@rule
def every_pod_is_scraped_by_a_pod_monitor(manifests):
    """PodMonitor, no ServiceMonitor: discovery by services missed init containers for years."""
    faults = [f"{document['metadata']['name']}: ServiceMonitor" for document in manifests.of_kind("ServiceMonitor")]
    for workload in manifests.workloads():
        ports = {port["name"] for port in workload.agent.get("ports", [])}
        found = [monitor for monitor in manifests.of_kind("PodMonitor") if selected_by(workload, monitor["spec"]["selector"])
                 and {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]} <= ports]
        if not workload.is_job and len(found) != 1:
            faults.append(f"{workload.label}: {len(found)} PodMonitors scrape it")
    return faults


@rule
def the_admin_port_is_for_the_monitoring_alone(manifests):
    """Every pod has a policy, and where it names the port it names a namespace; the stores and names can be reached."""
    faults = []
    for workload in (workload for workload in manifests.workloads() if not workload.is_job):
        policies = [policy["spec"] for policy in manifests.of_kind("NetworkPolicy")
                    if selected_by(workload, policy["spec"]["podSelector"]) and "Ingress" in policy["spec"]["policyTypes"]]
        if not policies:
            faults.append(f"{workload.label}: anybody may ask its admin port")
        for policy in policies:
            faults += [f"{workload.label}: {entry}" for entry in policy.get("ingress", [])
                       if not entry.get("from") and 9464 in [port["port"] for port in entry.get("ports", [{"port": 9464}])]]
            faults += [f"{workload.label}: port {port} cannot be reached" for port in missing_egress(policy)]
    return faults


def missing_egress(policy):
    if "Egress" not in policy["policyTypes"]:
        return set()
    return {53, 5432, 27017} - {port["port"] for entry in policy.get("egress", []) for port in entry.get("ports", [])}
