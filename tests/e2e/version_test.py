"""What the binary says of itself: --version with build facts, help that teaches."""
import re
import subprocess
import unittest

import harness
from command import run

COMMANDS = ("agent", "init", "check", "migrate", "send", "status", "wait", "drain", "spool", "try", "verify", "prove", "keygen",
            "reconcile", "erase", "prune", "epoch", "epoch retire", "spool status", "spool export", "spool check", "spool repair",
            "spool replay", "spool acknowledge", "spool dead-letters", "spool dead-letters list", "spool dead-letters show",
            "spool dead-letters replay", "spool dead-letters discard")


class Version(unittest.TestCase):
    def test_the_first_line_is_name_and_version_and_the_others_are_one_fact_each(self):
        done = run("--version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        first, *facts = done.stdout.splitlines()
        self.assertRegex(first, r"^twinlog \d+\.\d+\.\d+$")
        names = [fact.split(": ")[0] for fact in facts]
        self.assertEqual(names, ["revision", "compiler", "build type", "rocksdb", "boost", "libpq", "mongoc",
                                 "spool format", "ledger format"])
        for fact in facts:
            self.assertRegex(fact, r"^[a-z ]+: \S")

    def test_the_versions_are_those_of_the_libraries_on_this_host(self):
        facts = dict(fact.split(": ") for fact in run("--version").stdout.splitlines()[1:])
        packages = {"rocksdb": "librocksdb-dev", "boost": "libboost1.81-dev", "libpq": "libpq-dev",
                    "mongoc": "libmongoc-dev"}
        for name, package in packages.items():
            installed = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True,
                                       check=True).stdout
            self.assertTrue(installed.startswith(facts[name]), f"{name}: {facts[name]}, installed {installed}")

    def test_the_revision_is_that_of_the_checkout(self):
        revision = dict(fact.split(": ") for fact in run("--version").stdout.splitlines()[1:])["revision"]
        heads = subprocess.run(["git", "-C", harness.ROOT, "rev-list", "-n", "200", "HEAD"], capture_output=True, text=True,
                               check=False).stdout.split()
        if heads:
            self.assertTrue(any(head.startswith(revision.removesuffix("-dirty")) for head in heads), revision)
        else:
            self.assertEqual(revision, "unknown")

    def test_every_command_has_a_paragraph_an_example_and_its_exit_codes(self):
        for command in COMMANDS:
            for words in ([*command.split(), "--help"], ["help", *command.split()]):
                done = run(*words)
                self.assertEqual((done.returncode, done.stderr), (0, ""), words)
                self.assertRegex(done.stdout, rf"(?m)^Usage: twinlog {command} \[OPTIONS\]")
                self.assertRegex(done.stdout, r"(?m)^Examples?:\n  ")
                self.assertRegex(done.stdout, rf"(?m)^  .*twinlog {command}")
                if command not in ("spool", "spool dead-letters", "epoch"):
                    self.assertRegex(done.stdout, r"(?m)^Exit codes:\n  0 ")
                self.assertLessEqual(max(map(len, done.stdout.split("\n\n", 2)[-1].splitlines())), 120)

    def test_the_program_says_its_commands_where_the_configuration_is_and_the_first_steps(self):
        for words in (["--help"], ["help"], ["-h"]):
            done = run(*words)
            self.assertEqual((done.returncode, done.stderr), (0, ""), words)
            for name in (*COMMANDS[:10], "TWINLOG_CONFIG", "/etc/twinlog/twinlog.toml", "TWINLOG_SPOOL_PATH", "Exit codes", "First steps"):
                self.assertIn(name, done.stdout)

    def test_no_command_and_a_wrong_one_are_2_with_the_help_on_standard_error(self):
        for words in ([], ["nonsense"], ["spool"], ["spool", "nonsense"], ["help", "nonsense"], ["spool", "export", "-x"]):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertTrue(done.stderr.startswith("twinlog: "), words)
            self.assertTrue(re.search(r"(?m)^Usage: twinlog", done.stderr), done.stderr)


if __name__ == "__main__":
    unittest.main()
