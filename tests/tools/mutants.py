"""A copy of the checkout in which something is broken on purpose: it is built, and single tests run in it.

tests/tools/mutate_numbers.py breaks the numbers of docs/ there, tests/tools/mutate_guards.py the guards of tests/mutations.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import time
from xml.etree import ElementTree

from mutations import TEST, whole_test
from numbers_of_docs import GTEST

ROOT = pathlib.Path(__file__).parents[2]
COPY = ROOT / "build/mutants"
SHARED = ("python", "promtool", "stores", "verifiers")  # What install-deps has put into build/.
SECONDS_MOST = 900
BINARY = re.compile(r"twinlog_test\(\s*(\w+)\s.*?SOURCES\s+(.*?)\s+DEPENDS", re.S)
BEGAN = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - BEGAN:5.0f} s] {text}", flush=True)


def sync(edits=None):
    """Makes the copy what the checkout is, but for `edits` {name: text}. What is the same is left alone, for the build."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "-co", "--exclude-standard"], capture_output=True, text=True,
                            check=True).stdout
    names = {name for name in listed.split("\0") if name and (ROOT / name).is_file()}
    for name in names:
        source, target = ROOT / name, COPY / name
        content = edits[name].encode() if edits and name in edits else source.read_bytes()
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            shutil.copymode(source, target)
    for path in COPY.rglob("*"):
        name = path.relative_to(COPY)
        if path.is_file() and not {"build", "__pycache__"} & set(name.parts) and name.as_posix() not in names:
            path.unlink()
    for name in SHARED:
        link = COPY / "build" / name
        if not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(ROOT / "build" / name)


class Runner:
    def __init__(self, preset, jobs):
        self.build_folder, self.preset, self.jobs = COPY / "build" / preset, preset, jobs
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("TWINLOG_")}
        self.environment |= {"TWINLOG_BINARY": str(self.build_folder / "twinlog"), "CCACHE_BASEDIR": str(COPY),
                             "CCACHE_NOHASHDIR": "1", "CCACHE_SLOPPINESS": "time_macros"}
        self.binaries = self.read_binaries()
        self.pages = {path.stem: path for path in (ROOT / "tests").rglob("*_test.py")}

    @staticmethod
    def read_binaries():
        """{test of GoogleTest: (target, folder)}"""
        found = {}
        for lists in (ROOT / "tests").rglob("CMakeLists.txt"):
            for target, sources in BINARY.findall(lists.read_text()):
                for source in sources.split():
                    path = lists.parent / source
                    if path.suffix == ".cpp" and path.is_file():
                        folder = lists.parent.relative_to(ROOT)
                        found |= {".".join(test): (target, folder) for test in GTEST.findall(path.read_text())}
        return found

    def build(self, tests):
        """"" or the end of what the build said."""
        targets = {self.binaries[whole_test(test)][0] if whole_test(test) in self.binaries else "twinlog" for test in tests}
        for command in (["cmake", "--preset", self.preset],
                        ["cmake", "--build", "--preset", self.preset, "--target", *sorted(targets)]):
            done = subprocess.run(command, cwd=COPY, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, errors="replace", check=False)
            if done.returncode != 0:
                return done.stdout[-3000:]
        return ""

    def run(self, tests):
        """{test: (verdict, words)}; the verdict is passed, failed, skipped or `not run`."""
        results = COPY / "build/results"
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir(parents=True)
        python = {whole_test(test) for test in tests if whole_test(test) not in self.binaries}
        verdicts = {}
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            work = [pool.submit(self.run_python, whole, [test for test in tests if whole_test(test) == whole], results)
                    for whole in sorted(python)]
            work += [pool.submit(self.run_gtest, test, results) for test in tests if whole_test(test) in self.binaries]
            for done in work:
                verdicts |= done.result()
        return verdicts

    def run_python(self, whole, parts, results):
        """One test, with a set-up of its own: what another one has broken there is none of its business."""
        file, _, name = whole.partition(".")
        result = results / f"{whole}.xml"
        self.call([COPY / "build/python/bin/python", "tests/tools/run_unittest.py", self.pages[file].relative_to(ROOT), result, name])
        return {test: verdict_of(test, cases_of(result), " [") for test in parts}

    def run_gtest(self, test, results):
        target, folder = self.binaries[whole_test(test)]
        name, part = TEST.match(test).groups()
        result = results / f"{target}-{test.replace('[', '-').rstrip(']')}.xml"
        wanted = f"*/{name}/{part}" if part else f"{name}:*/{name}/*"
        code = self.call([self.build_folder / folder / target, f"--gtest_filter={wanted}", f"--gtest_output=xml:{result}"])
        if code != 0 and not result.exists():
            return {test: ("failed", f"{target} ended with {code}")}
        cases = [(case.partition(".")[0].rpartition("/")[2] + "." + case.partition(".")[2], *more)
                 for case, *more in cases_of(result)]
        return {test: verdict_of(test, cases, "/")}

    def call(self, command):
        try:
            return subprocess.run(command, cwd=COPY, env=self.environment, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, timeout=SECONDS_MOST, check=False).returncode
        except subprocess.TimeoutExpired:
            return "a time-out"


def cases_of(result):
    """(name, verdict, words) of every case in a result file."""
    if not result.exists():
        return []
    cases = []
    for case in ElementTree.parse(result).getroot().iter("testcase"):
        failure = case.find("failure")
        skipped = case.find("skipped") is not None or case.get("result") == "skipped"
        verdict = "failed" if failure is not None else "skipped" if skipped else "passed"
        words = failure.get("message", "") if failure is not None else ""
        cases.append((f"{case.get('classname')}.{case.get('name')}", verdict, words))
    return cases


def verdict_of(test, cases, joint):
    """A case belongs to a test when it has its name, or its name and a part behind the `joint`. Of a test that names a part
    only that part may fail; that all parts of Python pass is told by the whole alone."""
    whole, part = TEST.match(test).groups()
    ours = [(name, verdict, words) for name, verdict, words in cases if name == whole or name.startswith(whole + joint)]
    if part:
        own = (f"{whole}{joint}{part}", f"{whole}{joint}{part}]")
        ours = [case for case in ours if case[0] in own or case[1] != "failed"]
    for wanted in ("failed", "skipped", "passed"):
        for _, verdict, words in ours:
            if verdict == wanted:
                return verdict, words.strip().split("\n")[0][:120]
    return "not run", "; ".join(words for _, verdict, words in cases if verdict == "failed")[:120]


def read_arguments(about, flag):
    """What both scripts take; `flag` is the one that they differ in."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(flag, action="store_true")
    parser.add_argument("--only", metavar="WORDS", default="")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--preset", default="dev")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("result", metavar="RESULT.xml", nargs="?")
    return parser.parse_args()


def red_anyway(runner, tests):
    """The tests that fail on the copy as it is, with what they said; None where it does not build."""
    sync()
    if words := runner.build(tests):
        say(f"the copy does not build without a mutation:\n{words}")
        return None
    say(f"{len(tests)} tests without a mutation")
    red = {test: found for test, found in runner.run(tests).items() if found[0] != "passed"}
    for test, found in red.items():
        say(f"  RED without a mutation: {test}: {' '.join(found)}")
    return red
