"""Ids that the agent makes, times as senders write them, clocks that are wrong; the same through socket and HTTP."""
import datetime
import glob
import json
import re
import signal
import subprocess
import sys
import time
import unittest
import uuid

import psycopg
import pymongo

import command
import harness
import two_servers

sys.path.insert(0, str(harness.ROOT / "tests/oracle"))
import normalise

FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)

# What a sender may write, and what it means.
TAKEN = [
    ("2026-01-05T12:00:00Z", "2026-01-05T12:00:00+00:00"),
    ("2026-01-05t12:00:00.5z", "2026-01-05T12:00:00.5+00:00"),
    ("2026-01-05 12:00:00Z", "2026-01-05T12:00:00+00:00"),
    ("2026-01-05T12:00:00+05:30", "2026-01-05T06:30:00+00:00"),
    ("2026-01-05T12:00:00-23:59", "2026-01-06T11:59:00+00:00"),
    ("2026-01-05T12:00:00-00:00", "2026-01-05T12:00:00+00:00"),
    ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999+00:00"),
    ("2017-01-01T05:29:60.25+05:30", "2016-12-31T23:59:59.999999+00:00"),
    ("2026-01-05T12:00:00.1234567Z", "2026-01-05T12:00:00.123456+00:00"),
    ("2026-01-05T12:00:00.999999999999999999999Z", "2026-01-05T12:00:00.999999+00:00"),
    ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999+00:00"),
    ("1600-02-29T00:00:00Z", "1600-02-29T00:00:00+00:00"),
    ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
    ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999+00:00"),
    ("9999-12-31T23:59:60Z", "9999-12-31T23:59:59.999999+00:00"),
    (0, "1970-01-01T00:00:00+00:00"),
    (-1, "1969-12-31T23:59:59+00:00"),
    (1_767_614_400, "2026-01-05T12:00:00+00:00"),
    (1_767_614_400.25, "2026-01-05T12:00:00.25+00:00"),
    (99_999_999_999, "5138-11-16T09:46:39+00:00"),
    (100_000_000_000, "1973-03-03T09:46:40+00:00"),
    (-100_000_000_000, "1966-10-31T14:13:20+00:00"),
    (-62_135_596_800, "0001-01-01T00:00:00+00:00"),
    (1_767_614_400_123, "2026-01-05T12:00:00.123+00:00"),
    (-62_135_596_800_000, "0001-01-01T00:00:00+00:00"),
    (253_402_300_799_999, "9999-12-31T23:59:59.999+00:00"),
]
REFUSED = [
    "10000-01-01T00:00:00Z", "+10000-01-01T00:00:00Z", "0000-12-31T23:59:59Z", "-0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "2026-01-05T12:00:00", "2026-01-05", "12:00:00Z",
    "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
    "2026-01-05T24:00:00Z", "2026-01-05T12:60:00Z", "2026-01-05T12:00:61Z", "2026-01-05T12:00:00+24:00",
    "2026-01-05T12:00:00.Z", " 2026-01-05T12:00:00Z", "2026-01-05T12:00:00Z ", "1767614400123", "", "now",
    253_402_300_800_000, -62_135_596_800_001, 10**30, -99_999_999_999, 1_767_614_400_000.5, True, [], {}, None,
]


def micros(text):
    return (datetime.datetime.fromisoformat(text) - EPOCH) // datetime.timedelta(microseconds=1)


def line(tenant="acme", **members):
    event = {"tenant_id": tenant, "event_type": "login_failed", "occurred_at": 1_767_614_400_000, "user_id": "u1",
             **members}
    return json.dumps(event).encode()


def is_in_the_future(text):
    try:
        return normalise.normalise(text, "")["occurred_at"] > time.time() * 1e6
    except normalise.Refused:
        return False


def without(members, *names):
    return {name: value for name, value in members.items() if name not in names}


class IdsAndClocks(two_servers.TwoServersCase):
    def agent(self, **environment):
        agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(), environment=environment)
        self.addCleanup(agent.close)
        return agent.start()

    def rows(self, agent, sql, *values):
        with psycopg.connect(agent.postgres) as connection:
            return connection.execute(sql, values).fetchall()

    def store_documents(self, agent, collection="auth_logs"):
        with pymongo.MongoClient(agent.mongodb) as client:
            return list(client.get_default_database()[collection].find())

    def one_id(self, agent, text):
        (answer,) = agent.send_lines([text])
        self.assertIn(answer["status"], ("stored", "duplicate"))
        return answer["log_id"]

    # --- ids

    def assert_made_for(self, log_id, occurred_at_ms, version=7):
        made = uuid.UUID(log_id)
        self.assertEqual(str(made), log_id)
        self.assertEqual((made.version, made.variant), (version, uuid.RFC_4122))
        self.assertEqual(made.int >> 80, occurred_at_ms % 2**48)

    def test_an_id_of_the_agent_is_a_uuid_of_version_7_with_the_time_of_the_event(self):
        agent = self.agent()
        for occurred_at in (1_767_614_400_123, -100_000_000_000, -62_135_596_800_000, 253_402_300_799_999):
            self.assert_made_for(self.one_id(agent, line(occurred_at=occurred_at)), occurred_at)
        self.assert_made_for(self.one_id(agent, line(occurred_at="1969-12-31T23:59:59.9995Z")), -1)
        self.assert_made_for(self.one_id(agent, line(occurred_at=1_767_614_400)), 1_767_614_400_000)
        agent.wait_delivered()
        in_postgres = {row[0] for row in self.rows(agent, "SELECT log_id FROM auth_logs")}
        self.assertEqual(in_postgres, {document["log_id"] for document in self.store_documents(agent)})
        self.assertEqual(len(in_postgres), 6)

    def test_equal_events_without_an_id_are_as_many_events_as_were_sent_on_every_way_in(self):
        agent = self.agent()
        three = [line(), line(), line(service="web")]
        answers = agent.send_lines(three) + agent.send_lines(three) + agent.post_lines(three)
        answers += agent.post(b"[" + b",".join(three) + b"]", "application/json")[1]["results"]
        answers += agent.post(line(), "application/json")[1]["results"]
        agent.stop(signal.SIGKILL)
        agent.start()
        answers += agent.send_lines([line()])
        self.assertEqual(harness.statuses(answers), {"stored": 14})
        self.assertEqual(len({answer["log_id"] for answer in answers}), 14)
        agent.wait_delivered()
        self.assertEqual(self.rows(agent, "SELECT failed_login_attempts FROM account_lockouts"), [(14,)])
        path = agent.folder / "sent.ndjson"
        path.write_bytes(b"\n".join(three * 4 + [line()] * 2))
        code, text = harness.compare(agent, path)
        self.assertEqual(code, 0, text)

    def test_a_request_with_an_idempotency_key_that_is_sent_again_is_answered_duplicate(self):
        agent = self.agent()
        three = [line(), line(), line(log_id="own")]

        def post(key, body=b"\n".join(three), form="application/x-ndjson"):
            return agent.post(body, form, {"Idempotency-Key": key})[1]["results"]
        first = post("k-1")
        self.assertEqual(harness.statuses(first), {"stored": 3})
        for answer in first[:2]:
            self.assert_made_for(answer["log_id"], 1_767_614_400_000, version=8)
        agent.stop(signal.SIGKILL)
        agent.start()
        for again in (post("k-1"), post("k-1", b"[" + b",".join(three) + b"]", "application/json")):
            self.assertEqual(again, [{**answer, "status": "duplicate"} for answer in first])
        self.assertEqual([answer["status"] for answer in post("k-2")], ["stored", "stored", "duplicate"])
        self.assertEqual([answer["status"] for answer in post("k-1", line(user_id="other"))], ["conflict"])
        other_spool = self.agent().post(b"\n".join(three), headers={"Idempotency-Key": "k-1"})[1]["results"]
        self.assertNotEqual(other_spool[0]["log_id"], first[0]["log_id"])

    def test_an_idempotency_key_that_is_none_is_400_and_stores_nothing(self):
        agent = self.agent()
        for key in ("", "a b", "é", "k" * 256):
            status, answer = agent.post(line(log_id="x"), headers={"Idempotency-Key": key.encode()})
            self.assertEqual(status, 400, key)
            self.assertIn("Idempotency-Key", answer["error"]["reason"])
        self.assertEqual(agent.post(line(log_id="x"), headers={"Idempotency-Key": "k" * 255})[1]["results"][0]["status"],
                         "stored")

    def test_an_id_of_the_agent_that_is_sent_with_the_event_is_that_event(self):
        agent = self.agent()
        log_id = self.one_id(agent, line())
        self.assertEqual(agent.send_lines([line(log_id=log_id)])[0]["status"], "duplicate")

    def test_the_same_key_with_other_content_is_a_conflict_kept_once_beside_an_untouched_record(self):
        agent = self.agent()
        original, other, third = (line(log_id="Key", service=name) for name in ("first", "other", "third"))
        sent = [original, other, original, other, third, line(log_id="key", service="other"),
                line("acme2", log_id="Key", service="other")]
        self.assertEqual([answer["status"] for answer in agent.send_lines(sent)],
                         ["stored", "conflict", "duplicate", "duplicate", "conflict", "stored", "stored"])
        self.assertEqual(harness.statuses(agent.post_lines(sent)), {"duplicate": 7})
        agent.wait_delivered()
        path = agent.folder / "sent.ndjson"
        path.write_bytes(b"\n".join(sent))
        code, text = harness.compare(agent, path)
        self.assertEqual(code, 0, text)
        key = "WHERE tenant_id = 'acme' AND log_id = 'Key'"
        self.assertEqual(self.rows(agent, f"SELECT service, has_conflict FROM auth_logs {key}"), [("first", True)])
        kept = self.rows(agent, f"SELECT service FROM auth_log_conflicts {key} ORDER BY service")
        self.assertEqual(kept, [("other",), ("third",)])
        self.assertEqual(sorted(document["service"] for document in self.store_documents(agent, "auth_log_conflicts")),
                         ["other", "third"])

    # --- times

    def test_times_mean_the_same_on_both_ways_in_and_in_both_stores(self):
        agent = self.agent()
        now = micros(datetime.datetime.now(UTC).isoformat())

        def lines(tenant):
            return [line(tenant, log_id=f"t{n}", occurred_at=text) for n, (text, _) in enumerate(TAKEN)]
        self.assertEqual(harness.statuses(agent.send_lines(lines("mobile"))), {"stored": len(TAKEN)})
        self.assertEqual(harness.statuses(agent.post_lines(lines("web"))), {"stored": len(TAKEN)})
        agent.wait_delivered()
        times = "(extract(epoch from %s) * 1000000)::bigint"
        columns = ", ".join(times % name for name in ("occurred_at", "effective_at", "received_at"))
        rows = self.rows(agent, f"SELECT tenant_id, log_id, {columns} FROM auth_logs")
        documents = [(document["tenant_id"], document["log_id"], document["occurred_at_us"],
                      document["effective_at_us"], document["received_at_us"])
                     for document in self.store_documents(agent)]
        self.assertEqual(sorted(rows), sorted(documents))
        self.assertEqual(len(rows), 2 * len(TAKEN))
        for tenant, log_id, occurred_at, effective_at, received_at in rows:
            text, meaning = TAKEN[int(log_id[1:])]
            self.assertEqual(occurred_at, micros(meaning), (tenant, text))
            self.assertEqual(effective_at, min(occurred_at, received_at), (tenant, text))
            self.assertTrue(now <= received_at < now + 60_000_000, (tenant, text))

    def test_times_that_are_none_are_refused_by_the_name_of_the_field_on_both_ways_in(self):
        agent = self.agent()
        lines = [line(occurred_at=value) for value in REFUSED]
        by_socket = agent.send_lines(lines)
        for value, answer in zip(REFUSED, by_socket, strict=True):
            self.assertEqual((answer["status"], answer.get("error", {}).get("field")), ("rejected", "occurred_at"), value)
        self.assertEqual(agent.post(b"\n".join(lines))[0], 422)
        by_http = agent.post(b"\n".join([*lines, line(log_id="fine")]))[1]["results"]
        self.assertEqual(by_http[:-1], by_socket)

    def test_f09_an_end_of_a_lock_beyond_the_year_9999_is_the_last_moment_and_a_permanent_lock(self):
        agent = self.agent()
        for way, send in (("mobile", agent.send_lines), ("web", agent.post_lines)):
            answers = send([line(way, log_id=f"l{n}", event_type="account_locked", user_id=f"u{n}",
                                 account_locked_until=until)
                            for n, until in enumerate(("10000-01-01T00:00:00Z", 10**15, "infinity", "2026-01-05T12:00:60Z"))])
            self.assertEqual(harness.statuses(answers), {"stored": 4})
            success = line(way, log_id="in", event_type="login_success", user_id="u2", occurred_at=1_767_614_500_000)
            self.assertEqual(harness.statuses(send([success])), {"stored": 1})
        agent.wait_delivered()
        ends = self.rows(agent, "SELECT lock_kind, (extract(epoch from account_locked_until) * 1000000)::bigint FROM "
                                "account_lockouts ORDER BY tenant_id, account")
        last, minute = micros("9999-12-31T23:59:59.999999+00:00"), micros("2026-01-05T12:00:59.999999+00:00")
        self.assertEqual(ends, 2 * [("permanent", last), ("permanent", last), ("permanent", last), ("temporary", minute)])
        shown = [(document["lock_kind"], document["account_locked_until_us"])
                 for document in sorted(self.store_documents(agent, "account_lockouts"), key=lambda each: each["_id"])]
        self.assertEqual(shown, ends)

    def test_times_that_no_clock_in_order_gives_are_counted_and_named_by_send(self):
        agent = self.agent()
        ahead = int(time.time() * 1000) + 86_400_000
        odd = [line(log_id=f"odd{n}", occurred_at=at) for n, at in enumerate((1, 946_684_799_999, ahead + 60_000))]
        fine = [line(log_id=f"fine{n}", occurred_at=at) for n, at in enumerate((946_684_800_000, ahead - 60_000, 1_767_614_400))]
        path = agent.folder / "times.ndjson"
        path.write_bytes(b"\n".join(odd + fine))
        done = command.run("send", "--socket", agent.socket, path)
        self.assertIn("warning: 3 lines say a time before the year 2000", done.stdout)
        self.assertEqual(agent.metric("twinlog_ingest_implausible_times_total "), 3)
        path.write_bytes(b"\n".join(fine))
        self.assertNotIn("2000", command.run("send", "--socket", agent.socket, path).stdout)

    # --- the agent's own clock

    def with_clock(self, moment):
        """An agent whose wall clock started at that moment."""
        self.assertTrue(FAKETIME, "libfaketime is missing; run packaging/install-deps --tests")
        return {"LD_PRELOAD": FAKETIME[0], "FAKETIME": f"@{moment}", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}

    def test_an_agent_whose_clock_is_wrong_keeps_every_event_and_the_accounts_are_what_its_times_say(self):
        agent = self.agent(**self.with_clock("2001-09-09 01:46:40"))
        sent = [line(log_id=f"past{n}", occurred_at=1_767_614_400_000 + n) for n in range(5)]
        self.assertEqual(harness.statuses(agent.send_lines(sent)), {"stored": 5})
        self.assert_made_for(self.one_id(agent, line(user_id="u2")), 1_767_614_400_000)
        agent.wait_delivered()
        agent.stop(signal.SIGKILL)
        agent.environment.update(self.with_clock("2040-01-01 00:00:00"))
        agent.start()
        future = [line(log_id=f"future{n}", occurred_at=2_300_000_000_000 + n) for n in range(5)]
        self.assertEqual(harness.statuses(agent.send_lines(future + sent)), {"stored": 5, "duplicate": 5})
        agent.wait_delivered()
        agent.stop()
        for name in ("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC"):
            agent.environment.pop(name)
        agent.start()
        late = [line(log_id="now", event_type="login_success", occurred_at=1_767_614_500_000)]
        self.assertEqual(harness.statuses(agent.send_lines(late)), {"stored": 1})
        agent.wait_delivered()
        years = self.rows(agent, "SELECT left(log_id, 3), extract(year from min(received_at))::int, extract(year from "
                                 "max(effective_at))::int FROM auth_logs WHERE user_id = 'u1' GROUP BY 1 ORDER BY 1")
        # Times of acceptance never fall within an epoch; each run of the agent is another one.
        this_year = datetime.datetime.now(datetime.UTC).year
        self.assertEqual(years, [("fut", 2040, 2040), ("now", this_year, 2026), ("pas", 2001, 2001)])
        path = agent.folder / "sent.ndjson"
        path.write_bytes(b"\n".join([*sent, line(user_id="u2"), *future, *late]))
        code, text = harness.compare(agent, path)
        self.assertEqual(code, 0, text)

    def test_a_clock_that_jumps_while_the_agent_runs_stops_neither_intake_nor_delivery(self):
        clock = self.postgres.folder + "/clock"
        with open(clock, "w", encoding="ascii") as file:
            file.write("+0")
        agent = self.agent(LD_PRELOAD=FAKETIME[0], FAKETIME_TIMESTAMP_FILE=clock, FAKETIME_NO_CACHE="1",
                           FAKETIME_DONT_FAKE_MONOTONIC="1")
        sent = []
        for number, offset in enumerate(("+0", "-25y", "+10y", "-1d", "+0")):
            with open(clock, "w", encoding="ascii") as file:
                file.write(offset)
            events = [line(log_id=f"jump{number}-{n}", occurred_at=int(time.time() * 1000)) for n in range(20)]
            self.assertEqual(harness.statuses(agent.send_lines(events)), {"stored": 20})
            agent.wait_delivered()
            self.assertEqual(agent.probe("/livez")[0], 200)
            sent += events
        path = agent.folder / "sent.ndjson"
        path.write_bytes(b"\n".join(sent))
        # By yesterday's clock the next sign of life was due yesterday: with the next checkpoint it is no longer overdue.
        harness.wait_until(lambda: harness.verify(agent)[0] == 0, "a checkpoint by the clock as it is now")
        code, text = harness.compare(agent, path)
        self.assertEqual(code, 0, text)
        years = self.rows(agent, "SELECT count(DISTINCT extract(year from received_at)) FROM auth_logs")
        self.assertGreaterEqual(years[0][0], 2)
        falls = self.rows(agent, "SELECT count(*) FROM (SELECT received_at < lag(received_at) OVER (PARTITION BY epoch_id ORDER BY "
                                 "leaf_index) AS falls FROM auth_logs) AS r WHERE falls")
        self.assertEqual(falls[0][0], 0)

    # --- web and mobile

    def lines_for(self, tenant):
        """A host's month and generated events, hostile ones too, as one tenant's. Left out are such as lie in the future (they
        count as of their arrival)."""
        generated = subprocess.run([sys.executable, harness.ROOT / "tests/oracle/generate.py", "--seed", "10", "--events",
                                    "1500"], capture_output=True, check=True).stdout.split(b"\n")
        lines = []
        for text in harness.lines_of(harness.host_month())[:500] + generated:
            try:
                event = json.loads(text)
            except ValueError:
                continue
            if not isinstance(event, dict) or not isinstance(event.get("tenant_id"), str):
                continue
            if event.get("log_id") is None and re.match(r"\d", str(event.get("occurred_at"))):
                # Made ids differ between tenants, so they must not be what decides which event is the newer one.
                event["occurred_at"] = 1_500_000_000_000 + len(lines)
            rewritten = json.dumps({**event, "tenant_id": tenant}).encode()
            if not is_in_the_future(rewritten):
                lines.append(rewritten)
        return lines

    def test_the_web_path_and_the_mobile_path_give_the_same_answers_and_the_same_rows_in_both_stores(self):
        agent = self.agent()
        lines = self.lines_for("web")
        by_http, by_socket = agent.post_lines(lines), agent.send_lines(self.lines_for("mobile"))
        self.assertGreater(len(lines), 1000)
        self.assertGreater(len(harness.statuses(by_http)), 3, harness.statuses(by_http))
        ids = {}
        for text, web, mobile in zip(lines, by_http, by_socket, strict=True):
            if "log_id" not in json.loads(text) and "log_id" in web:
                ids[mobile["log_id"]] = web["log_id"]  # A made id is another one each time.
            self.assertEqual(without(web, "tenant_id"),
                             {**without(mobile, "tenant_id"),
                              **({"log_id": ids.get(mobile["log_id"], mobile["log_id"])} if "log_id" in mobile else {})})
        agent.wait_delivered(120)
        self.assert_same_rows(agent, ids)
        self.assert_same_documents(agent, ids)

    # What the acceptance adds for the ledger: another place, way and key for each.
    LEDGER = ("epoch_id", "leaf_index", "tenant_seq", "ingress", "peer_uid", "peer_gid", "record_key")

    def assert_same_rows(self, agent, ids):
        own = ("tenant_id", "received_at", "content_hash", "session_ref", "fold_state", *self.LEDGER)
        for table in ("auth_logs", "auth_log_conflicts", "account_lockouts"):
            found = {"web": [], "mobile": []}
            for tenant, row in self.rows(agent, f"SELECT tenant_id, to_jsonb(t) FROM {table} t"):
                row["log_id"] = ids.get(row["log_id"], row["log_id"])
                found[tenant].append(json.dumps(without(row, *own), sort_keys=True))
            self.assertTrue(found["web"], table)
            self.assertEqual(sorted(found["web"]), sorted(found["mobile"]), table)

    def assert_same_documents(self, agent, ids):
        own = ("_id", "tenant_id", "received_at", "received_at_us", "content_hash", "session_ref", "fold_state", "version",
               "written_by", *self.LEDGER)
        for collection in ("auth_logs", "auth_log_conflicts", "account_lockouts"):
            found = {"web": [], "mobile": []}
            for document in self.store_documents(agent, collection):
                tenant = document["tenant_id"]
                document["log_id"] = ids.get(document["log_id"], document["log_id"])
                found[tenant].append(repr(sorted(without(document, *own).items())))
            self.assertTrue(found["web"], collection)
            self.assertEqual(sorted(found["web"]), sorted(found["mobile"]), collection)


if __name__ == "__main__":
    unittest.main()
