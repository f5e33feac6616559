"""packaging/kubernetes: what it renders to, each way alone, and beside an application of somebody else."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import paths
import harness
import manifests
import renders

FOREIGN = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: login, labels: {twinlog/sidecar: "true"}}
spec:
  selector: {matchLabels: {app: login}}
  template:
    metadata: {labels: {app: login}}
    spec:
      initContainers: [{name: mesh-proxy, image: "proxy:1", restartPolicy: Always}]
      containers: [{name: app, image: "login:1"}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: other}
spec:
  selector: {matchLabels: {app: other}}
  template:
    metadata: {labels: {app: other}}
    spec: {containers: [{name: app, image: "other:1"}]}
"""


class Kustomize(unittest.TestCase):
    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="twinlog-kubernetes-")
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def test_it_renders_to_what_was_read(self):
        for name, folder in renders.KUSTOMIZED.items():
            with self.subTest(rendering=name):
                manifests.compare_with_golden(self, name, manifests.kustomize(folder))

    def test_the_scripts_say_what_they_do(self):
        for script in (paths.PACKAGING / "tools/build", paths.ROOT / "tests/packaging/write-golden"):
            done = subprocess.run([script, "--help"], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), script)
            self.assertIn(script.name, done.stdout)
        wrong = subprocess.run([paths.PACKAGING / "tools/build", "everything"], capture_output=True, text=True, check=False)
        self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))

    def test_each_way_alone_is_a_part_of_the_whole(self):
        whole = manifests.Manifests(manifests.kustomize(".")).documents
        for folder, kind in (("deployment", "Deployment"), ("statefulset", "StatefulSet")):
            part = manifests.Manifests(manifests.kustomize(folder))
            self.assertEqual([workload.kind for workload in part.workloads()], [kind])
            self.assertEqual([document for document in part.documents if document not in whole], [])

    def test_the_component_joins_an_application_that_asks_for_it(self):
        folder = self.folder()
        (folder / "login.yaml").write_text(FOREIGN)
        component = os.path.relpath(manifests.KUBERNETES / "sidecar", folder)
        (folder / "kustomization.yaml").write_text(f"resources: [login.yaml]\ncomponents: [{component}]\n")
        rendered = manifests.Manifests(manifests.run(manifests.tool("kustomize"), "build", folder))
        pods = {document["metadata"]["name"]: document["spec"]["template"]["spec"] for document in rendered.documents}
        self.assertEqual(pods["other"], {"containers": [{"name": "app", "image": "other:1"}]})
        # What the application had, stays, and comes later: an init container of its own may send events. (sidecar.yaml says
        # what that means for a proxy that stands in the manifest.)
        self.assertEqual([container["name"] for container in pods["login"]["initContainers"]], ["twinlog", "mesh-proxy"])
        self.assertEqual(pods["login"]["containers"][0]["volumeMounts"],
                         [{"name": "twinlog-socket", "mountPath": "/run/twinlog", "readOnly": True}])

    def test_the_image_has_the_version_of_the_binary(self):
        said = subprocess.run([harness.BINARY, "--version"], capture_output=True, text=True, check=True).stdout
        version = re.match(r"twinlog (\S+)", said).group(1)
        for folder in renders.KUSTOMIZED.values():
            for workload in manifests.Manifests(manifests.kustomize(folder)).workloads():
                self.assertEqual(workload.agent["image"], f"twinlog:{version}", workload.label)

    def test_the_agent_takes_the_configuration(self):
        folder = self.folder()
        (folder / "spool").mkdir()
        (folder / "uri").write_text("postgresql://twinlog@db/audit")
        (folder / "mongodb-uri").write_text("mongodb://db/audit")
        (folder / "uri").chmod(0o440)
        (folder / "mongodb-uri").chmod(0o440)
        elsewhere = {"SPOOL_PATH": f"{folder}/spool", "INTAKE_UNIX_PATH": f"{folder}/e.sock", "ADMIN_SOCKET": f"{folder}/a.sock",
                     "ADMIN_LISTEN": f"127.0.0.1:{harness.free_port()}", "INTAKE_HTTP_LISTEN": "",
                     "STORES_POSTGRES_URI_FILE": f"{folder}/uri", "STORES_MONGODB_URI_FILE": f"{folder}/mongodb-uri"}
        for workload in manifests.Manifests(manifests.kustomize(".")).workloads():
            configuration = next(document for document in workload.documents if document["kind"] == "ConfigMap")
            (folder / "twinlog.toml").write_text(configuration["data"]["twinlog.toml"])
            kept = {name: value for name, value in os.environ.items() if not name.startswith("TWINLOG_")}
            environment = {**kept, **workload.environment, "TWINLOG_AGENT_NAME": "auth-0",
                           **{f"TWINLOG_{name}": value for name, value in elsewhere.items()}}
            done = subprocess.run([harness.BINARY, "check", "--config", folder / "twinlog.toml"], env=environment,
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            # The only warning may be what an emptyDir deserves; a mistaken name would be another.
            self.assertNotIn("names no key", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
