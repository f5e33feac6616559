"""The agent through pgbouncer in transaction mode: every transaction may meet another server connection, so nothing of a
session may be relied on or left behind. And why readers use SET LOCAL: what SET leaves behind, others get."""
import contextlib
import signal
import unittest

import psycopg

import field
import harness
import pooler

# What the agent sets for its transactions; after it a server connection must be as it came.
SETTINGS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "synchronous_commit",
            "default_transaction_isolation", "search_path", "client_encoding", "transaction_read_only")


class ThroughAPooler(field.FieldCase):
    def setUp(self):
        super().setUp()
        self.server = self.cluster()
        self.database = self.server.new_database()

    def pool(self, **options):
        made = pooler.Pooler(self.server, **options)
        self.addCleanup(made.close)
        return made

    def through(self, pool, **parameters):
        return self.agent(self.server, f'uri = "{pool.uri(self.database, **parameters)}"', self.database)

    def connect(self, pool, database=None):
        """A client as pgbouncer wants it: no named prepared statements."""
        return psycopg.connect(pool.uri(database or self.database), autocommit=True, prepare_threshold=None)

    def settings(self, connection):
        asked = ", ".join(f"current_setting('{name}')" for name in SETTINGS)
        return connection.execute(f"SELECT {asked}").fetchone()

    def test_with_several_server_connections_everything_arrives_and_no_setting_is_left_on_any_of_them(self):
        pool = self.pool(default_pool_size=3)
        with psycopg.connect(self.server.uri(self.database)) as direct:
            untouched = self.settings(direct)
        agent = self.through(pool).start()
        self.send(agent, 300)
        agent.wait_delivered()
        with contextlib.ExitStack() as stack:
            # Two others hold a server connection each in turn, so that the agent has to change.
            others = [stack.enter_context(self.connect(pool)) for _ in range(3)]
            for turn in range(6):
                others[turn % 3].execute("BEGIN")
                others[(turn + 1) % 3].execute("BEGIN")
                self.send(agent, 50)
                agent.wait_delivered()
                for other in others:
                    other.execute("ROLLBACK")
            self.assert_arrived_once(agent)
            used = self.server.one("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", self.database)
            self.assertGreater(used, 1, "the agent never met another server connection")
            for other in others:
                other.execute("BEGIN")
                self.assertEqual(self.settings(other), untouched)

    def test_a_refused_event_is_searched_for_and_nothing_of_the_search_is_left_behind(self):
        pool = self.pool(default_pool_size=1)
        with psycopg.connect(self.server.uri(self.database)) as direct:
            untouched = self.settings(direct)
        agent = self.through(pool).start()
        self.send(agent)
        agent.wait_delivered()
        self.server.do("ALTER TABLE auth_logs ADD CONSTRAINT no_robots CHECK (username NOT LIKE 'robot-%')",
                       database=self.database)
        agent.send_lines([b'{"tenant_id":"acme","event_type":"login_failed","occurred_at":1764000000000,"log_id":"r%d",'
                          b'"username":"%s"}' % (n, b"robot-1" if n % 17 == 3 else b"mira") for n in range(100)])
        agent.wait_delivered()
        with self.connect(pool) as other:
            counts = other.execute("SELECT (SELECT count(*) FROM auth_logs WHERE username = 'mira'), (SELECT "
                                   "failed_login_attempts FROM account_lockouts WHERE account = 'name:mira')").fetchone()
            other.execute("BEGIN")
            self.assertEqual(self.settings(other), untouched)
        self.assertEqual(counts, (94, 94))
        self.assertIn("no_robots", agent.log_text())

    def test_a_pooler_that_lets_in_and_has_no_server_connection_free_is_a_connection_without_answer(self):
        pool = self.pool(default_pool_size=1)
        agent = self.through(pool, connect_timeout=2)
        with self.connect(pool) as other:
            other.execute("BEGIN")
            agent.start()
            self.send(agent)
            self.wait_held(agent, "did not answer the connection in time", "reaction=reconnect ")
            other.execute("ROLLBACK")
        self.assert_arrived_once(agent)

    def test_a_pooler_that_is_restarted_or_killed_is_found_again(self):
        pool = self.pool()
        agent = self.through(pool).start()
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.send(agent)
            agent.wait_delivered()
            before = len(agent.log_text())
            pool.stop(number)
            self.send(agent)
            self.wait_held(agent, "check that the server runs", after=before)
            pool.start()
            self.assert_arrived_once(agent)

    def test_a_server_restarted_behind_the_pooler_gets_everything_once(self):
        agent = self.through(self.pool(server_login_retry=1)).start()
        self.send(agent)
        agent.wait_delivered()
        self.server.stop("immediate")
        self.send(agent)
        self.wait_held(agent, "store_flush_failed", "reaction=reconnect")
        self.server.start()
        self.assert_arrived_once(agent)

    def test_an_exhausted_pool_is_told_apart_from_a_lost_connection_and_waited_for(self):
        pool = self.pool(default_pool_size=1, query_wait_timeout=1)
        agent = self.through(pool).start()
        self.send(agent)
        agent.wait_delivered()
        with self.connect(pool) as other, other.transaction():
            other.execute("SELECT 1")
            self.send(agent)
            self.wait_held(agent, "code=08P01", "query_wait_timeout")
        self.assert_arrived_once(agent)

    def test_a_pooler_without_room_for_another_client_is_tried_again(self):
        pool = self.pool(max_client_conn=2)
        with self.connect(pool), self.connect(pool):
            agent = self.through(pool).start()
            self.send(agent)
            self.wait_held(agent, "code=08P01", "max_client_conn")
        self.assert_arrived_once(agent)

    def test_a_startup_parameter_that_the_pooler_refuses_is_named_and_the_role_can_carry_it(self):
        pool = self.pool()
        self.server.do("CREATE SCHEMA elsewhere", database=self.database)
        agent = self.through(pool, options="-c%20search_path%3Delsewhere").start()
        self.send(agent)
        self.wait_held(agent, "code=08P01", "options=", "ALTER ROLE ... SET search_path")
        agent.stop(signal.SIGKILL)
        self.server.do(f"ALTER ROLE postgres IN DATABASE {self.database} SET search_path = elsewhere")
        agent.config.write_text(agent.config.read_text().replace("?options=-c%20search_path%3Delsewhere", ""))
        agent.start()
        self.assert_arrived_once(agent)
        self.assertEqual(self.server.one("SELECT count(*) FROM pg_tables WHERE schemaname = 'elsewhere' AND tablename = "
                                         "'auth_logs'", database=self.database), 1)


class TheLeak(field.FieldCase):
    """Two clients of one server connection: the pooler gives it to whoever has the next transaction."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = harness.StoreServer("postgres")
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        super().setUp()
        agent = harness.Agent(self.server.new_database(), self.documents.new_database())
        self.addCleanup(agent.close)
        agent.start()
        agent.send_lines([field.event(n, log_id=f"{t}{n}", tenant_id=t) for n in range(3) for t in ("acme", "beta")])
        agent.wait_delivered()
        with psycopg.connect(agent.postgres, autocommit=True) as owner:
            owner.execute("DO $$ BEGIN CREATE ROLE reader LOGIN IN ROLE twinlog_reader; "
                          "EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        self.database = agent.postgres.rsplit("/", 1)[1]
        self.pool = pooler.Pooler(Address(self.server.uri), users=("reader",), default_pool_size=1)
        self.addCleanup(self.pool.close)

    def client(self):
        connection = psycopg.connect(self.pool.uri(self.database, user="reader"), autocommit=True, prepare_threshold=None)
        self.addCleanup(connection.close)
        return connection

    def tenants(self, connection):
        return {row[0] for row in connection.execute("SELECT tenant_id FROM auth_logs")}

    def test_what_one_reader_sets_for_its_session_opens_the_tenant_to_the_next_client(self):
        first, second = self.client(), self.client()
        self.assertEqual(self.tenants(second), set())
        first.execute("SET twinlog.tenant_id = 'acme'")
        self.assertEqual(self.tenants(second), {"acme"})

    def test_what_one_reader_sets_for_its_transaction_is_gone_for_the_next(self):
        first, second = self.client(), self.client()
        for setting in ("SET LOCAL twinlog.tenant_id = 'acme'", "SELECT set_config('twinlog.tenant_id', 'acme', true)"):
            with first.transaction():
                first.execute(setting)
                self.assertEqual(self.tenants(first), {"acme"})
            self.assertEqual(self.tenants(second), set())
            self.assertEqual(self.tenants(first), set())


class Address:
    """What Pooler needs of a server, from an address."""

    def __init__(self, uri):
        self.port = int(uri.rsplit(":", 1)[1].split("/")[0])


if __name__ == "__main__":
    unittest.main()
