"""Each reply of each store is lost, halved, late or never comes, and each request too: nothing is lost, nothing doubles.

Failure mode 21. One flush that does all that a flush can do (records, a conflict, a recount, a new and a known account,
the position) is sent again and again, and the proxy fails at its first reply, its second, and so on. The faults are the
proxy's; the stores are real.
"""
import json
import threading
import unittest

import harness
import two_servers
from frame_proxy import Fault, FrameProxy

COUNTS = ("inserted", "duplicate", "conflict")
PRELUDE, BATCH = 3, 4  # Versions that a case delivers unharmed, and versions of its one flush that is harmed.
# No heartbeat: it would bring some flushes leaves and a checkpoint, and with them requests that others do not have.
SURROUNDINGS = {"TWINLOG_RETRY_FIRST": "10ms", "TWINLOG_RETRY_MOST": "100ms", "TWINLOG_LEDGER_CHECKPOINT_EVERY": "1h",
                "TWINLOG_LEDGER_IDLE_EVERY": "1h"}
POSTGRES_PATIENCE = 20.0  # Seconds; so long the agent waits for PostgreSQL in one flush.
MONGODB_PATIENCE = 1.0  # Set in the address; the driver's limit for one reply.
FIRST = {"postgres": "BEGIN", "mongodb": "update twinlog_agents"}  # Of a flush.
NEEDED = {
    "postgres": {"BEGIN", "INSERT", "UPDATE", "SELECT", "COMMIT"},
    "mongodb": {"insert auth_logs", "find auth_logs", "insert auth_log_conflicts",
                "update auth_logs", "find account_lockouts", "aggregate auth_logs", "aggregate auth_log_conflicts",
                "insert account_lockouts", "update account_lockouts", "update twinlog_agents"},
}


class Patient:
    """An agent with a proxy before each store; remembers every line that it was sent."""

    def __init__(self, postgres, documents, mongodb_options=""):
        self.databases = postgres.new_database(), documents.new_database()
        self.proxies = {"postgres": FrameProxy(self.databases[0]), "mongodb": FrameProxy(self.databases[1])}
        self.agent = harness.Agent(self.proxies["postgres"].uri, self.proxies["mongodb"].uri + mongodb_options,
                                   environment=SURROUNDINGS).start()
        self.lines, self.case, self.order = [], 0, {}

    def close(self):
        self.agent.close()
        for proxy in self.proxies.values():
            proxy.close()

    def event(self, moment, **members):
        return json.dumps({"tenant_id": "acme", "log_id": f"e{self.case}-{moment}", "event_type": "login_failed",
                           "user_id": "hot", "occurred_at": 1_700_000_000_000 + 1000 * self.case + moment,
                           **members}).encode()

    def send(self, *lines):
        self.lines += lines
        self.agent.post_lines(lines)

    def counts(self, store):
        return {result: int(self.agent.metric(f'twinlog_store_records_total{{result="{result}",store="{store}"}}'))
                for result in COUNTS}

    def one_flush(self, store, number=0, fault=None, late_by=0.0):
        """Sends the flush with this fault in it; what the store's counters made of it in the end."""
        self.case += 1
        before = {name: self.counts(name) for name in self.proxies}
        proxy = self.proxies[store]
        self.send(*[self.event(100 + moment) for moment in range(PRELUDE)])
        self.wait_counted(before, PRELUDE)
        proxy.arm(number, fault, late_by, first=FIRST[store])
        # A success before failures that are counted already, other content, a known and a new account.
        self.send(self.event(50, event_type="login_success"), self.event(101, service="other"), self.event(103),
                  self.event(104, user_id=f"new-{self.case}"))
        self.wait_counted(before, PRELUDE + BATCH)
        if fault in (Fault.REQUEST_LATE, Fault.SILENCE):
            harness.wait_until(lambda: proxy.swallowed, f"{store} did what {fault} held back")
        after = self.counts(store)
        after["inserted"] -= PRELUDE
        return {name: after[name] - before[store][name] for name in COUNTS}

    def wait_counted(self, before, versions):
        for store, counts in before.items():
            goal = sum(counts.values()) + versions
            harness.wait_until(lambda name=store, least=goal: sum(self.counts(name).values()) >= least,
                               f"{store} has the flush")

    def compare(self, test):
        sent = self.agent.folder / "sent.ndjson"
        sent.write_bytes(b"\n".join(self.lines) + b"\n")
        self.agent.postgres, self.agent.mongodb = self.databases
        code, text = harness.compare(self.agent, sent)
        test.assertEqual(code, 0, text)


def expected(store, number, labels, fault):
    """What the flush that finally worked counted: what an earlier try left in the store is a duplicate."""
    was_done = fault in (Fault.REPLY_LOST, Fault.HALF_A_REPLY)
    if store == "postgres":
        # The accounts, the ledger's rows, the position and COMMIT go out together: where one has a reply, all was done.
        are_records = are_conflicts = number > len(labels) - 4 and was_done
    else:
        def is_done(label):
            place = labels.index(label) + 1
            return fault is not Fault.REPLY_LATE and (number > place or (number == place and was_done))

        are_records, are_conflicts = is_done("insert auth_logs"), is_done("insert auth_log_conflicts")
    return {"inserted": 0 if are_records else 3, "conflict": 0 if are_conflicts else 1,
            "duplicate": (3 if are_records else 0) + (1 if are_conflicts else 0)}


class LostReply(two_servers.TwoServersCase):
    def patient(self, mongodb_options=""):
        patient = Patient(self.postgres, self.documents, mongodb_options)
        self.addCleanup(patient.close)
        patient.agent.wait_delivered()
        return patient

    def sequence(self, patient, store):
        """The replies of the flush when nothing fails."""
        self.assertEqual(patient.one_flush(store), {"inserted": 3, "duplicate": 0, "conflict": 1})
        labels = list(patient.proxies[store].replies)
        self.assertLessEqual(NEEDED[store], set(labels))
        return labels

    def each_reply(self, store, fault):
        patient = self.patient()
        labels = self.sequence(patient, store)
        if fault.is_at_request:  # PostgreSQL names a statement by its first word and the reply by what it did.
            answered, labels = labels, list(patient.proxies[store].requests)
            self.assertEqual(len(labels), len(answered))
        for number, label in enumerate(labels, 1):
            with self.subTest(store=store, fault=fault.name, reply=f"{number} {label}"):
                counts = patient.one_flush(store, number, fault, late_by=0.2)
                self.assertEqual(patient.proxies[store].fired, label)
                self.assertEqual(counts, expected(store, number, labels, fault))
        patient.compare(self)

    def test_a_lost_reply_of_postgresql_is_repeated_and_what_was_committed_counts_as_duplicate(self):
        self.each_reply("postgres", Fault.REPLY_LOST)

    def test_half_a_reply_of_postgresql_is_no_reply(self):
        self.each_reply("postgres", Fault.HALF_A_REPLY)

    def test_a_late_reply_of_postgresql_is_waited_for(self):
        self.each_reply("postgres", Fault.REPLY_LATE)

    def test_a_statement_that_postgresql_never_sees_is_sent_again(self):
        self.each_reply("postgres", Fault.REQUEST_LOST)

    def test_a_lost_reply_of_the_document_store_is_repeated_and_what_was_written_counts_as_duplicate(self):
        self.each_reply("mongodb", Fault.REPLY_LOST)

    def test_half_a_reply_of_the_document_store_is_no_reply(self):
        self.each_reply("mongodb", Fault.HALF_A_REPLY)

    def test_a_late_reply_of_the_document_store_is_waited_for(self):
        self.each_reply("mongodb", Fault.REPLY_LATE)

    def test_a_command_that_the_document_store_never_sees_is_sent_again(self):
        self.each_reply("mongodb", Fault.REQUEST_LOST)

    def test_a_document_store_that_falls_silent_or_hears_late_at_any_command_ends_in_the_same_state(self):
        patient = self.patient(f"?socketTimeoutMS={int(MONGODB_PATIENCE * 1000)}")
        labels = self.sequence(patient, "mongodb")
        for fault in (Fault.SILENCE, Fault.REQUEST_LATE):
            for number, label in enumerate(labels, 1):
                with self.subTest(fault=fault.name, command=f"{number} {label}"):
                    counts = patient.one_flush("mongodb", number, fault, late_by=2 * MONGODB_PATIENCE)
                    self.assertEqual(patient.proxies["mongodb"].fired, label)
                    self.assertEqual(sum(counts.values()), BATCH)
        patient.compare(self)

    def test_a_commit_whose_reply_never_comes_or_that_arrives_late_ends_in_the_same_state(self):
        outcomes = {}

        def suffer(fault):
            patient = self.patient()
            number = self.sequence(patient, "postgres").index("COMMIT") + 1
            outcomes[fault] = patient.one_flush("postgres", number, fault, late_by=POSTGRES_PATIENCE + 2)
            self.assertEqual(patient.proxies["postgres"].fired, "COMMIT")
            patient.compare(self)

        threads = [threading.Thread(target=suffer, args=(fault,)) for fault in (Fault.SILENCE, Fault.REQUEST_LATE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        twice = {"inserted": 0, "duplicate": BATCH, "conflict": 0}
        self.assertEqual(outcomes, {Fault.SILENCE: twice, Fault.REQUEST_LATE: twice})


if __name__ == "__main__":
    unittest.main()
