"""The pod that the manifests describe, under podman: the agent and an application, each from an image of its own.

Podman 4.3 knows no native sidecars, no HTTP probes and no fsGroup, so the two are plain containers here, probes and hooks are
called by the test, volumes are folders as kubelet leaves them, and the application has the shared group for its own.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
from urllib.error import HTTPError
from urllib.request import urlopen

import yaml

import paths
import harness
import image

# The defaults of podman want more open files than a container of tests may have; the runtime of Debian that knows every hierarchy of
# cgroups is runc.
SETTINGS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
"""
NAME, AGENT_IMAGE, APPLICATION_IMAGE = "auth-kept-0", "localhost/twinlog:test", "localhost/application:test"
PROGRAM = paths.ROOT / "tests/packaging/application.py"
# The folders that outlive a pod, with what kubelet makes of their modes.
KEPT = {"spool": 0o2777, "config": 0o755, "credentials": 0o2755}
# The application is a program of the host's Python.
FROM_HOST = {"usr": "/usr", "lib": "/usr/lib", "lib64": "/usr/lib64", "program": str(PROGRAM.parent)}


class Podman:
    """podman with a storage of its own in a folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "settings.conf").write_text(SETTINGS)
        self.before = ["podman", "--root", folder / "storage", "--runroot", folder / "run", "--tmpdir", folder / "tmp",
                       "--storage-driver", "vfs"]
        self.environment = {**os.environ, "CONTAINERS_CONF": str(self.folder / "settings.conf")}

    def __call__(self, *words, text=None):
        return subprocess.run([str(word) for word in (*self.before, *words)], capture_output=True, text=True, check=False,
                              input=text, env=self.environment, cwd=self.folder)

    def must(self, *words):
        done = self(*words)
        if done.returncode != 0:
            raise AssertionError(f"podman {' '.join(map(str, words))}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def take_images(self, layout, version):
        pulled = self.must("pull", "--quiet", f"oci:{layout}:{version}")
        self.must("tag", pulled.splitlines()[-1], AGENT_IMAGE)
        empty = self.folder / "application.tar"
        with tarfile.open(empty, "w") as tar:
            for name in (*FROM_HOST, "run", "run/twinlog", "etc", "tmp", "proc", "dev", "sys"):
                entry = tarfile.TarInfo(name)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                tar.addfile(entry)
        self.must("import", "--quiet", empty, APPLICATION_IMAGE)


def host_path(name, path):
    return {"name": name, "hostPath": {"path": str(path)}}


def agent_container(workload, environment):
    """The agent's container as it is rendered: arguments, environment, user, mounts; without what podman does not know."""
    agent = {key: value for key, value in workload.agent.items() if key in ("name", "args", "securityContext", "volumeMounts")}
    said = {**workload.environment, "TWINLOG_AGENT_NAME": NAME, **environment}
    return {**agent, "image": AGENT_IMAGE, "imagePullPolicy": "Never",
            "env": [{"name": name, "value": value} for name, value in said.items()]}


def application_container(workload):
    (application,) = workload.others
    mounts = [{"name": name, "mountPath": f"/{name}", "readOnly": True} for name in FROM_HOST]
    # fsGroup would give it the group beside its own.
    context = {**application["securityContext"], "runAsGroup": workload.pod["securityContext"]["fsGroup"]}
    return {"name": "app", "image": APPLICATION_IMAGE, "imagePullPolicy": "Never", "securityContext": context,
            "command": ["/usr/bin/sleep", "infinity"], "volumeMounts": application["volumeMounts"] + mounts}


def as_podman_takes_it(name, workload, folder, containers):
    volumes = [host_path(f"twinlog-{kind}", folder / kind) for kind in ("socket", *KEPT)]
    volumes += [host_path(kind, path) for kind, path in FROM_HOST.items()]
    used = {mount["name"] for container in containers for mount in container["volumeMounts"]}
    # The network of the host, where the stores are.
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
        "hostNetwork": True, "restartPolicy": "Never", "securityContext": workload.pod["securityContext"],
        "containers": containers, "volumes": [volume for volume in volumes if volume["name"] in used]}}


class Pod:
    """One run of the pod; its folder (the claim, the configuration, the credentials) outlives it."""

    def __init__(self, podman, workload, folder, postgres, mongodb):
        self.podman, self.workload, self.folder, self.port = podman, workload, folder, harness.free_port()
        for name, mode in KEPT.items():
            self.make_volume(name, mode)
        (folder / "manifest").mkdir()
        configuration = next(document for document in workload.documents if document["kind"] == "ConfigMap")
        (folder / "config/twinlog.toml").write_text(configuration["data"]["twinlog.toml"])
        for name, address in (("postgres-uri", postgres), ("mongodb-uri", mongodb)):
            (folder / "credentials" / name).write_text(address + "\n")
            os.chown(folder / "credentials" / name, 0, 65532)
            (folder / "credentials" / name).chmod(0o440)
        # Other tests have agents on this host's network, too.
        environment = {"TWINLOG_ADMIN_LISTEN": f"[::]:{self.port}", "TWINLOG_INTAKE_HTTP_LISTEN": ""}
        containers = [agent_container(workload, environment), application_container(workload)]
        self.manifest = folder / "manifest/pod.yaml"
        self.manifest.write_text(yaml.safe_dump(as_podman_takes_it(NAME, workload, folder, containers)))

    def make_volume(self, name, mode):
        shutil.rmtree(self.folder / name, ignore_errors=True)
        (self.folder / name).mkdir()
        os.chown(self.folder / name, 0, 65532)
        (self.folder / name).chmod(mode)

    def play(self):
        self.make_volume("socket", 0o2777)  # An emptyDir: each pod has a new one.
        self.podman.must("kube", "play", "--build=false", self.manifest)
        return self

    def replay(self, job):
        """Runs the pod of the Job on this one's claim: its exit code and what it said."""
        name, manifest = "twinlog-replay", self.folder / "manifest/replay.yaml"
        manifest.write_text(yaml.safe_dump(as_podman_takes_it(name, job, self.folder, [agent_container(job, {})])))
        self.podman.must("kube", "play", "--build=false", manifest)
        try:
            code = int(self.podman.must("wait", f"{name}-twinlog"))
            done = self.podman("logs", f"{name}-twinlog")
            return code, done.stdout + done.stderr
        finally:
            self.podman("pod", "rm", "--force", "--time", "0", name)

    def probe(self, kind):
        """The status of a probe of the manifest, as kubelet asks it."""
        path = self.workload.agent[kind]["httpGet"]["path"]
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return answer.status
        except HTTPError as error:
            return error.code
        except OSError:
            return 0

    def wait_started(self):
        def started():
            if "start_failed" in self.log():
                raise AssertionError(self.log())
            return self.probe("startupProbe") == 200 and self.probe("readinessProbe") == 200
        harness.wait_until(started, "the agent has started and is ready")
        return self

    def in_agent(self, *words):
        return self.podman("exec", f"{NAME}-twinlog", *words)

    def hook(self):
        return self.in_agent(*self.workload.agent["lifecycle"]["preStop"]["exec"]["command"])

    def application(self, what, lines=(), user=None):
        options = ["--user", user] if user else []
        done = self.podman("exec", "--interactive", *options, f"{NAME}-app", "/usr/bin/python3", f"/program/{PROGRAM.name}", what,
                           text="".join(line + "\n" for line in lines))
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    def log(self):
        done = self.podman("logs", f"{NAME}-twinlog")
        return done.stdout + done.stderr

    def logged(self, event):
        """The lines of the agent's log (JSON, as the manifests have it) about one event."""
        lines = [json.loads(line) for line in self.log().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def kill(self, container, number):
        self.podman.must("kill", "--signal", number, f"{NAME}-{container}")
        return int(self.podman.must("wait", f"{NAME}-{container}"))

    def start_again(self):
        self.podman.must("start", f"{NAME}-twinlog")

    def close(self):
        self.podman("pod", "rm", "--force", "--time", "0", NAME)


def images():
    made, _ = image.kept()
    return made.layout, made.tag["org.opencontainers.image.ref.name"]
