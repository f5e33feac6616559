"""packaging/helm/twinlog: what it renders to, what it refuses, and that it means the same as packaging/kubernetes."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import tomllib
import unittest

import yaml

import paths
import manifests
import renders

VALUES = {path.stem: path for path in renders.VALUES}
REFUSED = {
    "a key that the chart does not know": ("--set=spool.maxMb=1", "maxMb"),
    "the agent's user for the application": ("--set=app.runAsUser=65532", "runAsUser"),
    "root for the application": ("--set=app.runAsUser=0", "runAsUser"),
    "an address in the configuration, which may hold a password": ("--set=config.stores.postgres.uri=postgresql://a:b@c/d", "uri"),
    "a password in the configuration": ("--set=config.stores.mongodb.password=x", "password"),
    "a limit for the CPU": ("--set=resources.limits.cpu=1", "cpu"),
    "an image that is the newest one today": ("--set=image.tag=latest", "tag"),
    "a digest that is none": ("--set=image.digest=sha256:12", "digest"),
    "a kind that there is not": ("--set=kind=DaemonSet", "kind"),
    "a drain that is cut short": ("--set=terminationGracePeriodSeconds=30", "the drain is cut short"),
    "a spool that fills its volume": ("--set=spool.maxMiB=700", "at most 60 % of spool.volumeMiB"),
    "a size of the spool that a variable overrides": ("--set=config.spool.max_bytes=1GiB", "set spool.maxMiB"),
    "a name of the agent that a variable overrides": ("--set=config.agent.name=login", "TWINLOG_AGENT_NAME"),
    "a replay of nothing": ("--set=kind=Replay", "replay.claim"),
}
LARGE = """
kind: StatefulSet
app:
  runAsUser: 1000730001
  runAsGroup: 1000730001
  volumes: [{name: cache, emptyDir: {}}]
  volumeMounts: [{name: cache, mountPath: /cache}]
spool: {maxMiB: 1200000, volumeMiB: 2097152}
"""
PARENT = {
    "Chart.yaml": "apiVersion: v2\nname: login\nversion: 1.0.0\ndependencies: [{name: twinlog, version: '>=0.0.0'}]\n",
    "values.yaml": "twinlog: {kind: None, app: {runAsUser: 4711}}\n",
    "templates/login.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: login}
spec:
  selector: {matchLabels: {app: login}}
  template:
    metadata: {labels: {app: login}}
    spec:
      initContainers:
        {{- include "twinlog.sidecar" .Subcharts.twinlog | nindent 8 }}
      volumes:
        {{- include "twinlog.volumes" .Subcharts.twinlog | nindent 8 }}
      containers: [{name: app, image: "login:1"}]
""",
}


def normal(value):
    """One way to write what has several: sizes as bytes, lists of named things in the order of their names."""
    if isinstance(value, dict):
        return {key: normal(part) for key, part in value.items()}
    if isinstance(value, list):
        parts = [normal(part) for part in value]
        named = all(isinstance(part, dict) and "name" in part for part in parts)
        return sorted(parts, key=lambda part: (part["name"], str(part))) if named else parts
    return manifests.size(value) if isinstance(value, str) and re.fullmatch(r"\d+[KMGT]iB?", value) else value


def pod(workload):
    """A pod's specification without the names that each way gives to what it refers to."""
    spec = normal(workload.pod)
    for volume in spec["volumes"]:
        if "configMap" in volume:
            volume["configMap"] = "the configuration"
    return spec


class Chart(unittest.TestCase):
    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="twinlog-helm-")
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def test_helm_has_nothing_to_say(self):
        for name, values in VALUES.items():
            with self.subTest(values=name):
                said = manifests.run(manifests.tool("helm"), "lint", "--strict", renders.CHART, "--values", values)
                self.assertNotRegex(said, r"\[(WARNING|ERROR)\]")
                self.assertIn("0 chart(s) failed", said)

    def test_it_renders_to_what_was_read(self):
        self.assertEqual(len(VALUES), 6)
        for name, values in VALUES.items():
            with self.subTest(values=name):
                manifests.compare_with_golden(self, f"helm-{name}", renders.chart(values))

    def test_it_means_what_the_kustomization_means(self):
        pairs = {"deployment": "deployment", "statefulset": "statefulset", "replay": "replay"}
        for values, folder in pairs.items():
            with self.subTest(values=values):
                self.maxDiff = None
                ours = manifests.Manifests(renders.chart(VALUES[values]))
                theirs = manifests.Manifests(manifests.kustomize(folder))
                (chart,), (kustomized,) = ours.workloads(), theirs.workloads()
                self.assertEqual(pod(chart), pod(kustomized))
                self.assertEqual(chart.configuration(), kustomized.configuration())
                self.assertEqual(self.rest(chart), self.rest(kustomized))
                self.assertEqual(self.policies(ours), self.policies(theirs))
                self.assertEqual(sorted(document["kind"] for document in ours.documents),
                                 sorted(document["kind"] for document in theirs.documents))

    @staticmethod
    def rest(workload):
        """What a workload says beside its pods, without labels."""
        spec = normal({key: value for key, value in workload.document["spec"].items() if key not in ("template", "selector", "serviceName")})
        return {**spec, "claim": normal((workload.claim() or {}).get("spec")), "volumeClaimTemplates": None}

    @staticmethod
    def policies(rendered):
        found = rendered.of_kind("NetworkPolicy") + rendered.of_kind("PodMonitor")
        return [{key: value for key, value in document["spec"].items() if key not in ("podSelector", "selector")} for document in found]

    def test_it_refuses_what_would_not_keep_the_record(self):
        for title, (option, word) in REFUSED.items():
            with self.subTest(title):
                done = subprocess.run([manifests.tool("helm"), "template", "auth", renders.CHART, option], capture_output=True,
                                      text=True, check=False)
                self.assertNotEqual(done.returncode, 0, done.stdout)
                self.assertIn(word, done.stderr)

    def test_a_value_reaches_the_configuration_as_the_agent_reads_it(self):
        rendered = manifests.Manifests(renders.chart(VALUES["application"], "--set=config.spool.keep_delivered=1h",
                                                     "--set=config.intake.http.max_events=2000000"))
        (workload,) = rendered.workloads()
        self.assertEqual(workload.setting("intake.unix.allow_uids", None), [10001])
        self.assertEqual(workload.setting("intake.http.max_events", None), 2_000_000)
        self.assertEqual(workload.setting("admin.ready_when_full", None), True)
        self.assertEqual(workload.setting("intake.allow_tenants", None), ["acme", "globex"])
        self.assertEqual(workload.setting("spool.keep_delivered", None), "1h")

    def test_large_numbers_of_a_file_stay_whole_numbers(self):
        # Helm reads them as floats, and OpenShift gives such users.
        values = self.folder() / "large.yaml"
        values.write_text(LARGE)
        (workload,) = manifests.Manifests(renders.chart(values)).workloads()
        (app,) = workload.pod["containers"]
        self.assertEqual([app["securityContext"][key] for key in ("runAsUser", "runAsGroup")], [1000730001, 1000730001])
        self.assertEqual(workload.setting("intake.unix.allow_uids", None), [1000730001])
        self.assertEqual(workload.claim()["spec"]["resources"]["requests"]["storage"], "2097152Mi")
        self.assertIn({"name": "TWINLOG_SPOOL_MAX_BYTES", "value": "1200000MiB"}, workload.agent["env"])
        self.assertIn({"name": "cache", "emptyDir": {}}, workload.pod["volumes"])

    def test_a_new_configuration_rolls_the_pods(self):
        def checksum(*options):
            (workload,) = manifests.Manifests(renders.chart(VALUES["deployment"], *options)).workloads()
            return workload.template["metadata"]["annotations"]["checksum/config"]
        self.assertNotEqual(checksum(), checksum("--set=config.log.level=debug"))
        self.assertEqual(checksum(), checksum("--set=replicas=7"))

    def test_another_chart_can_take_the_sidecar(self):
        parent = self.folder()
        (parent / "templates").mkdir()
        for name, text in PARENT.items():
            (parent / name).write_text(text)
        shutil.copytree(renders.CHART, parent / "charts/twinlog")
        documents = list(yaml.safe_load_all(manifests.run(manifests.tool("helm"), "template", "login", parent)))
        self.assertEqual(sorted(document["kind"] for document in documents), ["ConfigMap", "Deployment"])
        configuration, deployment = sorted(documents, key=lambda document: document["kind"])
        self.assertEqual(tomllib.loads(configuration["data"]["twinlog.toml"])["intake"]["unix"]["allow_uids"], [4711])
        spec = deployment["spec"]["template"]["spec"]
        self.assertEqual(spec["initContainers"][0]["restartPolicy"], "Always")
        self.assertIn({"name": "twinlog-config", "configMap": {"name": configuration["metadata"]["name"]}}, spec["volumes"])

    def test_the_notes_name_the_next_command(self):
        # Helm shows notes only where a cluster answers; here they are put into an object.
        chart = self.folder() / "twinlog"
        shutil.copytree(renders.CHART, chart)
        notes = (chart / "templates/NOTES.txt").read_text()
        (chart / "templates/_notes.tpl").write_text('{{- define "notes" -}}\n' + notes + '{{- end -}}')
        (chart / "templates/notes.yaml").write_text('kind: Notes\ntext: {{ include "notes" . | toJson }}\n')
        wanted = {"deployment": "exec deployment/auth -c twinlog -- twinlog status", "statefulset": "exec statefulset/auth -c twinlog",
                  "replay": "job/auth && kubectl -n default delete pvc twinlog-spool-auth-kept-2"}
        for name, words in wanted.items():
            with self.subTest(values=name):
                text = manifests.run(manifests.tool("helm"), "template", "auth", chart, "--values", VALUES[name])
                (found,) = [document for document in yaml.safe_load_all(text) if document["kind"] == "Notes"]
                self.assertIn(words, found["text"])
                self.assertEqual("goes with it" in found["text"], name == "deployment")

    def test_versions_are_the_agents(self):
        project = re.search(r"project\(twinlog VERSION (\S+)", (paths.ROOT / "CMakeLists.txt").read_text()).group(1)
        chart = yaml.safe_load((renders.CHART / "Chart.yaml").read_text())
        self.assertEqual((chart["version"], str(chart["appVersion"])), (project, project))


if __name__ == "__main__":
    unittest.main()
