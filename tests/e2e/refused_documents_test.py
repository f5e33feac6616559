"""What the document store refuses for what it holds is a dead letter of that store alone: everything else goes on, there
and in PostgreSQL, also after a kill. Offered again once the cause is gone, it ends as if it had come in time. FerretDB refuses
arrays in arrays, and what a unique index of an administrator has already."""
import itertools
import json
import signal
import unittest

import pymongo

import command
import field
import harness

BATCH = 200


def refused(number):
    """An event of an account of its own that FerretDB does not take."""
    return field.event(number, log_id=f"bad-{number}", event_type="login_failed", user_id=f"victim-{number}",
                       metadata={"matrix": [[number], [number]]})


class RefusedDocuments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres, cls.documents = harness.StoreServer("postgres"), harness.StoreServer("ferretdb")
        cls.addClassCleanup(cls.postgres.close)
        cls.addClassCleanup(cls.documents.close)

    def setUp(self):
        self.numbers = itertools.count()
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(),
                                   environment=field.QUICK).start()
        self.addCleanup(self.agent.close)

    def send(self, *bad_at):
        """A batch with refused events at these places; the ids of what the document store takes, and of what not."""
        lines = [refused(number) if place in bad_at else field.event(number)
                 for place, number in zip(range(BATCH), self.numbers)]
        self.agent.send_lines(lines)
        self.agent.wait_delivered()
        ids = [json.loads(line)["log_id"] for line in lines]
        return {i for i in ids if not i.startswith("bad-")}, {i for i in ids if i.startswith("bad-")}

    def assert_split(self, good, bad):
        """PostgreSQL holds all, the document store the good ones, and accounts of what it holds."""
        with harness.psycopg.connect(self.agent.postgres) as connection:
            everywhere = {row[0] for row in connection.execute("SELECT log_id FROM auth_logs")}
        self.assertEqual(everywhere, good | bad)
        with pymongo.MongoClient(self.agent.mongodb) as client:
            database = client.get_default_database()
            self.assertEqual({row["log_id"] for row in database.auth_logs.find({}, {"log_id": 1})}, good)
            accounts = {row["account"] for row in database.account_lockouts.find({}, {"account": 1})}
        self.assertFalse([account for account in accounts if account.startswith("id:victim")])
        self.assertTrue(accounts)

    def letters_in_the_log(self):
        lines = [line for line in self.agent.log_text().splitlines() if "dead_letter" in line and "store=mongodb" in line]
        for line in lines:
            self.assertIn("code=2", line)
            self.assertIn("where=records", line)
            self.assertNotIn("matrix", line)
        return sum(int(line.split("events=")[1].split()[0]) for line in lines)

    def test_they_are_letters_and_all_the_rest_goes_on_also_after_a_kill(self):
        good, bad = self.send(0, 77, BATCH - 1)
        self.assertEqual(len(bad), 3)
        self.assert_split(good, bad)
        self.assertEqual(self.letters_in_the_log(), 3)
        self.agent.stop(signal.SIGKILL)
        self.agent.start()
        more_good, more_bad = self.send(5)
        self.assert_split(good | more_good, bad | more_bad)
        self.assertEqual(self.letters_in_the_log(), 4)

    def test_a_batch_of_nothing_else_holds_nothing_up(self):
        good, bad = self.send(*range(BATCH))
        self.assertEqual(len(bad), BATCH)
        more_good, more_bad = self.send()
        self.assert_split(good | more_good, bad | more_bad)

    def replay(self, code):
        done = command.run("spool", "dead-letters", "replay", "--config", self.agent.config)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def test_letters_of_a_unique_index_end_as_if_they_had_come_in_time_when_it_is_gone(self):
        with pymongo.MongoClient(self.agent.mongodb) as client:
            records = client.get_default_database().auth_logs
            records.create_index("request_id", unique=True)
            late = {40: "login_success", 90: "login_failed", 150: "lockout_reset"}
            lines = [field.event(number, log_id=f"e{number}", user_id="hot", request_id=f"r{0 if number in late else number}",
                                 event_type=late.get(number, "login_failed")) for number in range(BATCH)]
            self.agent.send_lines(lines)
            self.agent.wait_delivered()
            self.assertEqual(records.count_documents({}), BATCH - len(late))
            self.assertIn("0 taken, 3 refused again", self.replay(1))
            records.drop_index("request_id_1")
        self.agent.stop()
        self.assertIn("3 taken, 0 refused again", self.replay(0))
        path = self.agent.folder / "sent.ndjson"
        path.write_bytes(b"\n".join(lines) + b"\n")
        code, text = harness.compare(self.agent, path)
        self.assertEqual(code, 0, text)


if __name__ == "__main__":
    unittest.main()
