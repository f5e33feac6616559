"""One store is black-holed for a minute, with --long for 15 (it accepts and never answers), at trickle and at full load.

Failure mode 7. The other store must not notice: what it is given can be read there while the hole is there. Its lag, from
the answer that an event was given to the moment when it can be read there, has nothing of the hole's length; that it is
below 2 s at p99 on a quiet machine is printed, and demanded with --long. And the process does not grow with the hole: from
its beginning until the store has caught up, its resident memory stays within 16 MiB of what a warm-up of the same shape
took, a shorter hole with a burst of events. That fills the spool's memtables and caches, which are bounded, 48 MiB, and
which an agent just started, or one whose files were just given back, does not use. After the hole both stores have
everything, once.

Full load is what one sender brings at a bounded rate, so that the test measures the agent and not the machine. All four
cases run at once, each with an agent, a proxy and databases of its own.
"""
import collections
import json
import os
import pathlib
import socket
import threading
import time
import unittest
import unittest.mock

import psycopg
import pymongo

import harness
from frame_proxy import FrameProxy

IS_LONG = bool(os.environ.get("TWINLOG_LONG"))
HOLE_SECONDS = 900 if IS_LONG else 60
CATCH_UP_SECONDS = 1200 if IS_LONG else 120
# What waited for the hole's end would have a lag of half its length in the middle. A machine that is busy with other tests
# has lags of seconds without any hole, so that the promised 2 s are demanded in the long form alone.
LAG_MOST_SECONDS = 2.0 if IS_LONG else HOLE_SECONDS / 4
GROWTH_MOST_KIB = 16 * 1024
LOOK_SECONDS = 0.05
USERS = 500
# (events at once, seconds between two sends, events of the warm-up's burst)
# The document server keeps all of it in memory, so that 15 minutes have a fifth of the rate. What they bring would fill the
# cache of blocks, 48 MiB with the memtables: the burst does it before.
TRICKLE, FULL = (1, 0.25, 2_000), (100, 0.25, 800_000) if IS_LONG else (100, 0.05, 40_000)
SETTINGS = {"TWINLOG_RETRY_MOST": "2s"}


class Case:
    """One agent with one of its stores behind a proxy."""

    def __init__(self, holed, load, postgres, documents):
        self.name, self.holed, self.load = f"{holed}, {'trickle' if load is TRICKLE else 'full load'}", holed, load
        self.databases = {"postgres": postgres.new_database(), "mongodb": documents.new_database()}
        self.proxy = FrameProxy(self.databases[holed])
        addresses = {**self.databases, holed: self.proxy.uri}
        self.agent = harness.Agent(addresses["postgres"], addresses["mongodb"], environment=SETTINGS)
        self.answered, self.visible, self.memory = [], [], []
        self.sent, self.is_over, self.faults = 0, threading.Event(), []
        self.thread = threading.Thread(target=self.run)

    def close(self):
        self.is_over.set()
        self.agent.close()
        self.proxy.close()

    # --- The sender

    def lines(self, count):
        self.sent += count
        return [json.dumps({"tenant_id": "acme", "log_id": f"e{number}", "event_type": "login_failed",
                            "occurred_at": 1_700_000_000_000 + number, "user_id": f"u{number % USERS}",
                            "ip": "192.0.2.7"}).encode() + b"\n"
                for number in range(self.sent - count, self.sent)]

    def send(self, client, reader, count):
        client.sendall(b"".join(self.lines(count)))
        for _ in range(count):
            answer = reader.readline()
            if not answer.startswith(b'{"status":"stored"'):
                self.faults.append(f"answered {answer}")
            self.answered.append(time.monotonic())

    def send_for(self, client, reader, seconds):
        count, pause, _ = self.load
        began = due = time.monotonic()
        while due < began + seconds:
            self.send(client, reader, count)
            due = max(due + pause, time.monotonic() - 1)  # Behind by more than a second: that load is not brought.
            self.is_over.wait(max(0.0, due - time.monotonic()))

    # --- The two observers

    def watch_position(self):
        """(moment, last leaf that can be read in the healthy store); the position comes with or after its events."""
        healthy = "mongodb" if self.holed == "postgres" else "postgres"
        with psycopg.connect(self.databases["postgres"], autocommit=True) as connection, \
                pymongo.MongoClient(self.databases["mongodb"]) as client:
            agents = client.get_default_database().twinlog_agents
            is_last = False
            while not is_last:
                is_last = self.is_over.wait(LOOK_SECONDS)  # One look after the end, too.
                if healthy == "postgres":
                    row = connection.execute("SELECT last_leaf_index FROM twinlog_agents").fetchone()
                    leaf = row[0] if row else 0
                else:
                    leaf = (agents.find_one() or {"last_leaf_index": 0})["last_leaf_index"]
                self.visible.append((time.monotonic(), leaf))

    def watch_memory(self):
        status = pathlib.Path(f"/proc/{self.agent.process.pid}/status")
        while not self.is_over.wait(0.5):
            resident = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
            self.memory.append((time.monotonic(), int(resident.split()[1])))

    # --- The minute

    def run(self):
        try:
            self.agent.start()
            watchers = [threading.Thread(target=watch) for watch in (self.watch_position, self.watch_memory)]
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(harness.PATIENCE)
                client.connect(str(self.agent.socket))
                reader = client.makefile("rb")
                watchers[1].start()
                self.warm_up(client, reader)
                watchers[0].start()  # There are tables by now.
                self.minute(client, reader)
            self.is_over.set()
            for watcher in watchers:
                watcher.join()
        except Exception as error:  # Of this thread; the test reports it.
            self.faults.append(repr(error))
            self.is_over.set()

    def warm_up(self, client, reader):
        self.send(client, reader, 1)
        self.agent.wait_delivered()
        with self.proxy.hole():
            while self.sent < self.load[2]:
                self.send(client, reader, min(500, self.load[2] - self.sent))
        self.agent.wait_delivered(CATCH_UP_SECONDS)

    def minute(self, client, reader):
        self.send_for(client, reader, 5)
        self.began = time.monotonic()
        with self.proxy.hole():
            self.send_for(client, reader, HOLE_SECONDS)
            self.ended = time.monotonic()
            self.waiting = int(self.agent.metric(f'twinlog_store_pending_records{{store="{self.holed}"}}'))
        self.agent.wait_delivered(CATCH_UP_SECONDS)
        self.caught_up = time.monotonic()

    # --- What came of it

    def lags(self):
        """Seconds from answer to sight, of each event that was answered while the hole was there."""
        lags, place = [], 0
        for leaf, moment in enumerate(self.answered, 1):
            while place < len(self.visible) and self.visible[place][1] < leaf:
                place += 1
            if self.began <= moment <= self.ended:
                seen = self.visible[place][0] if place < len(self.visible) else float("inf")
                lags.append(max(0.0, seen - moment))
        return sorted(lags)

    def growth(self):
        """KiB at most in the warm-up, and how much more it was at most from the hole's beginning until the store had caught up."""
        usual = max(kib for moment, kib in self.memory if moment <= self.began)
        return usual, max(kib for moment, kib in self.memory if moment > self.began) - usual


def contents(case):
    """(ids, failures by account) of each store."""
    with psycopg.connect(case.databases["postgres"]) as connection:
        ids = collections.Counter(row[0] for row in connection.execute("SELECT log_id FROM auth_logs"))
        accounts = dict(connection.execute("SELECT account, failed_login_attempts FROM account_lockouts").fetchall())
    yield "postgres", ids, accounts
    with pymongo.MongoClient(case.databases["mongodb"]) as client:
        database = client.get_default_database()
        # In pieces: this server puts all that is asked for into one message, however large.
        rows = database.auth_logs.find({}, {"log_id": 1}, batch_size=10_000)
        ids = collections.Counter(row["log_id"] for row in rows)
        accounts = {row["account"]: row["failed_login_attempts"] for row in database.account_lockouts.find()}
    yield "mongodb", ids, accounts


class BlackHole(unittest.TestCase):
    def server(self, kind):
        server = harness.StoreServer(kind)
        self.addCleanup(server.close)
        return server

    @classmethod
    def setUpClass(cls):
        # The document server keeps everything in memory. With its whole heap from the start it need not collect all of
        # it to grow, which takes seconds on a busy machine and would be measured as lag.
        cls.enterClassContext(unittest.mock.patch.dict(os.environ, JAVA_TOOL_OPTIONS="-Xms1g"))

    def test_a_black_hole_for_one_store_touches_neither_the_others_lag_nor_the_memory(self):
        postgres = self.server("postgres")
        cases = [Case(holed, load, postgres, self.server("mongo-java-server"))
                 for holed in ("postgres", "mongodb") for load in (TRICKLE, FULL)]
        with harness.closing(*cases):
            for case in cases:
                case.thread.start()
            for case in cases:
                case.thread.join()
            for case in cases:
                with self.subTest(case.name):
                    self.check(case)

    def check(self, case):
        self.assertEqual(case.faults, [], case.agent.log_text()[-3000:])
        lags, (usual, growth) = case.lags(), case.growth()
        p99 = lags[int(len(lags) * 0.99)]
        print(f"\n{case.name}: {len(lags)} events in the hole, lag p50 {lags[len(lags) // 2]:.2f} s, p99 {p99:.2f} s, "
              f"most {lags[-1]:.2f} s; RSS {usual} KiB at most in the warm-up, {growth:+} KiB in the hole; "
              f"{case.waiting} events waited and were delivered in {case.caught_up - case.ended:.1f} s", flush=True)
        # The hole was one: all that was sent meanwhile waits, but what a flush had under way.
        self.assertGreaterEqual(case.waiting, len(lags) * 0.9)
        self.assertLess(p99, LAG_MOST_SECONDS, case.agent.log_text()[-3000:])
        self.assertLessEqual(growth, GROWTH_MOST_KIB)
        self.assertIn("store_flush_failed", case.agent.log_text())
        names = {f"e{number}" for number in range(case.sent)}
        failures = collections.Counter(f"id:u{number % USERS}" for number in range(case.sent))
        for store, ids, accounts in contents(case):
            self.assertEqual((len(ids), ids.total(), ids.keys() == names), (case.sent, case.sent, True), store)
            self.assertEqual(accounts, failures, store)


if __name__ == "__main__":
    unittest.main()
