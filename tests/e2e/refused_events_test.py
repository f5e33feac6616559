"""Events that one store can never take, because its administrator forbids them: the others of their batch get there at once, the
other store has all of them, and neither a death at any step nor a restart brings them in between again."""
import signal
import unittest

import psycopg
import pymongo

import field
import harness
import kill_points
import two_servers
from command import run

BAD = {7, 31, 64}  # Of the events of a batch.


def lines(name, count=100, bad=BAD):
    return field.failures(name, count, bad, actor="somebody")


class RefusedEvents(two_servers.TwoServersCase):
    def start_agent(self, binary=harness.BINARY):
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(), environment=dict(field.QUICK))
        self.addCleanup(self.agent.close)
        self.agent.binary = binary
        self.agent.start()
        self.assertEqual(harness.statuses(self.agent.send_lines(lines("first", 10, set()))), {"stored": 10})
        self.agent.wait_delivered()

    def forbid_in_postgres(self):
        with psycopg.connect(self.agent.postgres, autocommit=True) as connection:
            connection.execute("ALTER TABLE auth_logs ADD CONSTRAINT no_actors CHECK (actor_id IS NULL)")

    def send(self, name):
        self.assertEqual(harness.statuses(self.agent.send_lines(lines(name))), {"stored": 100})

    def numbers(self, store, name):
        """Which events of this name lie there."""
        if store == "postgres":
            with psycopg.connect(self.agent.postgres) as connection:
                ids = [row[0] for row in connection.execute("SELECT log_id FROM auth_logs")]
        else:
            with pymongo.MongoClient(self.agent.mongodb) as client:
                ids = [row["log_id"] for row in client.get_default_database().auth_logs.find({}, {"log_id": 1})]
        self.assertEqual(len(ids), len(set(ids)))
        return {int(each.removeprefix(name)) for each in ids if each.startswith(name)}

    def failures_in_postgres(self):
        with psycopg.connect(self.agent.postgres) as connection:
            return dict(connection.execute("SELECT account, failed_login_attempts FROM account_lockouts").fetchall())

    def assert_only_the_good_ones(self, name):
        self.agent.wait_delivered()
        good = set(range(100)) - BAD
        self.assertEqual(self.numbers("postgres", name), good)
        self.assertEqual(self.numbers("mongodb", name), set(range(100)))

    def test_what_a_constraint_of_postgresql_forbids_costs_neither_its_batch_nor_the_other_store_a_moment(self):
        self.start_agent()
        self.forbid_in_postgres()
        self.send("a")
        self.assert_only_the_good_ones("a")
        # The accounts are those of the records that are there.
        counted = dict.fromkeys((f"id:u{number}" for number in range(5)), 2)
        for number in set(range(100)) - BAD:
            counted[f"id:u{number % 5}"] += 1
        self.assertEqual(self.failures_in_postgres(), counted)
        self.agent.stop(signal.SIGKILL)
        self.agent.start()
        self.send("b")
        self.assert_only_the_good_ones("b")
        self.assert_only_the_good_ones("a")

    def test_a_death_at_any_step_of_setting_an_event_aside_brings_nothing_in_between_again(self):
        for number, point in enumerate(kill_points.points_of("dead_letter")):
            with self.subTest(point):
                self.start_agent(kill_points.test_binary())
                self.agent.stop()
                self.forbid_in_postgres()
                self.agent.environment["TWINLOG_KILL_AT"] = f"{point}:1"
                self.agent.start()
                self.send(f"k{number}-")
                self.assertEqual(self.agent.process.wait(harness.PATIENCE), -signal.SIGKILL)
                del self.agent.environment["TWINLOG_KILL_AT"]
                self.agent.start()
                self.assert_only_the_good_ones(f"k{number}-")

    def test_a_death_at_any_step_of_offering_them_again_ends_as_if_they_had_come_in_time(self):
        for number, point in enumerate(kill_points.points_of("replayed", "settlement")):
            with self.subTest(point):
                self.start_agent(kill_points.test_binary())
                self.agent.stop()
                self.forbid_in_postgres()
                self.agent.environment["TWINLOG_KILL_AT"] = f"{point}:1"
                self.agent.start()
                self.send(f"r{number}-")
                self.assert_only_the_good_ones(f"r{number}-")
                with psycopg.connect(self.agent.postgres, autocommit=True) as connection:
                    connection.execute("ALTER TABLE auth_logs DROP CONSTRAINT no_actors")
                run("spool", "dead-letters", "replay", "--timeout", "5s", "--config", self.agent.config)
                self.assertEqual(self.agent.process.wait(harness.PATIENCE), -signal.SIGKILL)
                del self.agent.environment["TWINLOG_KILL_AT"]
                self.agent.start()
                again = run("spool", "dead-letters", "replay", "--config", self.agent.config)
                self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
                self.assertEqual(self.numbers("postgres", f"r{number}-"), set(range(100)))
                self.assertEqual(self.failures_in_postgres(), dict.fromkeys((f"id:u{user}" for user in range(5)), 22))

    def test_a_death_while_a_damaged_table_of_them_is_begun_anew_loses_none(self):
        self.start_agent(kill_points.test_binary())
        self.forbid_in_postgres()
        self.send("d")
        self.assert_only_the_good_ones("d")
        self.agent.stop()
        self.agent.start().stop()  # What lay in logs lies in tables then.
        table, = (path for path in self.agent.spool.glob("*.sst") if b"dead_letters" in path.read_bytes())
        content = bytearray(table.read_bytes())
        content[20] ^= 0x10
        table.write_bytes(content)
        point, = kill_points.points_of("letters_begun")
        self.agent.environment["TWINLOG_KILL_AT"] = f"{point}:1"
        self.agent.start(wait=False)
        self.assertEqual(self.agent.process.wait(harness.PATIENCE), -signal.SIGKILL, self.agent.log_text()[-2000:])
        del self.agent.environment["TWINLOG_KILL_AT"]
        with psycopg.connect(self.agent.postgres, autocommit=True) as connection:
            connection.execute("ALTER TABLE auth_logs DROP CONSTRAINT no_actors")
        self.agent.start()
        again = run("spool", "dead-letters", "replay", "--config", self.agent.config)
        self.assertEqual(again.returncode, 0, again.stdout + again.stderr)
        self.assertEqual(self.numbers("postgres", "d"), set(range(100)))


if __name__ == "__main__":
    unittest.main()
