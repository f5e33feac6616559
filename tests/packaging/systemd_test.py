"""The units: what systemd-analyze says of them, and what a real systemd as process 1 does with them and the installed package."""
import os
import signal
import socket
import stat
import subprocess
import threading
import unittest

import booted
import debian_tree
from debian_tree import said_by
from paths import PACKAGING

import harness
import previous_version
import psycopg
from wire import Wire, event, post

UNITS = PACKAGING / "systemd"
THRESHOLD = 15  # Tenths.


class Analyzed(unittest.TestCase):
    def test_the_exposure_is_at_most_what_we_promise(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={THRESHOLD}",
                               UNITS / "twinlog.service"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Overall exposure level for twinlog.service: ", done.stdout)

    def test_the_threshold_is_looked_at(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=1",
                               UNITS / "twinlog.service"], capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)

    def test_no_unit_owns_the_folder_of_the_socket(self):
        # systemd removes a RuntimeDirectory= with the service, and the socket in it.
        self.assertNotIn("\nRuntimeDirectory=", (UNITS / "twinlog.service").read_text())
        self.assertIn("\nListenStream=/run/twinlog/events.sock\n", (UNITS / "twinlog.socket").read_text())


CONFIGURATION = """
[agent]
name = "auth-test"
drain_timeout = "1s"
[intake.http]
listen = ""
[admin]
listen = ""
[spool]
volume = "durable"
[stores.postgres]
uri_file = "/run/credentials/twinlog.service/twinlog_postgres-uri"
[stores.mongodb]
uri_file = "/run/credentials/twinlog.service/twinlog_mongodb-uri"
[retry]
most = "1s"
"""


@unittest.skipUnless(debian_tree.is_root() and booted.cgroup_root(), "systemd as process 1 of a namespace needs root and cgroup2")
class Running(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres, cls.documents = (harness.StoreServer(kind) for kind in ("postgres", "mongo-java-server"))
        cls.addClassCleanup(cls.postgres.close)
        cls.addClassCleanup(cls.documents.close)
        cls.package = debian_tree.the_package()
        cls.version = said_by("dpkg-deb", "--field", cls.package, "Version").strip().removesuffix("-1")
        cls.tree = booted.ready_tree(CONFIGURATION, cls.package)
        cls.addClassCleanup(cls.tree.close)
        cls.system = booted.Booted(cls.tree)
        cls.addClassCleanup(cls.system.close)

    def setUp(self):
        self.database = self.postgres.new_database()
        self.name_stores(self.database, self.documents.new_database())
        self.addCleanup(self.clean)

    def clean(self):
        self.system.try_run("systemctl", "stop", "twinlog.socket", "twinlog.service")
        self.system.try_run("systemctl", "reset-failed", "twinlog.socket", "twinlog.service")
        self.system.try_run("rm", "-rf", "/var/lib/twinlog", "/etc/systemd/system/twinlog.service.d/test.conf")
        self.system.path("etc/twinlog/twinlog.toml").write_text(CONFIGURATION)
        self.system.run("systemctl", "daemon-reload")

    def name_stores(self, postgres, documents):
        for name, address in (("postgres", postgres), ("mongodb", documents)):
            path = self.system.path(f"etc/twinlog/credentials/{name}-uri")
            path.write_text(address + "\n")
            path.chmod(0o400)

    def set_for_this_test(self, line):
        booted.drop_in(self.system.path("/"), "test", line)
        self.system.run("systemctl", "daemon-reload")

    def start(self):
        self.system.run("systemctl", "start", "twinlog.service")
        self.assertEqual(self.system.state("ActiveState"), "active")

    def connect(self):
        wire = Wire(self.system.path("run/twinlog/events.sock"))
        self.addCleanup(wire.close)
        return wire

    def send(self, name):
        """The status of one event over a connection of its own."""
        wire = self.connect()
        return wire.send(event(name) + b"\n").line()["status"]

    def delivered(self, wanted):
        """Whether PostgreSQL has exactly these ids, each once."""
        try:
            with psycopg.connect(self.database) as connection:
                rows = connection.execute("SELECT log_id FROM auth_logs ORDER BY log_id").fetchall()
        except psycopg.errors.UndefinedTable:
            return False
        return [row[0] for row in rows] == sorted(wanted)

    def wait_for_delivery(self, wanted):
        harness.wait_until(lambda: self.delivered(wanted), f"PostgreSQL has {len(wanted)} events, each once")

    def test_it_starts_as_its_user_without_rights_and_reads_its_credentials(self):
        self.start()
        self.assertEqual(self.system.state("StatusText"), "Taking events")
        self.assertEqual(self.send("first"), "stored")
        self.wait_for_delivery(["first"])
        main = self.system.state("MainPID")
        status = self.system.path(f"proc/{main}/status").read_text()
        self.assertIn("\nNoNewPrivs:\t1\n", status)
        self.assertIn("\nSeccomp:\t2\n", status)
        self.assertIn("\nCapEff:\t0000000000000000\n", status)
        self.assertIn("\nCapBnd:\t0000000000000000\n", status)
        user = self.system.run("id", "--user", "twinlog").strip()
        self.assertIn(f"\nUid:\t{user}\t{user}\t{user}\t{user}\n", status)
        for name, wanted in (("/run/twinlog/events.sock", "twinlog:twinlog-writers 660"), ("/run/twinlog/admin.sock", "twinlog:twinlog 600"),
                             ("/var/lib/twinlog", "twinlog:twinlog 700"), ("/etc/twinlog/credentials", "root:root 700")):
            self.assertEqual(self.system.run("stat", "-c", "%U:%G %a", name).strip(), wanted)
        self.assertNotIn("few_open_files", self.system.journal())
        self.assertNotIn(self.database, self.system.journal())

    def test_systemd_finds_no_fault_in_the_installed_units(self):
        for unit in ("twinlog.service", "twinlog.socket"):
            self.assertEqual(self.system.run("systemd-analyze", "verify", f"/usr/lib/systemd/system/{unit}"), "")

    def test_its_commands_find_it_where_they_look_by_themselves(self):
        self.start()
        self.send("one")
        self.wait_for_delivery(["one"])
        self.assertIn("Taking events", self.system.run("systemctl", "status", "twinlog.service"))
        self.assertIn("postgres", self.system.run("twinlog", "status"))
        self.system.run("twinlog", "drain", "--wait")
        self.system.run("sh", "-c", """printf '%s\\n' '{"tenant_id":"acme","log_id":"two","event_type":"login_failed","""
                        """"occurred_at":1700000000000,"user_id":"u1"}' | twinlog send""")
        self.wait_for_delivery(["one", "two"])

    def test_a_member_of_the_group_may_send_and_others_may_not(self):
        self.start()
        line = event("mine").decode()
        send = ["sh", "-c", f"echo '{line}' | setpriv --reuid=nobody --regid=nogroup \"$@\" twinlog send", "sh"]
        self.system.run(*send, "--groups=twinlog-writers")
        refused = self.system.try_run(*send, "--clear-groups")
        self.assertEqual(refused.returncode, 1, refused.stdout)
        self.wait_for_delivery(["mine"])

    def test_a_sender_starts_it_and_its_event_is_answered(self):
        self.system.run("systemctl", "start", "twinlog.socket")
        self.assertEqual(self.system.state("ActiveState"), "inactive")
        self.assertEqual(self.send("early"), "stored")
        self.assertEqual(self.system.state("ActiveState"), "active")
        self.wait_for_delivery(["early"])

    def test_http_queues_over_a_restart_where_the_socket_unit_listens_for_it(self):
        port = harness.free_port()
        folder = self.system.path("etc/systemd/system/twinlog.socket.d")
        folder.mkdir(parents=True)
        (folder / "http.conf").write_text(f"[Socket]\nListenStream=127.0.0.1:{port}\n")
        self.addCleanup(self.system.run, "rm", "-r", "/etc/systemd/system/twinlog.socket.d")
        self.system.run("systemctl", "daemon-reload")
        self.system.run("systemctl", "start", "twinlog.socket")
        wire = Wire(port)
        self.addCleanup(wire.close)
        self.assertEqual(wire.send(post(event("http") + b"\n")).response()[0], 200)
        self.assertEqual(self.send("line"), "stored")
        self.wait_for_delivery(["http", "line"])

    def test_the_socket_outlives_the_agent(self):
        self.start()
        path = self.system.path("run/twinlog/events.sock")
        before = os.stat(path)
        self.system.run("systemctl", "stop", "twinlog.service")
        self.assertEqual(self.system.state("Result"), "success")
        after = os.stat(path)
        self.assertEqual((before.st_ino, before.st_mode, before.st_gid), (after.st_ino, after.st_mode, after.st_gid))
        self.assertTrue(stat.S_ISSOCK(after.st_mode))
        waiting = self.connect().send(event("queued") + b"\n")
        self.assertEqual(waiting.line()["status"], "stored")
        self.wait_for_delivery(["queued"])

    def test_a_reload_takes_over_what_it_can(self):
        self.start()
        main = self.system.state("MainPID")
        self.system.path("etc/twinlog/twinlog.toml").write_text(CONFIGURATION + '[intake]\nallow_tenants = ["other"]\n')
        self.system.run("systemctl", "reload", "twinlog.service")
        harness.wait_until(lambda: self.send("refused") == "rejected", "the new list of tenants holds")
        self.assertEqual((self.system.state("MainPID"), self.system.state("ActiveState")), (main, "active"))

    def test_an_agent_that_stands_still_is_killed_and_started_again(self):
        self.set_for_this_test("WatchdogSec=2s")
        self.start()
        self.assertEqual(self.send("before"), "stored")
        main = self.system.signal_agent(signal.SIGSTOP)
        harness.wait_until(lambda: self.system.state("NRestarts") == "1" and self.system.state("ActiveState") == "active",
                           "systemd started another one")
        self.assertNotEqual(self.system.state("MainPID"), main)
        self.assertIn("watchdog", self.system.journal().lower())
        self.assertEqual(self.send("after"), "stored")
        self.wait_for_delivery(["before", "after"])

    def test_a_stop_with_a_backlog_keeps_it_for_the_next_start(self):
        nowhere = f"127.0.0.1:{harness.free_port()}"
        self.name_stores(f"postgresql://postgres@{nowhere}/audit", f"mongodb://{nowhere}/audit")
        self.start()
        names = [f"kept-{number}" for number in range(3)]
        self.assertEqual([self.send(name) for name in names], ["stored"] * 3)
        self.system.run("systemctl", "stop", "twinlog.service")
        self.assertEqual((self.system.state("Result"), self.system.state("ExecMainStatus")), ("success", "0"))
        self.assertIn("left=3", self.system.journal())
        self.name_stores(self.database, self.documents.new_database())
        self.start()
        self.wait_for_delivery(names)

    def test_a_configuration_with_mistakes_is_not_tried_again_and_again(self):
        self.system.path("etc/twinlog/twinlog.toml").write_text("[spool]\nmax_bytes = 1\n")
        self.assertNotEqual(self.system.try_run("systemctl", "start", "twinlog.service").returncode, 0)
        harness.wait_until(lambda: self.system.state("ActiveState") == "failed", "it has failed")
        self.assertEqual((self.system.state("ExecMainStatus"), self.system.state("NRestarts")), ("78", "0"))

    def test_an_upgrade_loses_no_write_and_keeps_no_sender_out(self):
        self.system.run("systemctl", "start", "twinlog.service")
        main = self.system.state("MainPID")
        newer = debian_tree.with_version(self.package, "99.0-1", self.tree.home)
        self.tree.put(newer)
        sender = Sender(self.system.path("run/twinlog/events.sock"))
        sender.start()
        harness.wait_until(lambda: len(sender.stored) > 20, "the sender is at work")
        self.system.run("dpkg", "--install", f"/root/{newer.name}")
        self.addCleanup(self.system.run, "dpkg", "--force-downgrade", "--install", f"/root/{self.package.name}")
        until = len(sender.stored) + 20
        harness.wait_until(lambda: len(sender.stored) > until or not sender.is_alive(), "it goes on with the new agent")
        sender.finish()
        self.assertEqual(sender.refused, [])
        self.assertNotEqual(self.system.state("MainPID"), main)
        self.wait_for_delivery(sender.stored)

    @unittest.skipUnless(os.environ.get("TWINLOG_LONG") or (previous_version.FOLDER / "commit").exists(),
                         "building the version before takes minutes; a whole tests/run has built it for upgrade_test.py")
    def test_an_upgrade_from_the_version_before_delivers_what_that_one_took(self):
        _, version = previous_version.named()
        binary = previous_version.binary()
        older = debian_tree.with_version(self.package, f"{version}-1", self.tree.home,
                                         lambda tree: said_by("strip", "-o", tree / "usr/bin/twinlog", binary))
        self.addCleanup(self.system.run, "dpkg", "--install", f"/root/{self.package.name}")
        self.tree.put(older)
        self.system.run("dpkg", "--force-downgrade", "--install", f"/root/{older.name}")
        nowhere = f"127.0.0.1:{harness.free_port()}"
        self.name_stores(f"postgresql://postgres@{nowhere}/audit", f"mongodb://{nowhere}/audit")
        self.start()
        self.assertIn(f"twinlog {version}", self.system.run("twinlog", "--version"))
        names = [f"older-{number}" for number in range(5)]
        self.assertEqual([self.send(name) for name in names], ["stored"] * 5)
        self.name_stores(self.database, self.documents.new_database())
        self.system.run("dpkg", "--install", f"/root/{self.package.name}")
        self.assertIn(f" version={self.version} ", self.system.journal())
        self.assertEqual(self.send("newer"), "stored")
        self.wait_for_delivery([*names, "newer"])

    def test_a_removal_stops_it_and_leaves_the_spool(self):
        self.system.run("systemctl", "enable", "--now", "twinlog.service")
        self.assertEqual(self.send("last"), "stored")
        self.wait_for_delivery(["last"])
        self.addCleanup(self.system.run, "dpkg", "--install", f"/root/{self.package.name}")
        self.system.run("dpkg", "--remove", "twinlog")
        self.assertNotEqual(self.system.try_run("systemctl", "is-active", "twinlog.service", "twinlog.socket").returncode, 0)
        self.assertEqual(self.system.state("MainPID"), "0")
        self.assertTrue(self.system.path("var/lib/twinlog/spool").is_dir())


class Sender(threading.Thread):
    """One event after the other, each over a connection of its own; one without an answer is sent again, as senders do."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.stored, self.refused, self.is_over = str(path), [], [], threading.Event()

    def run(self):
        number = 0
        while not self.is_over.is_set():
            name = f"w-{number:06}"
            if self.send(name):
                self.stored.append(name)
                number += 1

    def send(self, name):
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(harness.PATIENCE)
                client.connect(self.path)
                client.sendall(event(name) + b"\n")
                answer = client.makefile("rb").readline()
        except (ConnectionResetError, BrokenPipeError):
            return False
        except OSError as error:
            self.refused.append(repr(error))
            return False
        return b'"stored"' in answer or b'"duplicate"' in answer

    def finish(self):
        self.is_over.set()
        self.join(harness.PATIENCE)


if __name__ == "__main__":
    unittest.main()
