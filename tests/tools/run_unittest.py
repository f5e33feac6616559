#!/usr/bin/python3
"""Runs one file of unittest cases, prints each with its verdict, and writes a result file like GoogleTest's.

    tests/tools/run_unittest.py TEST_FILE RESULT.xml [CLASS.TEST ...]
"""
import importlib.util
import pathlib
import sys
import unittest
from xml.etree import ElementTree


class Result(unittest.TextTestResult):
    """Collects a verdict per case; a failed set-up of a class counts as a case of its own."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.verdicts = []

    def addSuccess(self, test):
        super().addSuccess(test)
        self.verdicts.append((test.id(), "passed", ""))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.verdicts.append((test.id(), "failed", str(err[1])))

    def addError(self, test, err):
        super().addError(test, err)
        self.verdicts.append((test.id(), "failed", str(err[1])))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.verdicts.append((test.id(), "skipped", reason))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.verdicts.append((subtest.id(), "failed", str(err[1])))


def write_results(verdicts, target):
    suite = ElementTree.Element("testsuites")
    for name, verdict, reason in verdicts:
        group, _, case = name.rpartition(".")
        element = ElementTree.SubElement(suite, "testcase", name=case, classname=group)
        if verdict != "passed":
            ElementTree.SubElement(element, "failure" if verdict == "failed" else "skipped", message=reason[:300])
    ElementTree.ElementTree(suite).write(target)


def main():
    path, target = pathlib.Path(sys.argv[1]), sys.argv[2]
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    loader, names = unittest.defaultTestLoader, sys.argv[3:]
    suite = loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
    runner = unittest.TextTestRunner(resultclass=Result, verbosity=2, stream=sys.stdout)
    result = runner.run(suite)
    write_results(result.verdicts, target)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
