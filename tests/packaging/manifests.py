"""Rendered manifests: how they are made, and what a rule wants to know of them."""
import functools
import subprocess
import tomllib

import yaml

import paths

GOLDEN = paths.ROOT / "tests/packaging/golden"
TOOLS = paths.ROOT / "build/tools"
KUBERNETES = paths.PACKAGING / "kubernetes"
UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}


@functools.lru_cache(None)
def tool(name):
    """helm or kustomize, built by the first who asks; install-deps has done so where it ran."""
    subprocess.run([paths.PACKAGING / "tools/build"], check=True)
    return TOOLS / name


def kustomize(folder):
    return run(tool("kustomize"), "build", KUBERNETES / folder)


def run(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return done.stdout


def size(text):
    """Bytes of a quantity (600Mi) or of a size in the agent's configuration (600MiB)."""
    text = str(text).removesuffix("B")
    return int(text[:-2]) * UNITS[text[-2:]] if text[-2:] in UNITS else int(text)


def seconds(text):
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


class Workload:
    """A Deployment, StatefulSet or Job: its pods, the agent in them, and the configuration that the agent gets."""

    def __init__(self, document, documents):
        self.document, self.documents = document, documents
        self.kind, self.name = document["kind"], document["metadata"]["name"]
        self.label = f"{self.kind}/{self.name}"
        self.template = document["spec"]["template"]
        self.pod = self.template["spec"]
        self.labels = self.template["metadata"].get("labels", {})
        self.init = self.pod.get("initContainers", [])
        everything = [*self.init, *self.pod["containers"]]
        self.agent = next(container for container in everything if container["name"] == "twinlog")
        self.others = [container for container in everything if container is not self.agent]
        self.environment = {entry["name"]: entry.get("value", "") for entry in self.agent.get("env", [])}
        self.is_job = self.kind == "Job"

    def volume(self, name):
        return next((volume for volume in self.pod.get("volumes", []) if volume["name"] == name), None)

    def volume_at(self, path):
        return next((mount["name"] for mount in self.agent.get("volumeMounts", []) if mount["mountPath"] == path), None)

    def claim(self):
        return next((claim for claim in self.document["spec"].get("volumeClaimTemplates", [])
                     if claim["metadata"]["name"] == self.volume_at("/var/lib/twinlog")), None)

    def setting(self, key, default):
        """As the agent reads it: the environment wins over the file."""
        variable = "TWINLOG_" + key.upper().replace(".", "_")
        if variable in self.environment:
            return self.environment[variable]
        value = self.configuration()
        for part in key.split("."):
            value = value.get(part, {}) if isinstance(value, dict) else {}
        return default if value == {} else value

    def configuration(self):
        name = (self.volume(self.volume_at("/etc/twinlog") or "") or {}).get("configMap", {}).get("name")
        found = [document for document in self.documents
                 if document["kind"] == "ConfigMap" and document["metadata"]["name"] == name]
        return tomllib.loads(found[0]["data"]["twinlog.toml"]) if found else {}


class Manifests:
    def __init__(self, text):
        self.documents = [document for document in yaml.safe_load_all(text) if document]

    def workloads(self):
        return [Workload(document, self.documents) for document in self.documents
                if document["kind"] in ("Deployment", "StatefulSet", "Job")]

    def of_kind(self, kind):
        return [document for document in self.documents if document["kind"] == kind]


def golden(name):
    return GOLDEN / f"{name}.yaml"


def compare_with_golden(case, name, text):
    """What was rendered once and read by a person; `tests/packaging/write-golden` writes it anew."""
    path = golden(name)
    case.assertTrue(path.exists(), f"{path} is missing: run tests/packaging/write-golden and read what it wrote")
    case.maxDiff = None
    case.assertEqual(path.read_text(), text, f"{path} differs: run tests/packaging/write-golden and read `git diff`")
