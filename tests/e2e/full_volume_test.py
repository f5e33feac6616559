"""A spool on a file system that is really full: nothing is acked that is not kept, and draining still works."""
import json
import random
import signal
import unittest

import psycopg
import pymongo

import harness
import small_volume
import two_servers

VOLUME_MEBIBYTES = 32


def event(number, **members):
    return json.dumps({"tenant_id": "acme", "log_id": f"e{number}", "event_type": "login_failed",
                       "occurred_at": 1_700_000_000_000 + number, "user_id": f"u{number % 7}",
                       # Does not compress, so that the disk fills as fast as the numbers say.
                       "user_agent": random.Random(number).randbytes(600).hex(),
                       **members}).encode()


@unittest.skipUnless(small_volume.can_mount(), "mounting a small file system needs root and loop devices")
class FullVolume(two_servers.TwoServersCase):
    def setUp(self):
        self.volume = small_volume.SmallVolume(VOLUME_MEBIBYTES)
        self.addCleanup(self.volume.close)
        self.next_number, self.kept = 0, []
        if not self.postgres.process:
            self.postgres.start()
        database = self.postgres.new_database()
        self.agent = harness.Agent(database, self.documents.new_database(), 'keep_delivered = "0s"',
                                   {"TWINLOG_SPOOL_PATH": str(self.volume.path / "spool"),
                                    "TWINLOG_RETRY_MOST": "1s"})
        self.addCleanup(self.agent.close)

    def send(self, count):
        """Sends new events and remembers those that were promised."""
        numbers = range(self.next_number, self.next_number + count)
        self.next_number += count
        answers = self.agent.send_lines([event(number) for number in numbers])
        self.kept += [number for number, answer in zip(numbers, answers) if answer["status"] == "stored"]
        return harness.statuses(answers)

    def send_until_busy(self):
        counts = {}
        while "stored" in counts or not counts:
            counts = self.send(200)
            self.assertEqual(set(counts) - {"stored", "busy"}, set())
            self.assertLess(self.next_number, 100_000, "the volume never fills")

    def assert_both_stores_have_what_was_promised(self):
        self.agent.wait_delivered(120)
        with psycopg.connect(self.agent.postgres) as connection:
            rows = [row[0] for row in connection.execute("SELECT log_id FROM auth_logs")]
            attempts = dict(connection.execute("SELECT account, failed_login_attempts FROM account_lockouts"))
        with pymongo.MongoClient(self.agent.mongodb) as client:
            documents = [row["log_id"] for row in client.get_default_database().auth_logs.find({}, {"log_id": 1})]
        self.assertLessEqual({f"e{number}" for number in self.kept}, set(rows))
        self.assertEqual(sorted(rows), sorted(documents))
        self.assertEqual(len(rows), len(set(rows)))
        self.assertEqual(sum(attempts.values()), len(rows))

    def assert_takes_events_again(self):
        harness.wait_until(lambda: self.send(1) == {"stored": 1}, "events are taken again")
        harness.wait_until(lambda: self.agent.probe("/readyz")[0] == 200, "the probe is green again")

    def assert_says_that_it_is_full(self):
        harness.wait_until(lambda: self.agent.probe("/readyz")[0] == 503, "the probe says that the spool is full")
        self.assertEqual(self.agent.probe("/livez")[0], 200)
        status, body = self.agent.post(event(-1), "application/json")
        self.assertEqual((status, body["status"]), (503, "busy"))
        self.assertTrue(500 <= body["retry_after_ms"] <= 2000, body)

    def test_a_volume_smaller_than_max_bytes_ends_in_busy_and_drains_without_help(self):
        self.agent.start()
        self.assertIn("spool_volume_small", self.agent.log_text())
        self.postgres.stop()
        self.send_until_busy()
        self.assert_says_that_it_is_full()
        self.assertGreater(self.volume.free_bytes(), 0)
        self.postgres.start()
        self.assert_takes_events_again()
        self.assert_both_stores_have_what_was_promised()
        self.assertNotIn("spool_commit_failed", self.agent.log_text())

    def test_a_neighbour_that_fills_the_volume_stops_the_intake_but_not_the_draining(self):
        self.agent.start()
        self.postgres.stop()
        self.send(3000)
        self.volume.fill()
        self.send_until_busy()
        self.assert_says_that_it_is_full()
        self.postgres.start()
        self.assert_both_stores_have_what_was_promised()
        self.volume.empty()
        self.assert_takes_events_again()
        self.assert_both_stores_have_what_was_promised()

    def test_a_start_on_a_full_volume_delivers_what_waits(self):
        self.agent.start()
        self.postgres.stop()
        self.send(3000)
        self.agent.stop(signal.SIGKILL)
        self.volume.fill()
        self.start_on_the_full_volume()
        self.postgres.start()
        self.assert_both_stores_have_what_was_promised()
        self.volume.empty()
        self.assert_takes_events_again()

    def test_a_start_on_a_full_volume_without_ballast_delivers_and_takes_nothing(self):
        self.agent.start()
        self.postgres.stop()
        self.send(3000)
        self.agent.stop(signal.SIGKILL)
        (self.volume.path / "spool/ballast").unlink()
        self.volume.fill()
        self.start_on_the_full_volume()
        self.assertEqual(self.send(1), {"busy": 1})
        self.assert_says_that_it_is_full()
        self.postgres.start()
        self.assert_both_stores_have_what_was_promised()
        self.volume.empty()
        self.assert_takes_events_again()
        self.assertTrue((self.volume.path / "spool/ballast").exists())

    def start_on_the_full_volume(self):
        self.agent.start(wait=False)
        harness.wait_until(lambda: self.agent.probe("/startupz")[0] == 200, "it starts on the full volume")

    def test_a_volume_filled_again_and_again_loses_nothing(self):
        self.agent.start()
        for _ in range(3):
            self.postgres.stop()
            self.volume.fill()
            self.send_until_busy()
            self.agent.stop(signal.SIGKILL)
            self.volume.empty()
            self.postgres.start()
            self.agent.start()
            self.assert_takes_events_again()
        self.assert_both_stores_have_what_was_promised()


if __name__ == "__main__":
    unittest.main()
