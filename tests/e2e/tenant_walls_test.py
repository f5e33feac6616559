"""Row-level security from a reader that guesses and cheats (docs/STORES.md).

Every attack runs twice: behind the walls, where nothing of the other tenant may come out, by no way; and as a control
where an administrator has taken the walls down, where it must come out, so that no attack is blunt.
"""
import unittest

import psycopg

import harness

OTHER = "beta-7f3a"  # A tenant of this name, and this in every text of its events.
OWN = "acme-5c1d"
# table -> a column whose values carry the tenant's mark
TABLES = {"auth_logs": "user_agent", "auth_log_conflicts": "user_agent", "account_lockouts": "account"}

ATTACKS = {
    "another tenant in WHERE": "SELECT tenant_id, {column} FROM {table} WHERE tenant_id = '{other}'",
    "a condition that is always true": "SELECT {column} FROM {table} WHERE tenant_id = 'x' OR 1 = 1",
    "a cheap function that tells what it sees": "SELECT tenant_id FROM {table} WHERE pg_temp.tell({column})",
    "an operator that tells what it sees": "SELECT tenant_id FROM {table} WHERE {column} OPERATOR(pg_temp.~~~) 'x'",
    "a telling function in a join":
        "SELECT 1 FROM {table} a JOIN {table} b ON pg_temp.tell(b.{column}) AND a.tenant_id = b.tenant_id",
    "a telling function in a sort": "SELECT 1 FROM {table} ORDER BY pg_temp.tell({column})",
    "the text of a cast's error":
        "SELECT 1 FROM {table} WHERE (CASE tenant_id WHEN '{other}' THEN {column} ELSE '1' END)::integer = 1",
    "an error text caught by the reader":
        "DO $$ BEGIN PERFORM (CASE tenant_id WHEN '{other}' THEN {column} ELSE '::1' END)::inet FROM {table}; EXCEPTION WHEN others THEN RAISE NOTICE '%', SQLERRM; END $$",
    "aggregates": "SELECT max({column}), min({column}), string_agg(tenant_id, ',') FROM {table}",
    "a sample": "SELECT {column} FROM {table} TABLESAMPLE SYSTEM (100)",
    "a set operation": "SELECT {column} FROM {table} UNION SELECT {column} FROM {table} WHERE tenant_id = '{other}'",
    "a lateral subquery":
        "SELECT s.* FROM (VALUES (1)) v, LATERAL (SELECT {column} FROM {table} OFFSET 0) s ORDER BY 1 DESC",
    "COPY of a query": "COPY (SELECT tenant_id, {column} FROM {table}) TO STDOUT",
    "COPY of columns": "COPY {table} (tenant_id, {column}) TO STDOUT",
    "a view of the reader's own": "SELECT * FROM pg_temp.view_{table} WHERE pg_temp.tell({column})",
    "a function with the reader's own rights": "SELECT pg_temp.definer_{table}()",
    "a function that the planner inlines": "SELECT pg_temp.inlined_{table}()",
    "XML of a query": "SELECT query_to_xml('SELECT {column} FROM {table}', true, false, '')",
    "a prepared statement": "EXECUTE prepared_{table}",
    "a cursor": "FETCH ALL FROM cursor_{table}",
    "statistics of the planner":
        "SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats WHERE tablename = '{table}'",
}

WEAPONS = [
    "CREATE FUNCTION pg_temp.tell(seen text) RETURNS boolean LANGUAGE plpgsql PARALLEL SAFE COST 0.0000001 AS "
    "$$ BEGIN RAISE NOTICE '%', seen; RETURN true; END $$",
    "CREATE FUNCTION pg_temp.tell2(seen text, other text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS "
    "$$ BEGIN RAISE NOTICE '%', seen; RETURN true; END $$",
    "CREATE OPERATOR pg_temp.~~~ (FUNCTION = pg_temp.tell2, LEFTARG = text, RIGHTARG = text)",
]
WEAPONS_FOR_A_TABLE = [
    "CREATE VIEW pg_temp.view_{table} AS SELECT tenant_id, {column} FROM {table}",
    "CREATE FUNCTION pg_temp.definer_{table}() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS "
    "$$ SELECT {column} FROM {table} $$",
    "CREATE FUNCTION pg_temp.inlined_{table}() RETURNS SETOF text LANGUAGE sql STABLE AS $$ SELECT {column} FROM {table} $$",
    "PREPARE prepared_{table} AS SELECT {column} FROM {table} WHERE tenant_id = '{other}' OR true",
    "DECLARE cursor_{table} CURSOR WITH HOLD FOR SELECT {column} FROM {table}",
]

FORBIDDEN_COLUMNS = {"content_hash", "record_key", "fold_state", "leaf_index"}


def event(tenant, number, **members):
    event_ = {"tenant_id": tenant, "log_id": f"{tenant}-{number}", "event_type": "login_failed",
              "occurred_at": 1_700_000_000_000 + number, "user_id": f"{tenant}-user{number % 3}", "ip": "192.0.2.7",
              "user_agent": f"{tenant}-agent", "metadata": {"note": tenant}}
    return harness.json.dumps({**event_, **members}).encode()


class Walls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.StoreServer("postgres")
        cls.addClassCleanup(cls.server.close)
        cls.documents = harness.StoreServer("mongo-java-server")
        cls.addClassCleanup(cls.documents.close)
        cls.behind, cls.control = cls.filled(), cls.filled()
        with psycopg.connect(cls.control, autocommit=True) as owner:
            for table in TABLES:
                owner.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
                owner.execute(f"ALTER TABLE {table} ALTER COLUMN {TABLES[table]} SET STATISTICS -1")
            owner.execute("ANALYZE")
        with psycopg.connect(cls.behind, autocommit=True) as owner:
            for role in ("guesser", "bound", "bound_south", "bound_other", "hybrid"):
                owner.execute(f"CREATE ROLE {role} LOGIN IN ROLE twinlog_reader")
            owner.execute("GRANT bound_other TO bound, bound_south")
            owner.execute("GRANT twinlog_writer TO hybrid")
            owner.execute("INSERT INTO twinlog_reader_scope VALUES ('bound', %s, NULL), ('bound_south', %s, 'south'), "
                          "('bound_other', %s, NULL), ('hybrid', %s, NULL)", (OWN, OWN, OTHER, OWN))

    @classmethod
    def filled(cls):
        """A database that an agent has filled with two tenants."""
        agent = harness.Agent(cls.server.new_database(), cls.documents.new_database())
        with harness.closing(agent):
            agent.start()
            lines = [event(tenant, n) for n in range(6) for tenant in (OWN, OTHER)]
            lines += [event(tenant, 100 + n, organisation_id=organisation, user_id=f"{tenant}-{organisation}")
                      for n, organisation in enumerate(("north", "south")) for tenant in (OWN, OTHER)]
            lines += [event(tenant, 1, reset_reason="other content") for tenant in (OWN, OTHER)]
            agent.send_lines(lines)
            agent.wait_delivered()
        with psycopg.connect(agent.postgres, autocommit=True) as owner:
            owner.execute("ANALYZE")
        return agent.postgres

    def session(self, role, database=None, **parameters):
        connection = psycopg.connect((database or self.behind).replace("postgres@", f"{role}@"), autocommit=True,
                                     prepare_threshold=None, **parameters)
        self.addCleanup(connection.close)
        return connection

    def armed(self, database):
        connection = self.session("guesser", database)
        connection.execute(f"SET twinlog.tenant_id = '{OWN}'")
        for weapon in WEAPONS:
            connection.execute(weapon)
        for table, column in TABLES.items():
            for weapon in WEAPONS_FOR_A_TABLE:
                connection.execute(weapon.format(table=table, column=column, other=OTHER))
        return connection

    def all_that_comes_out(self, connection, sql):
        """Rows, notices and errors of a statement, as one text."""
        heard = []
        connection.add_notice_handler(note := lambda notice: heard.append(notice.message_primary))
        try:
            with connection.cursor() as cursor:
                if sql.startswith("COPY"):
                    with cursor.copy(sql) as copy:
                        heard += [bytes(block).decode() for block in copy]
                else:
                    cursor.execute(sql)
                    heard += [str(cursor.fetchall())] if cursor.description else []
        except psycopg.Error as error:
            heard.append(str(error))
        connection.remove_notice_handler(note)
        return "\n".join(heard)

    def test_no_attack_shows_anything_of_another_tenant_and_each_would_without_the_walls(self):
        for prelude in ("SET enable_indexscan = on", "SET enable_indexscan = off; SET enable_bitmapscan = off",
                        "SET force_parallel_mode = on; SET min_parallel_table_scan_size = 0"):
            armed, control = self.armed(self.behind), self.armed(self.control)
            for name, attack in ATTACKS.items():
                for table, column in TABLES.items():
                    with self.subTest(name, table=table, prelude=prelude):
                        sql = attack.format(table=table, column=column, other=OTHER)
                        for connection in (armed, control):
                            connection.execute(prelude)
                        self.assertNotIn(OTHER, self.all_that_comes_out(armed, sql))
                        self.assertIn(OTHER, self.all_that_comes_out(control, sql), "a blunt attack")

    def test_counts_and_existence_tell_nothing_of_another_tenant(self):
        connection = self.armed(self.behind)
        for table, column in TABLES.items():
            mine = connection.execute(f"SELECT count(*) FROM {table} WHERE tenant_id = '{OWN}'").fetchone()[0]
            self.assertGreater(mine, 0)
            self.assertEqual(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0], mine)
            for guess in (f"tenant_id = '{OTHER}'", f"tenant_id LIKE 'beta%'", f"{column} ~ 'beta'",
                          f"1 / (CASE tenant_id WHEN '{OTHER}' THEN 0 ELSE 1 END) = 2"):
                self.assertIs(connection.execute(f"SELECT EXISTS (SELECT FROM {table} WHERE {guess})").fetchone()[0], False)

    def seen(self, connection, table="auth_logs"):
        return {row for row in connection.execute(f"SELECT DISTINCT tenant_id, organisation_id FROM {table}")}

    def test_a_tenant_that_is_guessed_wrong_shows_nothing(self):
        connection = self.session("guesser")
        self.assertEqual(self.seen(connection), set())
        for guess in ("", " ", "%", "*", OWN.upper(), OWN + " ", OWN[:-1], OWN + "%", f"{OWN},{OTHER}", f"{{{OWN}}}",
                      f"{OWN}' OR tenant_id='{OTHER}", "null", "NULL", "\\x", OWN.replace("a", "а")):
            connection.execute("SELECT set_config('twinlog.tenant_id', %s, false)", (guess,))
            for table in TABLES:
                self.assertEqual(self.seen(connection, table), set(), guess)
        connection.execute("SELECT set_config('twinlog.tenant_id', NULL, false)")
        self.assertEqual(self.seen(connection), set())

    def test_an_organisation_narrows_and_no_guess_widens(self):
        connection = self.session("guesser")
        connection.execute("SET twinlog.organisation_id = 'south'")
        self.assertEqual(self.seen(connection), set())
        connection.execute(f"SET twinlog.tenant_id = '{OWN}'")
        for table in ("auth_logs", "account_lockouts"):
            self.assertEqual(self.seen(connection, table), {(OWN, "south")})
        for guess in ("%", "SOUTH", "south,north", "south' OR '1'='1"):
            connection.execute("SELECT set_config('twinlog.organisation_id', %s, false)", (guess,))
            self.assertEqual(self.seen(connection), set(), guess)
        connection.execute("SET twinlog.organisation_id = ''")
        self.assertEqual(self.seen(connection), {(OWN, None), (OWN, "north"), (OWN, "south")})

    def test_a_bound_role_stays_bound_whatever_it_sets_or_becomes(self):
        ways = [(), (f"SET twinlog.tenant_id = '{OTHER}'",), ("SET twinlog.organisation_id = 'north'",),
                ("SET twinlog.organisation_id = ''", "SET twinlog.tenant_id = ''"), ("RESET ALL",),
                ("SET ROLE twinlog_reader", f"SET twinlog.tenant_id = '{OTHER}'"),
                ("SET ROLE bound_other", f"SET twinlog.tenant_id = '{OTHER}'"),
                ("CREATE TEMP TABLE twinlog_reader_scope AS SELECT session_user::text AS role, "
                 f"'{OTHER}'::text AS tenant_id, NULL::text AS organisation_id", "SET search_path = pg_temp, public"),
                ("CREATE FUNCTION pg_temp.twinlog_reader_tenant(name) RETURNS text LANGUAGE sql AS "
                 f"$$ SELECT '{OTHER}' $$", "SET search_path = pg_temp, public, pg_catalog"),
                ("CREATE FUNCTION pg_temp.current_setting(text, boolean) RETURNS text LANGUAGE sql AS "
                 f"$$ SELECT '{OTHER}' $$", "SET search_path = pg_temp, public, pg_catalog")]
        with psycopg.connect(self.behind, autocommit=True) as owner:
            owner.execute(f"ALTER ROLE bound SET twinlog.tenant_id = '{OTHER}'")
        for way in ways:
            with self.subTest(way):
                connection = self.session("bound")
                for command in way:
                    connection.execute(command)
                self.assertEqual({row[0] for row in self.seen(connection)}, {OWN})
        connection = self.session("bound", options=f"-c twinlog.tenant_id={OTHER} -c role=bound_other")
        self.assertEqual({row[0] for row in self.seen(connection)}, {OWN})

    def test_a_role_bound_to_an_organisation_cannot_leave_it(self):
        for way in ((), ("SET twinlog.organisation_id = 'north'",), ("SET twinlog.organisation_id = ''",),
                    ("SET ROLE bound_other",), ("SET ROLE twinlog_reader", "SET twinlog.organisation_id = 'north'")):
            connection = self.session("bound_south")
            for command in way:
                connection.execute(command)
            for table in ("auth_logs", "account_lockouts"):
                self.assertEqual(self.seen(connection, table), {(OWN, "south")}, way)

    def test_a_bound_role_stays_bound_though_it_is_a_writer_too(self):
        connection = self.session("hybrid")
        for role in ("hybrid", "twinlog_writer", "twinlog_reader"):
            connection.execute(f"SET ROLE {role}")
            for table in TABLES:
                self.assertEqual({row[0] for row in self.seen(connection, table)}, {OWN}, (role, table))

    def test_a_function_of_a_bound_role_gives_others_no_more_than_that_role_has(self):
        with psycopg.connect(self.behind, autocommit=True) as owner:
            owner.execute("CREATE SCHEMA lent AUTHORIZATION bound")
        lender, borrower = self.session("bound"), self.session("guesser")
        lender.execute("CREATE FUNCTION lent.all_of_it() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER AS "
                       "$$ SELECT tenant_id FROM public.auth_logs $$")
        lender.execute("GRANT USAGE ON SCHEMA lent TO PUBLIC")
        borrower.execute(f"SET twinlog.tenant_id = '{OTHER}'")
        self.assertEqual({row[0] for row in borrower.execute("SELECT lent.all_of_it()")}, {OWN})

    def test_a_reader_can_become_nobody_else_and_cannot_turn_the_walls_off(self):
        connection = self.session("guesser")
        connection.execute(f"SET twinlog.tenant_id = '{OWN}'")
        for sql in ("SET SESSION AUTHORIZATION postgres", "SET SESSION AUTHORIZATION bound_other", "SET ROLE postgres",
                    "SET ROLE bound_other", "SET ROLE twinlog_writer", "ALTER ROLE guesser BYPASSRLS",
                    "ALTER TABLE auth_logs DISABLE ROW LEVEL SECURITY", "DROP POLICY twinlog_reading ON auth_logs",
                    "CREATE POLICY mine ON auth_logs USING (true)", "GRANT twinlog_writer TO guesser",
                    "CREATE FUNCTION pg_temp.f(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'",
                    "ALTER FUNCTION twinlog_reader_tenant(name) SECURITY INVOKER",
                    f"ALTER ROLE guesser SET twinlog.tenant_id = '{OTHER}'", "CREATE TABLE public.mine (a integer)", "CREATE STATISTICS s ON tenant_id, ip FROM auth_logs"):
            with self.assertRaises(psycopg.errors.InsufficientPrivilege, msg=sql):
                connection.execute(sql)
        connection.execute("SET row_security = off")
        with self.assertRaises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT tenant_id FROM auth_logs")

    def test_a_reader_has_the_right_to_read_three_tables_without_hashes_and_none_other_at_all(self):
        connection = self.session("guesser")
        readable = connection.execute(
            "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace "
            "= 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'S') AND "
            "has_column_privilege(c.oid, a.attnum, 'SELECT')").fetchall()
        self.assertEqual({row[0] for row in readable}, set(TABLES))
        self.assertEqual({row[1] for row in readable} & (FORBIDDEN_COLUMNS | {"ctid", "xmin", "tableoid"}), set())
        writable = connection.execute(
            "SELECT c.relname, p FROM pg_class c, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', "
            "'TRIGGER']) p WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p') AND "
            "(has_table_privilege(c.oid, p) OR (p <> ALL ('{DELETE,TRUNCATE,TRIGGER}') AND "
            "has_any_column_privilege(c.oid, p)))").fetchall()
        self.assertEqual(writable, [])

    def test_a_new_table_or_column_is_closed_to_readers_until_it_is_granted(self):
        with psycopg.connect(self.control, autocommit=True) as owner:
            owner.execute("CREATE TABLE ledger_future (record_key bytea)")
            owner.execute("ALTER TABLE auth_logs ADD COLUMN future_key bytea")
        connection = self.session("guesser", self.control)
        for sql in ("SELECT record_key FROM ledger_future", "SELECT future_key FROM auth_logs",
                    "SELECT record_key FROM ledger_leaves", "SELECT record_key FROM auth_logs", "SELECT * FROM auth_logs",
                    "SELECT a FROM auth_logs a", "COPY auth_logs TO STDOUT", "SELECT content_hash FROM auth_logs",
                    "SELECT 1 FROM auth_logs WHERE content_hash IS NULL", "SELECT 1 FROM auth_logs ORDER BY content_hash",
                    "SELECT fold_state FROM account_lockouts", "SELECT role FROM twinlog_reader_scope",
                    "SELECT epoch_id FROM twinlog_agents", "SELECT name FROM twinlog_meta"):
            with self.assertRaises(psycopg.errors.InsufficientPrivilege, msg=sql):
                connection.execute(sql)


if __name__ == "__main__":
    unittest.main()
