"""After a kill at any moment the counters of what waits are what a recount says: of the spool's own export, of the rows of each
store, and of what was answered. No gauge is negative or absurdly large, and nothing is full that is not."""
import json
import random
import signal
import unittest

import psycopg
import pymongo

import field
import harness
from command import run
from forgetting_case import STORES
from frame_proxy import FrameProxy

KILLS = 8
ABSURD = 2 ** 53
GAUGES_THAT_MAY_BE_NEGATIVE = ("twinlog_store_clock_offset_seconds",)
# Longer than the test: what is delivered stays until the end, where it is trimmed by a start that keeps nothing.
SETTINGS = {**field.QUICK, "TWINLOG_SPOOL_KEEP_DELIVERED": "1h"}


class Recount(unittest.TestCase):
    def setUp(self):
        self.seed = random.SystemRandom().randrange(1 << 32)
        self.random, self.versions, self.number = random.Random(self.seed), 0, 0
        print(f"seed {self.seed}", flush=True)
        servers = {"postgres": harness.StoreServer("postgres"), "mongodb": harness.StoreServer("mongo-java-server")}
        self.databases = {name: server.new_database() for name, server in servers.items()}
        self.proxies = {name: FrameProxy(self.databases[name]) for name in STORES}
        self.agent = harness.Agent(self.proxies["postgres"].uri, self.proxies["mongodb"].uri, environment=SETTINGS)
        for thing in (*servers.values(), *self.proxies.values(), self.agent):
            self.addCleanup(thing.close)

    def send(self, count):
        """Fresh events, with a conflict for each tenth and a repeat for each twentieth of them."""
        lines = []
        for _ in range(count):
            self.number += 1
            lines.append(field.event(self.number))
            if self.number % 20 == 0:
                lines.append(lines[-1])
        counts = harness.statuses(self.agent.send_lines(lines))
        self.versions += counts.get("stored", 0) + counts.get("conflict", 0)

    def rows(self, store):
        if store == "postgres":
            with psycopg.connect(self.databases[store]) as connection:
                if not connection.execute("SELECT to_regclass('auth_log_conflicts')").fetchone()[0]:
                    return 0
                return connection.execute("SELECT (SELECT count(*) FROM auth_logs) + "
                                          "(SELECT count(*) FROM auth_log_conflicts)").fetchone()[0]
        with pymongo.MongoClient(self.databases[store]) as client:
            return sum(client.get_default_database()[name].count_documents({}) for name in ("auth_logs", "auth_log_conflicts"))

    def gauge(self, name, store=None):
        return self.agent.metric(f'{name}{{store="{store}"}}' if store else f"{name} ")

    def check_counts(self):
        """Nothing gets to the stores meanwhile, but the cursor may lie behind what got there before the kill."""
        exported = run("spool", "export", "--config", self.agent.config)
        self.assertEqual(exported.returncode, 0, exported.stderr)
        self.assertEqual(len(exported.stdout.splitlines()), self.versions)
        self.assertEqual(self.gauge("twinlog_spool_records"), self.versions)
        self.assertEqual(self.gauge("twinlog_spool_full"), 0)
        for store in STORES:
            waiting, there = self.gauge("twinlog_store_pending_records", store), self.rows(store)
            self.assertGreaterEqual(waiting, self.versions - there, store)
            self.assertLessEqual(waiting, self.versions, store)
        self.check_all_gauges()

    def check_all_gauges(self):
        for line in self.agent.probe("/metrics")[1].splitlines():
            if line.startswith("twinlog_") and not line.startswith(GAUGES_THAT_MAY_BE_NEGATIVE):
                value = float(line.rsplit(" ", 1)[1])
                self.assertTrue(value != value or value == float("inf") or 0 <= value < ABSURD, line)

    def test_after_each_of_many_kills_what_waits_is_what_a_recount_says(self):
        self.agent.start()
        for _ in range(KILLS):
            open_stores = [store for store in STORES if self.random.random() < 0.5]
            for store in STORES:
                (self.proxies[store].is_open.set if store in open_stores else self.proxies[store].is_open.clear)()
            self.send(self.random.randrange(1, 200))
            for store in open_stores:
                if self.random.random() < 0.5:
                    harness.wait_until(lambda store=store: self.gauge("twinlog_store_pending_records", store) == 0, store)
            self.agent.stop(signal.SIGKILL)
            for proxy in self.proxies.values():
                proxy.is_open.clear()
            self.agent.start()
            with self.subTest(seed=self.seed):
                self.check_counts()
        for proxy in self.proxies.values():
            proxy.is_open.set()
        self.agent.wait_delivered()
        self.assertEqual([self.rows(store) for store in STORES], [self.versions] * 2)
        self.agent.stop()
        self.agent.environment["TWINLOG_SPOOL_KEEP_DELIVERED"] = "0s"
        self.agent.start()
        harness.wait_until(lambda: self.gauge("twinlog_spool_records") == 0, "the spool is trimmed")
        page = json.loads(self.agent.probe("/healthz")[1])
        self.assertEqual((page["state"], page["spool"]["waiting"]), ("ok", 0))
        self.check_all_gauges()


if __name__ == "__main__":
    unittest.main()
