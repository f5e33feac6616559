#!/usr/bin/python3
"""tests/FINDINGS.md: every finding has its row, and every test that a row names exists."""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/tools"))
from numbers_of_docs import written_tests  # noqa: E402

CASES = (1, 3, 4, 6, 7, 9, 10, 12, 13, 14, 16, 17, 18, 20, 21, 23, 24, 26, 27, 29, 30)
IDS = {*(f"E{number}" for number in range(1, 28)), *(f"ES{number}" for number in range(3, 8)),
       *(f"A{number}" for number in range(1, 19)), *(f"C{number}" for number in range(1, 11)), "PE",
       *(f"F{number:02}" for number in CASES)}
ROW = re.compile(r"^\| ([A-Z]+\d*) \| (.*?) \| (.+) \|$")


def faults(page, written, ids):
    found, seen = [], []
    for line in page.splitlines():
        row = ROW.match(line)
        if not row:
            if line.startswith("| ") and not line.startswith("| id "):
                found.append(f"no row of three columns: {line}")
            continue
        name, tests, verdict = row.groups()
        seen.append(name)
        named = re.findall(r"`([^`]+)`", tests)
        found += [f"{name}: no test {test}" for test in named if test not in written]
        if not named and not re.search("refuted|later|void|measured", verdict):
            found.append(f"{name}: neither a test nor a verdict that says why there is none")
    found += [f"{name}: no row" for name in sorted(ids - set(seen))]
    return found + [f"{name}: not one row" for name in sorted(set(seen) - ids | {name for name in seen if seen.count(name) > 1})]


class Findings(unittest.TestCase):
    def test_every_finding_has_a_row_and_its_tests_exist(self):
        page = (ROOT / "tests/FINDINGS.md").read_text()
        written = written_tests(ROOT / "tests")
        self.assertEqual(faults(page, written, IDS), [])

    def test_planted_faults_are_named(self):
        good = "| id | test | verdict |\n|---|---|---|\n| E1 | `A.B` | mended |\n| F01 | - | refuted: it is so |\n"
        self.assertEqual(faults(good, {"A.B"}, {"E1", "F01"}), [])
        for planted, words in ((good.replace("A.B", "A.C"), "E1: no test A.C"), (good.replace("`A.B`", "-"), "E1: neither"),
                               (good.replace("| E1", "| E2"), "E1: no row"), (good + "| E1 | `A.B` | again |\n", "E1: not one"),
                               (good + "| E9 | `A.B`\n", "no row of three columns")):
            found = faults(planted, {"A.B"}, {"E1", "F01"})
            self.assertIn(words, "; ".join(found))


if __name__ == "__main__":
    unittest.main()
