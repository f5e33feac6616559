#!/usr/bin/python3
"""Prints how many lines of each folder the tests of a build with --coverage reached, and writes the page that shows which.

    tests/tools/coverage.py BUILD_FOLDER PAGE_FOLDER

PAGE_FOLDER/index.html has every file with its lines. Exit 1 where nothing was reached: then no test of that build ran.
"""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
FOLDERS = ("agent", "plugins", "spool", "ledger", "config")


def measured(build, page):
    """What gcovr's summary says of each file."""
    page.mkdir(parents=True, exist_ok=True)
    summary = page / "summary.json"
    subprocess.run(["gcovr", "--root", ROOT, "--object-directory", build, build, "-j", "2", "--exclude-unreachable-branches",
                    *(part for folder in FOLDERS for part in ("--filter", f"{re.escape(str(ROOT))}/{folder}/")),
                    "--json-summary", summary, "--html-details", page / "index.html"], check=True)
    return json.loads(summary.read_text())["files"]


def by_folder(files):
    """folder -> (lines reached, lines), and `total`, from the files of a summary."""
    counts = {folder: [0, 0] for folder in (*FOLDERS, "total")}
    for file in files:
        for name in (file["filename"].split("/")[0], "total"):
            counts[name][0] += file["line_covered"]
            counts[name][1] += file["line_total"]
    return counts


def main():
    counts = by_folder(measured(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])))
    for name, (reached, lines) in counts.items():
        share = f"{100 * reached / lines:5.1f} %" if lines else "      -"
        print(f"{name:8} {share}  {reached} of {lines} lines")
    return 0 if counts["total"][0] else 1


if __name__ == "__main__":
    sys.exit(main())
