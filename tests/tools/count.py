#!/usr/bin/python3
"""Counts every test that ran, from the result files, and names each that failed or was skipped.

    tests/tools/count.py RESULTS_FOLDER ALLOWED_SKIPS

A test binary that ended badly without naming a failed case counts as one failed test, and so does every line of
broken.txt (a build, a lint). The last line is `N passed, N failed, N skipped`; exit 1 if anything failed or nothing ran.
"""
import os
import pathlib
import sys
from xml.etree import ElementTree


def read_cases(folder):
    """(source, name, verdict) of every case in GoogleTest's and run_unittest's files."""
    cases = []
    for path in sorted(folder.rglob("*.xml")):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            name = f"{case.get('classname')}.{case.get('name')}"
            if case.find("failure") is not None:
                verdict = "failed"
            elif case.find("skipped") is not None or case.get("result") == "skipped":
                verdict = "skipped"
            else:
                verdict = "passed"
            cases.append((path.relative_to(folder).with_suffix("").as_posix(), name, verdict))
    return cases


def broken_binaries(folder, cases):
    """ctest entries that failed though no case of theirs did: crashes, sanitizer reports, time-outs, plain programs."""
    failed_sources = {source for source, _, verdict in cases if verdict == "failed"}
    sources = {source for source, _, _ in cases}
    found = []
    for path in sorted(folder.glob("*-ctest.junit")):
        preset = path.name.removesuffix("-ctest.junit")
        for entry in ElementTree.parse(path).getroot().iter("testcase"):
            source = f"{preset}/{entry.get('name')}"
            if entry.find("failure") is not None and source not in failed_sources:
                found.append((source, "ended badly", "failed"))
            elif entry.find("failure") is None and source not in sources:
                found.append((source, "program", "passed"))
    return found


def allowed_skips(path):
    lines = [line.strip() for line in path.read_text().splitlines()]
    return {line.partition(":")[0] for line in lines if line and not line.startswith("#")}


def main():
    folder, allowed = pathlib.Path(sys.argv[1]), allowed_skips(pathlib.Path(sys.argv[2]))
    cases = read_cases(folder)
    cases += broken_binaries(folder, cases)
    broken = folder / "broken.txt"
    if broken.exists():
        cases += [("run", line, "failed") for line in broken.read_text().splitlines()]
    if os.environ.get("CI") == "true":
        cases = [(source, f"{name} (skipped, which CI does not allow)", "failed")
                 if verdict == "skipped" and name not in allowed else (source, name, verdict)
                 for source, name, verdict in cases]
    for source, name, verdict in cases:
        if verdict != "passed":
            print(f"{verdict.upper()}: {source}: {name}")
    by = {verdict: sum(1 for case in cases if case[2] == verdict) for verdict in ("passed", "failed", "skipped")}
    print(f"{by['passed']} passed, {by['failed']} failed, {by['skipped']} skipped")
    return 1 if by["failed"] or not by["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
