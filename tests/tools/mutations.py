"""The table of mutations (tests/docs/mutations.tsv): for every number of docs/ a change of the source that breaks it, and
the tests that must notice.

Columns, separated by tabs: the page and the words of a row of numbers.tsv; the file, the text in it that is replaced (its
line ends written as \\n), what takes its place; the tests that must fail then, separated by spaces, named as in numbers.tsv;
and `alone` where so much breaks that nothing else could be shown beside it. A test may name a part of itself in brackets: a
subtest of Python (`limits_test.Limits.test_x[service]`) or a parameter of GoogleTest (`Suite.Name[parameter]`); then that part must fail.
A number whose tests no change of a file can break has `-` for the file and says why in the next column.
"""
import dataclasses
import re

BATCH_MOST = 24
TEST = re.compile(r"([\w.]+)(?:\[([^][\s]+)\])?$")


@dataclasses.dataclass
class Mutation:
    """One change; rows that make the same one belong together."""
    file: str
    old: str
    new: str
    alone: bool = False
    numbers: list = dataclasses.field(default_factory=list)  # (page, words)
    tests: list = dataclasses.field(default_factory=list)

    def name(self):
        return "; ".join(f"{page}: {words}" for page, words in self.numbers)


def whole_test(test):
    """The test without its part."""
    return test.partition("[")[0]


def read_mutations(table):
    """(mutations, {(page, words): reason} of those without, faults of form)."""
    mutations, without, faults = {}, {}, []
    for number, line in enumerate(table.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        columns = line.split("\t")
        page, words, file = (columns + [""] * 3)[:3]
        if file == "-" and len(columns) == 4 and columns[3]:
            without[page, words] = columns[3]
        elif file == "-" or len(columns) not in (6, 7) or not all(columns[:6]) or columns[6:] not in ([], ["alone"]):
            faults.append(f"mutation {number}: needs page, words, file, old and new text and tests, or - and a reason: {line[:80]!r}")
        elif bad := [test for test in columns[5].split(" ") if not TEST.match(test)]:
            faults.append(f"mutation {number}: no names of tests: {bad}")
        else:
            change = (file, *(text.replace("\\n", "\n") for text in columns[3:5]))
            mutation = mutations.setdefault(change, Mutation(*change))
            mutation.alone = mutation.alone or len(columns) == 7
            mutation.numbers.append((page, words))
            mutation.tests += [test for test in columns[5].split(" ") if test not in mutation.tests]
            without.setdefault((page, words), "")
    return list(mutations.values()), without, faults


def table_faults(table, rows, root):
    """What is wrong with the table beside the `rows` of numbers.tsv: (page, words, tests, why)."""
    mutations, listed, faults = read_mutations(table)
    tests_of = {(page, words): tests for page, words, tests, _ in rows}
    shown = {}
    for mutation in mutations:
        path = root / mutation.file
        count = path.read_text().count(mutation.old) if path.is_file() else 0
        if count != 1 or mutation.old == mutation.new:
            faults.append(f"{mutation.name()}: stands {count} times in {mutation.file}: {mutation.old!r}")
        for number in mutation.numbers:
            shown.setdefault(number, set()).update(whole_test(test) for test in mutation.tests)
    for page, words in listed:
        if not tests_of.get((page, words)):
            faults.append(f"{page}: has a mutation, but no row with tests: {words}")
    for number, tests in tests_of.items():
        if tests and number not in listed:
            faults.append(f"{number[0]}: no mutation shows that the tests of this hold it: {number[1]}")
        elif number in shown:
            faults += [f"{number[0]}: no mutation of this number is to be noticed by {test}: {number[1]}"
                       for test in tests if test not in shown[number]]
    return faults


def place(mutation, root):
    start = (root / mutation.file).read_text().index(mutation.old)
    return start, start + len(mutation.old)


def is_in_header(mutation):
    return mutation.file.endswith(".h")


def do_meet(left, right, root):
    """Whether two mutations would be seen by the same test, or change the same text."""
    for mine in left.tests:
        for other in right.tests:
            if whole_test(mine) == whole_test(other) and (mine == other or "[" not in mine or "[" not in other):
                return True
    if left.file != right.file:
        return False
    (start, end), (other_start, other_end) = place(left, root), place(right, root)
    return start < other_end and other_start < end


def batches(mutations, root):
    """Groups of mutations that are shown at once. Those in headers go together, for they take long to build; of the others
    only so many that hardly one is noticed by another's test."""
    found = []
    for mutation in sorted(mutations, key=is_in_header, reverse=True):
        fitting = (batch for batch in found if not mutation.alone and not batch[0].alone and
                   is_in_header(mutation) == is_in_header(batch[0]) and
                   (is_in_header(mutation) or len(batch) < BATCH_MOST) and
                   not any(do_meet(mutation, other, root) for other in batch))
        batch = next(fitting, None)
        if batch is None:
            batch = []
            found.append(batch)
        batch.append(mutation)
    return found
