#!/usr/bin/python3
"""tests/ATTACKS.md: every test that it names exists, and every test of an attack is named there."""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/tools"))
from numbers_of_docs import written_tests  # noqa: E402


def faults(page, written):
    named = set(re.findall(r"`(\w+_test\.\w+\.\w+)`", page))
    attacks = {name for name in written if name.startswith("attacks_") and not name.startswith("attacks_test.")}
    return sorted([f"no test {name}" for name in named - written] + [f"not named: {name}" for name in attacks - named])


class Attacks(unittest.TestCase):
    def test_every_test_of_an_attack_has_its_row_and_exists(self):
        page = (ROOT / "tests/ATTACKS.md").read_text()
        self.assertEqual(faults(page, written_tests(ROOT / "tests")), [])

    def test_planted_faults_are_named(self):
        written = {"attacks_a_test.A.test_b"}
        self.assertEqual(faults("| `attacks_a_test.A.test_b` |", written), [])
        self.assertEqual(faults("| `attacks_a_test.A.test_c` |", written),
                         ["no test attacks_a_test.A.test_c", "not named: attacks_a_test.A.test_b"])


if __name__ == "__main__":
    unittest.main()
