"""`twinlog spool status` and `spool export`: of a running agent and of a stopped spool, which they leave as it is."""
import hashlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import harness
import spool_folder
from command import OnTerminal, run, surroundings
from wire import event

sys.path.insert(0, str(harness.ROOT / "tests/oracle"))
import canonical  # noqa: E402
import shapes  # noqa: E402

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
ACCEPTANCE = {"agent", "content_hash", "effective_at", "epoch_id", "leaf_index", "received_at"}
ADDED = {"account", "repaired"}


class SpoolCommand(unittest.TestCase):
    def absent(self, environment=None):
        """An agent whose stores are away."""
        port = harness.free_port()
        environment = {"TWINLOG_SPOOL_VOLUME": "durable", "TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms", **(environment or {})}
        agent = harness.Agent(f"postgresql://postgres@127.0.0.1:{port}/audit", f"mongodb://127.0.0.1:{port}/audit", "",
                              environment)
        self.addCleanup(agent.close)
        return agent

    def run_ok(self, *words, **options):
        done = run("spool", *words, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def exported(self, agent, *words):
        return [json.loads(line) for line in self.run_ok("export", *words, "--config", agent.config).stdout.splitlines()]

    def status(self, agent):
        return json.loads(self.run_ok("status", "--json", "--config", agent.config).stdout)

    def test_running_and_stopped_say_the_same_of_the_same_spool(self):
        agent = self.absent().start()
        agent.send_lines([event(number) for number in range(7)])
        running, text = self.status(agent), self.run_ok("status", "--config", agent.config).stdout
        self.assertIn("(a running agent's)", text)
        for words in (f"epoch:    {running['epoch_id']}", "format:   3", "records:  7 kept, 1 to 8",
                      f"oldest:   {running['oldest_received_at']}", "waiting for postgres: 7 ", "waiting for mongodb: 7 "):
            self.assertIn(words, text)
        self.assertEqual(agent.stop(), 0)
        stopped = self.status(agent)
        self.assertIn("(stopped)", self.run_ok("status", "--config", agent.config).stdout)
        for page in (running, stopped):
            for store in page["stores"]:
                store.pop("last_error")
        for member in ("path", "epoch_id", "format", "records", "first_leaf", "last_event", "oldest_received_at",
                       "newest_received_at", "stores"):
            self.assertEqual(running[member], stopped[member], member)
        self.assertEqual(running["last_event"], 8)  # The first leaf is the agent's own: it begins the epoch.
        self.assertGreater(stopped["last_leaf"], running["last_event"])  # So is the last: it ends it.
        self.assertEqual(stopped["size_bytes"], sum(path.stat().st_size for path in agent.spool.iterdir()))

    def test_an_export_has_every_event_in_order_with_content_and_acceptance(self):
        agent = self.absent().start()
        lines = harness.lines_of(harness.host_month())
        answers = agent.send_lines(lines)
        running = self.exported(agent)
        agent.stop()
        self.assertEqual(running, self.exported(agent))
        self.assertEqual([line["leaf_index"] for line in running], list(range(1, len(lines) + 1)))
        self.assertEqual([(line["tenant_id"], line["log_id"]) for line in running],
                         [(answer["tenant_id"], answer["log_id"]) for answer in answers])
        epoch = self.status(agent)["epoch_id"]
        for line, sent in zip(running, map(json.loads, lines)):
            self.assertEqual(list(line), sorted(line))
            self.assertLessEqual(ACCEPTANCE, set(line))
            self.assertEqual((line["agent"], line["epoch_id"], line["event_type"]),
                             ("auth-test", epoch, sent["event_type"]))
            for name in ("occurred_at", "received_at", "effective_at"):
                self.assertRegex(line[name], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")

    def test_an_exported_hash_is_that_of_the_exported_content(self):
        agent = self.absent().start()
        agent.send_lines([event("plain", username="Zoë \"x\"", metadata={"b": 1.5, "a": [True, None]}),
                          event("repaired", username="a\u0000b", channel="fax"),
                          event("host", ip="not an address", account_locked_until="+12000-01-01T00:00:00Z"),
                          event("old", occurred_at="0001-01-01T00:00:00.0000019Z")])
        for line in self.exported(agent):
            content = {name: value for name, value in line.items() if name not in ACCEPTANCE}
            for name in {"occurred_at", "account_locked_until"} & set(content):
                content[name] = shapes.rfc3339(content[name])
            self.assertEqual(line["content_hash"], hashlib.sha256(canonical.dump(content)).hexdigest(), line)

    def test_what_is_exported_for_sending_is_answered_duplicate_by_the_agent_that_has_it(self):
        agent = self.absent().start()
        agent.send_lines(harness.lines_of(harness.host_month()) +
                         [event("host", ip="not an address"), event("micro", occurred_at="2024-02-29T23:59:60.5Z"),
                          event("lock", event_type="account_locked", account_locked_until="+12000-01-01T00:00:00Z",
                                lock_kind="permanent", failed_login_attempts=7, session_id="s")])
        lines = self.run_ok("export", "--for-sending", "--config", agent.config).stdout.splitlines()
        for line in map(json.loads, lines):
            added = (ACCEPTANCE | ADDED) & line.keys()
            self.assertEqual(added - {"remote_host"}, {"content_hash", "repaired"} if "repaired" in line else set(), line)
        answers = agent.send_lines([line.encode() for line in lines])
        self.assertEqual({answer["status"] for answer in answers}, {"duplicate"})

    def test_whatever_was_repaired_is_answered_duplicate_too_and_is_the_same_event_to_another_agent(self):
        agent, other = self.absent().start(), self.absent().start()
        odd = [event("characters", username="a\u0000b"), event("long", user_id="u" * 300, username="n" * 300),
               event("wrong", channel="fax", user_agent=7), event("unknown", password="p-1", x={"session_id": "s"}),
               event("seconds", occurred_at=1_763_971_210.25, account_locked_until=1_763_971_210),
               event("host", ip="a\u0001" + "h" * 300), event("spaces", ip="192.0.2.7" + " " * 300 + "x"),
               event("numbers", metadata={"a": [1e20, -1.7e18, 2**53 + 2.0, 10**20]}),
               event("big", metadata={"a": "x" * 9000, "session_id": "s"}), event("endless", account_locked_until="infinity"),
               event("token", user_agent="Bearer abcdefgh12345678", failure_reason="x" * 60 + " Bearer abcdefgh12345678")]
        self.assertEqual(harness.statuses(agent.send_lines(odd)), {"stored": len(odd)})
        lines = self.run_ok("export", "--for-sending", "--config", agent.config).stdout.splitlines()
        answers = agent.send_lines([line.encode() for line in lines])
        self.assertEqual(harness.statuses(answers), {"duplicate": len(odd)})
        self.assertEqual(harness.statuses(other.send_lines([line.encode() for line in lines])), {"stored": len(odd)})
        hashes = [{line["log_id"]: line["content_hash"] for line in self.exported(each)} for each in (agent, other)]
        self.assertEqual(hashes[0], hashes[1])

    def test_an_export_of_one_agent_goes_into_another_by_a_pipe(self):
        first, second = self.absent().start(), self.absent().start()
        first.send_lines([event(number) for number in range(5000)])
        export = subprocess.Popen([harness.BINARY, "spool", "export", "--for-sending", "--config", first.config],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings(None))
        sent = run("send", "--socket", second.socket, stdin=export.stdout)
        self.assertEqual((export.wait(harness.PATIENCE), sent.returncode), (0, 0), sent.stderr)
        self.assertIn(b"exported 5000 events", export.stderr.read())
        export.stdout.close()
        export.stderr.close()
        self.assertIn("stored 5000", sent.stdout)

    def test_waiting_is_what_not_every_enabled_store_has(self):
        documents = harness.StoreServer("mongo-java-server")
        self.addCleanup(documents.close)
        port = harness.free_port()
        agent = harness.Agent(f"postgresql://postgres@127.0.0.1:{port}/audit", documents.new_database(), "",
                              {"TWINLOG_SPOOL_VOLUME": "durable", "TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms"})
        self.addCleanup(agent.close)
        agent.start().send_lines([event(number) for number in range(4)])
        harness.wait_until(lambda: agent.metric('twinlog_store_pending_records{store="mongodb"}') == 0, "one has all")
        self.assertEqual(len(self.exported(agent, "--waiting")), 4)
        agent.environment["TWINLOG_STORES_POSTGRES_ENABLED"] = "false"
        self.assertEqual(agent.stop(), 0)
        off = {"environment": {"TWINLOG_STORES_POSTGRES_ENABLED": "false"}}
        self.assertEqual(len(self.exported(agent, "--waiting")), 4)
        self.assertEqual(self.run_ok("export", "--waiting", "--config", agent.config, **off).stdout, "")
        self.assertEqual(len(self.run_ok("export", "--config", agent.config, **off).stdout.splitlines()), 4)
        self.assertIn("waiting for postgres: turned off",
                      self.run_ok("status", "--config", agent.config, **off).stdout)

    # --- A stopped spool

    def test_a_stopped_spool_is_left_as_it_is_to_the_byte_even_after_a_kill(self):
        agent = self.absent().start()
        agent.send_lines([event(number) for number in range(3000)])
        agent.stop(signal.SIGKILL)
        before = spool_folder.picture(agent.spool)
        self.assertEqual(self.status(agent)["records"], 3000)
        self.assertEqual(len(self.exported(agent)), 3000)
        self.assertEqual(spool_folder.picture(agent.spool), before)
        agent.start()
        self.assertEqual(harness.statuses(agent.send_lines([event(0)])), {"duplicate": 1})

    def test_a_spool_on_a_volume_that_takes_no_writes_can_be_read(self):
        agent = self.absent().start()
        agent.send_lines([event(number) for number in range(10)])
        agent.stop()
        mount = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-readonly-"))
        self.addCleanup(lambda: (subprocess.run(["umount", mount], check=True), mount.rmdir()))
        subprocess.run(["mount", "--bind", agent.spool, mount], check=True)
        subprocess.run(["mount", "-o", "remount,ro,bind", mount], check=True)
        self.assertIn("records:  10 kept", self.run_ok("status", "--path", mount).stdout)
        self.assertEqual(len(self.run_ok("export", "--path", mount).stdout.splitlines()), 10)

    def test_a_copy_of_a_folder_can_be_read_while_the_agent_runs_and_the_folder_itself_cannot(self):
        agent = self.absent().start()
        agent.send_lines([event(1)])
        copy = agent.folder / "copy"
        shutil.copytree(agent.spool, copy)
        self.assertIn("records:  1 kept", self.run_ok("status", "--path", copy).stdout)
        done = run("spool", "status", "--path", agent.spool)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"an agent has the spool in {agent.spool} open", done.stderr)

    def test_an_agent_without_its_admin_socket_is_not_looked_at_behind_its_back(self):
        agent = self.absent({"TWINLOG_ADMIN_SOCKET": ""}).start()
        agent.send_lines([event(1)])
        for command in ("status", "export"):
            done = run("spool", command, "--config", agent.config)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("an agent has the spool", done.stderr)
            self.assertIn("no agent answers", done.stderr)

    def test_whoever_has_no_right_is_told_and_no_content_reaches_the_public_port(self):
        agent = self.absent().start()
        agent.send_lines([event(1, username="PLANTED")])
        agent.folder.chmod(0o755)
        agent.config.chmod(0o644)
        done = run("spool", "export", "--config", agent.config, before=NOBODY)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("the admin socket is for root and the agent's user", done.stderr)
        self.assertIn("Permission denied", done.stderr)
        self.assertEqual(agent.probe("/spool/export?after=0")[0], 404)

    def test_no_spool_is_1_in_one_line(self):
        agent = self.absent()
        for words in (["--config", agent.config], ["--path", "/no/such/spool"], ["--path", agent.folder]):
            done = run("spool", "status", *words)
            self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (1, "", 1), done.stderr)
            self.assertIn("there is no spool in", done.stderr)

    def test_a_spool_of_a_newer_format_is_refused_by_agent_and_command_and_both_formats_are_named(self):
        agent = self.absent().start()
        agent.send_lines([event(1)])
        agent.stop()
        spool_folder.put(agent.spool, b"default", b"format", (7).to_bytes(4, "big"))
        started = run("agent", "--config", agent.config, environment=agent.environment)
        for done in (started, run("spool", "status", "--config", agent.config),
                     run("spool", "export", "--path", agent.spool)):
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("has format 7 and this build reads up to format 3", done.stderr)

    def test_a_damaged_event_ends_an_export_with_1_after_the_good_ones(self):
        agent = self.absent().start()
        agent.send_lines([event(number) for number in range(3)])
        agent.stop()
        spool_folder.put(agent.spool, b"events", (3).to_bytes(8, "big"), b"damaged")  # Behind the epoch's own leaf.
        done = run("spool", "export", "--config", agent.config)
        self.assertEqual((done.returncode, done.stdout.count("\n")), (1, 1), done.stderr)
        self.assertIn("event 3 in the spool", done.stderr)

    def test_an_output_that_takes_no_more_is_1_and_a_terminal_shows_progress(self):
        agent = self.absent().start()
        agent.send_lines([event(number) for number in range(100)])
        with open("/dev/full", "wb") as full:
            done = subprocess.run([harness.BINARY, "spool", "export", "--config", agent.config], stdout=full,
                                  stderr=subprocess.PIPE, text=True, check=False, env=surroundings(None))
        self.assertEqual(done.returncode, 1)
        self.assertIn("takes no more; the export is not complete", done.stderr)
        terminal = OnTerminal("spool", "export", "--config", agent.config)
        self.addCleanup(terminal.close)
        self.assertEqual(terminal.finish(), 0)
        self.assertIn("100 events, up to 101 of 101", terminal.text)


if __name__ == "__main__":
    unittest.main()
