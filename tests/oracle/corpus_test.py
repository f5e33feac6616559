"""The oracle keeps of every case of the corpus what is written there; the agent's own reader does in redaction_corpus_test.cpp."""
import json
import pathlib
import unittest

import normalise

CORPUS = pathlib.Path(__file__).parents[1] / "record/corpus/redaction.ndjson"


def kept(place, sent):
    members = {"name": {"username": sent}, "text": {"metadata": {"x": sent}}, "member": {"metadata": sent}}[place]
    line = {"tenant_id": "t", "log_id": "l", "event_type": "login_failed", "occurred_at": 0, **members}
    content = normalise.normalise(json.dumps(line).encode())
    if place == "name":
        return content.get("username")
    return content["metadata"]["x"] if place == "text" else content["metadata"]


class RedactionCorpus(unittest.TestCase):
    def test_the_oracle_takes_what_is_secret_and_leaves_what_is_evidence(self):
        cases = [json.loads(line) for line in CORPUS.read_text().splitlines()]
        self.assertGreater(len(cases), 600)
        for case in cases:
            with self.subTest(case=case):
                self.assertEqual(kept(case["place"], case["in"]), case["out"])
                self.assertEqual(kept(case["place"], case["out"]), case["out"])


if __name__ == "__main__":
    unittest.main()
