#!/usr/bin/python3
"""Checks that every number of docs/ has a test, and that those tests exist, ran and passed.

    tests/tools/numbers_of_docs.py DOCS_FOLDER TABLE TESTS_FOLDER RESULTS_FOLDER RESULT.xml [--whole]

TABLE has a row per number, columns separated by tabs: the page, the words around the number exactly as they stand in one
line of it, and the tests, separated by spaces, named as in the result files; or `-` and a fourth column that says why
there is nothing to test. Every number of a page must stand in the words of a row, and the words of every row on their
page: a number that is added or changed there is a fault here. Left out are the page's examples (tests/e2e/docs_test.py
runs those), but not its `toml defaults`, and what is no quantity but a name (IPv6, SHA-256, RFC 8785, HTTP/1.1, ...). With --whole (every
stage ran) each named test must have a result and have passed. mutations.tsv beside TABLE must have a change of the source
for each row with tests, and each of these tests must be one that has to notice it: tests/tools/mutations.py reads it, and
tests/tools/mutate_numbers.py shows that they do. A fault is one line; exit 1 if there are any.
"""
import ast
import pathlib
import re
import sys

from count import read_cases
from mutations import table_faults
from run_unittest import write_results

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
NAME = re.compile(r"SHA-256|UTF-8|RFC \d+|IPv[46]|UUIDv[78]|HTTP/1\.[01]|U\+[0-9A-F]{4}|/v1/events")
FENCE = re.compile(r"^```(.*)$")
HELD_EXAMPLES = ("toml defaults",)
GTEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", re.M)
SHORTEST_WORDS = 6  # Fewer say nothing about which number is meant.


def prose(page):
    """The lines of a page that stand outside of its examples."""
    example = None
    for line in page.splitlines():
        if fence := FENCE.match(line):
            example = fence[1] if example is None else None
        elif example is None or example in HELD_EXAMPLES:
            yield line


def read_rows(table):
    """(page, words, tests, why) of every row; faults of form."""
    rows, faults = [], []
    for number, line in enumerate(table.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        page, words, tests, why = (line.split("\t") + [""] * 3)[:4]
        if not page or len(words) < SHORTEST_WORDS or not NUMBER.search(words):
            faults.append(f"row {number}: needs a page and the words around a number: {words!r}")
        elif (tests == "-") != bool(why) or not tests:
            faults.append(f"row {number}: needs tests, or - and a reason: {words!r}")
        else:
            rows.append((page, words, [] if tests == "-" else tests.split(), why))
    return rows, faults


def spans(line, words):
    start = line.find(words)
    while start >= 0:
        yield start, start + len(words)
        start = line.find(words, start + 1)


def coverage_faults(pages, rows):
    """Numbers without a row, and rows whose words are not on their page."""
    faults, used = [], set()
    for name, text in pages.items():
        for line in prose(text):
            covered = {place for found in NAME.finditer(line) for place in range(*found.span())}
            for index, (page, words, _, _) in enumerate(rows):
                for span in spans(line, words) if page == name else ():
                    covered |= set(range(*span))
                    used.add(index)
            faults += [f"{name}: no row for {found[0]} in: ...{line[max(0, found.start() - 40):][:80]}"
                       for found in NUMBER.finditer(line) if not set(range(*found.span())) <= covered]
    return faults + [f"{page}: not there (any more): {words}"
                     for index, (page, words, _, _) in enumerate(rows) if index not in used]


def written_tests(folder):
    """The names of all tests that stand in the sources."""
    names = set()
    for path in folder.rglob("*_test.py"):
        for group in ast.parse(path.read_text()).body:
            if isinstance(group, ast.ClassDef):
                names |= {f"{path.stem}.{group.name}.{item.name}" for item in group.body
                          if isinstance(item, ast.FunctionDef) and item.name.startswith("test_")}
    for path in folder.rglob("*.cpp"):
        names |= {".".join(match) for match in GTEST.findall(path.read_text())}
    return names


def plain(name):
    """A test's name without what GoogleTest adds for a parameter: `Prefix/Suite.Name/3` is `Suite.Name`."""
    group, _, case = name.rpartition(".")
    return f"{group.rpartition('/')[2]}.{case.partition('/')[0]}"


def result_faults(named, results):
    verdicts = {}
    for _, name, verdict in read_cases(results):
        verdicts.setdefault(plain(name), set()).add(verdict)
    return [f"{name}: {'did not run' if name not in verdicts else 'did not pass'}" for name in named
            if verdicts.get(name) != {"passed"}]


def check(pages, table, tests, results, mutations=None):
    """The verdicts for the result file; `results` only where all stages ran, `mutations` where there is such a table."""
    rows, form = read_rows(table)
    named = sorted({plain(name) for row in rows for name in row[2]})
    written = written_tests(tests)
    faults = {"every_row_is_well_formed": form,
              "every_number_of_the_docs_has_a_row": coverage_faults(pages, rows),
              "every_named_test_exists": [f"{name}: no such test" for name in named if name not in written]}
    if mutations is not None:
        faults["every_tested_number_has_a_mutation"] = table_faults(mutations, rows, tests.parent)
    if results:
        faults["every_named_test_ran_and_passed"] = result_faults(named, results)
    return faults


def main():
    docs, table, tests, results, target = (pathlib.Path(word) for word in sys.argv[1:6])
    pages = {path.stem: path.read_text() for path in sorted(docs.glob("*.md"))}
    faults = check(pages, table.read_text(), tests, results if "--whole" in sys.argv else None,
                   table.with_name("mutations.tsv").read_text())
    for lines in faults.values():
        print(*(f"numbers: {line}" for line in lines), sep="\n", end="\n" if lines else "")
    write_results([(f"Numbers.{name}", "failed" if lines else "passed", "; ".join(lines))
                   for name, lines in faults.items()], target)
    return 1 if any(faults.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
