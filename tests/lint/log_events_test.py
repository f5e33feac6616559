#!/usr/bin/python3
"""The catalogue of log events (agent/observe/LOG_EVENTS.md) and the source name the same events, levels and fields."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).parents[2]
CATALOGUE = ROOT / "agent/observe/LOG_EVENTS.md"
FOLDERS = ("agent", "ledger", "spool", "plugins", "config")
CALL = re.compile(r'(?:\.|->)line\(([^"]*)"([a-z_]+)",(.*?)\);\n', re.S)
FIELD = re.compile(r'\{"([a-z_]+)", ')
ROW = re.compile(r"^\| `([a-z_]+)` \| ([a-z, ]+) \| ([a-z_ ]*?) ?\| ([^|]+) \| ([^|]+) \|$", re.M)
OWN = re.compile(r'payload_of\(format, "([a-z_]+)"')
ANY_CALL = re.compile(r"(?:\.|->)line\(")
OPERATING = ROOT / "docs/OPERATING.md"
METRICS = ROOT / "agent/observe/METRICS.md"
METRIC = re.compile(r"`(twinlog_[a-z_]+)")


def sources():
    return {path: path.read_text() for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.cpp"))}


def logged(text):
    """event -> (levels, fields in order), of every call of the log."""
    found = {}
    for level, event, rest in CALL.findall(text):
        levels = {name.lower() for name in re.findall(r"LogLevel::k([A-Z][a-z]+)", level)}
        found.setdefault(event, (set(), []))[0].update(levels)
        found[event][1].extend(name for name in FIELD.findall(rest) if name not in found[event][1])
    found.update({event: ({"warning"}, ["lines"]) for event in OWN.findall(text)})
    return found


def catalogued(text):
    return {event: (set(levels.split(", ")), fields.split()) for event, levels, fields, _, _ in ROW.findall(text)}


def watched(page):
    """event -> what to alert on, of the table in the section `What to alert on`."""
    section = page.partition("\n## What to alert on\n")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return {event: alert for events, alert, _ in rows for event in re.findall(r"`([a-z_]+)`", events)}


def errors(events):
    return {event for event, (levels, _) in events.items() if "error" in levels}


class LogEvents(unittest.TestCase):
    def test_the_catalogue_and_the_source_name_the_same(self):
        self.maxDiff = None
        self.assertEqual(logged("".join(sources().values())), catalogued(CATALOGUE.read_text()))

    def test_every_row_of_the_catalogue_is_read(self):
        rows = [line for line in CATALOGUE.read_text().splitlines() if line.startswith("| `")]
        self.assertEqual(len(rows), len(catalogued(CATALOGUE.read_text())))

    def test_no_call_of_the_log_is_overlooked(self):
        for path, text in sources().items():
            self.assertEqual(len(CALL.findall(text)), len(ANY_CALL.findall(text)), path)

    def test_every_error_has_its_alert_in_the_pages_for_operators_and_nothing_else_has(self):
        self.assertEqual(set(watched(OPERATING.read_text())), errors(logged("".join(sources().values()))))

    def test_each_alert_is_a_metric_that_is_there_or_says_that_only_the_line_shows_it(self):
        described = set(re.findall(r"^\| `(twinlog_[a-z_]+)` \|", METRICS.read_text(), re.M))
        for event, alert in watched(OPERATING.read_text()).items():
            with self.subTest(event=event):
                named = set(METRIC.findall(alert))
                self.assertLessEqual(named, described)
                self.assertEqual(alert.startswith("the line"), not named)

    def test_every_metric_label_and_value_that_the_pages_for_operators_alert_on_is_described(self):
        rows = {name: labels for name, labels in re.findall(r"^\| `(twinlog_[a-z_]+)` \| \w+ \| (.*?) \|", METRICS.read_text(), re.M)}
        section = OPERATING.read_text().partition("\n## What to alert on\n")[2].partition("\n## ")[0]
        for name, label, value in re.findall(r'`(twinlog_[a-z_]+)(?:\{(\w+)="(\w+)"\})?', section):
            with self.subTest(name=name, label=label):
                self.assertIn(name, rows)
                self.assertIn(f"`{label}`" if label else "", rows[name])
                self.assertIn(value, rows[name])

    def test_planted_differences_are_seen(self):
        planted = 'parts.log.line(LogLevel::kError, "new_event", "words",\n {{"reason", text}});\n'
        self.assertEqual(logged(planted), {"new_event": ({"error"}, ["reason"])})
        row = "| `new_event` | info, error | reason path | meaning | what to do |"
        self.assertEqual(catalogued(row), {"new_event": ({"info", "error"}, ["reason", "path"])})
        self.assertEqual(errors(catalogued(row)), {"new_event"})
        page = "\n## What to alert on\n| `a`, `b` | the line | do |\n\n## Next\n| `c` | the line | do |\n"
        self.assertEqual(watched(page), {"a": "the line", "b": "the line"})


if __name__ == "__main__":
    unittest.main()
