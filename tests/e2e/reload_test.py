"""SIGHUP and secrets: what a running agent takes over, what it says of the rest, and where no secret is ever seen."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import unittest

import harness
import two_servers

SECRET = "Tr0ub4dor-and-3"
NOBODY = 65534


def event(number, tenant="acme"):
    return json.dumps({"tenant_id": tenant, "log_id": f"e{number}", "event_type": "login_failed",
                       "occurred_at": 1_700_000_000_000 + number, "user_id": "u1"}).encode()


class Reload(two_servers.TwoServersCase):
    def agent(self, extra="", environment=None):
        agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(), extra, environment)
        self.addCleanup(agent.close)
        return agent.start()

    def reload(self, agent, old, new, expect="reloaded:"):
        """Changes the file, sends SIGHUP, and gives what the log says of it."""
        text = agent.config.read_text()
        self.assertIn(old, text)
        agent.config.write_text(text.replace(old, new))
        before = len(agent.log_text())
        agent.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: expect in agent.log_text()[before:], expect)
        return agent.log_text()[before:]

    def answer(self, agent, line):
        return agent.send_lines([line])[0]

    def test_a_tenant_is_let_in_and_another_shut_out_without_a_restart(self):
        agent = self.agent("[intake]\nallow_tenants = ['acme']")
        self.assertEqual(self.answer(agent, event(1, "globex"))["status"], "rejected")
        said = self.reload(agent, "['acme']", "['globex']")
        self.assertIn("keys=intake.allow_tenants", said)
        self.assertEqual(self.answer(agent, event(2, "globex"))["status"], "stored")
        self.assertEqual(self.answer(agent, event(3))["error"]["field"], "tenant_id")

    def test_allowed_peers_change_for_those_who_connect_from_then_on(self):
        agent = self.agent("[log]\nlevel = 'info'")
        with socket.socket(socket.AF_UNIX) as connected:
            connected.connect(str(agent.socket))
            connected.sendall(event(1) + b"\n")
            self.assertIn(b"stored", connected.recv(4096))
            self.set_allowed_uids(agent, "[4242]")
            connected.sendall(event(2) + b"\n")
            self.assertIn(b"stored", connected.recv(4096))
        with socket.socket(socket.AF_UNIX) as refused:
            refused.connect(str(agent.socket))
            self.assertEqual(refused.recv(10), b"")
        self.set_allowed_uids(agent, f"[4242, {os.geteuid()}]")
        self.assertEqual(self.answer(agent, event(3))["status"], "stored")

    def set_allowed_uids(self, agent, uids):
        lines = [line for line in agent.config.read_text().splitlines() if not line.startswith("allow_uids")]
        lines.insert(lines.index("[intake.unix]") + 1, f"allow_uids = {uids}")
        agent.config.write_text("\n".join(lines))
        said = self.reload(agent, "[intake.unix]", "[intake.unix]")
        self.assertIn("keys=intake.unix.allow_uids", said)

    def test_the_pace_of_the_couriers_changes_while_events_wait(self):
        agent = self.agent(environment={"TWINLOG_STORES_MONGODB_LINGER": "0ms"})
        self.reload(agent, "[stores.postgres]", "[stores.postgres]\nlinger = '60s'")
        agent.send_lines([event(1)])
        harness.wait_until(lambda: agent.metric('twinlog_store_pending_records{store="mongodb"}') == 0, "no linger there")
        self.assertEqual(agent.metric('twinlog_store_pending_records{store="postgres"}'), 1)
        said = self.reload(agent, "linger = '60s'", "linger = '0ms'")
        self.assertIn("keys=stores.postgres.linger", said)
        agent.wait_delivered()

    def test_the_log_level_changes(self):
        agent = self.agent("[log]\nlevel = 'error'")
        self.assertNotIn("started", agent.log_text())
        self.assertIn("keys=log.level", self.reload(agent, "'error'", "'info'"))
        before = len(agent.log_text())
        agent.config.write_text(agent.config.read_text().replace("'info'", "'error'"))
        agent.process.send_signal(signal.SIGHUP)
        agent.stop()
        self.assertNotIn("stopped", agent.log_text()[before:])

    def test_what_needs_a_restart_is_named_and_stays_as_it_was(self):
        agent = self.agent()
        said = self.reload(agent, "[spool]", "[spool]\nmax_bytes = '1GiB'")
        self.assertIn("reload_needs_restart", said)
        self.assertIn("keys=spool.max_bytes", said)
        self.assertEqual(agent.metric("twinlog_spool_capacity_bytes "), 2 << 30)

    def test_a_file_with_mistakes_changes_nothing_and_every_mistake_is_named(self):
        agent = self.agent("[retry]\nfirst = '100ms'")
        said = self.reload(agent, "first = '100ms'", "first = 'soon'\nfirstt = 1", "reload_refused")
        self.assertIn("retry.first", said)
        self.assertIn("retry.firstt", said)
        self.assertEqual(self.answer(agent, event(1))["status"], "stored")
        self.assertIn("keys=retry.first", self.reload(agent, "first = 'soon'\nfirstt = 1", "first = '200ms'"))

    def test_a_changed_address_is_named_without_its_value(self):
        agent = self.agent()
        said = self.reload(agent, agent.postgres, f"postgresql://u:{SECRET}@127.0.0.1:1/x")
        self.assertIn("keys=stores.postgres.uri", said)
        self.assertNotIn(SECRET, said)
        agent.send_lines([event(1)])
        agent.wait_delivered()

    # Failure mode 22.
    def test_no_secret_is_in_arguments_environment_or_log_of_the_process(self):
        postgres = f"postgresql://postgres:{SECRET}@127.0.0.1:{harness.free_port()}/audit"
        documents = self.documents.new_database() + "?appname=${OWN_NAME}"
        agent = harness.Agent("postgresql://replaced@by/environment", documents, "",
                              {"TWINLOG_STORES_POSTGRES_URI": postgres, "TWINLOG_STORES_POSTGRES_PASSWORD": SECRET,
                               "TWINLOG_LOG_LEVEL": "trace", "OWN_NAME": SECRET})
        self.addCleanup(agent.close)
        agent.start()
        harness.wait_until(lambda: "store_flush_failed" in agent.log_text(), "the store is tried")
        agent.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: "reloaded" in agent.log_text(), "reloaded")
        proc = pathlib.Path(f"/proc/{agent.process.pid}")
        environment = (proc / "environ").read_bytes()
        self.assertIn(b"TWINLOG_STORES_POSTGRES_PASSWORD=", environment)
        self.assertIn(b"OWN_NAME=", environment)
        for place in (environment, (proc / "cmdline").read_bytes(), agent.log_text().encode(),
                      agent.probe("/metrics")[1].encode()):
            self.assertNotIn(SECRET.encode(), place)

    def test_the_process_leaves_no_core(self):
        agent = self.agent()
        limits = pathlib.Path(f"/proc/{agent.process.pid}/limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        self.assertEqual(core.split()[4:6], ["0", "0"])

    @unittest.skipUnless(os.geteuid() == 0, "running the agent as another user needs root")
    def test_another_process_of_the_same_user_cannot_read_its_memory(self):
        agent = harness.Agent(self.postgres.new_database(), self.documents.new_database())
        self.addCleanup(agent.close)
        os.chown(agent.folder, NOBODY, NOBODY)
        agent.process = subprocess.Popen([harness.BINARY, "agent", "--config", agent.config], user=NOBODY, group=NOBODY,
                                         extra_groups=[], stderr=subprocess.DEVNULL)
        harness.wait_until(lambda: agent.probe("/readyz")[0] == 200, "the agent is ready")
        # What the kernel does with a process that is not dumpable: its files there belong to root.
        self.assertEqual(os.stat(f"/proc/{agent.process.pid}/mem").st_uid, 0)
        self.assertEqual(agent.process.poll(), None)


if __name__ == "__main__":
    unittest.main()
