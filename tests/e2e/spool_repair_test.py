"""`twinlog spool check`, `repair` and `acknowledge` on spools with real damage: bytes flipped, files removed."""
import json
import pathlib
import shutil
import signal
import threading
import unittest

import harness
import spool_folder
from command import OnTerminal, run
from spool_repair_case import SpoolRepairCase
from wire import event


class SpoolRepair(SpoolRepairCase):
    def test_a_whole_spool_is_0_stopped_or_killed_and_left_as_it_is_to_the_byte(self):
        for end in (signal.SIGTERM, signal.SIGKILL):
            agent = self.spool_of(500, end)
            before = spool_folder.picture(agent.spool)
            text = self.spool(agent, "check")
            self.assertIn("500 events", text)
            self.assertIn("ok: ", text)
            self.assertIn("nothing to repair", self.spool(agent, "repair"))
            self.assertEqual(spool_folder.picture(agent.spool), before)

    def test_damage_in_a_table_is_found_goes_on_record_and_is_acknowledged(self):
        agent = self.damaged_table()
        before = spool_folder.picture(agent.spool)
        self.assertRegex(self.spool(agent, "check", code=1), r"finding: the table \d+\.sst of events is damaged")
        self.assertIn("plan: put on record as lost", self.spool(agent, "repair", code=1))
        self.assertEqual(spool_folder.picture(agent.spool), before)
        done = self.spool(agent, "repair", "--apply")
        lost = self.ranges_lost(done)
        self.assertEqual(len(lost), 1, done)
        first, last = map(int, lost[0].split("-"))
        self.assertEqual(self.ranges_lost(self.spool(agent, "check", code=1)), lost)
        self.assert_exported(agent, self.numbers_in(lost))
        self.spool(agent, "acknowledge", f"{first}-{last + 1}", "--reason", "not this", code=1)
        self.assertIn("acknowledged", self.spool(agent, "acknowledge", lost[0], "--reason", "disk of node 3, replaced"))
        text = self.spool(agent, "check")
        self.assertIn("ok: ", text)
        self.assertRegex(text, rf"acknowledged: {lost[0]}, accepted .* by root \(uid 0\): disk of node 3, replaced")

    def test_a_repair_keeps_everything_beside_as_it_was(self):
        agent = self.damaged_table()
        before = {path.name: path.read_bytes() for path in agent.spool.iterdir() if path.name not in ("LOCK", "ballast")}
        self.spool(agent, "repair", "--apply")
        copy, = agent.folder.glob("spool.before-repair-*")
        self.assertEqual({path.name: path.read_bytes() for path in copy.iterdir()}, before)
        self.assertEqual(copy.stat().st_mode & 0o777, 0o700)

    def test_damage_in_a_log_loses_no_event_that_can_still_be_read(self):
        agent = self.spool_of(3000, signal.SIGKILL)
        log = max(agent.spool.glob("*.log"), key=lambda path: path.stat().st_size)
        self.flip(log)
        self.assertIn("finding: events that only a log", self.spool(agent, "check", code=1))
        self.assertIn("plan: put back events", self.spool(agent, "repair", code=1))
        done = self.spool(agent, "repair", "--apply")
        gone = self.numbers_in(self.ranges_lost(done))
        self.assertTrue(gone)
        self.assert_exported(agent, gone)
        self.assertLess(len(gone), 1500)

    def test_without_current_the_database_is_put_together_anew_with_every_event(self):
        agent = self.spool_of(2000)  # Twice the agent lives, and writes a leaf of its own at both ends of each life.
        self.tables_of(agent)
        (agent.spool / "CURRENT").unlink()
        self.assertIn("finding: the spool cannot be opened", self.spool(agent, "check", code=1))
        self.assertIn("events that can be read from its files: 1-2004", self.spool(agent, "check", code=1))
        self.assertIn("put the database together anew", self.spool(agent, "repair", code=1))
        self.assertFalse((agent.spool / "CURRENT").exists())
        self.spool(agent, "repair", "--apply")
        self.assert_exported(agent)
        agent.start()
        self.assertEqual(harness.statuses(agent.send_lines([event(7)])), {"duplicate": 1})

    def test_a_manifest_with_flipped_bytes_is_found_and_mended(self):
        agent = self.spool_of(2000)
        self.tables_of(agent)
        manifest, = agent.spool.glob("MANIFEST-*")
        self.flip(manifest, 0.2)
        self.spool(agent, "check", code=1)
        self.spool(agent, "repair", "--apply")
        self.assert_exported(agent)

    def test_a_damaged_memory_of_ids_costs_no_event(self):
        agent = self.spool_of(3000)
        ids, = [path for path in self.tables_of(agent) if b"nameids" in path.read_bytes()]
        self.flip(ids, 0.1)
        self.assertRegex(self.spool(agent, "check", code=1), r"finding: the table \d+\.sst of ids is damaged")
        self.assertIn("plan: begin the memory of ids anew", self.spool(agent, "repair", code=1))
        self.assertIn("the memory of ids was damaged and is begun anew", self.spool(agent, "repair", "--apply"))
        self.assert_exported(agent)
        self.assertIn("ok: ", self.spool(agent, "check"))

    def test_a_table_of_events_that_is_gone_is_lost_on_record_and_the_rest_is_delivered(self):
        agent = self.spool_of(3000)
        self.tables_of(agent)
        agent.start()
        self.send(agent, [f"later{number}" for number in range(500)])
        agent.stop()
        first = [path for path in self.tables_of(agent) if b"nameevents" in path.read_bytes()]
        max(first, key=lambda path: path.stat().st_size).unlink()
        self.spool(agent, "check", code=1)
        lost = self.ranges_lost(self.spool(agent, "repair", "--apply"))
        gone = self.numbers_in(lost)
        self.assertTrue(gone)
        self.assert_exported(agent, gone)

    def test_a_running_agent_is_read_beside_and_never_repaired(self):
        agent = self.damaged_table()
        self.spool(agent, "repair", "--apply")
        agent.start()
        done = run("spool", "check", "--config", agent.config)
        self.assertEqual(done.returncode, 1)
        lost, = self.ranges_lost(done.stdout)
        self.assertIn("beside the agent that has it open", done.stdout)
        for words in (("--config", agent.config), ("--path", agent.spool)):
            refused = run("spool", "repair", "--apply", *words)
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))
            self.assertIn("an agent has the spool in", refused.stderr)
        self.spool(agent, "acknowledge", lost, "--reason", "seen: 100 % of it")
        self.assertIn("on record as lost, and somebody has acknowledged that", agent.probe("/healthz")[1])
        for words in (("--config", agent.config), ("--path", agent.spool), ("--socket", agent.folder / "admin.sock")):
            done = run("spool", "check", *words)
            self.assertEqual(self.ranges_lost(done.stdout), [])
            self.assertRegex(done.stdout, rf"acknowledged: {lost}, accepted .* by root \(uid 0\): seen: 100 % of it")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_flipped_byte_in_a_table_of_a_running_agent_is_found_and_nothing_is_changed(self):
        agent = self.spool_of(3000)
        self.tables_of(agent)
        agent.start()
        self.assertIn("ok: ", self.spool(agent, "check"))
        self.flip(max(agent.spool.glob("*.sst"), key=lambda path: path.read_bytes().count(b"login_failed")))
        names = sorted(path.name for path in agent.spool.iterdir())
        text = self.spool(agent, "check", code=1)
        self.assertRegex(text, r"finding: the table \d+\.sst of events is damaged")
        self.assertIn("finding: events that are damaged: ", text)
        self.assertIn("to do: let the agent deliver what it can (twinlog drain --wait), stop it", text)
        self.assertEqual(sorted(path.name for path in agent.spool.iterdir()), names)

    def test_beside_an_agent_under_load_nothing_is_reported_that_is_not_so(self):
        documents = harness.StoreServer("mongo-java-server")
        self.addCleanup(documents.close)
        agent = harness.Agent("postgresql://127.0.0.1/none", documents.new_database(), "",
                              {"TWINLOG_SPOOL_MAX_BYTES": "32MiB", "TWINLOG_SPOOL_KEEP_DELIVERED": "0s",
                               "TWINLOG_STORES_POSTGRES_ENABLED": "false"})
        self.addCleanup(agent.close)
        agent.start()
        over = threading.Event()

        def churn():
            number = 10
            while not over.is_set():
                agent.send_lines([event(f"churn{number + i}", user_agent="x" * 300) for i in range(500)])
                number += 500
        sender = threading.Thread(target=churn)
        sender.start()
        try:
            for _ in range(12):
                done = run("spool", "check", "--config", agent.config)
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
                self.assertIn("ok: ", done.stdout)
        finally:
            over.set()
            sender.join()

    def test_an_agent_whose_files_are_not_to_be_seen_tells_its_losses(self):
        agent = self.damaged_table()
        self.spool(agent, "repair", "--apply")
        agent.start()
        elsewhere = agent.folder / "elsewhere"
        agent.spool.rename(elsewhere)
        self.addCleanup(lambda: elsewhere.rename(agent.spool))
        done = run("spool", "check", "--config", agent.config)
        self.assertEqual((done.returncode, len(self.ranges_lost(done.stdout))), (1, 1))
        self.assertIn("cannot be read from here, and only the losses that it has on record are told: there is no spool in", done.stderr)

    def test_no_spool_a_wrong_range_and_help(self):
        agent = self.spool_of(1)
        done = run("spool", "check", "--path", "/no/such/spool")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("there is no spool in", done.stderr)
        self.assertEqual(run("spool", "repair", "--apply", "--path", "/no/such/spool").returncode, 1)
        self.assertFalse(pathlib.Path("/no/such").exists())
        for words in (("5-",), ("9-5",), ("0-1",), ("a",), ("1-2",)):
            reason = () if words == ("1-2",) else ("--reason", "x")
            self.spool(agent, "acknowledge", *words, *reason, code=2)
        for words in ("check", "repair", "acknowledge", "dead-letters", "dead-letters list", "dead-letters show",
                      "dead-letters replay", "dead-letters discard"):
            self.assertIn("Example", run("spool", *words.split(), "--help").stdout, words)

    def test_a_terminal_shows_progress(self):
        agent = self.spool_of(100)
        terminal = OnTerminal("spool", "check", "--config", agent.config)
        self.addCleanup(terminal.close)
        self.assertEqual(terminal.finish(), 0)
        self.assertIn("reading tables", terminal.text + "reading tables" * (not list(agent.spool.glob("*.sst"))))
        self.assertIn("reading logs", terminal.text)


if __name__ == "__main__":
    unittest.main()
