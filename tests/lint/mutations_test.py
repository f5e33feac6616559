#!/usr/bin/python3
"""The table of mutations and what is made of it, on a small house with planted faults."""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/tools"))
import mutants  # noqa: E402
import mutate_numbers  # noqa: E402
import mutations  # noqa: E402

SOURCES = {"fold.h": "constexpr int kSheepMost = 10;\nconstexpr int kFolds = 4;\n", "gate.cpp": "open_after(30);\nopen_after(31);\n"}
ROWS = [("SHEEP", "At most 10 sheep", ["Sheep.AreCounted", "fold_test.Fold.test_full"], ""), ("SHEEP", "4 folds", ["Folds.Are"], ""),
        ("SHEEP", "line 6", [], "refers to a line"), ("SHEEP", "after 30 s", ["fold_test.Fold.test_opens"], "")]
TABLE = ("SHEEP\tAt most 10 sheep\tfold.h\tkSheepMost = 10;\tkSheepMost = 11;\tSheep.AreCounted fold_test.Fold.test_full[ewes]",
         "SHEEP\t4 folds\tfold.h\tkFolds = 4;\tkFolds = 5;\tFolds.Are\talone",
         "SHEEP\tafter 30 s\tgate.cpp\topen_after(30);\\nopen\topen_after(29);\\nopen\tfold_test.Fold.test_opens")


class House(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, text in SOURCES.items():
            (self.root / name).write_text(text)

    def faults(self, *table, rows=None):
        return mutations.table_faults("\n".join(table), rows or ROWS, self.root)

    def changes(self, *tests_of_each, file="fold.h"):
        """Mutations of different text, each seen by the tests."""
        (self.root / file).write_text("".join(f"k{number};" for number in range(len(tests_of_each))))
        return [mutations.Mutation(file, f"k{number};", "x", tests=tests.split()) for number, tests in enumerate(tests_of_each)]


class Table(House):
    def expect(self, words, *table, rows=None):
        found = self.faults(*table, rows=rows)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words, found[0])

    def test_a_complete_table_has_no_fault(self):
        self.assertEqual(self.faults(*TABLE), [])
        self.assertEqual(self.faults(*TABLE[:2], "SHEEP\tafter 30 s\t-\tthe clock is nobody's"), [])

    def test_a_tested_number_without_a_mutation_or_reason_is_a_fault(self):
        for missing, (_, words, *_) in ((0, ROWS[0]), (1, ROWS[1]), (2, ROWS[3])):
            self.expect(f"no mutation shows that the tests of this hold it: {words}",
                        *(row for number, row in enumerate(TABLE) if number != missing))

    def test_a_test_of_a_number_that_no_mutation_has_to_fail_is_a_fault(self):
        self.expect("is to be noticed by fold_test.Fold.test_full", TABLE[0].replace(" fold_test.Fold.test_full[ewes]", ""), *TABLE[1:])

    def test_a_mutation_of_a_number_that_has_no_tests_or_is_not_listed_is_a_fault(self):
        for words in ("line 6", "10 goats"):
            self.expect(f"no row with tests: {words}", *TABLE, TABLE[2].replace("after 30 s", words))

    def test_text_that_does_not_stand_exactly_once_in_its_file_is_a_fault(self):
        self.expect("stands 0 times in fold.h", TABLE[0].replace("= 10;", "= 12;"), *TABLE[1:])
        self.expect("stands 2 times in gate.cpp", *TABLE[:2], TABLE[2].replace("open_after(30);\\nopen\t", "open_after(3\t"))
        self.expect("stands 0 times in gone.h", TABLE[0].replace("fold.h", "gone.h"), *TABLE[1:])
        self.expect("'kFolds = 4;'", TABLE[0], TABLE[1].replace("= 5", "= 4"), TABLE[2])

    def test_a_row_of_another_form_is_a_fault(self):
        for row in ("SHEEP\t4 folds\t-\t", "SHEEP\t4 folds\tfold.h\tkFolds = 4;\t\tFolds.Are", TABLE[1].replace("alone", "often")):
            self.assertIn("needs page, words, file", self.faults(TABLE[0], row, TABLE[2])[0])
        self.assertIn("no names of tests: ['Folds.Are[']", self.faults(TABLE[0], TABLE[1].replace("Folds.Are", "Folds.Are["), TABLE[2])[0])

    def test_rows_with_the_same_change_are_one_mutation(self):
        found, _, _ = mutations.read_mutations("\n".join([*TABLE, TABLE[1].replace("4 folds", "four").replace("Folds.Are", "Folds.Be")]))
        self.assertEqual([(each.new, each.tests) for each in found if each.file == "fold.h"],
                         [("kSheepMost = 11;", ["Sheep.AreCounted", "fold_test.Fold.test_full[ewes]"]), ("kFolds = 5;", ["Folds.Are", "Folds.Be"])])

    def test_the_table_of_this_house_names_a_mutation_that_a_batch_can_make(self):
        table = (ROOT / "tests/docs/mutations.tsv").read_text()
        for batch in mutations.batches(mutations.read_mutations(table)[0], ROOT):
            texts = mutate_numbers.edited(batch)
            self.assertEqual({each.file for each in batch}, texts.keys())
            self.assertTrue(all(each.new in texts[each.file] for each in batch))


class Batches(House):
    def sizes(self, changes):
        return [len(batch) for batch in mutations.batches(changes, self.root)]

    def test_mutations_that_a_test_would_see_both_are_shown_apart(self):
        self.assertEqual(self.sizes(self.changes("A.B", "A.C")), [2])
        self.assertEqual(self.sizes(self.changes("A.B", "A.C A.B")), [1, 1])
        self.assertEqual(self.sizes(self.changes("A.B[one]", "A.B[two]")), [2])
        self.assertEqual(self.sizes(self.changes("A.B[one]", "A.B[one]")), [1, 1])
        self.assertEqual(self.sizes(self.changes("A.B[one]", "A.B")), [1, 1])

    def test_mutations_of_the_same_text_are_shown_apart(self):
        first, second = self.changes("A.B", "A.C")
        second.old = "k0;k1"
        self.assertEqual(self.sizes([first, second]), [1, 1])

    def test_one_that_breaks_all_is_shown_alone(self):
        changes = self.changes("A.B", "A.C", "A.D")
        changes[1].alone = True
        self.assertEqual(sorted(self.sizes(changes)), [1, 2])

    def test_those_in_headers_are_built_together_and_the_others_a_few_at_a_time(self):
        headers = self.changes(*(f"A.H{number}" for number in range(40)))
        others = self.changes(*(f"A.O{number}" for number in range(mutations.BATCH_MOST + 1)), file="gate.cpp")
        self.assertEqual(self.sizes(others + headers), [40, mutations.BATCH_MOST, 1])


class Verdicts(unittest.TestCase):
    def verdict(self, test, *cases, joint=" ["):
        return mutants.verdict_of(test, [(name, verdict, "") for name, verdict in cases], joint)[0]

    def test_a_test_fails_when_it_or_a_part_of_it_does(self):
        self.assertEqual(self.verdict("a.B.c", ("a.B.c", "passed"), ("a.B.cd", "failed")), "passed")
        self.assertEqual(self.verdict("a.B.c", ("a.B.c", "failed")), "failed")
        self.assertEqual(self.verdict("a.B.c", ("a.B.c [x]", "failed")), "failed")
        self.assertEqual(self.verdict("A.B", ("A.B/1", "passed"), ("A.B/2", "failed"), joint="/"), "failed")

    def test_a_part_fails_only_when_that_part_does(self):
        self.assertEqual(self.verdict("a.B.c[x]", ("a.B.c [x]", "failed")), "failed")
        self.assertEqual(self.verdict("a.B.c[x]", ("a.B.c [xy]", "failed")), "not run")
        self.assertEqual(self.verdict("a.B.c[x]", ("a.B.c", "failed")), "not run")
        self.assertEqual(self.verdict("a.B.c[x]", ("a.B.c", "passed")), "passed")
        self.assertEqual(self.verdict("A.B[x]", ("A.B/x", "failed"), joint="/"), "failed")

    def test_a_set_up_that_fails_or_a_test_that_is_skipped_shows_nothing(self):
        self.assertEqual(self.verdict("a.B.c", ("setUpClass (a.B)", "failed")), "not run")
        self.assertEqual(self.verdict("a.B.c", ("a.B.c", "skipped")), "skipped")


if __name__ == "__main__":
    unittest.main()
