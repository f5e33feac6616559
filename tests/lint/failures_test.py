#!/usr/bin/python3
"""tests/FAILURES.md: each of the 24 ways to fail has its row, and every test that a row names exists."""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/tools"))
from numbers_of_docs import written_tests  # noqa: E402

ROWS = 24
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.*?) \| (.+?) \| (.+?) \|$")


def faults(page, written, count):
    found, seen = [], []
    for line in page.splitlines():
        row = ROW.match(line)
        if not row:
            if line.startswith("| ") and not line.startswith("| row "):
                found.append(f"no row of five columns: {line}")
            continue
        number, _, tests, _, seconds = row.groups()
        seen.append(int(number))
        named = re.findall(r"`([^`]+)`", tests)
        found += [f"{number}: no test {test}" for test in named if test not in written]
        if not named:
            found.append(f"{number}: names no test")
        found += [f"{number}: no seconds of {part.strip()}" for part in seconds.split(",")
                  if not re.fullmatch(r"\w+ \d+", part.strip())]
    if seen != list(range(1, count + 1)):
        found.append(f"rows are not 1 to {count} in order, each once: {seen}")
    return found


class Failures(unittest.TestCase):
    def test_every_way_to_fail_has_a_row_and_its_tests_exist(self):
        page = (ROOT / "tests/FAILURES.md").read_text()
        self.assertEqual(faults(page, written_tests(ROOT / "tests"), ROWS), [])

    def test_planted_faults_are_named(self):
        good = "| row | wrong | tests | do | seconds |\n| 1 | a | `A.B` | d | x 1, y 20 |\n| 2 | a | `A.B` | d | x 1 |\n"
        self.assertEqual(faults(good, {"A.B"}, 2), [])
        for planted, words in ((good.replace("| 2 | a | `A.B`", "| 2 | a | `A.C`"), "2: no test A.C"),
                               (good.replace("| 2 | a | `A.B`", "| 2 | a | -"), "2: names no test"),
                               (good.replace("| 2 |", "| 3 |"), "rows are not 1 to 2"),
                               (good.replace("y 20", "y"), "1: no seconds of y"),
                               (good + "| 3 | a |\n", "no row of five columns")):
            self.assertIn(words, "; ".join(faults(planted, {"A.B"}, 2)))


if __name__ == "__main__":
    unittest.main()
