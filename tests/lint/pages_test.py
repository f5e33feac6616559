#!/usr/bin/python3
"""Pages for people: where a link leads something stands, and names of metrics are those of METRICS.md."""
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)\s:]+)\)")
METRIC = re.compile(r"`(twinlog_[a-z_]+(?:_total|_seconds|_bytes|_records))\b")


def pages():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "*.md"], capture_output=True, text=True,
                            check=True)
    return [ROOT / name for name in listed.stdout.splitlines()]


def anchors(page):
    """As a heading's anchor is made: small letters, no punctuation, `-` for spaces."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", page.read_text(), re.M)}


class Pages(unittest.TestCase):
    def test_every_link_leads_to_a_file_and_a_heading_that_are_there(self):
        count = 0
        for page in pages():
            for target in LINK.findall(re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)):
                path, _, anchor = target.partition("#")
                file = (page.parent / path).resolve() if path else page
                count += 1
                with self.subTest(page=page.name, link=target):
                    self.assertTrue(file.exists())
                    self.assertTrue(not anchor or anchor in anchors(file))
        self.assertGreater(count, 30)

    def test_every_metric_that_docs_name_is_described(self):
        described = (ROOT / "agent/observe/METRICS.md").read_text()
        named = {(page.name, name) for page in (ROOT / "docs").glob("*.md") for name in METRIC.findall(page.read_text())}
        self.assertGreater(len(named), 3)
        for page, name in sorted(named):
            self.assertIn(f"`{name}`", described, page)


if __name__ == "__main__":
    unittest.main()
