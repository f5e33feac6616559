"""The clients before an agent whose spool is full: its own busy, for all of them at a time."""
import json
import random
import unittest

import paths  # pylint: disable=unused-import  # It makes the next ones importable.
import harness
from client_tools import LANGUAGES, Send, new_agent

OTHERS = 100


class FullSpool(unittest.TestCase):
    """The agent's own busy: above 90 % of spool.max_bytes it takes the four base types only."""

    @staticmethod
    def large(event_type, number, **members):
        """An event that does not compress."""
        return json.dumps({"tenant_id": "acme", "event_type": event_type, "occurred_at": 1763971201000, **members,
                           "metadata": {"noise": random.Random(number).randbytes(3500).hex()}}).encode()

    def fill(self, agent):
        """Until nothing but the base types is taken."""
        number = 0
        while True:
            lines = [self.large("logout", number + n, log_id=f"fill-{number + n}") for n in range(20)]
            number += len(lines)
            if harness.statuses(agent.send_lines(lines)) == {"busy": len(lines)}:
                return
            self.assertLess(number, 100_000, "the spool never fills")

    def test_what_the_agent_takes_passes_by_what_it_is_busy_for(self):
        agent = new_agent('max_bytes = "24MiB"\nkeep_delivered = "0s"\ncompression = "none"')
        self.addCleanup(agent.close)
        agent.start()
        self.fill(agent)
        other = [self.large("logout", number) for number in range(OTHERS)]
        base = [b'{"tenant_id":"acme","event_type":"login_failed","occurred_at":1763971201000}'] * 5
        runs = {language: Send(language, agent.socket, ["--seconds", "15"]) for language in LANGUAGES}
        for run in runs.values():
            run.write(other + base)
            run.process.stdin.close()
        for language, run in runs.items():
            code, said = run.end()
            with self.subTest(language):
                self.assertEqual(code, 3, said[-2000:])
                self.assertEqual({answer["status"] for answer in run.answers}, {"stored"})
                # Where the spool makes a little room, one of the others may get in.
                self.assertLessEqual(set(range(OTHERS + 1, OTHERS + 6)), {answer["line"] for answer in run.answers})
                self.assertEqual(run.counts["unanswered"] + run.counts["stored"], OTHERS + 5)
                self.assertGreaterEqual(run.counts["busy"], run.counts["unanswered"])


if __name__ == "__main__":
    unittest.main()
