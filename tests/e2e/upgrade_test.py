"""An upgrade by one version, on a spool with a backlog: old and new take, deliver and lose nothing; there is no way back."""
import datetime
import json
import random
import re
import signal
import subprocess
import unittest

import harness
import kill_points
import previous_version
import two_servers

SEED = random.SystemRandom().randrange(1 << 32)


class Upgrade(two_servers.TwoServersCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Only lines with an id: a repeat is known as one only by it when it comes in another request.
        cls.lines = [line for line in harness.lines_of(harness.host_month()) if b'"log_id"' in line]

    def setUp(self):
        self.previous = previous_version.binary()
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database())
        self.addCleanup(self.agent.close)
        self.present = self.agent.config.read_text()
        self.expected = self.agent.folder / "sent.jsonl"
        self.sent, self.unsent, self.starts = [], list(self.lines), 0
        self.unproved = set()  # Ids of what the version before the ledger took.

    def start(self, binary, reachable):
        """With the stores named; the addresses of the others lead nowhere."""
        text = self.present
        for name, address in (("postgres", self.agent.postgres), ("mongodb", self.agent.mongodb)):
            if name not in reachable:
                there = re.search("127.0.0.1:[0-9]+", address)[0]
                text = text.replace(there, f"127.0.0.1:{harness.free_port()}")
        self.agent.config.write_text(text)
        self.agent.binary = binary
        self.agent.start()
        harness.wait_until(lambda: self.agent.log_text().count(" started: ") > self.starts, "the start is logged")
        self.starts += 1
        self.assertIn(f" version={self.version_of(binary)} ", self.started_line())

    def started_line(self):
        return [line for line in self.agent.log_text().splitlines() if " started: " in line][-1]

    def version_of(self, binary):
        return previous_version.named()[1] if binary == self.previous else self.current_version()

    def current_version(self):
        return re.search(r"project\(twinlog VERSION ([0-9.]+)", (harness.ROOT / "CMakeLists.txt").read_text())[1]

    def take(self, count):
        """New events are stored; those of any version are known."""
        fresh, self.unsent = self.unsent[:count], self.unsent[count:]
        self.assertEqual(harness.statuses(self.agent.send_lines(fresh)), {"stored": count})
        self.sent += fresh
        if self.agent.binary == self.previous:
            self.unproved |= {json.loads(line)["log_id"] for line in fresh}
        self.assert_known()

    def assert_known(self):
        repeats = random.Random(SEED).sample(self.sent, min(200, len(self.sent)))
        self.assertEqual(harness.statuses(self.agent.send_lines(repeats)), {"duplicate": len(repeats)}, f"seed {SEED}")

    def pending(self, store):
        return self.agent.metric(f'twinlog_store_pending_records{{store="{store}"}}')

    def assert_backlog(self, store):
        self.assertEqual(self.pending(store), len(self.sent), f"all that waits for {store} came with the spool")

    def assert_stores_as_sent(self):
        self.agent.wait_delivered()
        self.expected.write_bytes(b"\n".join(self.sent) + b"\n")
        code, text = harness.compare(self.agent, self.expected, declared={("FOREIGN", log_id) for log_id in self.unproved})
        self.assertEqual(code, 0, text[-3000:])
        trust = self.agent.folder / "trusted.keys"
        keys = re.findall(r" ledger_key: .*?(twinlog/\S+\+\S+)", self.agent.log_text())
        line = f"unproved before {datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ} {len(self.unproved)}"
        trust.write_text("\n".join([*keys, line]) + "\n")
        code, text = harness.verify(self.agent, words=("--trust", trust))
        self.assertEqual(code, 0, f"once the line is drawn the old rows are accepted: {text[-3000:]}")

    def up(self, end_of_old, end_of_new):
        """Upgraded with a backlog for each store; the old version refuses what was upgraded and harms nothing."""
        self.start(self.previous, reachable=())
        self.take(400)
        self.agent.stop(end_of_old)
        self.start(harness.BINARY, reachable=("postgres",))
        self.assert_backlog("mongodb")
        self.take(300)
        harness.wait_until(lambda: self.pending("postgres") == 0, "one store has everything")
        self.assert_backlog("mongodb")
        self.agent.stop(end_of_new)
        self.assert_refused_by_the_old_one()
        self.start(harness.BINARY, reachable=("postgres", "mongodb"))
        self.take(300)
        self.assert_stores_as_sent()
        self.agent.stop()

    def assert_refused_by_the_old_one(self):
        before = len(self.agent.log_text())
        self.agent.binary = self.previous
        self.agent.start(wait=False)
        self.assertEqual(self.agent.process.wait(harness.PATIENCE), 1)
        self.agent.process = None
        self.assertRegex(self.agent.log_text()[before:], r"has format \d+ and this build reads up to format \d+; run the newer twinlog")

    def test_up_after_a_stop_loses_and_doubles_nothing_and_the_way_down_is_refused_in_words(self):
        self.shorten_drain()
        self.up(signal.SIGTERM, signal.SIGTERM)

    def test_up_after_a_crash_loses_and_doubles_nothing_and_the_way_down_is_refused_in_words(self):
        self.up(signal.SIGKILL, signal.SIGKILL)

    def test_a_death_at_any_step_of_the_upgrade_costs_nothing(self):
        points = kill_points.points_of("upgrade")
        self.assertGreaterEqual(len(points), 2)
        self.shorten_drain()
        self.start(self.previous, reachable=("postgres",))
        self.take(200)
        harness.wait_until(lambda: self.pending("postgres") == 0, "one store has everything")
        self.agent.stop(signal.SIGKILL)
        former = self.agent.folder / "former"
        subprocess.run(["cp", "-a", self.agent.spool, former], check=True)
        for point in points:
            with self.subTest(point):
                subprocess.run(["rm", "-r", self.agent.spool], check=True)
                subprocess.run(["cp", "-a", former, self.agent.spool], check=True)
                self.agent.binary = kill_points.test_binary()
                self.agent.environment["TWINLOG_KILL_AT"] = f"{point}:1"
                self.agent.start(wait=False)
                self.assertEqual(self.agent.process.wait(harness.PATIENCE), -signal.SIGKILL)
                del self.agent.environment["TWINLOG_KILL_AT"]
                self.start(kill_points.test_binary(), reachable=("postgres",))
                self.assert_backlog("mongodb")
                self.assert_known()
                self.agent.stop(signal.SIGKILL)
        self.start(kill_points.test_binary(), reachable=("postgres", "mongodb"))
        self.assert_stores_as_sent()

    def test_the_new_version_delivers_all_that_the_old_one_took(self):
        self.shorten_drain()
        self.start(self.previous, reachable=())
        self.take(500)
        self.agent.stop()
        self.start(harness.BINARY, reachable=("postgres", "mongodb"))
        self.assert_stores_as_sent()
        self.take(300)
        self.assert_stores_as_sent()

    def test_the_versions_differ_and_the_older_is_named(self):
        self.assertNotEqual(self.version_of(self.previous), self.version_of(harness.BINARY))

    def shorten_drain(self):
        self.present = self.present.replace("[agent]", "[agent]\ndrain_timeout = '1s'")


if __name__ == "__main__":
    unittest.main()
