"""Every series of /metrics moves, with real parts, and says what the scenario counts for itself."""
import itertools
import json
import os
import random
import re
import signal
import subprocess
import time
import unittest

import psycopg
import pymongo

import harness
import metrics_text
import small_volume
import two_servers
from metrics_tally import BASE_TYPES, CHANNELS, Movements, Tally
from wire import Wire

STORES = ("postgres", "mongodb")
MAX_BYTES = 24 << 20
TOKEN = "metrics-token"
QUICK = {"TWINLOG_RETRY_FIRST": "20ms", "TWINLOG_RETRY_MOST": "300ms"}
# What PostgreSQL answers when a trigger of ours says so, by what the agent does about it.
CODES = {"retry": "99999", "retry_smaller": "40001", "reconnect": "57P01", "retry_slowly": "53100", "hold": "42501",
         "stop": "XX001"}
REDACTED = {"key": {"metadata": {"password": "x"}},
            "jwt": {"user_agent": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"},
            "bearer": {"user_agent": "Bearer abcdef0123456789"},
            "basic": {"user_agent": "Basic dXNlcjpwYXNzd29yZA=="},
            "digest": {"user_agent": "Digest abcdef0123456789"},
            "token": {"user_agent": "ghp_abcdef0123456789"},
            "pem": {"service": "-----BEGIN PRIVATE KEY-----\na\n-----END PRIVATE KEY-----"},
            "header": {"user_agent": "Cookie: SID=x"},
            "url": {"service": "https://bob:x@h/"},
            "session": {"user_agent": "/a;jsessionid=0A1B"}}
REPAIRED = {"characters": '"service":"a\\u0000"', "cut": f'"service":"{"x" * 200}"', "wrong_value": '"user_id":1',
            "unknown_member": '"nobody_knows":1', "number": '"metadata":{"n":1e400}',
            "repeated_key": '"metadata":{"a":1,"a":2}', "metadata_limit": f'"metadata":{{"a":"{"x" * 9000}"}}'}
GET = b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"
ADMIN = {200: GET, 400: b"nonsense\r\n\r\n", 404: GET.replace(b"livez", b"nothing"), 405: GET.replace(b"GET", b"PUT"),
         413: GET.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\n\r\nx"), 431: GET[:-2] + b"X: " + b"x" * 9000 + b"\r\n\r\n"}

# Series that stand still here: what they look like, and why.
STILL = (
    (r"twinlog_(build_info|dead_letters_max_bytes|spool_capacity_bytes|spool_reserve_bytes|process_max_fds|process_start_time_seconds)\b",
     "settled at the start"),
    (r"twinlog_spool_(sync_errors_total|commit_errors_total|writable)$",
     "a disk that fails, not one that is full: tests/spool/disk_error_test.cpp"),
    (r"twinlog_spool_(unreadable_ids_total|ids_forgotten_total|lost_events|damaged_copies|damaged_bytes)$", "damage: tests/spool/damage_test.cpp"),
    (r"twinlog_admin_requests_total code=500", "a spool that cannot be read under a running agent"),
    (r"twinlog_ingest_(rejected|http_requests|peers_refused)_total\b", "tests/e2e/refusals_test.py, intake_access_test.py"),
    (r"twinlog_store_errors_total reaction=(?!reconnect )\w+ store=mongodb",
     "mongo-java-server refuses nothing at will: tests/mongodb/replies_test.cpp and error_table_test.cpp"),
    (r"twinlog_store_errors_total reaction=poison store=postgres",
     "what is refused for its content alone is set aside within the flush: tests/e2e/refused_events_test.py"),
    (r"twinlog_store_errors_total reaction=reconnect_smaller store=postgres",
     "a flush that stays without an answer: tests/postgres/blocked_flush_test.cpp"),
    (r"twinlog_ledger_epochs_total reason=first", "settled at the start"),
    (r"twinlog_ledger_epochs_total reason=(restart|roll_over|clock)", "tests/notary/epochs_test.cpp"),
    (r"twinlog_ledger_(audited_leaves_total|audits_failed_total)\b", "it looks back once a minute, longer than this lasts"),
    (r"twinlog_ledger_trouble$", "a disk that fails, not one that is full"),
    (r"twinlog_(store_)?dead_letters\w* store=mongodb",
     "mongo-java-server refuses nothing at will: tests/e2e/dead_letters_seen_test.py"),
    (r"twinlog_dead_letters_(replayed_total|to_replay)\b", "nobody orders it here: `twinlog spool dead-letters replay`"),
)
# RocksDB may or may not begin another thread; scene_process compares the number with the kernel's.
MAY_STAND_STILL = r"twinlog_process_threads$"


def event(number, **members):
    return json.dumps({"tenant_id": "acme", "log_id": f"e{number}", "event_type": "login_failed", "user_id": "u1",
                       "occurred_at": 1_700_000_000_000, **members}).encode()


class MetricsScenario(two_servers.TwoServersCase):
    def setUp(self):
        self.numbers = itertools.count()
        self.movements = Movements()

    def new(self, **members):
        return event(next(self.numbers), **members)

    def page(self):
        self.look()
        return metrics_text.scrape(self.agent)

    def wait(self, name, value, what="", **labels):
        harness.wait_until(lambda: self.page().value(name, **labels) == value, f"{name} {labels} is {value} {what}")

    def store_values(self, name, **labels):
        page = self.page()
        return [page.value(f"twinlog_store_{name}", store=store, **labels) for store in STORES]

    def test_every_series_moves_and_says_what_happened(self):
        for scene in (self.scene_start, self.scene_stores_away, self.scene_answers, self.scene_changes, self.scene_admin,
                      self.scene_reload, self.scene_full, self.scene_delivery, self.scene_store_repeats,
                      self.scene_refusals, self.scene_letters, self.scene_connections, self.scene_losses, self.scene_process,
                      self.scene_small_volume):
            began = time.monotonic()
            scene()
            self.look()
            print(f"{scene.__name__} {time.monotonic() - began:.1f} s", flush=True)
        self.assert_all_moved()

    def assert_all_moved(self):
        unmoved = sorted(f"{name} {' '.join(f'{label}={value}' for label, value in labels)}".strip()
                         for name, labels in self.movements.still())
        unexplained = [series for series in unmoved if not re.match(MAY_STAND_STILL, series) and
                       not any(re.match(form, series) for form, _ in STILL)]
        self.assertEqual(unexplained, [])
        for form, reason in STILL:
            self.assertTrue(any(re.match(form, series) for series in unmoved), f"moves after all: {form} ({reason})")

    # --- the scenes, in their order

    def scene_start(self):
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(),
                                   f'max_bytes = "{MAX_BYTES}B"\nkeep_delivered = "0s"\ncompression = "none"\n'
                                   '[log]\nlevel = "info"', QUICK)
        self.addCleanup(self.agent.close)
        token = self.agent.folder / "token"
        token.write_text(TOKEN)
        token.chmod(0o600)
        http = f'listen = "127.0.0.1:{self.agent.http}"\n'
        self.agent.config.write_text(self.agent.config.read_text().replace(
            http, f'{http}bearer_token_file = "{token}"\n'))
        self.tally = Tally(self.agent.start(), TOKEN)
        self.look = self.movements.watch(self.agent)
        self.wait("twinlog_state", 1, state="ok")
        self.unfinished = [Wire(self.agent.socket).send(b"{"), Wire(self.agent.http).send(GET[:9])]
        for peer in self.unfinished:
            self.addCleanup(peer.close)
        for transport in ("unix", "http"):
            self.wait("twinlog_ingest_connections", 1, transport=transport)

    def scene_stores_away(self):
        self.postgres.stop()
        self.documents.stop()
        self.tally.send(self.new())
        for store in STORES:
            self.wait("twinlog_store_connected", 0, store=store)
        self.assertEqual(self.page().value("twinlog_state", state="degraded"), 1)

    def scene_answers(self):
        pairs = itertools.product((*BASE_TYPES, "mfa_failed"), (*CHANNELS, None))
        lines = [self.new(event_type=kind, **({"channel": channel} if channel else {})) for kind, channel in pairs]
        for send in (self.tally.send, self.tally.post):
            self.assertEqual(set(send(*lines[:20])), {"stored"})
            self.assertEqual(set(send(*lines[:3])), {"duplicate"})
            self.assertEqual(send(event(f"v{len(lines)}"), json.dumps({**json.loads(lines[0]), "service":
                                                                       f"v{len(lines)}"}).encode()),
                             ["stored", "conflict"])
            self.assertEqual(send(self.new(tenant_id="")), ["rejected"])
            lines = lines[20:]
        self.assertEqual(self.tally.post_without_token(), 401)
        page = self.tally.check(self)
        for store in STORES:
            self.assertEqual(page.value("twinlog_store_pending_records", store=store), self.tally.accepted.total())
            self.assertGreater(page.value("twinlog_store_pending_bytes", store=store), 0)
            self.assertGreater(page.value("twinlog_store_lag_seconds", store=store), 0)

    def scene_changes(self):
        for rule, members in REDACTED.items():
            self.assert_counted("twinlog_redactions_total", rule, self.new(**members))
        for rule, text in REPAIRED.items():
            line = f'{{"tenant_id":"acme","event_type":"logout","occurred_at":1700000000000,{text}}}'
            self.assert_counted("twinlog_repairs_total", rule, line.encode())
        self.assert_counted("twinlog_repairs_total", "seconds",
                            b'{"tenant_id":"acme","event_type":"logout","occurred_at":1000}')
        page = self.tally.check(self)
        # One byte of the connection that is not finished yet.
        self.assertEqual(page.value("twinlog_ingest_bytes_total", transport="unix"), self.tally.unix_bytes + 1)

    def assert_counted(self, name, rule, line):
        """The line adds one to this rule and nothing to the others."""
        before = self.page()
        self.assertEqual(self.tally.send(line), ["stored"])
        after = self.page()
        self.assertEqual(after.value(name, rule=rule), before.value(name, rule=rule) + 1, rule)
        self.assertEqual(after.total(name), before.total(name) + 1, rule)

    def scene_admin(self):
        ways = {"port": (self.agent.admin, ADMIN), "socket": (self.agent.folder / "admin.sock", {
            **ADMIN, 400: GET.replace(b"livez", b"spool/export?after=x")})}
        for listener, (address, requests) in ways.items():
            for code, request in requests.items():
                peer = Wire(address)
                before = metrics_text.scrape(self.agent).value("twinlog_admin_requests_total", code=str(code),
                                                               listener=listener)
                self.assertEqual(peer.send(request).response()[0], code)
                peer.close()
                own = 1 if (code, listener) == (200, "port") else 0  # The scrape before.
                self.assertEqual(self.page().value("twinlog_admin_requests_total", code=str(code), listener=listener),
                                 before + 1 + 2 * own)

    def scene_reload(self):
        text = self.agent.config.read_text()
        for level, result in (("nonsense", "refused"), ("warn", "taken"), ("info", "taken")):
            self.agent.config.write_text(text.replace('level = "info"', f'level = "{level}"'))
            before = self.page().value("twinlog_config_reloads_total", result=result)
            self.agent.process.send_signal(signal.SIGHUP)
            self.wait("twinlog_config_reloads_total", before + 1, result=result)

    def scene_full(self):
        def large(kind):
            number = next(self.numbers)
            return event(number, event_type=kind, user_agent=random.Random(number).randbytes(500).hex())

        def fill(kind):
            while "stored" in self.tally.send(*[large(kind) for _ in range(200)]):
                self.assertLess(self.page().value("twinlog_spool_records"), 100_000, "the spool never fills")
        fill("logout")
        self.wait("twinlog_spool_base_types_only", 1)
        fill("login_failed")
        self.wait("twinlog_spool_full", 1)
        self.assertEqual(set(self.tally.post(large("logout"), large("login_failed"))), {"busy"})
        page = self.tally.check(self)
        self.wait("twinlog_state", 1, state="failing")
        self.assertEqual(page.value("twinlog_spool_records"), self.tally.accepted.total())
        self.assertLess(page.value("twinlog_spool_full_in_seconds"), 60)
        for address, listener in ((self.agent.admin, "port"), (self.agent.folder / "admin.sock", "socket")):
            before = self.page().value("twinlog_admin_requests_total", code="503", listener=listener)
            peer = Wire(address)
            self.assertEqual(peer.send(GET.replace(b"livez", b"readyz")).response()[0], 503)
            peer.close()
            self.wait("twinlog_admin_requests_total", before + 1, code="503", listener=listener)

    def scene_delivery(self):
        self.postgres.start()
        self.documents.start()
        self.agent.wait_delivered(120)
        page = self.page()
        for store in STORES:
            def value(name, store=store, **labels):
                return page.value(f"twinlog_store_{name}", store=store, **labels)
            results = [value("records_total", result=result) for result in ("inserted", "conflict", "duplicate")]
            self.assertEqual([*results[:2], results[2]], [*self.rows(store), 0])
            self.assertEqual(sum(results), self.tally.accepted.total())
            self.assertEqual(value("flush_size_events_sum"), sum(results))
            self.assertEqual(value("flush_seconds_count"), value("batches_total"))
            # A flush of the agent's own leaves alone holds no event.
            self.assertTrue(0 < value("flush_size_events_count") <= value("batches_total"))
            self.assertGreaterEqual(value("round_trips_total"), value("batches_total"))
            self.assertLess(abs(value("clock_offset_seconds")), 1)
            self.assertEqual((value("lag_seconds"), value("pending_bytes"), value("connected")), (0, 0, 1))
            self.assertLess(time.time() - value("last_success_timestamp_seconds"), 120)
        self.wait("twinlog_spool_full", 0)
        self.wait("twinlog_spool_records", 0, "as all is delivered and nothing kept")

    def rows(self, store):
        """Records and conflicts that the store has, by the test's own look."""
        names = ("auth_logs", "auth_log_conflicts")
        if store == "postgres":
            with psycopg.connect(self.agent.postgres) as connection:
                return [connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names]
        with pymongo.MongoClient(self.agent.mongodb) as client:
            return [client.get_default_database()[name].count_documents({}) for name in names]

    def scene_store_repeats(self):
        """What the spool has forgotten and a store has not; and a success that comes after later failures."""
        again = event(0)
        self.assertEqual(self.tally.send(again), ["stored"])
        self.agent.wait_delivered()
        self.assertEqual(self.store_values("records_total", result="duplicate"), [1, 1])
        before = self.store_values("account_recounts_total")
        self.tally.send(*[self.new(user_id="late", occurred_at=1_700_000_100_000 + n) for n in range(3)])
        self.agent.wait_delivered()
        self.tally.send(self.new(user_id="late", occurred_at=1_700_000_000_000, event_type="login_success"))
        self.agent.wait_delivered()
        self.assertEqual(self.store_values("account_recounts_total"), [value + 1 for value in before])

    def scene_refusals(self):
        """PostgreSQL answers each class of error; the events of all of them are delivered in the end."""
        for reaction, code in CODES.items():
            with psycopg.connect(self.agent.postgres, autocommit=True) as connection:
                connection.execute("CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                                   f"$$BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END$$")
                connection.execute("CREATE TRIGGER refuse BEFORE INSERT ON auth_logs EXECUTE FUNCTION refuse()")
                labels = {"reaction": reaction, "store": "postgres"}
                before = self.page().value("twinlog_store_errors_total", **labels)
                self.tally.send(self.new())
                harness.wait_until(lambda least=before, labels=labels: self.page().value(
                    "twinlog_store_errors_total", **labels) > least, reaction)
                self.assertGreater(self.page().value("twinlog_store_consecutive_failures", store="postgres"), 0)
                connection.execute("DROP TRIGGER refuse ON auth_logs")
            self.agent.wait_delivered()
        self.assertEqual(self.page().value("twinlog_store_consecutive_failures", store="postgres"), 0)

    def scene_letters(self):
        """What PostgreSQL refuses for good."""
        with psycopg.connect(self.agent.postgres, autocommit=True) as connection:
            connection.execute("ALTER TABLE auth_logs ADD CONSTRAINT nobody CHECK (actor_id IS NULL)")
            self.tally.send(self.new(actor_id="somebody"))
            self.agent.wait_delivered()
            connection.execute("ALTER TABLE auth_logs DROP CONSTRAINT nobody")
        page = self.page()
        for name in ("dead_letters", "dead_letters_accounts", "store_dead_letters_total"):
            self.assertEqual(page.value(f"twinlog_{name}", store="postgres"), 1, name)
        self.assertGreater(page.value("twinlog_dead_letters_bytes", store="postgres"), 100)
        oldest = page.value("twinlog_dead_letters_oldest_timestamp_seconds", store="postgres")
        self.assertLess(abs(time.time() - oldest), 60)

    def scene_connections(self):
        for transport in ("unix", "http"):
            self.wait("twinlog_ingest_connections_cut_total", 1, "as it was not finished in 30 s", transport=transport)
            self.wait("twinlog_ingest_connections", 0, transport=transport)

    def scene_losses(self):
        self.wait("twinlog_spool_records", 0)
        # A document store that lives in memory has forgotten the beginning of the epoch with its last stop.
        before = dict(zip(STORES, self.store_values("rewinds_total")))
        with psycopg.connect(self.agent.postgres) as connection:
            connection.execute("UPDATE twinlog_agents SET last_leaf_index = 1")
        with pymongo.MongoClient(self.agent.mongodb) as client:
            client.get_default_database().twinlog_agents.update_many({}, {"$set": {"last_leaf_index": 1}})
        for store in STORES:
            self.wait("twinlog_store_rewinds_total", before[store] + 1, store=store)
        self.assertTrue(all(0 < since < time.time() for since in
                            self.store_values("incomplete_since_timestamp_seconds")))
        self.tally.send(self.new())
        self.agent.wait_delivered()
        with psycopg.connect(self.agent.postgres) as connection:
            connection.execute("UPDATE twinlog_agents SET last_leaf_index = last_leaf_index + 1000")
        with pymongo.MongoClient(self.agent.mongodb) as client:
            client.get_default_database().twinlog_agents.update_many({}, {"$inc": {"last_leaf_index": 1000}})
        for store in STORES:
            self.wait("twinlog_store_position_ahead", 1, store=store)
        self.tally.check(self)

    def scene_process(self):
        page, process = self.page(), f"/proc/{self.agent.process.pid}"
        with open(f"{process}/status", encoding="ascii") as file:
            status = dict(line.split(":", 1) for line in file)
        self.assertEqual(page.value("twinlog_process_threads"), int(status["Threads"]))
        resident = page.value("twinlog_process_resident_memory_bytes")
        self.assertLess(abs(resident - 1024 * int(status["VmRSS"].split()[0])), resident / 5)
        self.assertLess(abs(page.value("twinlog_process_open_fds") - len(os.listdir(f"{process}/fd"))), 5)
        limit = subprocess.run(["prlimit", "--pid", str(self.agent.process.pid), "--nofile", "--noheadings", "--output",
                                "SOFT"], check=True, capture_output=True, text=True)
        self.assertEqual(page.value("twinlog_process_max_fds"), int(limit.stdout))
        with open(f"{process}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        self.assertLess(abs(page.value("twinlog_process_cpu_seconds_total") - cpu), 1)
        self.assertLess(abs(page.value("twinlog_process_start_time_seconds") - os.stat(process).st_ctime), 600)

    def scene_small_volume(self):
        """A second agent whose volume a neighbour fills: what the spool may take becomes less."""
        if not small_volume.can_mount():
            self.skipTest("mounting a small file system needs root and loop devices")
        volume = small_volume.SmallVolume(32)
        self.addCleanup(volume.close)
        agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(), environment={
            **QUICK, "TWINLOG_SPOOL_PATH": str(volume.path / "spool")})
        self.addCleanup(agent.close)
        self.agent = agent.start()
        self.look = self.movements.watch(agent)
        before = self.page().value("twinlog_spool_limit_bytes")
        volume.fill()
        harness.wait_until(lambda: self.page().value("twinlog_spool_limit_bytes") < before, "the limit is less")


if __name__ == "__main__":
    unittest.main()
