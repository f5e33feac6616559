"""Whatever is wrong with a store: senders get their answers, the other store gets everything, SIGTERM ends the agent within its
time and one line says what remains, and when the trouble is over both stores have everything, once.

The agent is started again while the trouble lasts, so each story is also one of a start into it, and of an end of it that
needs no restart.
"""
import re
import subprocess
import time
import unittest

import harness
import health_page
import health_scene
import health_store_rows as rows
import shared_stores
import small_volume
import store_troubles as troubles
from frame_proxy import FrameProxy

DRAIN_SECONDS = 1
# Beside the time for draining: what answers, blocked flushes and the disk get (agent/main/stopping.cpp).
GRACE_SECONDS = 13
STOPPED_LINE = re.compile(r" stopped: .*left=(\d+)")


class QuicklyStopped(health_scene.Scene):
    def make_agent(self, environment=None, **options):
        return super().make_agent(environment={"TWINLOG_AGENT_DRAIN_TIMEOUT": f"{DRAIN_SECONDS}s", **(environment or {})},
                                  **options)


class TroubledStores(shared_stores.SharedStores):
    def check(self, story, store, takes_some=False, sends=40):
        """`takes_some`: of what is sent meanwhile some may get there, so that less may be missing than is left."""
        scene = QuicklyStopped(self)
        told = story(scene)
        next(told)
        scene.deliver()
        next(told)
        scene.send(sends)
        self.check_other_store(scene, store)
        left, missing = self.left_after_stop(scene), scene.missing(store)
        if takes_some:
            self.assertGreaterEqual(left, missing, scene.agent.log_text())
        else:
            self.assertEqual(left, missing, scene.agent.log_text())
            self.assertGreaterEqual(missing, sends)
        scene.agent.start()
        scene.send(10)
        next(told, None)
        self.check_everything_is_there_once(scene)

    def check_other_store(self, scene, troubled):
        other = next(store for store in health_page.STORES if store != troubled)
        scene.wait_page(lambda page: health_page.store(page, other)["backlog_events"] == 0, f"{other} has everything")
        self.assertEqual(scene.missing(other), 0)

    def left_after_stop(self, scene):
        """What the one line says."""
        before, began = len(scene.agent.log_text()), time.monotonic()
        scene.agent.process.terminate()
        try:
            code = scene.agent.process.wait(DRAIN_SECONDS + GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self.fail(f"{time.monotonic() - began:.0f} s after SIGTERM it is still there:\n{scene.agent.log_text()[before:]}")
        scene.agent.process = None
        log = scene.agent.log_text()[before:]
        self.assertEqual(code, 0, log)
        said = STOPPED_LINE.findall(log)
        self.assertEqual(len(said), 1, log)
        return int(said[0])

    def check_everything_is_there_once(self, scene):
        agent = scene.agent
        agent.wait_delivered()
        agent.postgres = scene.server.uri(scene.database)
        path = self.folder / "sent.ndjson"
        path.write_bytes(b"\n".join(scene.raw) + b"\n")
        code, text = harness.compare(agent, path)
        self.assertEqual(code, 0, text + agent.log_text()[-3000:])
        for word in (health_scene.MARK, "INSERT INTO"):
            self.assertNotIn(word, agent.log_text().replace(health_scene.WRITER, ""))

    def test_half_open_connections_are_given_up_and_new_ones_bring_everything(self):
        scene = QuicklyStopped(self)
        proxies = [FrameProxy(getattr(scene, store)) for store in health_page.STORES]
        for proxy in proxies:
            self.addCleanup(proxy.close)
        scene.start(postgres=f'uri = "{proxies[0].uri}"', mongodb=f'uri = "{proxies[1].uri}"')
        scene.deliver()
        with proxies[0].half_open(), proxies[1].half_open():
            scene.send(40)
            self.check_everything_is_there_once(scene)

    def test_postgres_stopped(self):
        self.check(rows.postgres_stopped, "postgres")

    def test_document_store_stopped(self):
        self.check(rows.document_store_stopped, "mongodb")

    def test_postgres_black_holed(self):
        self.check(rows.postgres_black_holed, "postgres")

    def test_document_store_black_holed(self):
        self.check(rows.document_store_black_holed, "mongodb")

    def test_postgres_slow(self):
        self.check(troubles.postgres_slow, "postgres", takes_some=True, sends=400)

    def test_document_store_slow(self):
        self.check(troubles.document_store_slow, "mongodb", takes_some=True, sends=400)

    def test_postgres_resets_every_connection(self):
        self.check(troubles.postgres_resets_every_connection, "postgres", takes_some=True)

    def test_document_store_resets_every_connection(self):
        self.check(troubles.document_store_resets_every_connection, "mongodb", takes_some=True)

    def test_postgres_half_open(self):
        self.check(troubles.postgres_half_open, "postgres")

    def test_document_store_half_open(self):
        self.check(troubles.document_store_half_open, "mongodb")

    def test_in_recovery(self):
        self.check(rows.in_recovery, "postgres")

    def test_read_only(self):
        self.check(rows.read_only, "postgres")

    def test_out_of_connections(self):
        self.check(rows.out_of_connections, "postgres")

    @unittest.skipUnless(small_volume.can_mount(), "needs root and loop devices")
    def test_disk_of_postgres_full(self):
        self.check(rows.disk_of_postgres_full, "postgres", sends=200)

    def test_table_locked(self):
        self.check(rows.table_locked, "postgres")

    def test_pooler_exhausted(self):
        self.check(troubles.pooler_exhausted, "postgres")

    def test_document_store_not_primary(self):
        self.check(troubles.document_store_not_primary, "mongodb")

    def test_document_store_without_majority(self):
        self.check(troubles.document_store_without_majority, "mongodb", takes_some=True)


if __name__ == "__main__":
    unittest.main()
