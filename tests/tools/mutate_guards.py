#!/usr/bin/python3
"""Shows that the guards that the promises rest on are held by tests: takes each one out, and demands that its test fails.

    tests/tools/mutate_guards.py [--short] [--only WORDS] [--list] [--preset PRESET] [--jobs N] [RESULT.xml]

Each file of tests/mutations is a patch (`-p0`) behind a head of lines `Name: value`: Guard says what is taken out, Red which
test must turn red, and `Short: yes` that a submission shows this one, too (--short takes those alone). The copy lies in
build/mutants and is built there with PRESET (dev): only the target that holds the test. First every test runs on the copy
as it is: one that is red anyway shows nothing. A mutation is shown where it builds and the test itself fails; where it does
not build, or the test did not run, nothing is shown, and that is a fault as a survivor is. Exit 1 if there is a fault.
"""
import dataclasses
import os
import re
import subprocess
import sys

from mutants import COPY, ROOT, Runner, read_arguments, red_anyway, say, sync
from numbers_of_docs import written_tests
from run_unittest import write_results

FOLDER = ROOT / "tests/mutations"
HEAD = re.compile(r"^(Guard|Red|Short): (.+)$", re.M)
LEAST, LEAST_SHORT = 12, 4


@dataclasses.dataclass
class Guard:
    name: str
    words: str
    test: str
    is_short: bool
    patch: str

    def apply(self, folder, *options):
        """What git says against it; "" where it fits. The folder is none of a checkout's for git: it is a copy."""
        done = subprocess.run(["git", "apply", "-p0", *options], cwd=folder, input=self.patch, text=True, capture_output=True,
                              env={**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}, check=False)
        return "" if done.returncode == 0 else done.stderr.strip() or "git apply failed"


def read_guards(folder):
    """(guards, faults of form)"""
    guards, faults = [], []
    for path in sorted(folder.iterdir()):
        text = path.read_text()
        head, _, _ = text.partition("\n--- ")
        values = dict(HEAD.findall(head))
        if path.suffix != ".patch" or not {"Guard", "Red"} <= values.keys() or "\n--- " not in text:
            faults.append(f"{path.name}: needs the ending .patch, the lines Guard and Red, and a patch")
            continue
        guards.append(Guard(path.stem, values["Guard"], values["Red"], values.get("Short") == "yes", text))
    return guards, faults


def guard_faults(folder, root, written):
    """What is wrong with the mutations beside the checkout at `root`."""
    guards, faults = read_guards(folder)
    for guard in guards:
        if words := guard.apply(root, "--check"):
            faults.append(f"{guard.name}: does not fit any more: {words}")
        if guard.test not in written:
            faults.append(f"{guard.name}: no test {guard.test}")
    for name, found, least in (("in all", guards, LEAST), ("with Short: yes", [each for each in guards if each.is_short],
                                                           LEAST_SHORT)):
        if len(found) < least:
            faults.append(f"{len(found)} mutations {name}; there must be {least}")
    return faults


def show(runner, guard, red):
    """(verdict, words)"""
    say(f"{guard.name}: {guard.words}")
    sync()
    if words := guard.apply(COPY):
        return "failed", words
    if words := runner.build([guard.test]):
        print(words, flush=True)
        return "failed", "it does not build"
    verdict, words = runner.run([guard.test])[guard.test]
    if guard.test in red:
        return "failed", f"{guard.test} is red without it, too"
    if verdict != "failed":
        return "failed", f"{guard.test}: {verdict} {words}".strip()
    say(f"  KILLED by {guard.test}: {words}")
    return "passed", ""


def main():
    options = read_arguments(__doc__, "--short")
    guards, faults = read_guards(FOLDER)
    wanted = [guard for guard in guards if (guard.is_short or not options.short) and
              options.only in " ".join([guard.name, guard.words, guard.test])]
    faults += guard_faults(FOLDER, ROOT, written_tests(ROOT / "tests"))
    if faults or not wanted:
        print(*faults, "there is no such mutation" if not faults else "", sep="\n")
        return 1
    say(f"{len(wanted)} of {len(guards)} guards")
    if options.list:
        print(*(f"{guard.name}: {guard.words}: {guard.test}" for guard in wanted), sep="\n")
        return 0
    runner, tests = Runner(options.preset, options.jobs), sorted({guard.test for guard in wanted})
    if (red := red_anyway(runner, tests)) is None:
        return 1
    verdicts = [(guard, *show(runner, guard, red)) for guard in wanted]
    sync()
    missed = [(guard, words) for guard, verdict, words in verdicts if verdict == "failed"]
    for guard, words in missed:
        say(f"NOT SHOWN: {guard.name}: {words}")
    say(f"{len(wanted)} guards taken out, {len(wanted) - len(missed)} noticed, {len(missed)} not")
    if options.result:
        write_results([(f"Guards.{guard.name}", verdict, words) for guard, verdict, words in verdicts], options.result)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
