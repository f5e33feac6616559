"""The made-up host's month has the shape that its page promises, whatever the seed, and the same bytes for the same seed."""
import json
import subprocess
import sys
import unittest

import harness

sys.path.insert(0, str(harness.ROOT / "tests/oracle"))
import host_month  # noqa: E402
import normalise  # noqa: E402


class HostMonth(unittest.TestCase):
    def setUp(self):
        self.months = {seed: host_month.events(seed) for seed in range(1, 6)}

    def test_the_same_seed_gives_the_same_bytes_and_another_one_others(self):
        command = [sys.executable, harness.ROOT / "tests/oracle/host_month.py", "--seed"]
        first, again, other = (subprocess.run([*command, seed], check=True, capture_output=True).stdout
                               for seed in ("1", "1", "2"))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    # The real host's month that it was drawn after: 1,609 events, of them 1,042 failures, 226 successes, 225 logouts, 59
    # locks, 57 resets; 808 share their second with another (6 at most), 103 repeat an earlier one, 43 have no name;
    # 31 names, 107 addresses.
    def test_its_numbers_are_like_those_of_a_real_host(self):
        for seed, month in self.months.items():
            shape = host_month.statistics(month)
            for name, least, most in (("events", 1300, 2100), ("login_failed", 800, 1500), ("login_success", 150, 300),
                                      ("account_locked", 40, 90), ("lockout_reset", 40, 90), ("names", 25, 35),
                                      ("share a second with another", 500, 1100), ("repeat an earlier one", 80, 400),
                                      ("without a name", 15, 120), ("addresses", 70, 110)):
                with self.subTest(seed=seed, name=name):
                    self.assertTrue(least <= shape[name] <= most, shape)

    def test_one_account_is_guessed_147_times_by_one_address_and_then_opened_by_it(self):
        for month in self.months.values():
            theirs = [event for event in month if event["ip"] == host_month.THIEF]
            kinds = [event["event_type"] for event in theirs if event["event_type"] != "account_locked"]
            self.assertEqual(kinds, ["login_failed"] * 147 + ["login_success"])
            self.assertEqual({event["username"] for event in theirs}, {host_month.VICTIM})

    def test_it_is_in_the_order_of_time_with_ids_that_never_repeat(self):
        for month in self.months.values():
            times = [event["occurred_at"] for event in month]
            self.assertEqual(times, sorted(times))
            self.assertEqual(len({event["log_id"] for event in month}), len(month))

    def test_five_failures_lock_an_account_and_every_lock_ends_with_a_reset(self):
        for month in self.months.values():
            open_locks = {}
            for event in month:
                name = event["username"]
                if event["event_type"] == "account_locked":
                    self.assertNotIn(name, open_locks)
                    self.assertGreaterEqual(event["failed_login_attempts"], 5)
                    open_locks[name] = event["account_locked_until"]
                elif event["event_type"] == "lockout_reset":
                    self.assertEqual(open_locks.pop(name), event["occurred_at"])
            self.assertEqual(open_locks, {})

    def test_the_oracle_takes_all_of_it_with_members_that_it_does_not_know(self):
        for line in host_month.lines():
            kept = normalise.normalise(line)
            self.assertIn("outcome", kept["metadata"], line)
            self.assertEqual(kept["log_id"], json.loads(line)["log_id"])


if __name__ == "__main__":
    unittest.main()
