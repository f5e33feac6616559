"""Attacks on what verify gets to see, and on what it is given: views, policies, schemas, exports, files of trust."""
import json
import unittest

import command
from ledger_case import LedgerCase
from psycopg import sql

INPUT = 3


class InTheWay(LedgerCase):
    def expect_refusal(self, words=""):
        code, _ = self.verify()
        self.assertEqual(INPUT, code, self.said)
        self.assertIn(words, self.said)

    def test_a_view_in_the_place_of_a_table(self):
        for table in ("auth_logs", "ledger_tiles", "account_lockouts"):
            for kind in ("VIEW", "MATERIALIZED VIEW"):
                with self.subTest((table, kind)):
                    self.sql(f"ALTER TABLE {table} RENAME TO hidden")
                    self.sql(f"CREATE {kind} {table} AS SELECT * FROM hidden")
                    self.expect_refusal(table)
                    self.sql(f"DROP {kind} {table}")
                    self.sql(f"ALTER TABLE hidden RENAME TO {table}")

    def test_a_role_that_policies_filter(self):
        name = "auditor" + self.postgres_uri[-8:]
        self.sql(f"CREATE ROLE {name} LOGIN")
        self.addCleanup(self.drop_role, name)
        self.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
        self.sql(f"CREATE POLICY fewer ON auth_logs FOR SELECT TO {name} USING (log_id <> 'plain-1')")
        self.postgres_uri = self.postgres_uri.replace("//postgres@", f"//{name}@")
        self.assertIn(name, self.postgres_uri)
        self.expect_refusal()

    def drop_role(self, name):
        self.sql(f"DROP OWNED BY {name}")
        self.sql(f"DROP ROLE {name}")

    def test_a_table_of_another_schema_that_comes_first_and_lacks_a_row(self):
        self.sql("CREATE SCHEMA evil")
        self.sql("CREATE TABLE evil.auth_logs AS SELECT * FROM public.auth_logs WHERE log_id <> 'plain-1'")
        database = self.postgres_uri.rsplit("/", 1)[1]
        self.sql(f"ALTER DATABASE {database} SET search_path = evil, public")
        self.assert_not_fine()

    def test_a_table_that_inherits_and_brings_a_row_along(self):
        """Applications that ask auth_logs see the child's rows; COPY of a table does not."""
        self.sql("CREATE TABLE brood () INHERITS (auth_logs)")
        self.sql("INSERT INTO brood SELECT * FROM auth_logs WHERE log_id = 'plain-1'")
        self.sql("UPDATE brood SET log_id = 'planted'")
        self.assert_not_fine()

    def test_a_row_moved_into_a_table_that_inherits(self):
        self.sql("CREATE TABLE brood () INHERITS (auth_logs)")
        self.sql("WITH gone AS (DELETE FROM ONLY auth_logs WHERE log_id = 'plain-1' RETURNING *) INSERT INTO brood "
                 "SELECT * FROM gone")
        self.sql("UPDATE brood SET service = 'edited'")
        self.assert_not_fine()

    def test_a_column_dropped_or_of_another_type(self):
        for change in ("DROP COLUMN username", "ALTER COLUMN leaf_index TYPE numeric", "ALTER COLUMN metadata TYPE text",
                       "DROP COLUMN record_key"):
            with self.subTest(change):
                self.setUp()  # Each in a copy of its own.
                self.sql("DROP POLICY IF EXISTS readers ON auth_logs")
                self.sql(f"ALTER TABLE auth_logs {change} {'CASCADE' if 'DROP' in change else ''}")
                self.assert_not_fine()

    def test_an_unknown_column_is_named(self):
        self.sql("ALTER TABLE auth_logs ADD COLUMN risk_of_dba text DEFAULT 'low'")
        done = command.run("verify", "--postgres", self.postgres_uri, "--mongodb", self.mongodb_uri, "--trust",
                           self.scene.trust)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("risk_of_dba", done.stdout + done.stderr)

    def test_a_table_dropped(self):
        for table in ("ledger_tiles", "ledger_epochs"):
            with self.subTest(table):
                self.sql(f"ALTER TABLE {table} RENAME TO hidden")
                self.expect_refusal(table)
                self.sql(f"ALTER TABLE hidden RENAME TO {table}")

    def test_everything_emptied_in_both_stores_with_an_archive_left(self):
        for table in ("auth_logs", "auth_log_conflicts", "account_lockouts", "ledger_epochs", "ledger_tiles", "ledger_leaves",
                      "ledger_checkpoints", "twinlog_agents"):
            self.sql(f"TRUNCATE {table}")
            self.db[table].delete_many({})
        self.assert_found("MISSING", 1, "--checkpoints", self.scene.archive)

    def test_triggers_and_rules_of_the_attacker_are_not_run_by_reading(self):
        self.sql("CREATE FUNCTION leave_mark() RETURNS event_trigger LANGUAGE plpgsql AS "
                 "$$ BEGIN PERFORM pg_notify('mark', 'x'); END $$")
        self.sql("CREATE TABLE marks (id int)")
        self.sql("CREATE RULE also AS ON UPDATE TO auth_logs DO ALSO INSERT INTO marks VALUES (1)")
        self.assert_clean()
        self.assertEqual([], self.sql("SELECT id FROM marks"))


class Exports(LedgerCase):
    """Exports are read from anybody's hands."""

    TABLES = ("auth_logs", "auth_log_conflicts", "account_lockouts", "ledger_epochs", "ledger_tiles", "ledger_leaves",
              "ledger_checkpoints", "twinlog_agents", "twinlog_meta")

    def setUp(self):
        super().setUp()
        self.exported = self.folder / "export"
        self.exported.mkdir()
        self.sql("SET TIME ZONE 'UTC'")
        for table in self.TABLES:
            rows = self.sql(sql.SQL("SELECT row_to_json(t)::text AS line FROM {} t").format(sql.Identifier(table)))
            (self.exported / f"{table}.ndjson").write_text("".join(row["line"] + "\n" for row in rows))

    def judge(self):
        done = command.run("verify", "--postgres-export", self.exported, "--trust", self.scene.trust, "--json")
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return done.returncode, [line for line in lines if "summary" not in line], done.stdout[-3000:] + done.stderr

    def change(self, old, new, table="auth_logs"):
        path = self.exported / f"{table}.ndjson"
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def test_a_true_one_is_clean(self):
        code, findings, said = self.judge()
        self.assertEqual((0, []), (code, findings), said)

    def test_an_edited_line_is_named(self):
        self.change('"service":"portal"', '"service":"edited"')
        code, findings, said = self.judge()
        self.assertEqual((1, ["full-1"]), (code, [each["log_id"] for each in findings if each["verdict"] == "MODIFIED"]), said)

    def test_a_member_that_stands_twice(self):
        """One reader takes the first, another the last."""
        self.change('"service":"portal"', '"service":"edited","service":"portal"')
        code, _, said = self.judge()
        self.assertIn(code, (1, INPUT), said)

    def test_a_line_that_stands_twice(self):
        path = self.exported / "auth_logs.ndjson"
        path.write_text(path.read_text() + path.read_text().splitlines()[0] + "\n")
        code, findings, said = self.judge()
        self.assertEqual(1, code, said)
        self.assertIn("FOREIGN", {each["verdict"] for each in findings})

    def test_what_is_no_json_is_an_input_error_with_its_line(self):
        for text in ('{"tenant_id":', "[]", "[" * 100_000, "null"):
            with self.subTest(text[:20]):
                path = self.exported / "auth_logs.ndjson"
                before = path.read_text()
                path.write_text(before + text + "\n")
                code, _, said = self.judge()
                self.assertIn(code, (1, INPUT), said)
                path.write_text(before)

    def test_a_file_that_is_missing_is_an_input_error(self):
        (self.exported / "ledger_tiles.ndjson").unlink()
        code, _, said = self.judge()
        self.assertEqual(INPUT, code, said)
        self.assertIn("ledger_tiles", said)


class Files(LedgerCase):
    def test_a_trust_file_that_says_anything_else_is_an_input_error(self):
        for words in ("trust everybody", "audit.example.com/enrol+00000000+AAAA", "revoked", "unproved before yesterday"):
            with self.subTest(words):
                trust = self.folder / "trust"
                trust.write_text(self.scene.trust.read_text() + words + "\n")
                code, _ = self.verify("--trust", trust, trust=False)
                self.assertEqual(INPUT, code, self.said)

    def test_an_archived_note_of_another_form_is_an_input_error(self):
        archive = self.folder / "archive"
        archive.write_text("checkpoint bm90IGEgbm90ZQ==\n")
        code, _ = self.verify("--checkpoints", archive)
        self.assertEqual(INPUT, code, self.said)

    def test_a_trust_file_that_is_not_there_is_not_the_same_as_none(self):
        code, _ = self.verify("--trust", self.folder / "absent", trust=False)
        self.assertEqual(INPUT, code, self.said)


if __name__ == "__main__":
    unittest.main()
