"""Two agents write into both stores without a pause while verify reads: it never cries wolf."""
import os
import threading
import unittest

import harness
import ledger_scene
from ledger_case import LedgerCase

RUNS = 100 if os.environ.get("TWINLOG_LONG") else 6
LINES_AT_ONCE = 50
LINES_A_RUN = 400  # Of each agent, so that a hundred runs do not read a record that grew without a bound.


class UnderLoad(LedgerCase):
    def setUp(self):
        super().setUp()
        self.postgres_uri, self.mongodb_uri = self.scene.server.new_database(), self.scene.documents.new_database()
        self.over, self.sent, self.errors, self.runs = threading.Event(), [0, 0], [], 0

    def send(self, number, agent):
        """Failures and successes of a few hot accounts, some ids shared by both agents."""
        try:
            while not self.over.is_set():
                start = self.sent[number]
                lines = [ledger_scene.line(f"shared-{n}" if n % 9 == 0 else f"own-{number}-{n}", n,
                                           "login_success" if n % 5 == 0 else "login_failed", user_id=f"u{n % 7}")
                         for n in range(start, start + LINES_AT_ONCE)]
                agent.send_lines(lines)
                self.sent[number] += LINES_AT_ONCE
                harness.wait_until(lambda: self.sent[number] < LINES_A_RUN * (self.runs + 1) or self.over.is_set(),
                                   "the next run of verify", harness.PATIENCE * 10)
                agent.wait_delivered()  # So that the record grows as fast as it is written, and not as fast as it is sent.
        except (OSError, AssertionError, ValueError) as error:
            self.errors.append(error)

    def test_while_both_agents_write_it_finds_nothing(self):
        agents = [self.scene.new_agent(f"auth-load-{number}", self.postgres_uri, self.mongodb_uri) for number in range(2)]
        for agent in agents:
            agent.start()
        threads = [threading.Thread(target=self.send, args=pair) for pair in enumerate(agents)]
        for thread in threads:
            thread.start()
        self.addCleanup(self.over.set)
        harness.wait_until(lambda: min(self.sent) > LINES_AT_ONCE or self.errors, "both agents have delivered")
        for self.runs in range(1, RUNS + 1):
            before = sum(self.sent)
            code, findings = self.verify()
            self.assertEqual((0, []), (code, findings), self.said)
            harness.wait_until(lambda seen=before: sum(self.sent) > seen or self.errors, "events went in meanwhile")
        self.over.set()
        for thread in threads:
            thread.join()
        self.assertEqual([], self.errors)
        for agent in agents:
            agent.wait_delivered()
            self.assertEqual(0, agent.stop())
        self.assert_clean()
        self.assertEqual(2, self.summary["epochs"])


if __name__ == "__main__":
    unittest.main()
