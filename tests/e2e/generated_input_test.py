"""Seeded events, tame and hostile, through socket and HTTP into PostgreSQL and mongo-java-server."""
import pathlib
import subprocess
import sys
import unittest

import psycopg
import pymongo

import harness
import two_servers


def is_known_by_id(line, answer):
    return answer["status"] != "rejected" and b'"log_id":' in line.replace(b" ", b"")


class GeneratedInput(two_servers.TwoServersCase):
    def setUp(self):
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database())
        self.addCleanup(self.agent.close)
        self.agent.start()

    def generate(self, seed, events):
        path = pathlib.Path(self.agent.folder, f"events-{seed}.ndjson")
        with path.open("wb") as file:
            subprocess.run([sys.executable, harness.ROOT / "tests/oracle/generate.py", "--seed", str(seed), "--events",
                            str(events)], stdout=file, check=True)
        return path, harness.lines_of(path)

    def test_five_thousand_hostile_events_are_the_same_in_both_stores_and_as_the_contract_says(self):
        path, lines = self.generate(seed=1, events=5000)
        half = len(lines) // 2
        answers = self.agent.send_lines(lines[:half]) + self.agent.post_lines(lines[half:])
        counts = harness.statuses(answers)
        for status in ("stored", "duplicate", "conflict", "rejected"):
            self.assertGreater(counts.get(status, 0), 40, counts)
        self.assertEqual(len(answers), len(lines))
        self.agent.wait_delivered(120)
        self.assert_equal_to_contract(path)
        # Again, within the spool's memory: whatever was taken is known, as record or as conflict. (What has no id would
        # be new events.)
        lines = [line for line, answer in zip(lines, answers, strict=True) if is_known_by_id(line, answer)]
        half = len(lines) // 2
        again = harness.statuses(self.agent.send_lines(lines[:half]) + self.agent.post_lines(lines[half:]))
        self.assertEqual(again, {"duplicate": len(lines)})
        # And after everything was trimmed from it: taken for new, and settled by the stores' keys.
        self.agent.stop()
        self.agent.environment["TWINLOG_SPOOL_KEEP_DELIVERED"] = "0s"
        self.agent.start()
        harness.wait_until(lambda: self.agent.metric("twinlog_spool_records ") == 0, "the spool is trimmed")
        self.agent.send_lines(lines[:half])
        self.agent.post_lines(lines[half:])
        self.agent.wait_delivered(120)
        self.assert_equal_to_contract(path)
        self.planted_differences(path)

    def assert_equal_to_contract(self, path):
        code, text = harness.compare(self.agent, path)
        self.assertEqual(code, 0, text)

    def planted_differences(self, path):
        with psycopg.connect(self.agent.postgres) as connection:
            connection.execute("DELETE FROM auth_logs WHERE ctid = (SELECT min(ctid) FROM auth_logs)")
        code, text = harness.compare(self.agent, path)
        self.assertEqual(code, 1, text)
        self.assertIn("DIFFERENT: postgres", text)
        with pymongo.MongoClient(self.agent.mongodb) as client:
            client.get_default_database().auth_logs.update_one({}, {"$set": {"user_agent": "edited"}})
        code, text = harness.compare(self.agent, path)
        self.assertEqual(code, 1, text)
        self.assertIn("DIFFERENT: mongodb", text)

    def test_no_sent_secret_is_found_anywhere_on_disk_or_in_the_log(self):
        _, lines = self.generate(seed=2, events=500)
        self.agent.send_lines(lines)
        self.agent.wait_delivered(120)
        self.agent.stop()
        secrets = [b"hunter2", b"abcdefghijklmnOP0", b"dXNlcjpwYXNz", b"c2lnbmF0dXJlc2lnbmF0dXJl"]
        for secret in secrets:
            self.assertTrue(any(secret in line for line in lines), secret)
            for path in [self.agent.log_path, *pathlib.Path(self.agent.spool).rglob("*")]:
                if path.is_file():
                    self.assertNotIn(secret, path.read_bytes(), f"{secret!r} in {path}")


if __name__ == "__main__":
    unittest.main()
