"""`twinlog spool dead-letters`: events that a real constraint of a real PostgreSQL refuses, of a running agent and of a stopped
spool; offered again once the constraint is gone they end as if they had come in time."""
import http.client
import json
import socket
import unittest

import psycopg

import field
import harness
import two_servers
from command import run

FORBIDDEN = {3, 17, 28}
CONSTRAINT = "no_actors"


class AdminConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("twinlog")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def lines(name, count=30, forbidden=FORBIDDEN):
    return field.failures(name, count, forbidden, actor="some\u202ebody")  # It would move a terminal's cursor.


class DeadLetters(two_servers.TwoServersCase):
    def agent_with_letters(self):
        agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(), environment=dict(field.QUICK))
        self.addCleanup(agent.close)
        agent.start()
        self.assertEqual(harness.statuses(agent.send_lines(lines("first", 3, set()))), {"stored": 3})
        agent.wait_delivered()
        self.execute(agent, f"ALTER TABLE auth_logs ADD CONSTRAINT {CONSTRAINT} CHECK (actor_id IS NULL)")
        self.assertEqual(harness.statuses(agent.send_lines(lines("e"))), {"stored": 30})
        agent.wait_delivered()
        return agent

    def execute(self, agent, statement):
        with psycopg.connect(agent.postgres, autocommit=True) as connection:
            connection.execute(statement)

    def rows(self, agent, statement):
        with psycopg.connect(agent.postgres) as connection:
            return connection.execute(statement).fetchall()

    def letters(self, agent, *words, at="--config", code=0):
        place = agent.config if at == "--config" else agent.spool
        done = run("spool", "dead-letters", *words, at, place)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def listed(self, agent, *words, **options):
        return json.loads(self.letters(agent, "list", "--json", *words, **options).stdout)

    def accounts(self, agent):
        return dict(self.rows(agent, "SELECT account, failed_login_attempts FROM account_lockouts"))

    def allow(self, agent):
        self.execute(agent, f"ALTER TABLE auth_logs DROP CONSTRAINT {CONSTRAINT}")

    def assert_as_if_in_time(self, agent):
        self.assertEqual({row[0] for row in self.rows(agent, "SELECT log_id FROM auth_logs")},
                         {f"e{number}" for number in range(30)} | {f"first{number}" for number in range(3)})
        self.assertEqual(self.accounts(agent), {"id:u0": 7, "id:u1": 7, "id:u2": 7, "id:u3": 6, "id:u4": 6})
        sent = agent.folder / "sent.ndjson"
        sent.write_bytes(b"\n".join(lines("first", 3, set()) + lines("e")) + b"\n")
        code, words = harness.compare(agent, sent)
        self.assertEqual(code, 0, words)

    def test_running_and_stopped_list_the_same_letters_without_content(self):
        agent = self.agent_with_letters()
        running, table = self.listed(agent), self.letters(agent, "list").stdout
        self.assertEqual(agent.stop(), 0)
        self.assertEqual(running, self.listed(agent))
        self.assertEqual(running, self.listed(agent, at="--path"))
        self.assertEqual({letter["log_id"] for letter in running}, {"e3", "e17", "e28"})
        for letter in running:
            self.assertEqual((letter["store"], letter["tenant_id"], letter["code"], letter["constraint"], letter["where"]),
                             ("postgres", "acme", "23514", CONSTRAINT, "records"))
            self.assertNotIn("record", letter)
            self.assertIn(f"acme/{letter['log_id']}", table)
        self.assertNotIn("body", table + json.dumps(running))
        self.assertEqual(len(table.splitlines()), 4)

    def test_every_selection_narrows_and_a_wrong_one_is_2(self):
        agent = self.agent_with_letters()
        leaf = self.listed(agent, "--id", "acme/e17")[0]["leaf"]
        for words, ids in ((("--id", leaf), {"e17"}), (("--id", "acme/e3", "--id", "acme/e28"), {"e3", "e28"}),
                           (("--store", "postgres"), {"e3", "e17", "e28"}), (("--store", "mongodb"), set()),
                           (("--code", "23514"), {"e3", "e17", "e28"}), (("--code", "23505"), set()),
                           (("--older-than", "1h"), set()), (("--older-than", "0s"), {"e3", "e17", "e28"})):
            self.assertEqual({letter["log_id"] for letter in self.listed(agent, *words)}, ids, words)
        self.assertIn("no such dead letter", self.letters(agent, "list", "--id", "acme/none", code=1).stderr)
        for words in (("--id", "acme"), ("--store", "redis"), ("--older-than", "soon")):
            self.letters(agent, "list", *words, code=2)

    def test_show_prints_the_whole_record_and_nothing_that_moves_a_terminal(self):
        agent = self.agent_with_letters()
        exported = {line["log_id"]: line for line in map(json.loads, run("spool", "export", "--config",
                                                                         agent.config).stdout.splitlines())}
        for _ in range(2):  # Running, then stopped.
            text = self.letters(agent, "show", "--id", "acme/e17").stdout
            self.assertIn("some\\u202ebody", text)
            self.assertNotIn("\u202e", text)
            letter, = json.loads(self.letters(agent, "show", "--id", "acme/e17", "--json").stdout)
            self.assertEqual(letter["record"], exported["e17"])
            if agent.process:
                agent.stop()

    def test_a_replay_by_a_running_agent_ends_as_if_the_events_had_come_in_time(self):
        agent = self.agent_with_letters()
        refused = self.letters(agent, "replay", code=1)
        self.assertIn("3 dead letters replayed, 0 taken, 3 refused again", refused.stdout)
        self.assertEqual(len(self.listed(agent)), 3)
        self.allow(agent)
        self.assertIn("1 dead letter replayed, 1 taken", self.letters(agent, "replay", "--id", "acme/e3").stdout)
        self.assertIn("2 dead letters replayed, 2 taken, 0 refused again", self.letters(agent, "replay").stdout)
        self.assertEqual(self.listed(agent), [])
        self.assert_as_if_in_time(agent)

    def test_a_replay_of_a_stopped_spool_ends_as_if_the_events_had_come_in_time(self):
        agent = self.agent_with_letters()
        agent.stop()
        self.assertIn("3 refused again", self.letters(agent, "replay", code=1).stdout)
        self.allow(agent)
        self.assertIn("3 dead letters replayed, 3 taken, 0 refused again", self.letters(agent, "replay").stdout)
        self.assertEqual(self.listed(agent), [])
        agent.start()
        agent.wait_delivered()
        self.assert_as_if_in_time(agent)

    def test_a_store_that_is_away_is_said_and_the_letters_stay(self):
        agent = self.agent_with_letters()
        agent.stop()
        text = agent.config.read_text()
        agent.config.write_text(text.replace(agent.postgres, f"postgresql://postgres@127.0.0.1:{harness.free_port()}/audit"))
        self.assertIn("postgres:", self.letters(agent, "replay", code=1).stderr)
        agent.config.write_text(text)
        self.assertEqual(len(self.listed(agent)), 3)

    def test_a_discard_needs_yes_and_a_reason_and_is_for_good(self):
        agent = self.agent_with_letters()
        for words in ((), ("--yes",), ("--reason", "test data"), ("--yes", "--reason", ""), ("--yes", "--reason", "a\nb")):
            self.letters(agent, "discard", *words, code=2)
        one = self.letters(agent, "discard", "--id", "acme/e3", "--yes", "--reason", "test data & more: 100 %").stdout
        self.assertIn("1 dead letter discarded by root (uid 0)", one)
        self.assertEqual({letter["log_id"] for letter in self.listed(agent)}, {"e17", "e28"})
        agent.stop()
        self.letters(agent, "discard", "--yes", "--reason", "all of them")
        self.assertEqual(self.listed(agent), [])
        self.assertIn(b"test data & more: 100 %", b"".join(path.read_bytes() for path in agent.spool.glob("0*")))
        self.allow(agent)
        agent.start()
        self.assertIn("no such dead letter", self.letters(agent, "replay").stderr)
        self.assertEqual(self.rows(agent, "SELECT count(*) FROM auth_logs WHERE actor_id IS NOT NULL"), [(0,)])

    def test_a_spool_of_another_user_is_not_written_to(self):
        agent = self.agent_with_letters()
        agent.stop()
        for path in (agent.spool, *agent.spool.iterdir()):
            harness.os.chown(path, 65534, 65534)
        self.assertEqual(len(self.listed(agent)), 3)
        done = self.letters(agent, "discard", "--yes", "--reason", "x", code=1)
        self.assertIn("belongs to the user 65534", done.stderr)
        self.assertEqual({path.stat().st_uid for path in agent.spool.iterdir()}, {65534})

    def test_the_admin_socket_refuses_what_it_does_not_understand_and_the_public_port_has_none_of_it(self):
        agent = self.agent_with_letters()
        letters = "/spool/dead-letters"
        for method, target, status in (("GET", f"{letters}?store=postgres&after=0", 200), ("GET", f"{letters}?after=0", 400),
                                       ("GET", f"{letters}?store=postgres&after=x", 400), ("POST", letters, 405),
                                       ("GET", f"{letters}?store=%7", 400), ("GET", f"{letters}/replay?store=postgres", 405),
                                       ("POST", f"{letters}/discard?store=postgres&leaves=4&who=a", 400),
                                       ("POST", f"{letters}/replay?store=postgres&leaves=4,,5", 400),
                                       ("POST", "/spool/acknowledge?range=1-2&reason=x", 400)):
            connection = AdminConnection(agent.folder / "admin.sock")
            connection.request(method, target)
            self.assertEqual(connection.getresponse().status, status, target)
            connection.close()
        self.assertEqual(agent.probe(f"{letters}?store=postgres&after=0")[0], 404)
        self.assertEqual(len(self.listed(agent)), 3)

    def test_what_a_store_refuses_while_the_agent_stops_holds_nothing_up(self):
        agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(),
                              environment={"TWINLOG_RETRY_FIRST": "1h", "TWINLOG_RETRY_MOST": "1h",
                                           "TWINLOG_AGENT_DRAIN_TIMEOUT": "10m"})
        self.addCleanup(agent.close)
        done = run("migrate", "--config", agent.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.execute(agent, f"ALTER TABLE auth_logs ADD CONSTRAINT {CONSTRAINT} CHECK (actor_id IS NULL)")
        self.postgres.stop()
        agent.start()
        self.assertEqual(harness.statuses(agent.send_lines(lines("e"))), {"stored": 30})
        harness.wait_until(lambda: "store_flush_failed: " in agent.log_text(),
                           "the agent misses its store")
        self.postgres.start()
        self.assertEqual(agent.stop(), 0)
        self.assertEqual(self.rows(agent, "SELECT count(*) FROM auth_logs"), [(27,)])
        self.assertIn("left=0", agent.log_text())
        self.assertEqual(len(self.listed(agent)), 3)


if __name__ == "__main__":
    unittest.main()
