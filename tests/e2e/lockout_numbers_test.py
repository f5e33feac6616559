"""The numbers of the lockout mirror (docs/EVENTS.md), from the sender's line to the accounts of both stores."""
import itertools
import pathlib
import sys
import time
import unittest
import uuid

import harness
import two_servers
import wire

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
import stores  # noqa: E402

MOST = 2**31 - 1
LAST_DAY = 253_402_214_400_000_000  # 9999-12-31T00:00:00Z in microseconds.


class LockoutNumbers(two_servers.TwoServersCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = harness.Agent(cls.postgres.new_database(), cls.documents.new_database()).start()
        cls.addClassCleanup(cls.agent.close)

    def accounts(self, histories):
        """{name: what both stores show of the account} after a history [(event type, members), ...] a name, one
        millisecond between events unless they say when."""
        users = {name: uuid.uuid4().hex for name in histories}
        for name, history in histories.items():
            lines = [wire.event(f"{users[name]}-{number}", **{"event_type": event_type, "user_id": users[name],
                                                              "occurred_at": 1_700_000_000_000 + number, **members})
                     for number, (event_type, members) in enumerate(history)]
            self.assertEqual(harness.statuses(self.agent.send_lines(lines)), {"stored": len(lines)})
        self.agent.wait_delivered()
        both = [{name: found.accounts["acme", "id:" + user] for name, user in users.items()}
                for found in (stores.read_postgres(self.agent.postgres), stores.read_mongodb(self.agent.mongodb))]
        self.assertEqual(both[0], both[1])
        return both[0]

    def attempts(self, histories):
        return {name: account["failed_login_attempts"] for name, account in self.accounts(histories).items()}

    def test_attempts_begin_at_0_and_a_failure_adds_1(self):
        failed = ("login_failed", {})
        self.assertEqual(self.attempts({"locked only": [("account_locked", {})], "one": [failed],
                                        "two": [failed, failed],
                                        "stated": [("login_failed", {"failed_login_attempts": 7}), failed]}),
                         {"locked only": 0, "one": 1, "two": 2, "stated": 8})

    def deliver(self, user, event_type, occurred_at):
        line = wire.event(uuid.uuid4().hex, event_type=event_type, user_id=user, occurred_at=occurred_at)
        self.assertEqual(harness.statuses(self.agent.send_lines([line])), {"stored": 1})
        self.agent.wait_delivered()

    @staticmethod
    def next_millisecond():
        begun = time.time_ns() // 1_000_000
        while time.time_ns() // 1_000_000 <= begun:
            pass
        return begun + 1

    def test_a_failure_dated_ahead_counts_from_when_it_was_received_also_behind_a_success_that_comes_late(self):
        user = uuid.uuid4().hex
        self.deliver(user, "login_failed", "2100-01-01T00:00:00Z")
        between = self.next_millisecond()
        self.deliver(user, "login_failed", self.next_millisecond())
        self.deliver(user, "login_success", between)
        self.assertEqual([found.accounts["acme", "id:" + user]["failed_login_attempts"] for found in
                          (stores.read_postgres(self.agent.postgres), stores.read_mongodb(self.agent.mongodb))], [1, 1])

    def test_a_success_or_reset_sets_the_stated_attempts_or_0(self):
        failed = ("login_failed", {})
        histories = {f"{event_type} {stated}": [failed, failed, (event_type, members)]
                     for event_type in ("login_success", "lockout_reset")
                     for stated, members in (("nothing", {}), ("three", {"failed_login_attempts": 3}))}
        self.assertEqual(self.attempts(histories), {name: 3 if name.endswith("three") else 0 for name in histories})

    def test_shown_attempts_stop_at_2147483647(self):
        failed = ("login_failed", {})
        self.assertEqual(self.attempts({str(stated): [("login_failed", {"failed_login_attempts": stated}), failed]
                                        for stated in (MOST - 2, MOST - 1, MOST)}),
                         {str(MOST - 2): MOST - 1, str(MOST - 1): MOST, str(MOST): MOST})

    def test_a_lock_is_permanent_from_9999_12_31_on(self):
        found = self.accounts({when: [("account_locked", {"account_locked_until": when})]
                               for when in ("9999-12-30T23:59:59.999999Z", "9999-12-31T00:00:00Z",
                                            "9999-12-31T00:00:00.000001Z")})
        shown = [(account["lock_kind"], account["account_locked_until"] - LAST_DAY) for account in found.values()]
        self.assertEqual(shown, [("temporary", -1), ("permanent", 0), ("permanent", 1)])

    def test_at_one_moment_failed_comes_before_success_before_reset_before_locked(self):
        types = ("login_failed", "login_success", "lockout_reset", "account_locked")
        same = {"occurred_at": 1_700_000_000_000}
        histories = {f"{first} {second}": [(event_type, {**same, "failed_login_attempts": number})
                                           for number, event_type in ((1, first), (2, second))]
                     for first, second in itertools.permutations(types, 2)}
        expected = {f"{first} {second}": 1 if types.index(first) > types.index(second) else 2
                    for first, second in itertools.permutations(types, 2)}
        self.assertEqual(self.attempts(histories), expected)

    def test_at_one_moment_and_rank_no_stated_number_counts_as_minus_1(self):
        same, stated = {"occurred_at": 1_700_000_000_000}, {"failed_login_attempts": 0}
        sent = {"stated first": [("login_failed", {**same, **stated}), ("login_failed", same)],
                "stated last": [("login_failed", same), ("login_failed", {**same, **stated})]}
        self.assertEqual(self.attempts(sent), {"stated first": 0, "stated last": 0})


if __name__ == "__main__":
    unittest.main()
