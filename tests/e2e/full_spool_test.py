"""A spool that reaches `spool.max_bytes`: the 90 % rule, busy on both ways in, time to full, recovery without help."""
import contextlib
import json
import os
import random
import unittest
import uuid

import psycopg

import harness
import two_servers

MAX_BYTES = 24 << 20


def event(number, event_type, **members):
    return json.dumps({"tenant_id": "acme", "log_id": f"e{number}", "event_type": event_type,
                       "occurred_at": 1_700_000_000_000 + number, "user_id": "u1",
                       # Does not compress, so that the spool fills as fast as the numbers say.
                       "user_agent": random.Random(number).randbytes(500).hex(), **members}).encode()


class FullSpool(two_servers.TwoServersCase):
    def setUp(self):
        self.next_number, self.kept = 0, set()
        if not self.postgres.process:
            self.postgres.start()
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(),
                                   f'max_bytes = "{MAX_BYTES}B"\nkeep_delivered = "0s"\ncompression = "none"',
                                   {"TWINLOG_RETRY_MOST": "1s"})
        self.addCleanup(self.agent.close)
        self.agent.start()
        self.postgres.stop()

    def folder_bytes(self):
        total = 0
        for entry in os.scandir(self.agent.spool):
            with contextlib.suppress(FileNotFoundError):  # A compaction has just removed it.
                total += entry.stat().st_size
        return total

    def send(self, event_type, count=100):
        """Sends new events and remembers those that were promised."""
        lines = {f"e{self.next_number + n}": event(self.next_number + n, event_type) for n in range(count)}
        self.next_number += count
        answers = self.agent.send_lines(list(lines.values()))
        self.kept |= {answer["log_id"] for answer in answers if answer["status"] == "stored"}
        self.assertLessEqual(self.folder_bytes(), MAX_BYTES)
        return harness.statuses(answers)

    def fill(self, event_type):
        """Sends until nothing of that type is taken any more."""
        while "stored" in self.send(event_type):
            self.assertLess(self.next_number, 100_000, "the spool never fills")

    def deliver(self):
        self.postgres.start()
        self.agent.wait_delivered(120)

    def assert_every_promise_is_kept(self):
        with psycopg.connect(self.agent.postgres) as connection:
            rows = {row[0] for row in connection.execute("SELECT log_id FROM auth_logs")}
        self.assertEqual(rows, self.kept)

    def test_above_90_percent_only_the_four_base_types_are_taken_and_above_95_none(self):
        self.fill("logout")
        self.assertGreater(self.folder_bytes(), MAX_BYTES * 0.85)
        self.assertEqual(self.agent.probe("/readyz")[0], 200)
        for base in ("login_success", "login_failed", "account_locked", "lockout_reset"):
            self.assertEqual(self.send(base, 1), {"stored": 1}, base)
        self.assertEqual(self.send("mfa_failed", 1), {"busy": 1})
        self.fill("login_failed")
        self.assertEqual(self.send("login_success", 1), {"busy": 1})
        self.assertEqual(self.agent.metric("twinlog_spool_full "), 1)
        self.deliver()
        self.assert_every_promise_is_kept()

    def one_taken_one_busy(self):
        """The answers to a base event and another one; None where the database had made room meanwhile, as it may."""
        self.fill("logout")
        answers = self.agent.send_lines([event(0, kind, log_id=uuid.uuid4().hex) for kind in ("login_failed", "logout")])
        self.assertEqual(answers[0]["status"], "stored")
        return answers if answers[1]["status"] == "busy" else None

    def test_an_http_request_that_does_not_fit_is_refused_as_a_whole_and_says_when_to_come_again(self):
        self.fill("logout")
        before = self.agent.metric("twinlog_spool_records ")
        body = event(0, "login_failed", log_id="h1") + b"\n" + event(0, "logout", log_id="h2") + b"\n"
        status, headers, answer = self.agent.post_for_headers(body)
        self.assertEqual((status, answer["status"]), (503, "busy"))
        self.assertTrue(500 <= answer["retry_after_ms"] <= 2000, answer)
        self.assertIn(headers["Retry-After"], ("1", "2"))
        self.assertEqual(self.agent.metric("twinlog_spool_records "), before)
        answers = harness.wait_until(self.one_taken_one_busy, "a base event is taken beside another that finds no room")
        self.assertTrue(500 <= answers[1]["retry_after_ms"] <= 2000, answers[1])

    def test_duplicates_are_answered_as_such_by_a_full_spool(self):
        first = event(0, "login_failed", log_id="first")
        self.assertEqual(harness.statuses(self.agent.send_lines([first])), {"stored": 1})
        self.fill("login_failed")
        self.assertEqual(harness.statuses(self.agent.send_lines([first])), {"duplicate": 1})

    def test_the_time_to_full_is_long_until_it_fills_and_none_when_it_is_full(self):
        # Without events the agent's own leaves alone fill it.
        self.assertGreater(self.agent.metric("twinlog_spool_full_in_seconds "), 3600)
        self.send("login_failed", 1000)
        harness.wait_until(lambda: self.agent.metric("twinlog_spool_full_in_seconds ") < 3600, "it is seen to fill")
        self.assertGreater(self.agent.metric("twinlog_spool_full_in_seconds "), 0)
        self.fill("login_failed")
        harness.wait_until(lambda: self.agent.metric("twinlog_spool_full_in_seconds ") == 0, "no time is left")

    def test_a_full_spool_drains_and_takes_everything_again_without_help(self):
        self.fill("login_failed")
        self.assertEqual(self.agent.probe("/readyz")[0], 503)
        self.deliver()
        harness.wait_until(lambda: self.send("logout", 1) == {"stored": 1}, "every type is taken again")
        self.assertEqual(self.agent.probe("/readyz")[0], 200)
        self.agent.wait_delivered()
        self.assert_every_promise_is_kept()


if __name__ == "__main__":
    unittest.main()
