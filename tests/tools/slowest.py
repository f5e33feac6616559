#!/usr/bin/python3
"""Names the ten files of tests that took longest, and every one that took too long.

    tests/tools/slowest.py RESULTS_FOLDER ALLOWED [--whole]

RESULTS_FOLDER has seconds.txt (`SECONDS NAME` a line) and the result files of ctest. ALLOWED names what may take over 300 s:
`NAME: reason`, one a line; with --whole (every
stage ran) a name there that no file has is a fault, too. Exit 1 if there is a fault. With
TWINLOG_LONG=1 everything may take its time.
"""
import os
import pathlib
import sys
from xml.etree import ElementTree

SECONDS_MOST = 300
SHOWN = 10


def read_seconds(folder):
    """name -> seconds"""
    found = {}
    for path in folder.glob("*-ctest.junit"):
        preset = path.name.removesuffix("-ctest.junit")
        for entry in ElementTree.parse(path).getroot().iter("testcase"):
            found[f"{preset}/{entry.get('name')}"] = float(entry.get("time", 0))
    lines = folder / "seconds.txt"
    for line in lines.read_text().splitlines() if lines.exists() else []:
        seconds, _, name = line.partition(" ")
        found[name] = float(seconds)
    return found


def read_allowed(path):
    """name -> reason"""
    lines = [line.strip() for line in path.read_text().splitlines()]
    return {name: reason.strip() for name, _, reason in (line.partition(":") for line in lines
                                                         if line and not line.startswith("#"))}


def faults(seconds, allowed, is_whole):
    found = [f"{name} took {taken:.0f} s; a file has at most {SECONDS_MOST}"
             for name, taken in seconds.items() if taken > SECONDS_MOST and not allowed.get(name)]
    return found + [f"{name} may be slow by the list, and there is no such file"
                    for name in allowed if is_whole and name not in seconds]


def main():
    seconds, allowed = read_seconds(pathlib.Path(sys.argv[1])), read_allowed(pathlib.Path(sys.argv[2]))
    for name, taken in sorted(seconds.items(), key=lambda item: -item[1])[:SHOWN]:
        print(f"{taken:6.0f} s  {name}")
    found = [] if os.environ.get("TWINLOG_LONG") else faults(seconds, allowed, "--whole" in sys.argv)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
