"""What the walls between tenants cost, and what the planner tells.

A reader's usual questions must find their rows by an index however large the table is, and no estimate that EXPLAIN shows
a bound reader may move with what another tenant holds. The attack is the same in both databases: a value is bisected out
of the estimated rows. In the control the columns have statistics, and the value comes out, so the attack is no blunt one.
TWINLOG_LONG=1: the questions are asked of two million rows, too.
"""
import os
import subprocess
import unittest

import psycopg

import harness

ROWS = [50_000, 2_000_000] if os.environ.get("TWINLOG_LONG") else [50_000]
MOST_BUFFERS = 200
SECRET = "ceo.jane@beta-secret.example"
SECRET_IP, SECRET_TIME = "203.0.113.77", "2031-07-09 11:22:33+00"
TABLES = ("auth_logs", "auth_log_conflicts", "account_lockouts")

# Half acme's, half beta's, over 30 days; four of ten are of one account. A fifth of beta's rows are one person's.
FILL = """
INSERT INTO auth_logs (tenant_id, log_id, event_type, occurred_at, organisation_id, user_id, username, ip, user_agent,
  metadata, received_at, effective_at, agent, account, content_hash, epoch_id, leaf_index)
SELECT t, t || '-' || n, 'login_failed', CASE WHEN is_secret THEN '{time}' ELSE ts END, organisation, u,
  CASE WHEN is_secret THEN '{secret}' ELSE u || '@' || t END,
  CASE WHEN is_secret THEN '{ip}' ELSE '10.0.' || n / 7 % 250 || '.' || n % 250 END::inet, 'Mozilla/5.0 of ' || n % 50,
  '{{"note": "some metadata of the usual kind"}}', ts, ts, 'agent', 'id:' || u, sha256(n::text::bytea),
  '00000000-0000-7000-8000-000000000000', n
FROM (SELECT n, t, now() - ({rows} - n) * interval '30 days' / {rows} AS ts, t = 'beta' AND n % 5 = 0 AS is_secret,
    CASE WHEN n % 10 < 4 THEN 'hot' ELSE 'u' || n % 1000 END AS u, {organisation} AS organisation
  FROM (SELECT n, CASE WHEN n % 2 = 0 THEN 'acme' ELSE 'beta' END AS t FROM generate_series(1, {rows}) n) q) q
"""
QUESTIONS = {
    "newest 20": "SELECT log_id, username FROM auth_logs ORDER BY occurred_at DESC LIMIT 20",
    "last day": "SELECT log_id, username FROM auth_logs WHERE occurred_at > now() - interval '1 day' "
                "ORDER BY occurred_at DESC LIMIT 100",
    "one account": "SELECT log_id, username FROM auth_logs WHERE account = 'id:hot' ORDER BY occurred_at DESC LIMIT 20",
    "one address": "SELECT log_id FROM auth_logs WHERE ip = '10.0.1.8' ORDER BY occurred_at DESC LIMIT 20",
    "one account's state": "SELECT failed_login_attempts FROM account_lockouts WHERE account = 'id:hot'",
}
# A condition with one value in it, and values that divide what beta holds.
SHAPES = {
    "text": ("username < '{}'", ["a", "ceo.jane@beta-secret.examplE", SECRET + "!", "d", "z"]),
    "equal text": ("username = '{}'", [SECRET, "nobody"]),
    "a pattern": ("username LIKE '{}%'", ["ceo.", "cf", "u"]),
    "a tenant": ("tenant_id = '{}'", ["beta", "nobody"]),
    "an account": ("account = '{}'", ["id:hot", "id:u7", "nobody"]),
    "an address": ("ip = '{}'", [SECRET_IP, "192.0.2.1"]),
    "a network": ("ip << '{}'", ["203.0.113.0/24", "198.51.100.0/24"]),
    "addresses": ("ip < '{}'", ["10.0.1.1", SECRET_IP, "203.0.113.78"]),
    "a time": ("occurred_at > '{}'", ["2031-07-09 11:22:32+00", SECRET_TIME, "2040-01-01 00:00:00+00"]),
    "a time between": ("occurred_at BETWEEN '2031-01-01' AND '{}'", ["2031-07-01", "2031-08-01"]),
    "a list": ("username IN ('{}', 'x')", [SECRET, "nobody"]),
    "nothing there": ("organisation_id IS NULL OR user_agent = '{}'", ["Mozilla/5.0 of 1", "nobody"]),
    "metadata": ("metadata @> '{}'", ['{"note": "some metadata of the usual kind"}', '{"a": 1}']),
}
WAYS = {
    "a scan": "SELECT 1 FROM auth_logs WHERE {}",
    "a join": "SELECT 1 FROM auth_logs JOIN (SELECT username AS other FROM auth_logs) o ON other = username WHERE {}",
    "groups": "SELECT count(*) FROM auth_logs WHERE {} GROUP BY username, ip",
    "a function": "SELECT 1 FROM (SELECT * FROM (SELECT tenant_id, account, username, ip, occurred_at, organisation_id, "
                  "user_agent, metadata FROM auth_logs OFFSET 0) q) q WHERE {}",
}


def plan(session, sql, options=""):
    return session.execute(f"EXPLAIN (FORMAT JSON{options}) {sql}").fetchone()[0][0]["Plan"]


def numbers(session, sql):
    """Every node's kind, rows, width and costs: all that EXPLAIN has to tell but the value that was asked for."""
    def of(node):
        told = {key: value for key, value in node.items() if key.startswith(("Node", "Plan R", "Plan W", "Startup", "Total"))}
        return told, [of(child) for child in node.get("Plans", [])]
    return of(plan(session, sql))


class Explain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.StoreServer("postgres")
        cls.addClassCleanup(cls.server.close)
        cls.documents = harness.StoreServer("mongo-java-server")
        cls.addClassCleanup(cls.documents.close)
        with psycopg.connect(cls.server.new_database(), autocommit=True) as owner:
            owner.execute("DO $$ BEGIN CREATE ROLE twinlog_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
            owner.execute("CREATE ROLE bound_acme LOGIN IN ROLE twinlog_reader")

    def filled(self, rows, organisation="NULL", before_analyze=()):
        """A database of the shipped schema with this many rows of two tenants, and the planner's knowledge of it."""
        database = self.server.new_database()
        agent = harness.Agent(database, self.documents.new_database())
        with harness.closing(agent):
            done = subprocess.run([harness.BINARY, "migrate", "--config", agent.config], capture_output=True, text=True,
                                  check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute("INSERT INTO twinlog_reader_scope VALUES ('bound_acme', 'acme', NULL)")
            owner.execute(FILL.format(rows=rows, organisation=organisation, secret=SECRET, ip=SECRET_IP, time=SECRET_TIME))
            owner.execute("INSERT INTO account_lockouts (tenant_id, account, failed_login_attempts, lock_kind, log_id, "
                          "effective_at, fold_state) SELECT tenant_id, account, 1, 'none', max(log_id), max(effective_at), "
                          "'' FROM auth_logs GROUP BY 1, 2")
            for command in before_analyze:
                owner.execute(command)
            owner.execute("ANALYZE")
        return database

    def reader(self, database):
        session = psycopg.connect(database.replace("postgres@", "bound_acme@"), autocommit=True, prepare_threshold=None)
        self.addCleanup(session.close)
        return session

    def test_the_usual_questions_of_a_bound_reader_touch_few_pages_in_a_table_of_any_size(self):
        for rows in ROWS:
            for organisation in ("NULL", "'org' || n % 10"):
                session = self.reader(self.filled(rows, organisation))
                for name, question in QUESTIONS.items():
                    with self.subTest(name, rows=rows, organisation=organisation):
                        session.execute(question)  # The first question of a session also reads the catalog.
                        done = plan(session, question, ", ANALYZE, BUFFERS")
                        self.assertLess(done["Shared Hit Blocks"] + done["Shared Read Blocks"], MOST_BUFFERS, done)
                        self.assertGreater(done["Actual Rows"], 0)

    def test_no_estimate_moves_with_a_value_that_another_tenant_holds_and_each_would_with_statistics(self):
        walled = self.reader(self.filled(ROWS[0], "'org' || n % 10"))
        targets = [f"ALTER TABLE auth_logs ALTER COLUMN {column} SET STATISTICS -1" for column in (
            "tenant_id", "username", "ip", "occurred_at", "account", "organisation_id", "user_agent", "metadata")]
        control = self.reader(self.filled(ROWS[0], "'org' || n % 10", targets))
        blunt = set(SHAPES)
        for shape, (condition, values) in SHAPES.items():
            for way, sql in WAYS.items():
                with self.subTest(shape, way=way):
                    told = [numbers(walled, sql.format(condition.format(value))) for value in values]
                    self.assertEqual(told, [told[0]] * len(values))
                told = [numbers(control, sql.format(condition.format(value))) for value in values]
                if told != [told[0]] * len(values):
                    blunt.discard(shape)
        self.assertLessEqual(blunt, {"metadata", "a pattern", "a network"}, "their operators are not leakproof anyway")

    def bisected(self, session):
        """The longest text that the estimated rows of `username < ...` give away."""
        alphabet = sorted("-.0123456789@abcdefghijklmnopqrstuvwxyz")

        def rows(text):
            return plan(session, f"SELECT 1 FROM auth_logs WHERE username < '{text}'")["Plan Rows"]
        found = "c"
        while len(found) < len(SECRET):
            steps = [rows(found + letter) for letter in alphabet] + [rows(found + "~")]
            jumps = [after - before for before, after in zip(steps, steps[1:])]
            if max(jumps) < ROWS[0] / 100:
                break
            found += alphabet[jumps.index(max(jumps))]
        return found

    def test_a_name_of_another_tenant_cannot_be_bisected_out_of_estimates_though_it_can_with_statistics(self):
        control = self.filled(ROWS[0], before_analyze=["ALTER TABLE auth_logs ALTER COLUMN username SET STATISTICS -1",
                                                       "ALTER TABLE auth_logs ALTER COLUMN tenant_id SET STATISTICS -1"])
        self.assertEqual(self.bisected(self.reader(control)), SECRET, "a blunt attack")
        self.assertEqual(self.bisected(self.reader(self.filled(ROWS[0]))), "c")

    def test_no_column_that_readers_see_has_statistics_after_an_analyze(self):
        with psycopg.connect(self.filled(1000), autocommit=True) as owner:
            self.assertEqual(owner.execute("SELECT count(*) FROM pg_statistic WHERE starelid = ANY (%s::regclass[])",
                                           (list(TABLES),)).fetchone(), (0,))


if __name__ == "__main__":
    unittest.main()
