#!/usr/bin/python3
"""Plants one fault after another into a small page, its table, its tests and its results, and expects it named."""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/tools"))
import numbers_of_docs as numbers  # noqa: E402
from run_unittest import write_results  # noqa: E402

PAGE = """# Sheep
At most 10 sheep a fold, 4,096 in all, named in UTF-8 by RFC 8785.
```sh
echo 99 bottles
```
The fold of line 6 opens after 30 s.
```toml defaults
sheep = 7
```
"""
ROWS = ("SHEEP\tAt most 10 sheep\tSheep.AreCounted",
        "SHEEP\t4,096 in all,\tfold_test.Fold.test_it_is_full In/Sheep.AreMany",
        "SHEEP\tof line 6\t-\trefers to a line",
        "SHEEP\topens after 30 s\tfold_test.Fold.test_it_opens",
        "SHEEP\tsheep = 7\tfold_test.Fold.test_it_is_full")
SOURCES = {"sheep_test.cpp": "TEST(Sheep, AreCounted) {}\nTEST_P(Sheep, AreMany) {}\n",
           "fold_test.py": "class Fold:\n    def test_it_is_full(self): pass\n    def test_it_opens(self): pass\n"}
RESULTS = {"Sheep.AreCounted": "passed", "In/Sheep.AreMany/0": "passed", "In/Sheep.AreMany/1": "passed",
           "fold_test.Fold.test_it_is_full": "passed", "fold_test.Fold.test_it_opens": "passed"}


def faults(page=PAGE, rows=ROWS, sources=None, results=None):
    with tempfile.TemporaryDirectory() as folder:
        tests = pathlib.Path(folder, "tests")
        tests.mkdir()
        for name, text in (sources or SOURCES).items():
            (tests / name).write_text(text)
        if results is not None:
            write_results([(name, verdict, "") for name, verdict in results.items()], pathlib.Path(folder, "r.xml"))
        found = numbers.check({"SHEEP": page}, "\n".join(rows), tests, pathlib.Path(folder) if results is not None else None)
        return [line for lines in found.values() for line in lines]


class NumbersOfTheDocs(unittest.TestCase):
    def expect(self, words, **planted):
        found = faults(**planted)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_complete_table_has_no_fault(self):
        self.assertEqual(faults(), [])
        self.assertEqual(faults(results=RESULTS), [])

    def test_a_number_without_a_row_is_a_fault(self):
        for missing, number in ((0, "10"), (1, "4,096"), (2, "6"), (3, "30"), (4, "7")):
            self.expect(f"no row for {number} ", rows=[row for place, row in enumerate(ROWS) if place != missing])
        self.expect("no row for 11 ", page=PAGE.replace("opens", "opens at 11 and"),
                    rows=[*ROWS[:3], "SHEEP\tand after 30 s\tfold_test.Fold.test_it_opens", ROWS[4]])

    def test_a_number_that_was_changed_on_the_page_is_a_fault(self):
        found = faults(page=PAGE.replace("30 s", "31 s"))
        self.assertEqual(len(found), 2)
        self.assertIn("no row for 31", found[0])
        self.assertIn("not there (any more): opens after 30 s", found[1])

    def test_a_row_of_another_page_does_not_count(self):
        found = faults(rows=[*ROWS[:4], ROWS[4].replace("SHEEP", "GOATS")])
        self.assertIn("no row for 7 ", found[0])

    def test_a_row_without_tests_or_reason_or_enough_words_is_a_fault(self):
        extra = (("SHEEP\tAt most 10 sheep\t-", "or - and a reason"), ("SHEEP\tAt most 10 sheep\t", "or - and a reason"),
                 ("SHEEP\tAt most 10 sheep\tSheep.AreCounted\twhy", "or - and a reason"),
                 ("SHEEP\t10\tSheep.AreCounted", "the words around"), ("SHEEP\tAt most\tSheep.AreCounted", "the words around"))
        for row, words in extra:
            self.expect(words, rows=[*ROWS, row])

    def test_a_test_that_is_not_written_is_a_fault(self):
        self.expect("fold_test.Fold.test_it_opens: no such test",
                    sources={**SOURCES, "fold_test.py": SOURCES["fold_test.py"].replace("test_it_opens", "later")})
        self.expect("Sheep.AreCounted: no such test",
                    sources={**SOURCES, "sheep_test.cpp": SOURCES["sheep_test.cpp"].replace("AreCounted", "AreLost")})

    def test_a_tested_number_without_a_mutation_is_a_fault(self):
        with tempfile.TemporaryDirectory() as folder:
            found = numbers.check({"SHEEP": PAGE}, "\n".join(ROWS), pathlib.Path(folder, "tests"), None, mutations="")
        self.assertEqual(len(found["every_tested_number_has_a_mutation"]), len(ROWS) - 1)

    def test_a_test_that_did_not_run_or_pass_is_a_fault(self):
        self.expect("Sheep.AreCounted: did not run",
                    results={name: verdict for name, verdict in RESULTS.items() if name != "Sheep.AreCounted"})
        for verdict in ("failed", "skipped"):
            for name in RESULTS:
                self.expect("did not pass", results={**RESULTS, name: verdict})


if __name__ == "__main__":
    unittest.main()
