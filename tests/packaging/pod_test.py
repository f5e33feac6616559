"""A real pod as packaging/kubernetes/statefulset has it: two containers, one socket, real stores; its life from start to end."""
import os
import pathlib
import shutil
import tempfile
import unittest

import psycopg

import paths  # noqa: F401
import harness
import manifests
import pod
from containers import WITHOUT_ROOT
from wire import event


def setUpModule():
    if os.geteuid() == 0:
        place = tempfile.mkdtemp(prefix="twinlog-podman-")
        unittest.addModuleCleanup(shutil.rmtree, place, ignore_errors=True)
        OneCommand.podman = InPod.podman = pod.Podman(pathlib.Path(place))
        InPod.podman.take_images(*pod.images())


@unittest.skipUnless(os.geteuid() == 0, WITHOUT_ROOT)
class OneCommand(unittest.TestCase):
    """The image alone, as docs/OPERATING.md starts it: volumes with names take owner and mode from the image."""

    def test_it_runs_on_named_volumes_with_a_read_only_root(self):
        port = harness.free_port()
        addresses = {"POSTGRES": "postgresql://twinlog@127.0.0.1:1/audit", "MONGODB": "mongodb://127.0.0.1:1/audit"}
        variables = [word for name, value in addresses.items() for word in ("--env", f"TWINLOG_STORES_{name}_URI={value}")]
        self.addCleanup(self.podman, "rm", "--force", "--time", "0", "alone")
        self.podman.must("run", "--detach", "--name", "alone", "--read-only", "--cap-drop", "all", "--security-opt",
                         "no-new-privileges", "--network", "host", "--volume", "twinlog-socket:/run/twinlog", "--volume",
                         "twinlog-spool:/var/lib/twinlog", "--env", f"TWINLOG_ADMIN_LISTEN=127.0.0.1:{port}", "--env",
                         "TWINLOG_INTAKE_HTTP_LISTEN=", "--env", "TWINLOG_SPOOL_VOLUME=durable", "--env",
                         "TWINLOG_CONFIG=/usr/share/doc/twinlog/twinlog.toml.example", *variables, pod.AGENT_IMAGE)
        waited = self.podman("exec", "alone", "/usr/bin/twinlog", "wait", "--ready")
        self.assertEqual(waited.returncode, 0, waited.stdout + waited.stderr + self.podman("logs", "alone").stderr)
        sent = self.podman("exec", "--interactive", "alone", "/usr/bin/twinlog", "send", text=event("alone").decode() + "\n")
        self.assertEqual(sent.returncode, 0, sent.stdout + sent.stderr)


@unittest.skipUnless(os.geteuid() == 0, WITHOUT_ROOT)
class InPod(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres, cls.documents = (harness.StoreServer(kind) for kind in ("postgres", "mongo-java-server"))
        cls.addClassCleanup(cls.postgres.close)
        cls.addClassCleanup(cls.documents.close)

    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-pod-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        self.database = self.postgres.new_database()
        (workload,) = manifests.Manifests(manifests.kustomize("statefulset")).workloads()
        self.pod = pod.Pod(self.podman, workload, folder, self.database, self.documents.new_database())
        self.addCleanup(self.pod.close)
        self.pod.play().wait_started()

    def rows(self):
        with psycopg.connect(self.database) as connection:
            return connection.execute("SELECT count(*) FROM auth_logs").fetchone()[0]

    def send(self, names, **options):
        told = self.pod.application("send", [event(name).decode() for name in names], **options)
        self.assertIsInstance(told, dict, told)
        return told

    def stored(self, names):
        self.assertEqual(harness.statuses(self.send(names)["answers"]), {"stored": len(names)})

    def drain(self):
        done = self.pod.in_agent("/usr/bin/twinlog", "drain", "--wait", "--timeout", "60s")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + self.pod.log())

    # --- who is who

    def test_the_application_sends_and_the_record_is_in_the_stores(self):
        told = self.send(range(100))
        self.assertEqual(harness.statuses(told["answers"]), {"stored": 100})
        self.drain()
        self.assertEqual(self.rows(), 100)
        # Each sees the other's user; across containers there is no process id.
        self.assertEqual(told["peer"][1:], [65532, 65532])
        self.assertEqual(self.pod.probe("livenessProbe"), 200)

    def test_another_user_of_the_same_group_is_refused(self):
        # intake.unix.allow_uids names the application's user; the group alone opens the file, and no more.
        told = self.pod.application("send", [event("stranger").decode()], user="1001:65532")
        self.assertTrue(isinstance(told, str) or told["answers"] == [None] or told["answers"][0]["status"] != "stored", told)
        refused = harness.wait_until(lambda: self.pod.logged("peer_refused"), "the log tells of it")
        self.assertEqual((refused[0]["uid"], refused[0]["gid"]), ("1001", "65532"))
        self.stored(["application"])
        self.drain()
        self.assertEqual(self.rows(), 1)

    def test_a_broken_in_application_gets_no_further_than_sending(self):
        came_of_it = self.pod.application("attack")
        self.assertEqual(came_of_it, {
            "remove the socket": "Read-only file system",
            "put another one in its place": "Read-only file system",
            "listen beside it": "Read-only file system",
            "command the agent": "Permission denied",
            "read the spool": "No such file or directory",
            "read the credentials": "No such file or directory",
        })
        self.stored(["still-there"])

    # --- the end of a pod, in kubelet's order

    def test_a_pod_ends_with_everything_delivered(self):
        self.stored(range(50))
        hook = self.pod.hook()
        self.assertEqual(hook.returncode, 0, hook.stdout + hook.stderr)
        # The application still logs people out.
        self.stored(["logout"])
        self.assertEqual([self.pod.probe(kind) for kind in ("readinessProbe", "livenessProbe")], [200, 200])
        self.pod.kill("app", "KILL")
        self.assertEqual(self.pod.kill("twinlog", "TERM"), 0, self.pod.log())
        self.assertEqual([line["left"] for line in self.pod.logged("stopped")], ["0"])
        self.assertEqual(self.rows(), 51)

    def test_what_a_pod_leaves_its_successor_delivers(self):
        self.postgres.stop()
        self.addCleanup(lambda: self.postgres.process or self.postgres.start())
        self.stored(range(50))
        # A store that is away is no reason to leave the Service or to be killed.
        self.assertEqual([self.pod.probe(kind) for kind in ("readinessProbe", "livenessProbe")], [200, 200])
        self.assertEqual(self.pod.hook().returncode, 0)
        # The node goes; the claim stays.
        self.pod.close()
        self.postgres.start()
        self.pod.play().wait_started()
        self.drain()
        self.assertEqual(self.rows(), 50)
        self.stored(["after-it"])

    def test_a_claim_without_a_pod_is_delivered_by_the_job(self):
        self.postgres.stop()
        self.addCleanup(lambda: self.postgres.process or self.postgres.start())
        self.stored(range(50))
        self.pod.close()
        self.postgres.start()
        (job,) = manifests.Manifests(manifests.kustomize("replay")).workloads()
        code, said = self.pod.replay(job)
        self.assertEqual(code, 0, said)
        self.assertEqual(self.rows(), 50)
        # A second run finds nothing to do.
        self.assertEqual(self.pod.replay(job)[0], 0)
        self.assertEqual(self.rows(), 50)

    def test_an_agent_that_is_killed_comes_back_to_its_socket_and_spool(self):
        self.stored(range(50))
        self.assertEqual(self.pod.kill("twinlog", "KILL"), 137)
        self.pod.start_again()
        self.pod.wait_started()
        self.stored(["after-it"])
        self.drain()
        self.assertEqual(self.rows(), 51)


if __name__ == "__main__":
    unittest.main()
