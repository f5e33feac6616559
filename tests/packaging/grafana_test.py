"""The dashboard: made by the script beside it, of Grafana's types, each panel with words and a unit, each metric served."""
import copy
import json
import re
import shutil
import subprocess
import unittest

import dashboard_types
import paths
from alert_series import metrics_used
import metrics_text

DASHBOARD = paths.PACKAGING / "grafana/twinlog.json"
ROWS = ["The record", "Intake", "Spool", "Stores", "Process"]
HISTOGRAM_ENDS = re.compile(r"_(bucket|count|sum)$")


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions(dashboard):
    return [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]


class Grafana(unittest.TestCase):
    def setUp(self):
        self.text = DASHBOARD.read_text()
        self.dashboard = json.loads(self.text)

    def test_it_is_what_the_script_makes(self):
        done = subprocess.run([paths.PACKAGING / "grafana/make_dashboard", "-"], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, self.text)

    def test_the_script_says_what_it_does_and_refuses_what_it_does_not_know(self):
        script = paths.PACKAGING / "grafana/make_dashboard"
        done = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)
        self.assertIn("twinlog.json", done.stdout)
        done = subprocess.run([script, "--nonsense"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--help", done.stderr)

    def test_it_has_a_row_for_each_part(self):
        self.assertEqual([panel["title"] for panel in self.dashboard["panels"] if panel["type"] == "row"], ROWS)

    def test_each_panel_has_a_title_of_its_own_a_description_and_a_unit(self):
        titles = [panel["title"] for panel in panels(self.dashboard)]
        self.assertEqual(len(titles), len(set(titles)))
        for panel in panels(self.dashboard):
            with self.subTest(panel["title"]):
                self.assertRegex(panel["description"], r"^[A-Z0-9a-z].*\.$")
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])

    def test_no_two_panels_have_one_id_or_lie_on_each_other(self):
        taken = {}
        ids = [panel["id"] for panel in self.dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        for panel in self.dashboard["panels"]:
            place = panel["gridPos"]
            self.assertLessEqual(place["x"] + place["w"], 24)
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    self.assertNotIn((x, y), taken, f"{panel['title']} lies on {taken.get((x, y))}")
                    taken[x, y] = panel["title"]

    def test_the_data_source_is_a_variable_everywhere(self):
        found = re.findall(r'"uid": "([^"]*)"', self.text)
        self.assertEqual(set(found), {"${datasource}", "twinlog"})
        self.assertEqual(found.count("twinlog"), 1)
        self.assertEqual(self.dashboard["templating"]["list"][0]["type"], "datasource")

    def test_each_metric_is_described_and_each_query_looks_at_the_chosen_agents_alone(self):
        described = set(metrics_text.described())
        for expression in expressions(self.dashboard):
            with self.subTest(expression):
                names = re.findall(r"\btwinlog_\w+", expression)
                self.assertLessEqual({name if name in described else HISTOGRAM_ENDS.sub("", name) for name in names}, described)
                self.assertEqual(expression.count('instance=~"$instance"'), len(names))
        self.assertGreater(len(metrics_used(expressions(self.dashboard))), 40)

    @unittest.skipUnless(shutil.which("npm"), "no npm: the dashboard was not compared with Grafana's types")
    def test_it_is_of_grafanas_types_and_a_fault_would_be_found(self):
        dashboard_types.install()

        def broken(change):
            dashboard = copy.deepcopy(self.dashboard)
            change(dashboard)
            return dashboard
        found = dashboard_types.faults({
            "as_it_is": self.dashboard,
            "panel": broken(lambda it: it["panels"][1].update(nonsense=1)),
            "value": broken(lambda it: panels(it)[-1]["options"]["tooltip"].update(mode="often")),
            "custom": broken(lambda it: panels(it)[-1]["fieldConfig"]["defaults"]["custom"].update(lineWith=1)),
            "source": broken(lambda it: panels(it)[0]["datasource"].update(uid="P123")),
            "whole": broken(lambda it: it.update(shema=1)),
            "unit": broken(lambda it: panels(it)[0]["fieldConfig"]["defaults"].pop("unit"))})
        self.assertEqual(found.pop("as_it_is"), [])
        for name, lines in found.items():
            self.assertEqual(len(lines), 1, f"{name}: {lines}")


if __name__ == "__main__":
    unittest.main()
