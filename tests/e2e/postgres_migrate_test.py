"""A schema that is upgraded while it is full and in use: by a long reader, by writers, and by an agent of the version
before. Nobody is held up, and a client that goes away leaves nothing behind."""
import contextlib
import subprocess
import threading
import unittest

import psycopg

import field
import harness
from postgres_rights_test import BACK_TO_STEP_4

FILL = """INSERT INTO auth_logs (tenant_id, log_id, event_type, occurred_at, received_at, effective_at, agent, content_hash,
  epoch_id, leaf_index) SELECT 'acme', 'old-' || n, 'logout', now(), now(), now(), 'agent', sha256(n::text::bytea),
  '00000000-0000-7000-8000-000000000000', n FROM generate_series(1, 50000) n"""
NEWEST = "schema.0010"
ADVISORY = "SELECT pg_advisory_lock(x'7477696e6c6f67'::bigint)"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
PATIENT = "SET LOCAL statement_timeout = '5s'"  # Longer than a migration may wait for a lock (1.2 s).


class Migration(field.FieldCase):
    def setUp(self):
        super().setUp()
        self.server = self.cluster()
        self.database = self.server.new_database()
        self.owner = self.agent(self.server, database=self.database)
        self.migrate()
        self.do(FILL)

    def do(self, *commands):
        self.server.do(*commands, database=self.database)

    def migrate(self):
        done = subprocess.run([harness.BINARY, "migrate", "--config", self.owner.config], capture_output=True, text=True,
                              check=False, timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def version(self):
        return self.server.one("SELECT max(name) FROM twinlog_meta WHERE name ~ '^schema'", database=self.database)

    @contextlib.contextmanager
    def report(self):
        """Somebody who has read the table and goes on reading: in a transaction of its own, for as long as it takes."""
        with psycopg.connect(self.server.uri(self.database)) as session:
            session.execute("SELECT count(*) FROM auth_logs, auth_log_conflicts, account_lockouts")
            yield session

    def test_a_current_schema_takes_no_lock_that_a_reader_or_a_writer_could_meet(self):
        with self.admin() as writer, writer.transaction():
            writer.execute("LOCK TABLE auth_logs, auth_log_conflicts, account_lockouts, twinlog_agents, twinlog_meta "
                           "IN EXCLUSIVE MODE")  # Lets in those that read, and nobody else.
            self.assertIn("is current", self.migrate())

    def admin(self):
        return self.server.admin(self.database)

    def test_an_upgrade_of_a_table_in_use_holds_neither_readers_nor_writers_up_and_is_done_when_it_is_free(self):
        self.do(*BACK_TO_STEP_4)
        with self.report(), self.admin() as other:
            migration = threading.Thread(target=self.migrate)
            migration.start()
            harness.wait_until(lambda: self.server.one(WAITING), "the migration waits for the table")
            for number in range(10):
                with other.transaction():
                    other.execute(PATIENT)
                    other.execute("SELECT log_id FROM auth_logs LIMIT 1").fetchone()
                    other.execute("UPDATE auth_logs SET has_conflict = false WHERE log_id = %s", (f"old-{number + 1}",))
            self.assertLess(self.version(), "schema.0008")
        migration.join()
        self.assertEqual(self.version(), NEWEST)

    def test_an_agent_writes_on_while_the_walls_cannot_be_upgraded_yet_and_says_so(self):
        self.do(*BACK_TO_STEP_4, "INSERT INTO twinlog_meta (name, value) VALUES ('schema.0008', 'the ledger')")
        agent = self.agent(self.server, database=self.database)
        with self.report():
            agent.start()
            self.send(agent)
            agent.wait_delivered()
            self.assertIn("the schema is not up to date, which only readers notice", agent.log_text())
        self.migrate()
        agent.stop()

    def test_a_strangers_advisory_lock_stops_no_migration(self):
        self.do(*BACK_TO_STEP_4, "CREATE ROLE stranger LOGIN")
        with psycopg.connect(self.server.uri(self.database, user="stranger"), autocommit=True) as stranger:
            stranger.execute(ADVISORY)
            self.migrate()
        self.assertEqual(self.version(), NEWEST)

    def test_a_client_that_is_killed_leaves_no_statement_in_the_queue_of_locks(self):
        self.do(*BACK_TO_STEP_4)
        with self.report():
            process = subprocess.Popen([harness.BINARY, "migrate", "--config", self.owner.config],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            harness.wait_until(lambda: self.server.one(WAITING), "the migration waits for the table")
            process.kill()
            process.wait()
            harness.wait_until(lambda: self.server.one("SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = "
                                                       "'twinlog'"), "nothing of it is left")
            self.assertEqual(self.server.one(WAITING), 0)

    def test_an_index_that_was_left_invalid_is_built_again(self):
        self.do("DELETE FROM twinlog_meta WHERE name = 'schema.0007'",
                "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'auth_logs_by_receipt'::regclass")
        self.migrate()
        self.assertIs(self.server.one("SELECT indisvalid FROM pg_index WHERE indexrelid = 'auth_logs_by_receipt'::regclass",
                                      database=self.database), True)
        self.assertEqual(self.version(), NEWEST)


if __name__ == "__main__":
    unittest.main()
