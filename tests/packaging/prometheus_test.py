"""The alert rules: their form, their metrics, their runbook, each firing and silent on series of real agents, and some of
them in a real Prometheus."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import yaml

import paths
import alert_series
import grafana_test
import harness
import metrics_text
import prometheus_server
import record_alerts
import small_volume

FOLDER = paths.PACKAGING / "prometheus"
RECORDED = FOLDER / "twinlog.test.yml"
PAGE = "docs/OPERATING.md"
SECTION_PARTS = ("What it means:", "Look at:", "Do:")
PROMTOOL = prometheus_server.program("promtool")
NO_PROMTOOL = "no promtool: the alert rules were not tried; run packaging/install-deps --tests"
NO_PROMETHEUS = "no prometheus: no alert was fired in a real one; run packaging/install-deps --tests"
# The self-audit looks once a minute: without --long its scenes are those that are kept in the file.
AUDIT_ALERTS = {"TwinlogSelfAuditFailed", "TwinlogSelfAuditBlind"}
VOLUME_ALERTS = {"TwinlogDiskLow", "TwinlogSpoolNotWritable", "TwinlogCheckpointOverdue"}
HISTOGRAM_END = re.compile(r"_bucket$")


def promtool(*words, folder=FOLDER):
    done = subprocess.run([PROMTOOL, *words], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def cases(path):
    """By alert: how often it fires and how often it is silent in the expectations of the file."""
    found = {name: [0, 0] for name in alert_series.alerts()}
    for scene in yaml.safe_load(path.read_text())["tests"]:
        for case in scene["alert_rule_test"]:
            found[case["alertname"]][0 if case["exp_alerts"] else 1] += 1
    return found


class Rules(unittest.TestCase):
    @unittest.skipUnless(PROMTOOL, NO_PROMTOOL)
    def test_promtool_has_nothing_to_say_about_rules_and_configuration(self):
        for words in (("check", "rules", "--lint-fatal", "twinlog.rules.yml"), ("check", "config", "prometheus.yml")):
            code, text = promtool(*words)
            self.assertEqual((code, "SUCCESS" in text, "FAILED" in text), (0, True, False), text)

    def test_each_alert_says_how_bad_what_and_where_to_read_on(self):
        self.assertGreater(len(alert_series.alerts()), 25)
        for name, rule in alert_series.alerts().items():
            with self.subTest(name):
                self.assertRegex(name, r"^Twinlog[A-Z]\w+$")
                self.assertIn(rule["labels"]["severity"], ("warning", "critical"))
                self.assertEqual(set(rule["annotations"]), {"summary", "description", "runbook_url"})
                self.assertEqual(rule["annotations"]["runbook_url"], f"{PAGE}#{name.lower()}")

    def test_no_annotation_shows_more_than_where_it_is(self):
        for name, rule in alert_series.alerts().items():
            for text in rule["annotations"].values():
                shown = set(re.findall(r"\{\{(.*?)\}\}", text))
                self.assertLessEqual(shown, {" $labels.instance ", " $labels.store "}, name)

    def test_each_alert_has_its_section_and_each_section_its_alert(self):
        text = (paths.ROOT / PAGE).read_text().partition("\n## Alerts\n")[2].partition("\n## ")[0]
        sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", text, re.M | re.S))
        self.assertEqual(list(sections), list(alert_series.alerts()))
        for name, section in sections.items():
            with self.subTest(name):
                places = [section.find(part) for part in SECTION_PARTS]
                self.assertEqual(places, sorted(places))
                self.assertNotIn(-1, places)

    def test_what_rules_record_is_used(self):
        rules = alert_series.rules()
        recorded = {rule["record"] for rule in rules if "record" in rule}
        self.assertEqual(recorded, set(re.findall(r"twinlog:\w+:\w+", " ".join(rule["expr"] for rule in rules))))


class Served(unittest.TestCase):
    def test_every_metric_of_rules_and_dashboard_is_served_with_the_labels_that_are_asked_for(self):
        port = harness.free_port()
        agent = harness.Agent(f"postgresql://postgres@127.0.0.1:{port}/audit", f"mongodb://127.0.0.1:{port}/audit")
        self.addCleanup(agent.close)
        page = metrics_text.scrape(agent.start())
        dashboard = json.loads(grafana_test.DASHBOARD.read_text())
        served = {name for name, _ in page.values} | {name for name, _ in page.buckets}
        asked = [rule["expr"] for rule in alert_series.rules()] + grafana_test.expressions(dashboard)
        self.assertLessEqual(alert_series.metrics_used(asked), served)
        values = {label for _, labels in page.values for label in labels}
        count = 0
        for label, sign, text in re.findall(r'(\w+)(=~?)"([^"]*)"', " ".join(asked)):
            if label not in ("instance", "job"):
                for value in text.split("|") if sign == "=~" else [text]:
                    self.assertIn((label, value), values)
                    count += 1
        self.assertGreater(count, 10)


@unittest.skipUnless(PROMTOOL, NO_PROMTOOL)
class Series(unittest.TestCase):
    def test_each_alert_fires_and_is_silent_on_the_series_that_are_kept(self):
        code, text = promtool("test", "rules", RECORDED.name)
        self.assertEqual(code, 0, text)
        for name, (firing, silent) in cases(RECORDED).items():
            self.assertGreater(firing, 0, name)
            self.assertGreater(silent, 3, name)

    def test_a_threshold_that_is_wrong_is_found_by_them(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-rules-"))
        self.addCleanup(shutil.rmtree, folder)
        shutil.copy(RECORDED, folder)
        text = alert_series.RULES.read_text()
        for right, wrong in (("lag_seconds > 300", "lag_seconds > 3000"), ("twinlog_dead_letters > 0", "twinlog_dead_letters >= 0"),
                             ('result="busy"', 'result="stored"'), ("> 0.25", "> 2.5")):
            self.assertIn(right, text)
            (folder / alert_series.RULES.name).write_text(text.replace(right, wrong))
            code, said = promtool("test", "rules", RECORDED.name, folder=folder)
            self.assertEqual((code, "FAILED" in said), (1, True), right)

    def test_each_alert_fires_and_is_silent_on_series_that_are_recorded_now(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-series-"))
        self.addCleanup(shutil.rmtree, folder)
        shutil.copy(alert_series.RULES, folder)
        is_long = "TWINLOG_LONG" in os.environ
        recordings = record_alerts.record(with_audits=is_long)
        fresh = folder / "fresh.test.yml"
        fresh.write_text(alert_series.test_file(recordings, alert_series.RULES.name))
        code, text = promtool("test", "rules", fresh.name, folder=folder)
        self.assertEqual(code, 0, text)
        unfired = {name for name, (firing, _) in cases(fresh).items() if firing == 0}
        self.assertEqual(unfired, (set() if is_long else AUDIT_ALERTS) | (set() if small_volume.can_mount() else VOLUME_ALERTS))

    def test_the_script_that_records_says_how(self):
        done = subprocess.run([FOLDER / "record_series", "--help"], capture_output=True, text=True, check=True)
        self.assertIn("promtool test rules", done.stdout)
        done = subprocess.run([FOLDER / "record_series", "--nonsense"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)


@unittest.skipUnless(prometheus_server.program("prometheus"), NO_PROMETHEUS)
class RealPrometheus(unittest.TestCase):
    def test_alerts_fire_where_a_store_and_then_the_agent_is_gone_and_every_query_of_the_dashboard_is_answered(self):
        documents = harness.StoreServer("mongo-java-server")
        self.addCleanup(documents.close)
        agent = harness.Agent(f"postgresql://postgres@127.0.0.1:{harness.free_port()}/audit", documents.new_database())
        self.addCleanup(agent.close)
        agent.start()
        server = prometheus_server.Prometheus(f"127.0.0.1:{agent.admin}")
        self.addCleanup(server.close)
        alert = server.start().wait_firing("TwinlogStoreUnreachable", "postgres")
        self.assertEqual(alert["labels"]["instance"], f"127.0.0.1:{agent.admin}")
        self.assertEqual(alert["annotations"]["runbook_url"], f"{PAGE}#twinlogstoreunreachable")
        self.assertNotIn(("TwinlogStoreUnreachable", "mongodb"), server.firing())
        self.assertNotIn(("TwinlogAbsent", None), server.firing())
        self.assert_rules_are_well(server)
        self.assert_dashboard_is_answered(server)
        agent.stop(signal.SIGKILL)
        server.wait_firing("TwinlogAbsent")

    def assert_rules_are_well(self, server):
        def evaluated():
            found = [rule for group in server.ask("rules")["groups"] for rule in group["rules"]]
            return found if all(rule["health"] == "ok" for rule in found) else None
        found = harness.wait_until(evaluated, "every rule was evaluated without an error")
        self.assertEqual(len(found), len(alert_series.rules()))

    def assert_dashboard_is_answered(self, server):
        harness.wait_until(lambda: server.ask("query", query="count_over_time(twinlog_build_info[1m]) > 4")["result"],
                           "there is enough for a rate")
        dashboard = json.loads(grafana_test.DASHBOARD.read_text())
        answered = 0
        for expression in grafana_test.expressions(dashboard):
            with self.subTest(expression):
                query = expression.replace("$instance", ".*").replace("$__rate_interval", "1m")
                self.assertNotIn("$", query)
                answered += bool(server.ask("query", query=query)["result"])
        # The others show only what is there: rejected, failures, a spool that grows.
        print(f"{answered} of {len(grafana_test.expressions(dashboard))} queries have something to show", flush=True)
        self.assertGreater(answered, 40)


if __name__ == "__main__":
    unittest.main()
