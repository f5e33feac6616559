"""A store that forgets (docs/STORES.md): what the spool still has comes back, nothing doubles, the accounts are right."""
import datetime
import re
import threading
import unittest

import psycopg
import pymongo

import harness
from forgetting_case import STORES, ForgettingCase, failures, success

FUTURE = 4_070_000_000_000  # So that what counts as the time of an event is that of its acceptance.
TABLES = ("auth_logs", "auth_log_conflicts", "account_lockouts", "twinlog_agents", "twinlog_meta", "twinlog_reader_scope",
          "ledger_epochs", "ledger_tiles", "ledger_leaves", "ledger_checkpoints")


class ForgettingStore(ForgettingCase):
    # --- lower

    def test_an_older_dump_restored_in_place_behind_an_idle_connection_is_noticed_and_filled_up(self):
        self.start_agent()
        self.deliver(failures("a", 40))
        dumps = self.dumps()
        self.deliver(failures("b", 50) + success("b", 20))
        for dump in dumps:
            dump.put_back()
        self.wait_rewound()
        self.assert_as_sent()
        self.assertEqual(self.metric("incomplete_since_timestamp_seconds", "postgres"), 0)
        self.assertEqual(self.metric("incomplete_since_timestamp_seconds", "mongodb"), 0)
        self.assertEqual(len(re.findall("store_forgot", self.agent.log_text())), 2)

    def test_an_older_dump_restored_while_the_agent_was_stopped_is_filled_up_at_the_start(self):
        self.start_agent()
        self.deliver(failures("a", 40))
        dumps = self.dumps()
        self.deliver(failures("b", 50) + success("b", 20))
        self.agent.stop()
        for dump in dumps:
            dump.put_back()
        self.agent.start()
        self.wait_rewound()
        self.assert_as_sent()

    # The flushes between the parts of a restore write positions, records and accounts into a store that is half old.
    def test_a_dump_restored_in_place_under_load_hides_nothing_behind_the_next_flush(self):
        self.start_agent()
        self.deliver(failures("a", 40))
        dump_of_postgres, dump_of_documents = self.dumps()
        self.deliver(failures("b", 50) + success("b", 20))
        is_restored = threading.Event()

        def go_on_sending():
            number = 0
            while not is_restored.is_set() or number < 3:
                self.send(failures(f"load{number}", 6))
                number += 1
        sender = threading.Thread(target=go_on_sending)
        sender.start()
        dump_of_postgres.put_back()
        flushes = [0]

        def let_a_flush_through():
            before = self.metric("batches_total", "mongodb")
            errors = self.agent.metric('twinlog_store_errors_total{reaction="reconnect",store="mongodb"}')
            harness.wait_until(lambda: self.metric("batches_total", "mongodb") > before or self.agent.metric(
                'twinlog_store_errors_total{reaction="reconnect",store="mongodb"}') > errors, "a flush in between")
            flushes[0] += 1
        dump_of_documents.put_back(between=let_a_flush_through)
        is_restored.set()
        sender.join()
        self.wait_rewound()
        self.assertEqual(flushes[0], 5)
        self.assert_as_sent()

    # --- missing

    def forget_everything(self):
        with psycopg.connect(self.agent.postgres, autocommit=True) as connection:
            connection.execute(f"DROP TABLE {', '.join(TABLES)} CASCADE")
        with pymongo.MongoClient(self.agent.mongodb) as client:
            for name in client.get_default_database().list_collection_names():
                client.get_default_database().drop_collection(name)

    def test_tables_dropped_under_a_running_agent_are_made_again_and_filled_without_a_restart(self):
        self.start_agent()
        self.deliver(failures("a", 40))
        self.forget_everything()
        self.send(failures("b", 20) + success("b", 10))
        self.wait_rewound()
        self.assert_as_sent()
        with psycopg.connect(self.agent.postgres) as connection:
            indexes = connection.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 'auth_logs'").fetchone()[0]
        self.assertGreaterEqual(indexes, 4)

    def test_a_lost_position_alone_repeats_everything_and_changes_nothing(self):
        self.start_agent()
        self.deliver(failures("a", 40) + success("a", 30))
        with psycopg.connect(self.agent.postgres) as connection:
            connection.execute("DELETE FROM twinlog_agents")
        with pymongo.MongoClient(self.agent.mongodb) as client:
            client.get_default_database().twinlog_agents.delete_many({})
        self.send(failures("b", 20))
        self.wait_rewound()
        self.assert_as_sent()
        series = 'twinlog_store_records_total{result="duplicate",store="%s"}'
        self.assertEqual([self.agent.metric(series % store) for store in STORES], [41, 41])

    # --- older than the spool

    def test_what_is_older_than_the_spool_makes_the_store_incomplete_since_a_time_that_is_said_until_it_is_repaired(self):
        self.start_agent('keep_delivered = "0s"')
        self.deliver(failures("a", 40, at=FUTURE))
        self.deliver(failures("b", 20, at=FUTURE))
        harness.wait_until(lambda: self.agent.metric("twinlog_spool_records ") == 0, "the spool is trimmed")
        with psycopg.connect(self.agent.postgres) as connection:
            since = connection.execute("SELECT newest_effective_at FROM twinlog_agents").fetchone()[0]
            connection.execute("DELETE FROM auth_logs WHERE log_id LIKE 'b-%'")
            connection.execute("UPDATE twinlog_agents SET last_leaf_index = 40")
        text = since.astimezone(tz=datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.deliver(failures("c", 5))
        self.wait_rewound(stores=["postgres"])
        self.assertIn(f"incomplete_since={text}", self.agent.log_text().replace('"', ""))
        self.assertEqual(self.metric("incomplete_since_timestamp_seconds", "postgres"), since.timestamp())
        self.agent.stop()
        before = len(self.agent.log_text())
        self.agent.start()
        harness.wait_until(lambda: "store_incomplete" in self.agent.log_text()[before:], "the log says that it is incomplete")
        self.assertIn(text, self.agent.log_text()[before:])
        self.assertEqual(self.metric("incomplete_since_timestamp_seconds", "postgres"), since.timestamp())
        self.assertEqual(self.metric("incomplete_since_timestamp_seconds", "mongodb"), 0)
        with psycopg.connect(self.agent.postgres) as connection:
            kept = connection.execute("SELECT left(log_id, 1), count(*) FROM auth_logs GROUP BY 1 ORDER BY 1").fetchall()
        self.assertEqual(kept, [("a", 40), ("c", 5)])


if __name__ == "__main__":
    unittest.main()
