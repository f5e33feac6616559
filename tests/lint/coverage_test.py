#!/usr/bin/python3
"""tests/tools/coverage.py adds up what gcovr says of each file."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tools"))
from coverage import by_folder  # noqa: E402


def file(name, reached, lines):
    return {"filename": name, "line_covered": reached, "line_total": lines}


class Coverage(unittest.TestCase):
    def test_lines_are_added_up_for_each_folder_and_all_of_them(self):
        counts = by_folder([file("agent/main/a.cpp", 3, 10), file("agent/net/b.cpp", 7, 10), file("spool/c.h", 1, 4)])
        self.assertEqual(counts, {"agent": [10, 20], "plugins": [0, 0], "spool": [1, 4], "ledger": [0, 0],
                                  "config": [0, 0], "total": [11, 24]})

    def test_a_file_of_a_folder_that_nobody_listed_is_not_left_out_silently(self):
        with self.assertRaises(KeyError):
            by_folder([file("elsewhere/a.cpp", 1, 1)])


if __name__ == "__main__":
    unittest.main()
