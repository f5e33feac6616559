"""METRICS.md and /metrics name the same series, all of them from the first scrape, in a form that promtool likes."""
import pathlib
import shutil
import subprocess
import unittest

import harness
import metrics_text

PROMTOOL = harness.ROOT / "build/promtool/promtool"  # From packaging/install-deps --tests.


def check(text):
    """What promtool says of a page; "" when it has nothing to say."""
    tool = PROMTOOL if PROMTOOL.exists() else pathlib.Path(shutil.which("promtool") or PROMTOOL)
    done = subprocess.run([tool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr + (f"exit code {done.returncode}" if done.returncode else "")


def with_any_value(sets, names):
    """The label sets with "*" for the values of these labels."""
    return {frozenset((name, "*" if name in names else value) for name, value in labels) for labels in sets}


class MetricsPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        port = harness.free_port()
        cls.agent = harness.Agent(f"postgresql://u:s3cretpw@127.0.0.1:{port}/audit",
                                  f"mongodb://u:s3cretpw@127.0.0.1:{port}/audit").start()
        cls.addClassCleanup(cls.agent.close)
        cls.scraped, cls.described = metrics_text.scrape(cls.agent), metrics_text.described()

    def test_every_name_and_type_served_is_described_and_every_one_described_is_served(self):
        self.assertEqual(self.scraped.types, {name: kind for name, (kind, _) in self.described.items()})

    def test_every_label_set_is_there_from_the_start_and_no_other(self):
        for name, served in self.scraped.label_sets().items():
            _, sets = self.described[name]
            free = {label for labels in sets for label, value in labels if value == "*"}
            self.assertEqual(with_any_value(served, free), sets, name)

    def test_a_histogram_has_buckets_up_to_infinity(self):
        for name, kind in self.scraped.types.items():
            if kind == "histogram":
                bounds = {dict(labels)["le"] for each, labels in self.scraped.buckets if each == name + "_bucket"}
                self.assertIn("+Inf", bounds, name)
                self.assertGreater(len(bounds), 5, name)

    def test_promtool_has_nothing_to_say(self):
        self.assertEqual(check(self.scraped.text), "")

    def test_promtool_would_say_what_is_wrong(self):
        self.assertIn("no help text", check("# TYPE twinlog_x_total counter\ntwinlog_x_total 1\n"))

    def test_names_begin_alike_and_counters_end_in_total(self):
        for name, kind in self.scraped.types.items():
            self.assertTrue(name.startswith("twinlog_"), name)
            self.assertEqual(name.endswith("_total"), kind == "counter", name)


if __name__ == "__main__":
    unittest.main()
