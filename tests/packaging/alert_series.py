"""Turns scrapes of a real agent into the series and expectations of `promtool test rules`.

A scene is scraped a few times, seconds apart; rules look at minutes. So each scrape stands for some minutes of the test's time.
Values are those of the scrape. Moments keep their age: what had been 3 s ago at the scrape is 3 s ago in the test. While a
scrape is held the agent either stands still (counters and moments stay, the age of what waits grows with the minutes) or goes
on as it was (moments move with the minutes). Nothing else is made up: the states, counts and sizes are the agent's."""
import dataclasses
import functools
import json
import math
import re
import time

import yaml

import harness
import metrics_text
from paths import PACKAGING

RULES = PACKAGING / "prometheus/twinlog.rules.yml"
METRIC = re.compile(r"\btwinlog_\w+")
FIELD = re.compile(r"\{\{ \$labels\.(\w+) \}\}")
TARGET = {"instance": "auth-1:9464", "job": "twinlog"}
MOVING = {"twinlog_store_last_success_timestamp_seconds", "twinlog_ledger_last_checkpoint_timestamp_seconds"}
STANDING = {"twinlog_process_start_time_seconds", "twinlog_store_incomplete_since_timestamp_seconds"}
WAITING = {"twinlog_store_lag_seconds"}
HEAD = """# Written by packaging/prometheus/record_series; not to be edited. The series are what real agents served in each condition. The
# minutes are made: a scrape stands for as long as a rule has to look. tests/packaging/alert_series.py says how.
""".splitlines()


@functools.cache
def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


@functools.cache
def alerts():
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def metrics_used(expressions):
    return {name for text in expressions for name in METRIC.findall(text)}


NAMES = metrics_used(rule["expr"] for rule in rules())


@dataclasses.dataclass
class Held:
    """One scrape and the minutes for which it stands; None as page: nothing answered."""
    page: metrics_text.Metrics | None
    moment: float
    minutes: int
    goes_on: bool
    is_target: bool
    firing: list


class Recording:
    """What one scene showed, in order."""

    def __init__(self, name):
        self.name, self.held, self.agent = name, [], None

    def hold(self, minutes, *firing, goes_on=False, is_target=True):
        """Scrapes the agent; `firing` are the alerts (name, or name and labels) that fire at the end of these minutes, and no
        other may."""
        status, text = self.agent.probe("/metrics")
        page = metrics_text.Metrics(text) if status == 200 else None
        named = [(each, {}) if isinstance(each, str) else each for each in firing]
        self.held.append(Held(page, time.time(), minutes, goes_on, is_target, named))

    def samples(self):
        """Per scrape the values by (name, labels) of the series that rules use."""
        for held in self.held:
            found = {} if held.page is None else {**held.page.values, **held.page.buckets}
            yield held, {key: value for key, value in found.items() if key[0] in NAMES}

    def moved(self):
        """The series that were not zero all the time."""
        return {key for _, values in self.samples() for key, value in values.items() if value != 0}

    def series(self, keys):
        """promtool's input_series; those of `keys`, and `up` as Prometheus makes it."""
        ups = [part(held, 0 if held.page is None else 1) if held.is_target else gone(held) for held in self.held]
        lines = [{"series": series_name("up", TARGET), "values": " ".join(ups)}]
        for name, labels in sorted(keys, key=lambda key: (key[0], sorted(key[1]))):
            begun, told, texts = 0, {}, []
            for held, values in self.samples():
                key = (name, labels)
                texts.append(value_text(name, values[key], held, begun, told) if key in values else gone(held))
                begun += held.minutes
            lines.append({"series": series_name(name, {**dict(labels), **TARGET}), "values": " ".join(texts)})
        return lines

    def expectations(self):
        """promtool's alert_rule_test: at the end of each hold every alert, and at its beginning those that have to wait."""
        begun, before, tests = 0, set(), []
        for held in self.held:
            names = {name for name, _ in held.firing}
            tests += [expect(begun, name, []) for name in sorted(names - before) if "for" in alerts()[name]]
            begun += held.minutes
            tests += [expect(begun - 1, name, [labels for each, labels in held.firing if each == name]) for name in alerts()]
            before = names
        return tests


def series_name(name, labels):
    return name + "{" + ",".join(f"{label}={json.dumps(labels[label])}" for label in sorted(labels)) + "}"


def part(held, value, step=0):
    shown = number_text(value)
    return shown if held.minutes == 1 else f"{shown}+{step}x{held.minutes - 1}"


def gone(held):
    return "stale" if held.minutes == 1 else f"stale _x{held.minutes - 1}"


def number_text(value):
    if math.isnan(value):
        return "NaN"
    return "Inf" if math.isinf(value) else f"{round(value, 6):.15g}"


def value_text(name, value, held, begun, told):
    """The value of one series in one hold that begins at that minute; `told` are moments that keep their place."""
    if not math.isfinite(value) or value == 0:
        return part(held, value)
    if name in STANDING:
        return part(held, told.setdefault(value, round(60 * begun - (held.moment - value), 3)))
    if name in MOVING:
        return part(held, round(60 * begun - (held.moment - value), 3), 60 if held.goes_on else 0)
    return part(held, value, 60 if name in WAITING and not held.goes_on else 0)


def expect(minute, name, firing):
    return {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": [expected_alert(name, labels) for labels in firing]}


def expected_alert(name, labels):
    """By the rules' file, whose annotations name nothing but labels."""
    rule, extra = alerts()[name], {} if name == "TwinlogNoneScraped" else {**TARGET, **labels}
    texts = {key: FIELD.sub(lambda field: extra[field[1]], text) for key, text in rule["annotations"].items()}
    return {"exp_labels": {**rule["labels"], **extra}, "exp_annotations": texts}


def test_file(recordings, rules_path):
    """The text of a *.test.yml of these scenes. Left out are series that are zero in all of them from beginning to end."""
    keys = set().union(*(recording.moved() for recording in recordings))
    lines = [*HEAD, f"rule_files: [{rules_path}]", "evaluation_interval: 1m", "tests:"]
    for recording in recordings:
        present = keys & {key for _, values in recording.samples() for key in values}
        lines += [f"- name: {recording.name}", "  interval: 1m", "  input_series:"]
        lines += [f"  - {{series: '{each['series']}', values: '{each['values']}'}}" for each in recording.series(present)]
        lines.append("  alert_rule_test:")
        for each in recording.expectations():
            lines.append(f"  - eval_time: {each['eval_time']}")
            lines.append(f"    alertname: {each['alertname']}")
            lines.append("    exp_alerts:" if each["exp_alerts"] else "    exp_alerts: []")
            lines += [f"    - {json.dumps(alert)}" for alert in each["exp_alerts"]]
    return "\n".join(lines) + "\n"


def scrape_until(agent, condition, what, seconds=harness.PATIENCE):
    """Waits until a page of the agent is as the scene needs it."""
    def look():
        page = metrics_text.scrape(agent)
        return page if condition(page) else None
    return harness.wait_until(look, what, seconds)
