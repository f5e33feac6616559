"""packaging/oci/build: the image is small, the same twice, says what is in it, and runs hardened beside an application."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import paths
import harness
import image
from containers import WITHOUT_ROOT, Container, bind

MEBIBYTES_MOST = 80
EVENTS = [json.dumps({"event_type": "login_failed", "tenant_id": "acme", "username": f"user{number}",
                      "occurred_at": "2026-11-24T12:00:00Z"}) for number in range(20)]
# No store is there: what is asked of the image must work without one.
CONFIGURATION = """
[agent]
drain_timeout = "1s"
[stores.postgres]
uri = "postgresql://twinlog@127.0.0.1:1/audit"
[stores.mongodb]
uri = "mongodb://127.0.0.1:1/audit"
[spool]
volume = "durable"
"""


class Built(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image, cls.root = image.kept()

    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="twinlog-oci-test-")
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)


class Image(Built):
    def test_a_second_build_gives_the_same_digest(self):
        out = self.folder() / "out"
        done = image.build(out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(self.image.digest, done.stdout)
        self.assertEqual(image.Image(out).digest, self.image.digest)
        self.assertEqual((out / "sbom.cdx.json").read_bytes(), (self.image.layout / "sbom.cdx.json").read_bytes())

    def test_it_is_no_larger_than_eighty_mebibytes(self):
        unpacked = sum(entry.size for entry in self.image.tar_entries()) / 1024 ** 2
        compressed = sum(layer["size"] for layer in self.image.manifest["layers"]) / 1024 ** 2
        print(f"image: {unpacked:.1f} MiB unpacked, {compressed:.1f} MiB to pull, {self.image.digest}")
        self.assertLessEqual(unpacked, MEBIBYTES_MOST)

    def test_it_runs_as_a_numbered_user_and_stops_on_term(self):
        told = self.image.config["config"]
        self.assertEqual(told["User"], "65532:65532")
        self.assertEqual(told["StopSignal"], "SIGTERM")
        self.assertEqual(told["Entrypoint"] + told["Cmd"], ["/usr/bin/twinlog", "agent"])
        self.assertEqual(set(told["ExposedPorts"]), {"9464/tcp"})

    def test_labels_say_what_it_is(self):
        said = subprocess.run([harness.BINARY, "--version"], capture_output=True, text=True, check=True).stdout
        labels = {name.removeprefix("org.opencontainers.image."): value
                  for name, value in self.image.config["config"]["Labels"].items()}
        self.assertIn(f"twinlog {labels['version']}\n", said)
        self.assertIn(f"revision: {labels['revision']}\n", said)
        self.assertEqual(labels["licenses"], "Apache-2.0")
        self.assertEqual(labels["created"], self.image.config["created"])
        self.assertEqual(self.image.tag["org.opencontainers.image.ref.name"], labels["version"])

    def test_nothing_in_it_can_be_written_by_others_or_runs_as_somebody_else(self):
        for entry in self.image.tar_entries():
            if entry.issym() or entry.name.strip("./") == "tmp":
                continue
            self.assertEqual(entry.mode & 0o7022, 0, entry.name)
            owned = entry.name.strip("./") in ("run/twinlog", "var/lib/twinlog")
            self.assertEqual((entry.uid, entry.gid), (65532, 65532) if owned else (0, 0), entry.name)
        programs = sorted(entry.name for entry in self.image.tar_entries() if "bin/" in entry.name)
        self.assertEqual(programs, ["usr/bin/twinlog"])

    def test_the_bill_names_every_library_and_its_package(self):
        bill = json.loads((self.image.layout / "sbom.cdx.json").read_text())
        self.assertEqual((self.root / "usr/share/doc/twinlog/sbom.cdx.json").read_bytes(),
                         (self.image.layout / "sbom.cdx.json").read_bytes())
        named = set()
        for part in bill["components"]:
            asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", part["name"]], capture_output=True, text=True, check=True)
            self.assertEqual(part["version"], asked.stdout)
            named |= {entry["value"] for entry in part["properties"] if entry["name"] == "twinlog:file"}
        files = {"/" + str(path.relative_to(self.root)) for folder in ("usr/lib", "usr/lib64", "usr/bin", "etc/ssl")
                 for path in (self.root / folder).rglob("*") if path.is_file() and not path.is_symlink()}
        self.assertEqual(files, named)
        self.assertGreater(len(files), 20)

    def test_each_package_in_it_has_its_licence_and_is_found_by_scanners(self):
        bill = json.loads((self.image.layout / "sbom.cdx.json").read_text())
        shipped = [part for part in bill["components"] if {"name": "twinlog:file", "value": "/usr/bin/twinlog"} not in part["properties"]]
        for part in shipped:
            self.assertTrue((self.root / f"usr/share/doc/{part['name']}/copyright").is_file(), part["name"])
            status = (self.root / f"var/lib/dpkg/status.d/{part['name']}").read_text()
            self.assertIn(f"Version: {part['version']}\n", status)


class Command(Built):
    def test_help_and_wrong_usage(self):
        for words, code in ((["--help"], 0), ([], 2), (["a", "b"], 2), (["--no-such-option"], 2)):
            done = subprocess.run([image.BUILD, *words], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, code, words)
            self.assertIn("packaging/oci/build OUT", done.stdout + done.stderr)

    def test_a_missing_tool_is_named_with_its_package(self):
        done = image.build(self.folder() / "out", PATH="/nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn("apt-get install --no-install-recommends buildah", done.stderr)

    def test_a_missing_binary_is_named_with_what_makes_it(self):
        done = image.build(self.folder() / "out", TWINLOG_BINARY="/nowhere/twinlog")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nowhere/twinlog is not there", done.stderr)
        self.assertIn("cmake --build --preset release", done.stderr)

    def test_a_folder_of_somebody_else_is_left_alone(self):
        out = self.folder()
        (out / "thesis.txt").write_text("years of work")
        done = image.build(out)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no OCI layout", done.stderr)
        self.assertEqual((out / "thesis.txt").read_text(), "years of work")


@unittest.skipUnless(os.geteuid() == 0, WITHOUT_ROOT)
class Hardened(Built):
    """Under runc: what Kubernetes' profile "restricted" and a read-only root leave."""

    def setUp(self):
        self.place = self.folder()
        for name, mode in (("run", 0o750), ("spool", 0o700), ("etc", 0o755)):
            (self.place / name).mkdir()
            os.chown(self.place / name, 65532, 65532)
            (self.place / name).chmod(mode)
        (self.place / "etc/twinlog.toml").write_text(CONFIGURATION)

    def container(self, arguments, mounts, **options):
        made = Container(self.place, self.image, self.root, arguments, mounts, **options)
        self.addCleanup(made.close)
        return made

    def agent(self):
        mounts = [bind(self.place / "run", "/run/twinlog"), bind(self.place / "spool", "/var/lib/twinlog"),
                  bind(self.place / "etc", "/etc/twinlog", read_only=True)]
        made = self.container(None, mounts).start()
        made.wait_ready()
        return made

    def application(self, user="1000:65532"):
        """The image's own `send`, as another container of the pod would send: it has the socket's folder alone, read-only."""
        return self.container(["send"], [bind(self.place / "run", "/run/twinlog", read_only=True)], user=user)

    def test_it_takes_events_of_another_container_and_keeps_them(self):
        agent = self.agent()
        code, said, trouble = self.application().run("\n".join(EVENTS) + "\n")
        self.assertEqual(code, 0, said + trouble)
        exported = agent.execute("/usr/bin/twinlog", "spool", "export", "--waiting")
        self.assertEqual(exported.returncode, 0, exported.stderr)
        names = [json.loads(line)["username"] for line in exported.stdout.splitlines()]
        self.assertEqual(sorted(names), sorted(json.loads(line)["username"] for line in EVENTS))
        self.assertEqual(agent.stop(), 0, agent.log_text())
        # The next one finds all of it.
        again = self.agent()
        self.assertEqual(again.execute("/usr/bin/twinlog", "spool", "export").stdout, exported.stdout)
        self.assertEqual(again.stop(), 0)

    def test_it_has_no_privilege_and_its_root_cannot_be_written(self):
        agent = self.agent()
        status = agent.status()
        self.assertEqual(status["Uid"].split(), ["65532"] * 4)
        self.assertEqual(status["Gid"].split(), ["65532"] * 4)
        self.assertEqual({status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}, {"0" * 16})
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
        mounts = pathlib.Path(f"/proc/{agent.pid()}/mountinfo").read_text().splitlines()
        options = {line.split()[4]: line.split()[5].split(",") for line in mounts}
        self.assertIn("ro", options["/"])
        self.assertIn("rw", options["/var/lib/twinlog"])

    def test_another_group_is_kept_out_by_the_socket(self):
        self.agent()
        code, said, trouble = self.application(user="1000:1000").run(EVENTS[0] + "\n")
        self.assertEqual(code, 1, said)
        self.assertIn("no right to connect", trouble)


if __name__ == "__main__":
    unittest.main()
