#!/usr/bin/python3
"""Checks that every number of the contract has a test, and that those tests exist, ran and passed.

    tests/tools/numbers_of_contract.py CONTRACT TABLE TESTS_FOLDER RESULTS_FOLDER RESULT.xml [--whole]

TABLE has a row per number, columns separated by tabs: the section, the words around the number exactly as they stand in
one line of the contract, and the tests, separated by spaces, named as in the result files; or `-` and a fourth column
that says why there is nothing to test. Every number of sections 2 to 9 must stand in the words of a row, and the words
of every row in the contract: a number that is added or changed there is a fault here. With --whole (every stage ran)
each named test must have a result and have passed. A fault is one line; exit 1 if there are any.
"""
import ast
import pathlib
import re
import sys

from count import read_cases
from run_unittest import write_results

FIRST_SECTION, LAST_SECTION = 2, 9
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
LIST_MARK = re.compile(r"^\d+\. ")
GTEST = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", re.M)
SHORTEST_WORDS = 6  # Fewer say nothing about which number is meant.


def sections(contract):
    """section number -> its lines, without the heading and the marks of numbered lists."""
    found, number = {}, 0
    for line in contract.splitlines():
        heading = re.match(r"## (\d+)\. ", line)
        number = int(heading.group(1)) if heading else number
        if FIRST_SECTION <= number <= LAST_SECTION:
            text = line[heading.end():] if heading else LIST_MARK.sub("", line)
            found.setdefault(number, []).append(text)
    return found


def read_rows(table):
    """(section, words, tests, why) of every row; faults of form."""
    rows, faults = [], []
    for number, line in enumerate(table.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        section, words, tests, why = (line.split("\t") + [""] * 3)[:4]
        if not section.isdigit() or len(words) < SHORTEST_WORDS or not NUMBER.search(words):
            faults.append(f"row {number}: needs a section and the words around a number: {words!r}")
        elif (tests == "-") != bool(why) or not tests:
            faults.append(f"row {number}: needs tests, or - and a reason: {words!r}")
        else:
            rows.append((int(section), words, [] if tests == "-" else tests.split(), why))
    return rows, faults


def coverage_faults(contract, rows):
    """Numbers without a row, and rows whose words are not in the contract."""
    faults, used = [], set()
    for section, lines in sections(contract).items():
        for line in lines:
            covered = set()
            for index, (of_section, words, _, _) in enumerate(rows):
                start = line.find(words) if of_section == section else -1
                while start >= 0:
                    covered |= set(range(start, start + len(words)))
                    used.add(index)
                    start = line.find(words, start + 1)
            faults += [f"section {section}: no row for {found[0]} in: ...{line[max(0, found.start() - 40):][:80]}"
                       for found in NUMBER.finditer(line) if not set(range(*found.span())) <= covered]
    return faults + [f"section {section}: not in the contract (any more): {words}"
                     for index, (section, words, _, _) in enumerate(rows) if index not in used]


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


def check(contract, table, tests, results):
    """The verdicts for the result file; `results` only where all stages ran."""
    rows, form = read_rows(table)
    named = sorted({plain(name) for row in rows for name in row[2]})
    written = written_tests(tests)
    faults = {"every_row_is_well_formed": form,
              "every_number_of_the_contract_has_a_row": coverage_faults(contract, rows),
              "every_named_test_exists": [f"{name}: no such test" for name in named if name not in written]}
    if results:
        faults["every_named_test_ran_and_passed"] = result_faults(named, results)
    return faults


def main():
    contract, table, tests, results, target = (pathlib.Path(word) for word in sys.argv[1:6])
    faults = check(contract.read_text(), table.read_text(), tests, results if "--whole" in sys.argv else None)
    for lines in faults.values():
        print(*(f"numbers: {line}" for line in lines), sep="\n", end="\n" if lines else "")
    write_results([(f"Numbers.{name}", "failed" if lines else "passed", "; ".join(lines))
                   for name, lines in faults.items()], target)
    return 1 if any(faults.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
