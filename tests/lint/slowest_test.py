#!/usr/bin/python3
"""The list of slow files, on planted results."""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/tools"))
import slowest  # noqa: E402

JUNIT = '<testsuite><testcase name="spool_test" time="12.5"/><testcase name="net_test" time="301"/></testsuite>'


class Slowest(unittest.TestCase):
    def seconds(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "asan-ctest.junit").write_text(JUNIT)
            pathlib.Path(folder, "seconds.txt").write_text("300 release/e2e-fits_test\n301 release/e2e-slow_test\n")
            return slowest.read_seconds(pathlib.Path(folder))

    def test_seconds_are_read_of_files_of_python_and_of_binaries(self):
        self.assertEqual(self.seconds(), {"asan/spool_test": 12.5, "asan/net_test": 301, "release/e2e-fits_test": 300,
                                          "release/e2e-slow_test": 301})

    def test_a_file_over_300_seconds_is_a_fault_unless_it_is_listed_with_a_reason(self):
        found = slowest.faults(self.seconds(), {"asan/net_test": "a reason", "release/e2e-slow_test": ""}, False)
        self.assertEqual(found, ["release/e2e-slow_test took 301 s; a file has at most 300"])

    def test_a_listed_name_that_no_file_has_is_a_fault(self):
        allowed = {"asan/net_test": "why", "release/e2e-slow_test": "why", "gone_test": "why"}
        self.assertEqual(slowest.faults(self.seconds(), allowed, False), [])
        found = slowest.faults(self.seconds(), allowed, True)
        self.assertEqual(found, ["gone_test may be slow by the list, and there is no such file"])


if __name__ == "__main__":
    unittest.main()
