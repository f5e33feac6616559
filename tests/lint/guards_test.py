#!/usr/bin/python3
"""tests/mutations: each patch fits the checkout and names a test that exists; and the check itself, on planted faults."""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/tools"))
import mutate_guards  # noqa: E402
from numbers_of_docs import written_tests  # noqa: E402

PATCH = "Guard: sheep are counted\nRed: Sheep.AreCounted\nShort: yes\n\n--- fold.h\n+++ fold.h\n@@ -1 +1 @@\n-count();\n+skip();\n"


class Guards(unittest.TestCase):
    def test_every_patch_fits_and_names_a_test_and_there_are_enough(self):
        found = mutate_guards.guard_faults(ROOT / "tests/mutations", ROOT, written_tests(ROOT / "tests"))
        self.assertEqual(found, [])

    def faults(self, *patches, source="count();\n"):
        root = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (root / "fold.h").write_text(source)
        (root / "mutations").mkdir()
        for number, patch in enumerate(patches):
            (root / "mutations" / f"m{number}.patch").write_text(patch)
        return "; ".join(mutate_guards.guard_faults(root / "mutations", root, {"Sheep.AreCounted"}))

    def test_planted_faults_are_named(self):
        self.assertEqual(self.faults(*[PATCH] * 12), "")
        for patch, words in ((PATCH.replace("Red: ", "Rot: "), "needs the ending"),
                             (PATCH.replace("Sheep.", "Goats."), "no test Goats.AreCounted"),
                             (PATCH.replace("-count", "-counted"), "does not fit any more")):
            self.assertIn(words, self.faults(patch, *[PATCH] * 11))
        self.assertIn("11 mutations in all; there must be 12", self.faults(*[PATCH] * 11))
        long = PATCH.replace("Short: yes\n", "")
        self.assertIn("3 mutations with Short: yes", self.faults(*[PATCH] * 3, *[long] * 9))


if __name__ == "__main__":
    unittest.main()
