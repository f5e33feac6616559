"""What a service manager sees: sd_notify(3) on a real datagram socket, sockets that systemd opened, signals at the start."""
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import uuid

import harness
import small_volume
from wire import Wire, event, post

ACTIVATE = "/usr/bin/systemd-socket-activate"
NOWHERE = {"TWINLOG_STORES_MONGODB_ENABLED": "false", "TWINLOG_SPOOL_VOLUME": "durable",
           "TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms"}


class Manager:
    """The receiving end of NOTIFY_SOCKET."""

    def __init__(self, address):
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.settimeout(harness.PATIENCE)

    def close(self):
        self.socket.close()

    def hear(self, wanted):
        """Hears messages up to the first that has this assignment; all of them, each as a dictionary."""
        heard = []
        while True:
            lines = self.socket.recv(4096).decode().split("\n")
            heard.append(dict(line.split("=", 1) for line in lines))
            if wanted in lines:
                return heard

    def has_more(self):
        self.socket.setblocking(False)
        try:
            return bool(self.socket.recv(4096))
        except BlockingIOError:
            return False
        finally:
            self.socket.settimeout(harness.PATIENCE)


class ServiceManager(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-manager-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def agent(self, **environment):
        address = f"postgresql://postgres@127.0.0.1:{harness.free_port()}/audit"
        agent = harness.Agent(address, "mongodb://127.0.0.1:1/audit", environment={**NOWHERE, **environment})
        self.addCleanup(agent.close)
        return agent

    def manager(self, address=None):
        manager = Manager(address or str(self.folder / "notify"))
        self.addCleanup(manager.close)
        return manager

    def test_ready_reload_and_stop_are_told_in_their_order(self):
        for address in (str(self.folder / "path"), f"@twinlog-{uuid.uuid4()}"):
            with self.subTest(address=address):
                manager = self.manager(address)
                agent = self.agent(NOTIFY_SOCKET=address)
                agent.start(wait=False)
                self.assertEqual(manager.hear("READY=1")[-1], {"READY": "1", "STATUS": "Taking events"})
                # Ready means that events are taken: nothing is waited for here.
                self.assertEqual(harness.statuses(agent.send_lines([event("first")])), {"stored": 1})
                before = time.monotonic_ns() // 1000
                agent.process.send_signal(signal.SIGHUP)
                reloading, ready = manager.hear("READY=1")
                self.assertEqual(reloading["RELOADING"], "1")
                self.assertTrue(before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000)
                harness.wait_until(lambda agent=agent: " reloaded: " in agent.log_text(), "the log tells of it")
                self.assertEqual(agent.stop(), 0)
                self.assertEqual(manager.hear("STOPPING=1"), [{"STOPPING": "1", "STATUS": "Draining"}])
                extended = manager.hear("STATUS=Draining: 1 events wait")[-1]
                self.assertGreater(int(extended["EXTEND_TIMEOUT_USEC"]), 11_000_000)
                self.assertFalse(ready.get("WATCHDOG"))

    def test_the_watchdog_is_fed_while_it_runs_and_while_it_drains(self):
        manager = self.manager()
        agent = self.agent(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="200000", TWINLOG_AGENT_DRAIN_TIMEOUT="1h")
        agent.start()
        agent.send_lines([event("left")])
        for _ in range(5):
            manager.hear("WATCHDOG=1")
        agent.process.send_signal(signal.SIGTERM)
        manager.hear("STOPPING=1")
        manager.hear("WATCHDOG=1")
        manager.hear("WATCHDOG=1")
        self.assertEqual(agent.stop(), 0)

    def test_a_watchdog_of_another_process_is_not_fed(self):
        manager = self.manager()
        agent = self.agent(NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="20000", WATCHDOG_PID="1")
        agent.start()
        self.assertEqual(agent.stop(), 0)
        heard = manager.hear("STOPPING=1")
        self.assertFalse([message for message in heard if "WATCHDOG" in message])

    def test_an_address_that_nobody_hears_changes_nothing(self):
        for address in ("/nowhere/notify", "@", "relative", "", "/" + "x" * 200):
            with self.subTest(address=address):
                agent = self.agent(NOTIFY_SOCKET=address, WATCHDOG_USEC="20000").start()
                self.assertEqual(harness.statuses(agent.send_lines([event(1)])), {"stored": 1})
                self.assertEqual(agent.stop(), 0)

    def test_a_stop_that_comes_while_it_starts_is_not_lost(self):
        agent = self.agent()
        agent.start(wait=False)
        status = pathlib.Path(f"/proc/{agent.process.pid}/status")

        def is_blocked():
            blocked = int(re.search(r"SigBlk:\t([0-9a-f]+)", status.read_text())[1], 16)
            return blocked & 1 << signal.SIGTERM - 1

        # Looked at without a pause, so that the start is met; one that was faster is stopped all the same.
        while not is_blocked() and " started: " not in agent.log_text():
            self.assertIsNone(agent.process.poll(), agent.log_text())
        agent.process.send_signal(signal.SIGTERM)
        self.assertEqual(agent.process.wait(harness.PATIENCE), 0, agent.log_text())
        log = agent.log_text()
        self.assertLess(log.index(" started: "), log.index(" stopped: "))
        self.assertEqual([path.name for path in agent.folder.glob("*.sock")], [])

    @unittest.skipUnless(small_volume.can_mount(), "mounting a small file system needs root and loop devices")
    def test_a_spool_that_opens_slowly_keeps_the_manager_patient_and_a_stop_ends_it_soon(self):
        volume = small_volume.SmallVolume(32)
        self.addCleanup(volume.close)
        manager = self.manager()
        agent = self.agent(NOTIFY_SOCKET=manager.address, TWINLOG_SPOOL_PATH=str(volume.path / "spool"))
        subprocess.run(["/usr/sbin/fsfreeze", "--freeze", volume.path], check=True)
        try:
            agent.start(wait=False)
            for _ in range(2):
                self.assertEqual(manager.hear("STATUS=Opening the spool"),
                                 [{"EXTEND_TIMEOUT_USEC": "15000000", "STATUS": "Opening the spool"}])
            agent.process.send_signal(signal.SIGTERM)
            harness.wait_until(lambda: " stopped: " in agent.log_text(), "it stops although the disk does not answer")
        finally:
            subprocess.run(["/usr/sbin/fsfreeze", "--unfreeze", volume.path], check=True)
        self.assertEqual(agent.process.wait(harness.PATIENCE), 0, "no process ends while the kernel holds one of its threads")
        self.assertRegex(agent.log_text(), r" stopped: stopped while the spool was being opened.* left=unknown")
        self.assertEqual([path.name for path in agent.folder.glob("*.sock")], [])
        agent.start()
        self.assertEqual(harness.statuses(agent.send_lines([event(1)])), {"stored": 1})
        self.assertEqual(agent.stop(), 0)

    def activated(self):
        """An agent that systemd starts at the first connection to one of its sockets."""
        agent = self.agent()
        command = [ACTIVATE, "--listen", str(agent.socket), "--listen", f"127.0.0.1:{agent.http}"]
        names = sorted(name for name in agent.environment if name.startswith("TWINLOG_"))
        command += [f"--setenv={name}" for name in names]
        with agent.log_path.open("ab") as log:
            agent.process = subprocess.Popen([*command, harness.BINARY, "agent", "--config", agent.config],
                                             stdout=log, stderr=log, env=agent.environment)
        harness.wait_until(lambda: f"127.0.0.1:{agent.http}" in agent.log_text(), "systemd listens")
        self.assertEqual(agent.probe("/livez")[0], 0, "the agent does not run yet")
        return agent

    def test_an_event_on_the_unix_socket_that_systemd_opened_before_it_ran_is_answered(self):
        agent = self.activated()
        wire = Wire(agent.socket)
        self.addCleanup(wire.close)
        self.assertEqual(wire.send(event("early") + b"\n").line()["status"], "stored")
        self.assertEqual(agent.post(event("http"), "application/json")[0], 200)
        self.assertEqual(agent.stop(), 0)
        self.assertRegex(agent.log_text(), r" stopped: .*left=2")

    def test_an_event_on_the_http_socket_that_systemd_opened_before_it_ran_is_answered(self):
        agent = self.activated()
        wire = Wire(agent.http)
        self.addCleanup(wire.close)
        self.assertEqual(wire.send(post(event("early") + b"\n")).response()[0], 200)
        self.assertEqual(harness.statuses(agent.send_lines([event("line")])), {"stored": 1})
        self.assertEqual(agent.stop(), 0)
        self.assertRegex(agent.log_text(), r" stopped: .*left=2")


if __name__ == "__main__":
    unittest.main()
