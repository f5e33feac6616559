"""Seeded hostile events on the socket and over HTTP: answers, both stores and every hash as the oracle says.

TWINLOG_LONG=1: ten times as many, with a seed of their own each time."""
import os
import pathlib
import secrets
import sys
import unittest

import harness
import two_servers

sys.path.insert(0, str(harness.ROOT / "tests/oracle"))
import generate_hostile  # noqa: E402
import normalise  # noqa: E402

IS_LONG = bool(os.environ.get("TWINLOG_LONG"))
EVENTS = 30_000 if IS_LONG else 3_000
TWICE = "this member comes more than once"


def verdict_of(line):
    """The field that is refused, or None."""
    try:
        normalise.normalise(line)
    except normalise.Refused as refused:
        return str(refused).replace("organization", "organisation")  # Answers use one spelling for both.
    return None


class HostileGenerator(two_servers.TwoServersCase):
    def setUp(self):
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database())
        self.addCleanup(self.agent.close)
        self.agent.start()

    def check(self, first_seed, send):
        seed = secrets.randbelow(1 << 32) if IS_LONG else first_seed
        print(f"seed {seed}, {EVENTS} events")
        lines = list(generate_hostile.lines(seed, EVENTS))
        verdicts = [verdict_of(line) for line in lines]
        taken = verdicts.count(None)
        self.assertTrue(EVENTS / 10 < taken < EVENTS * 9 / 10,
                        f"{taken} of {EVENTS} taken: the generator tells nothing")
        answers = send(lines)
        self.assertEqual(len(answers), len(lines))
        for line, verdict, answer in zip(lines, verdicts, answers, strict=True):
            self.check_answer(line, verdict, answer)
        path = pathlib.Path(self.agent.folder, "sent.ndjson")
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        self.agent.wait_delivered(240)
        code, text = harness.compare(self.agent, path)
        self.assertEqual(code, 0, f"seed {seed}: {text}")
        self.assertEqual(self.agent.process.poll(), None)

    def check_answer(self, line, verdict, answer):
        if verdict is None:
            self.assertIn(answer["status"], ("stored", "duplicate", "conflict"), line)
        elif verdict == "repeated":
            self.assertEqual((answer["status"], answer["error"]["reason"]), ("rejected", TWICE), line)
        else:
            self.assertEqual((answer["status"], answer.get("error", {}).get("field")), ("rejected", verdict), line)

    def test_broken_events_on_the_socket_are_answered_and_kept_as_the_contract_says(self):
        self.check(11, self.agent.send_lines)

    def test_broken_events_as_requests_of_their_own_are_answered_and_kept_as_the_contract_says(self):
        self.check(12, lambda lines: [self.agent.post(line)[1]["results"][0] for line in lines])


if __name__ == "__main__":
    unittest.main()
