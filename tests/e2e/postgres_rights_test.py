"""What the agent needs of a role and a schema: each right taken away in turn, older and newer schemas, missing roles."""
import json
import socket
import subprocess
import unittest

import certificates
import field
import harness

POLICY = "CREATE POLICY twinlog_writing ON {0} TO twinlog_writer USING (true) WITH CHECK (true)"


def run(command, agent, *options):
    done = subprocess.run([harness.BINARY, command, "--config", agent.config, *options], capture_output=True, text=True,
                          check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def address_beyond_loopback():
    """One of this host's own. Nothing is sent: the kernel is only asked from where it would be."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way_out:
        way_out.connect(("198.51.100.1", 9))
        return way_out.getsockname()[0]


def table_right(right, table):
    """(what `check` says, how to take it, how to give it back)"""
    said = "may not UPDATE auth_logs.has_conflict" if "(" in right else f"lacks {right} on {table}"
    return said, f"REVOKE {right} ON {table} FROM twinlog_writer", f"GRANT {right} ON {table} TO twinlog_writer"


RIGHTS = [table_right(right, table) for table, rights in {
    "auth_logs": ("SELECT", "INSERT", "UPDATE (has_conflict)"),
    "auth_log_conflicts": ("SELECT", "INSERT"),
    "account_lockouts": ("SELECT", "INSERT", "UPDATE"),
    "twinlog_agents": ("SELECT", "INSERT", "UPDATE"),
    "twinlog_meta": ("SELECT",),
    "ledger_tiles": ("SELECT", "INSERT"),  # Of the tables of the ledger the one that every flush writes.
}.items() for right in rights]
RIGHTS += [(f"hides {table}", f"DROP POLICY twinlog_writing ON {table}", POLICY.format(table))
           for table in ("auth_logs", "auth_log_conflicts", "account_lockouts")]
RIGHTS += [("grant USAGE", "REVOKE USAGE ON SCHEMA public FROM twinlog_writer, PUBLIC",
            "GRANT USAGE ON SCHEMA public TO twinlog_writer")]

# Seen only by a new session: the schema is looked at when the agent connects.
SEEN_ON_CONNECT = ("lacks SELECT on twinlog_meta", "grant USAGE")
NOT_A_RIGHT = "grant USAGE"  # Without USAGE PostgreSQL says that there is no schema: 3F000.

OLD_POLICIES = tuple(
    f"CREATE POLICY twinlog_{name} ON {table} AS {kind} FOR SELECT USING (tenant_id = "
    f"(SELECT twinlog_{function}(current_user)) OR organisation_id = '')"
    for table in ("auth_logs", "auth_log_conflicts", "account_lockouts")
    for name, kind, function in (("reading", "PERMISSIVE", "reader_tenant"), ("binding", "RESTRICTIVE", "bound_tenant")))
BACK_TO_STEP_4 = ("DROP FUNCTION twinlog_acting_role CASCADE", *OLD_POLICIES, "DROP INDEX auth_logs_by_receipt",
                  "ALTER TABLE auth_logs ALTER COLUMN username SET STATISTICS -1",
                  "GRANT SELECT (leaf_index) ON auth_logs TO twinlog_reader",
                  "GRANT EXECUTE ON FUNCTION twinlog_reader_tenant TO PUBLIC",
                  "DELETE FROM twinlog_meta WHERE name BETWEEN 'schema.0005' AND 'schema.9999'")
BACK_TO_STEP_3 = (*BACK_TO_STEP_4, "DROP FUNCTION twinlog_bound_tenant CASCADE",
                  "DROP FUNCTION twinlog_bound_organisation CASCADE",
                  "DELETE FROM twinlog_meta WHERE name = 'schema.0004'")
NO_WALLS = tuple(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY" for table in
                 ("auth_logs", "auth_log_conflicts", "account_lockouts", "twinlog_reader_scope"))
BACK_TO_STEP_2 = (*BACK_TO_STEP_3, *NO_WALLS, "DROP FUNCTION twinlog_reader_tenant CASCADE",
                  "DROP FUNCTION twinlog_reader_organisation CASCADE",
                  "DELETE FROM twinlog_meta WHERE name = 'schema.0003'")
BACK_TO_STEP_1 = (*BACK_TO_STEP_2, "DROP INDEX auth_logs_by_time, auth_logs_by_account, auth_logs_by_ip, "
                  "auth_log_conflicts_by_account", "DELETE FROM twinlog_meta WHERE name = 'schema.0002'")


class Rights(field.FieldCase):
    def setUp(self):
        super().setUp()
        self.server = self.cluster(fsync="on")  # `check` has something to say about a server without.
        self.database = self.server.new_database()

    def role(self, name, attributes):
        self.server.do(f"CREATE ROLE {name} LOGIN {attributes}")
        return f'uri = "{self.server.uri(self.database, user=name)}"'

    def do(self, *commands):
        self.server.do(*commands, database=self.database)

    def migrate(self):
        owner = self.agent(self.server, database=self.database)
        code, text = run("migrate", owner)
        self.assertEqual(code, 0, text)

    def schema_objects(self):
        """Everything that the steps make, but for its age."""
        return self.server.one(
            "SELECT string_agg(x, chr(10) ORDER BY x) FROM ("
            "SELECT concat_ws(' ', relname, relkind, relrowsecurity, reloptions) FROM pg_class WHERE relnamespace = "
            "'public'::regnamespace UNION ALL SELECT concat_ws(' ', tablename, policyname, qual) FROM pg_policies "
            "UNION ALL SELECT concat_ws(' ', attrelid::regclass, attname, attstattarget, "
            "(SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(attacl) x)) FROM pg_attribute WHERE attnum > 0 "
            "AND attrelid IN (SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) "
            "UNION ALL SELECT concat_ws(' ', proname, "
            "(SELECT string_agg(x::text, ' ' ORDER BY x::text) FROM unnest(proacl) x)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
            "UNION ALL SELECT name || value FROM twinlog_meta) AS t(x)", database=self.database)

    def end_sessions(self):
        self.server.do(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{self.database}'")

    def wait_refused(self, agent, code):
        """Not by the log, which sums up what repeats."""
        def last_error():
            stores = json.loads(agent.probe("/healthz")[1])["stores"]
            return next(store for store in stores if store["name"] == "postgres")["last_error"] or {}
        harness.wait_until(lambda: (last_error().get("class"), last_error().get("code")) == ("hold", code), code)

    def test_a_role_that_lacks_one_right_holds_and_recovers_alone_and_a_check_names_the_right(self):
        self.migrate()
        agent = self.agent(self.server, self.role("a_writer", "IN ROLE twinlog_writer"), self.database).start()
        for said, take, give in RIGHTS:
            with self.subTest(take):
                self.send(agent)
                agent.wait_delivered()
                self.do(take)
                if said in SEEN_ON_CONNECT:
                    self.end_sessions()
                self.send(agent)
                self.wait_refused(agent, "3F000" if said == NOT_A_RIGHT else "42501")
                self.assertGreater(agent.metric('twinlog_store_errors_total{reaction="hold",store="postgres"}'), 0)
                exit_code, text = run("check", agent, "--stores")
                self.assertEqual(exit_code, 1, text)
                self.assertIn(said, text)
                self.do(give)
                agent.wait_delivered()
        self.assert_arrived_once(agent)
        exit_code, text = run("check", agent, "--stores")
        self.assertEqual(exit_code, 0, text)

    def test_an_older_schema_is_upgraded_at_the_start_to_the_same_as_a_new_one(self):
        self.migrate()
        new = self.schema_objects()
        for commands in (BACK_TO_STEP_1, BACK_TO_STEP_2, BACK_TO_STEP_3, BACK_TO_STEP_4):
            self.do(*commands)
            self.assertNotEqual(self.schema_objects(), new)
            agent = self.agent(self.server, database=self.database).start()
            self.send(agent)
            agent.wait_delivered()
            self.assertIn("store_note", agent.log_text())
            self.migrate()  # An agent has no time to build an index on a table that holds rows.
            self.assertEqual(self.schema_objects(), new)
            agent.stop()

    def test_an_older_schema_that_the_agent_may_not_upgrade_holds_until_somebody_does(self):
        self.migrate()
        self.do(*BACK_TO_STEP_2)
        writer = self.role("a_writer", "IN ROLE twinlog_writer")
        for lines in (writer, writer + "\nmigrate = false"):
            agent = self.agent(self.server, lines, self.database).start()
            self.send(agent)
            said = self.wait_held(agent, "reaction=hold", "is at version 2", "run `twinlog migrate`")
            self.assertEqual("code=42501" in said, lines == writer, said)
            agent.stop()
        agent.start()
        self.migrate()
        agent.wait_delivered()

    def test_a_newer_schema_is_used_as_it_is(self):
        self.migrate()
        self.do("ALTER TABLE auth_logs ADD COLUMN from_the_future text DEFAULT 'x'",
                "ALTER TABLE account_lockouts ADD COLUMN from_the_future integer", "CREATE TABLE ledger_future (a integer)",
                "INSERT INTO twinlog_meta (name, value) VALUES ('schema.0099', 'future')")
        agent = self.agent(self.server, self.role("a_writer", "IN ROLE twinlog_writer"), self.database).start()
        self.send(agent)
        self.assert_arrived_once(agent)
        exit_code, text = run("check", agent, "--stores")
        self.assertEqual(exit_code, 0, text)
        self.assertIn("newer than this agent", text)
        self.assertEqual(run("migrate", agent)[0], 0)

    def test_a_schema_that_is_emptied_under_a_connected_agent_is_made_again_and_filled_from_the_spool(self):
        agent = self.agent(self.server, database=self.database).start()
        self.send(agent)
        agent.wait_delivered()
        self.do("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        self.send(agent)
        self.assert_arrived_once(agent)
        self.assertIn("store_forgot", agent.log_text())

    def test_without_the_right_to_create_roles_the_agent_delivers_and_prints_the_sql_that_makes_them(self):
        self.server.do("CREATE ROLE owner_only LOGIN NOCREATEROLE",
                       f"ALTER DATABASE {self.database} OWNER TO owner_only")
        uri = f'uri = "{self.server.uri(self.database, user="owner_only")}"'
        agent = self.agent(self.server, uri, self.database).start()
        self.send(agent)
        self.assert_arrived_once(agent)
        printed = "CREATE ROLE twinlog_reader NOLOGIN; CREATE ROLE twinlog_writer NOLOGIN;"
        self.assertIn(printed, agent.log_text())
        self.assertEqual(agent.log_text().count(printed), 1)
        code, text = run("migrate", agent)
        self.assertEqual(code, 0, text)
        self.assertIn(printed, text)
        self.server.do(*filter(None, printed.split(";")))
        self.assertEqual(run("migrate", agent)[0], 0)
        code, text = run("check", agent, "--stores")
        self.assertEqual(code, 0, text)

    def test_a_session_beyond_this_host_without_tls_is_named_by_a_check(self):
        self.migrate()
        self.server.set_hba("host all all all trust\n")
        self.server.set_option("listen_addresses", "*")
        self.server.restart()
        authority = certificates.Authority()
        self.addCleanup(authority.close)
        uri = self.server.uri(self.database, host=address_beyond_loopback())
        agent = self.agent(self.server, f'uri = "{uri}"', self.database)
        self.assertIn("this session is not encrypted; set sslmode=verify-full", run("check", agent, "--stores")[1])
        self.server.enable_tls(*authority.certificate())
        self.assertNotIn("not encrypted", run("check", agent, "--stores")[1])


if __name__ == "__main__":
    unittest.main()
