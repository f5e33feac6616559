"""Reads the text of /metrics, and the page that describes it."""
import itertools
import re

import harness

PAGE = harness.ROOT / "agent/observe/METRICS.md"
SAMPLE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')
HISTOGRAM_ENDS = ("_bucket", "_count", "_sum")


class Metrics:
    """One scrape: values by name and labels. Buckets are kept apart."""

    def __init__(self, text):
        self.text, self.types, self.values, self.buckets = text, {}, {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                self.types[name] = kind
            elif line and not line.startswith("#"):
                self.read_sample(line)

    def read_sample(self, line):
        name, labels, value = SAMPLE.match(line).groups()
        found = dict(LABEL.findall(labels or ""))
        into = self.buckets if "le" in found else self.values
        key = (name, frozenset(found.items()))
        assert key not in into, f"twice on the page: {line}"
        into[key] = float(value)

    def family_of(self, name):
        for end in HISTOGRAM_ENDS:
            if name.endswith(end) and self.types.get(name.removesuffix(end)) == "histogram":
                return name.removesuffix(end)
        return name

    def label_sets(self):
        """By family: its label sets without `le`."""
        sets = {name: set() for name in self.types}
        for name, labels in self.values:
            sets[self.family_of(name)].add(labels)
        return sets

    def value(self, name, **labels):
        return self.values[name, frozenset(labels.items())]

    def total(self, name, **labels):
        """The sum of all series of that name with (at least) these labels."""
        found = [value for (each, its), value in self.values.items() if each == name and labels.items() <= dict(its).items()]
        assert found, (name, labels)
        return sum(found)


def scrape(agent):
    status, text = agent.probe("/metrics")
    assert status == 200, (status, text)
    return Metrics(text)


def described():
    """By name, what METRICS.md says: its type and its label sets ("*" for values that are not listed)."""
    found = {}
    for line in PAGE.read_text().splitlines():
        if line.startswith("| `twinlog_"):
            name, kind, labels, unit, meaning = (cell.strip() for cell in line.strip("|").split("|"))
            assert unit and meaning, line
            found[name.strip("`")] = (kind, label_sets_in(labels))
    return found


def label_sets_in(cell):
    lists = []
    for label in filter(None, cell.split(", ")):
        name, _, values = label.partition(": ")
        lists.append([(name.strip("`"), value) for value in values.split()])
    return {frozenset(choice) for choice in itertools.product(*lists)}
