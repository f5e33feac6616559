"""A store that comes back older than it was, with the means that people have: a standby that replicated late and is promoted, the
files of a cluster put back from a copy, a dump of the document store. What the spool still has comes back; what it has not is
said, with the time from which on something may be missing; the other store is left alone.
"""
import datetime
import re
import shutil
import subprocess
import unittest

import psycopg
import pymongo

import harness
from forgetting_case import ForgettingCase, failures, success
from forgetting_store_test import TABLES
from postgres_server import PostgresServer
from store_copies import DocumentDump

KEEP_NOTHING = 'keep_delivered = "0s"'
FUTURE = 4_070_000_000_000  # So that what counts as the time of an event is that of its acceptance.


def utc(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)


class OlderCopy(ForgettingCase):
    def cluster(self):
        server = PostgresServer(fsync="off")
        self.addCleanup(server.close)
        return server, server.new_database()

    def deliver_and_trim(self, prefix, count):
        """When the first of them was sent and the last one had been delivered: their time lies between."""
        began = datetime.datetime.now(datetime.timezone.utc)
        self.deliver(failures(prefix, count, at=FUTURE))
        harness.wait_until(lambda: self.agent.metric("twinlog_spool_records ") == 0, "the spool is trimmed")
        return began, datetime.datetime.now(datetime.timezone.utc)

    def said_since(self, store):
        """The time that log, metrics and health give, from which on this store may lack something."""
        line = next(line for line in self.agent.log_text().splitlines() if " store_forgot:" in line and f"store={store}" in line)
        since = utc(re.search(r"incomplete_since=(\S+)", line)[1])
        self.assertEqual(int(self.metric("incomplete_since_timestamp_seconds", store)), since.timestamp())
        self.assertIn("incomplete since", self.agent.probe("/healthz")[1])
        return since

    def records(self, uri):
        with psycopg.connect(uri) as connection:
            return dict(connection.execute("SELECT left(log_id, 1), count(*) FROM auth_logs GROUP BY 1").fetchall())

    # --- an asynchronous standby

    def late_standby(self):
        """A primary, a standby that no longer replicates, and the address of both."""
        primary, database = self.cluster()
        standby = primary.make_standby()
        return primary, standby, database, primary.uri(database).replace(
            f":{primary.port}", f":{primary.port},127.0.0.1:{standby.port}") + "?target_session_attrs=read-write"

    def cut_off(self, primary, standby):
        primary.wait_for_replay(standby)
        standby.do("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'")
        standby.reload()
        harness.wait_until(lambda: primary.one("SELECT count(*) FROM pg_stat_replication") == 0, "the standby is cut off")

    def test_what_a_promoted_standby_lacks_and_the_spool_has_not_is_said_with_its_time_and_the_rest_comes_back(self):
        primary, standby, database, both = self.late_standby()
        self.start_agent(KEEP_NOTHING, postgres=both)
        before = self.deliver_and_trim("a", 40)
        self.cut_off(primary, standby)
        after = self.deliver_and_trim("b", 50)
        primary.kill()
        self.send(failures("c", 10, at=FUTURE))
        standby.promote()
        self.wait_rewound(stores=["postgres"])
        self.assertEqual(self.records(standby.uri(database)), {"a": 40, "c": 10})
        since = self.said_since("postgres")
        # To the second: after the last that is there, and not after the first that is not.
        self.assertGreaterEqual(since, before[0].replace(microsecond=0))
        self.assertLessEqual(since, after[0])
        self.assertEqual(self.metric("incomplete_since_timestamp_seconds", "mongodb"), 0)

    def test_a_standby_that_is_promoted_under_load_gets_back_all_that_it_lacks(self):
        primary, standby, database, both = self.late_standby()
        self.start_agent(postgres=both)
        self.deliver(failures("a", 40))
        self.cut_off(primary, standby)
        for number in range(5):
            self.deliver(failures(f"b{number}", 20) + success(f"b{number}", 10))
        primary.kill()
        self.send(failures("c", 30))
        standby.promote()
        self.send(failures("d", 30))
        self.wait_rewound(stores=["postgres"])
        self.agent.postgres = standby.uri(database)
        self.assert_as_sent()
        self.assertEqual(self.metric("incomplete_since_timestamp_seconds", "postgres"), 0)

    # --- the files of a cluster

    def put_back(self, server, copy):
        server.stop("immediate")
        shutil.rmtree(server.data)
        subprocess.run(["cp", "-a", copy, server.data], check=True)
        server.start()

    def copy_of(self, server):
        copy = server.folder / "older"
        server.stop()
        subprocess.run(["cp", "-a", server.data, copy], check=True)
        server.start()
        return copy

    def test_a_cluster_put_back_from_an_older_copy_of_its_files_gets_back_what_the_spool_has(self):
        server, database = self.cluster()
        self.start_agent(postgres=server.uri(database))
        self.deliver(failures("a", 40))
        copy = self.copy_of(server)
        self.deliver(failures("b", 50) + success("b", 20))
        self.put_back(server, copy)
        self.send(failures("c", 10))
        self.wait_rewound(stores=["postgres"])
        self.assert_as_sent()
        self.assertEqual(self.metric("rewinds_total", "mongodb"), 0)

    # --- the document store

    def test_what_an_older_dump_of_the_document_store_lacks_and_the_spool_has_not_is_said_with_its_time(self):
        self.start_agent(KEEP_NOTHING)
        before = self.deliver_and_trim("a", 40)
        dump = DocumentDump(self.agent.mongodb)
        after = self.deliver_and_trim("b", 50)
        dump.put_back()
        self.send(failures("c", 10, at=FUTURE))
        self.wait_rewound(stores=["mongodb"])
        with pymongo.MongoClient(self.agent.mongodb) as client:
            kept = [row["log_id"][0] for row in client.get_default_database().auth_logs.find()]
        self.assertEqual((kept.count("a"), kept.count("b"), kept.count("c")), (40, 0, 10))
        since = self.said_since("mongodb")
        self.assertGreaterEqual(since, before[0].replace(microsecond=0))
        self.assertLessEqual(since, after[0])
        self.assertEqual(self.metric("incomplete_since_timestamp_seconds", "postgres"), 0)

    # --- one table

    def test_a_table_that_is_dropped_alone_holds_postgresql_until_somebody_mends_it_and_the_rest_comes_back(self):
        server, database = self.cluster()
        self.start_agent(postgres=server.uri(database))
        self.deliver(failures("a", 40) + success("a", 20))
        server.do("DROP TABLE auth_logs CASCADE", database=database)
        self.send(failures("b", 10))
        harness.wait_until(lambda: "code=42P01" in self.agent.log_text(), "the missing table is said")
        harness.wait_until(lambda: self.metric("pending_records", "mongodb") == 0, "the other store has everything")
        self.assertEqual(self.metric("pending_records", "postgres"), 10)
        # One table alone is no state that a spool can fill up: the others go, too, and all is made and filled again.
        server.do(f"DROP TABLE IF EXISTS {', '.join(TABLES)} CASCADE", database=database)
        self.wait_rewound(stores=["postgres"])
        self.assert_as_sent()


if __name__ == "__main__":
    unittest.main()
