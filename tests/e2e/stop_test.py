"""SIGTERM, SIGTERM twice, and a drain request before it, in every state that an agent can be in (docs/OPERATING.md).

What the `stopped` line says is left is compared with an independent count: what was answered minus the rows in the
store. At the end of each state the store comes back and has everything that was answered, once.
"""
import contextlib
import pathlib
import re
import signal
import socket
import subprocess
import threading
import unittest

import psycopg
import pymongo

import harness
from command import run
from frame_proxy import FrameProxy
from small_volume import SmallVolume, can_mount
from wire import Wire, event

SETTINGS = {"TWINLOG_SPOOL_VOLUME": "durable", "TWINLOG_RETRY_FIRST": "10s", "TWINLOG_RETRY_MOST": "1h",
            "TWINLOG_SPOOL_KEEP_DELIVERED": "0s"}
EPHEMERAL = {"TWINLOG_SPOOL_VOLUME": "ephemeral"}
DRAIN_LINE = re.compile(r" draining: .*drain_timeout_ms=(\d+) rest_ms=(\d+)")
STOPPED_LINE = re.compile(r" stopped: .*left=(\d+)")


class Stage:
    """An agent whose PostgreSQL can be kept from it; every event that was answered is remembered."""

    def __init__(self, postgres, documents, address=None, environment=None):
        self.database, self.documents = postgres.new_database(), documents.new_database()
        self.agent = harness.Agent(address or self.database, self.documents, environment={**SETTINGS, **(environment or {})})
        self.answered, self.sent, self.seen, self.kept = set(), 0, 0, 0

    def close(self):
        self.agent.close()

    def start(self, drain_timeout):
        self.agent.environment["TWINLOG_AGENT_DRAIN_TIMEOUT"] = drain_timeout
        self.seen = len(self.agent.log_text()) if self.agent.log_path.exists() else 0
        self.agent.start()

    def log(self):
        """Of the present run."""
        return self.agent.log_text()[self.seen:]

    def send(self, count, **members):
        names = [f"e{number}" for number in range(self.sent, self.sent + count)]
        self.sent += count
        answers = self.agent.send_lines([event(name, **members) for name in names])
        stored = [name for name, answer in zip(names, answers) if answer["status"] == "stored"]
        self.answered.update(stored)
        return len(stored)

    def rows(self):
        with psycopg.connect(self.database) as connection:
            if not connection.execute("SELECT to_regclass('auth_logs')").fetchone()[0]:
                return []
            return [row[0] for row in connection.execute("SELECT log_id FROM auth_logs")]

    def terminate(self):
        self.agent.process.send_signal(signal.SIGTERM)

    def exit_code(self):
        code = self.agent.process.wait(harness.PATIENCE)
        self.agent.process = None
        return code

    def left(self):
        lines = STOPPED_LINE.findall(self.log())
        assert len(lines) == 1, self.log()
        return int(lines[0])


def one_sigterm(stage, test):
    stage.terminate()
    code = stage.exit_code()
    test.assertNotIn("drain_cut_short", stage.log())
    return code


def two_sigterms(stage, test):
    stage.terminate()
    harness.wait_until(lambda: " draining: " in stage.log(), "the drain begins")
    stage.terminate()
    code = stage.exit_code()
    log = stage.log()
    test.assertLess(log.index(" draining: "), log.index(" drain_cut_short: "))
    test.assertLess(log.index(" drain_cut_short: "), log.index(" stopped: "))
    test.assertGreater(stage.left(), 0)
    return code


def drain_first(stage, test):
    done = run("drain", "--config", stage.agent.config)
    test.assertEqual(done.returncode, 0, done.stderr)
    test.assertEqual(stage.send(1), 1, "intake stays open")
    test.assertEqual(stage.agent.probe("/readyz")[0], 200)
    # The time for the drain passes before the signal comes.
    with test.assertRaises(subprocess.TimeoutExpired):
        stage.agent.process.wait(1.1)
    stage.terminate()
    code = stage.exit_code()
    timeout, rest = DRAIN_LINE.findall(stage.log())[0]
    test.assertEqual((timeout, rest), ("1000", "1000"), "the request is over: the signal has the whole time")
    return code


def wait_for_compactions(stage, least=3):
    """A table that is gone went in a compaction; while the sender goes on, so do they."""
    known, gone = set(), set()

    def have_gone():
        present = {path.name for path in pathlib.Path(stage.agent.spool).rglob("*.sst")}
        gone.update(known - present)
        known.update(present)
        return len(gone) >= least

    harness.wait_until(have_gone, "compactions")


def send_until_closed(stage):
    """Large events, as fast as they are answered, until the agent takes no more."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(harness.PATIENCE)
        client.connect(str(stage.agent.socket))
        reader = client.makefile("rb")
        while True:
            names = [f"large{number}" for number in range(stage.sent, stage.sent + 200)]
            stage.sent += len(names)
            # A write that fails has brought some of them all the same: their answers are read.
            with contextlib.suppress(BrokenPipeError):
                client.sendall(b"".join(event(name, user_agent="x" * 1000) + b"\n" for name in names))
            for name in names:
                answer = reader.readline()
                if not answer.endswith(b"\n"):
                    return
                if answer.startswith(b'{"status":"stored"'):
                    stage.answered.add(name)


@contextlib.contextmanager
def frozen(volume):
    """Writes and syncs on it wait until this ends."""
    subprocess.run(["fsfreeze", "--freeze", volume.path], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "--unfreeze", volume.path], check=True)


def hangs(process):
    """Whether a thread of it sleeps and cannot be woken."""
    states = [path.read_text().rpartition(")")[2].split()[0] for path in pathlib.Path(f"/proc/{process}/task").glob("*/stat")]
    return "D" in states


WAYS = ((one_sigterm, "1s"), (two_sigterms, "1h"), (drain_first, "1s"))


class Stop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres, cls.documents = (harness.StoreServer(kind) for kind in ("postgres", "mongo-java-server"))
        cls.addClassCleanup(cls.postgres.close)
        cls.addClassCleanup(cls.documents.close)

    def stage(self, **options):
        stage = Stage(self.postgres, self.documents, **options)
        self.addCleanup(stage.close)
        return stage

    def away(self, **options):
        return self.stage(address=f"postgresql://postgres@127.0.0.1:{harness.free_port()}/audit", **options)

    def check_all_ways(self, stage, reach):
        """`reach` brings the started agent into the state; a context that holds it there until the agent has ended."""
        lost = 0  # Answers.
        for way, drain_timeout in WAYS:
            with self.subTest(way=way.__name__):
                stage.start(drain_timeout)
                with reach(stage):
                    self.assertEqual(way(stage, self), 0)
                stage.kept = stage.left() + len(stage.rows())
                self.assertGreaterEqual(stage.kept, len(stage.answered))
                # A stop that is cut short leaves a sender without the answers to what was kept already.
                self.assertLessEqual(stage.kept, stage.sent if way is two_sigterms else len(stage.answered) + lost)
                lost = stage.kept - len(stage.answered)
                self.assertGreater(stage.left(), 0)
                self.assertFalse(stage.agent.socket.exists())

    def check_everything_arrives(self, stage):
        stage.agent.config.write_text(stage.agent.config.read_text().replace(stage.agent.postgres, stage.database))
        stage.start("1h")
        stage.terminate()  # Its drain brings everything: nothing else is waited for.
        self.assertEqual(stage.exit_code(), 0)
        self.assertEqual(stage.left(), 0)
        rows = sorted(stage.rows())
        self.assertEqual(len(rows), stage.kept)
        self.assertLessEqual(stage.answered, set(rows))
        with pymongo.MongoClient(stage.documents) as client:
            names = [document["log_id"] for document in client.get_default_database().auth_logs.find({}, {"log_id": 1})]
        self.assertEqual(sorted(names), rows)

    def test_in_backoff(self):
        @contextlib.contextmanager
        def reach(stage):
            stage.send(100)
            failures = 'twinlog_store_consecutive_failures{store="postgres"}'
            harness.wait_until(lambda: stage.agent.metric(failures) > 0, "it waits for its next try")
            yield

        stage = self.away()
        self.check_all_ways(stage, reach)
        self.check_everything_arrives(stage)

    def test_the_ledger_is_closed_in_the_store_that_is_there_when_the_other_is_away(self):
        stage = self.away()
        stage.start("3s")
        stage.send(10)
        self.assertEqual(one_sigterm(stage, self), 0)
        self.assertEqual(stage.left(), 10)
        with pymongo.MongoClient(stage.documents) as client:
            database = client.get_default_database()
            self.assertEqual(database.auth_logs.count_documents({}), 10)
            epochs = list(database.twinlog_agents.find())
            self.assertEqual([epoch.get("closed_at") is not None for epoch in epochs], [True] * len(epochs))
            self.assertEqual(len(epochs), 1)

    def test_in_a_flush_that_the_store_holds_up(self):
        @contextlib.contextmanager
        def reach(stage):
            with psycopg.connect(stage.database) as blocker:
                harness.wait_until(lambda: blocker.execute("SELECT to_regclass('auth_logs')").fetchone()[0], "a table")
                blocker.execute("LOCK TABLE auth_logs IN EXCLUSIVE MODE")
                stage.send(100)
                waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'auth_logs'::regclass"
                harness.wait_until(lambda: blocker.execute(waiting).fetchone()[0], "the flush waits for the table")
                yield

        stage = self.stage()
        stage.start("1h")
        stage.send(1)
        stage.agent.wait_delivered()
        self.assertEqual(stage.agent.stop(), 0)
        self.check_all_ways(stage, reach)
        self.check_everything_arrives(stage)

    def test_while_the_spool_compacts_and_a_sender_goes_on(self):
        @contextlib.contextmanager
        def reach(stage):
            sender = threading.Thread(target=send_until_closed, args=(stage,))
            sender.start()
            try:
                wait_for_compactions(stage)
                yield
            finally:
                if stage.agent.process:  # Something failed; the sender ends with it.
                    stage.agent.process.kill()
                sender.join()

        stage = self.away(environment={"TWINLOG_SPOOL_MAX_BYTES": "512MiB"})
        self.check_all_ways(stage, reach)
        self.check_everything_arrives(stage)

    def test_before_a_store_that_answers_nothing(self):
        @contextlib.contextmanager
        def reach(stage):
            with proxy.hole():
                stage.send(100)
                pending = 'twinlog_store_pending_records{store="postgres"}'
                harness.wait_until(lambda: stage.agent.metric(pending) >= 100, "events wait for it")
                yield

        stage = self.stage()
        proxy = FrameProxy(stage.database)
        self.addCleanup(proxy.close)
        stage.agent.config.write_text(stage.agent.config.read_text().replace(stage.agent.postgres, proxy.uri))
        stage.agent.postgres = proxy.uri
        self.check_all_ways(stage, reach)
        self.check_everything_arrives(stage)

    def test_with_100000_waiting(self):
        @contextlib.contextmanager
        def reach(stage):
            stage.send(max(1, 100_000 - len(stage.answered)))
            yield

        stage = self.away()
        self.check_all_ways(stage, reach)
        self.check_everything_arrives(stage)

    def test_with_everything_delivered_it_ends_without_waiting_for_the_drain_timeout_or_for_idle_senders(self):
        stage = self.stage()
        stage.start("1h")
        idle = Wire(stage.agent.socket)
        self.addCleanup(idle.close)
        stage.send(10)
        stage.agent.wait_delivered()
        stage.terminate()
        self.assertEqual(stage.exit_code(), 0)
        self.assertEqual(stage.left(), 0)
        self.assertNotIn("drain_cut_short", stage.log())

    def test_the_time_counts_from_a_drain_request_that_holds_and_one_that_was_met_leaves_it_whole(self):
        stage = self.away()
        stage.start("1h")
        stage.send(1)
        self.assertEqual(run("drain", "--config", stage.agent.config).returncode, 0)
        self.assertEqual(two_sigterms(stage, self), 0)
        self.assertLess(int(DRAIN_LINE.findall(stage.log())[0][1]), 3_600_000)
        stage = self.stage()
        stage.start("1h")
        stage.send(10)
        self.assertEqual(run("drain", "--wait", "--config", stage.agent.config).returncode, 0)
        stage.terminate()
        self.assertEqual(stage.exit_code(), 0)
        self.assertEqual(DRAIN_LINE.findall(stage.log()), [("3600000", "3600000")])

    def test_on_an_ephemeral_volume_what_is_left_is_exit_code_1_and_nothing_left_is_0(self):
        for stage, code, left in ((self.away(environment=EPHEMERAL), 1, 3), (self.stage(environment=EPHEMERAL), 0, 0)):
            with self.subTest(code=code):
                stage.start("1s" if code else "1h")
                stage.send(3)
                stage.terminate()
                self.assertEqual((stage.exit_code(), stage.left()), (code, left))

    @unittest.skipUnless(can_mount(), "needs root and a mount namespace")
    def test_what_is_left_is_told_in_the_termination_log_where_there_is_one(self):
        stage = self.away()
        devices = stage.agent.folder / "dev"
        devices.mkdir()
        for name in ("termination-log", "null", "urandom", "random", "zero"):
            (devices / name).touch()
        script = "; ".join([f"for d in null urandom random zero; do mount --bind /dev/$d {devices}/$d; done",
                            f"mount --rbind {devices} /dev", 'exec "$@"'])
        stage.agent.before_command = ["unshare", "--mount", "sh", "-ec", script, "sh"]
        stage.start("100ms")
        stage.send(7)
        stage.terminate()
        self.assertEqual(stage.exit_code(), 0)
        self.assertEqual((devices / "termination-log").read_text(),
                         "twinlog: stopped; events are left in the spool and will be delivered by the next start left=7\n")

    @unittest.skipUnless(can_mount(), "needs root and loop devices")
    def test_a_disk_that_does_not_answer_does_not_hold_it(self):
        volume = SmallVolume(128)
        self.addCleanup(volume.close)
        stage = self.away(environment={"TWINLOG_SPOOL_PATH": str(volume.path / "spool")})
        stage.start("100ms")
        stage.send(5)
        wire = Wire(stage.agent.socket)
        self.addCleanup(wire.close)
        with frozen(volume):
            wire.send(event("unanswered") + b"\n")
            harness.wait_until(lambda: hangs(stage.agent.process.pid), "a thread hangs in the disk")
            stage.terminate()
            harness.wait_until(lambda: " stopped: " in stage.log(), "it says that it stopped")
            self.assertEqual(stage.left(), 5)
            self.assertLess(stage.log().index(" spool_stuck: "), stage.log().index(" stopped: "))
        self.assertEqual(stage.exit_code(), 0)
        self.assertEqual(wire.line(), None)


if __name__ == "__main__":
    unittest.main()
