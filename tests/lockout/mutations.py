#!/usr/bin/env python3
"""Ten faults put into the merge, each of which the property test must notice.

Every mutation is one edit of ledger/lockout/account_state.cpp. The edited copy is compiled with the flags of the build
and linked, in place of the library's own object, with the objects of the property test. A mutation whose text is not
found exactly once, that does not compile, or that the test lets pass is a failure; so is the unedited copy when the test
does not pass with it.
"""
import argparse
import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

MUTATIONS = [
    ("a late defining event asks for no recount",
     "return may_hide_failures ? Recount::kNeeded : Recount::kNotNeeded;",
     "return may_hide_failures && false ? Recount::kNeeded : Recount::kNotNeeded;"),
    ("a new defining event keeps the old count of failures",
     "    state.failures_after = 0;",
     "    state.failures_after += 0;"),
    ("a failure at the time of the defining event counts as later",
     "version->effective_at > state.attempts->position.effective_at",
     "version->effective_at >= state.attempts->position.effective_at"),
    ("a success clears a permanent lock too",
     "return state.lock->kind == LockKind::kTemporary && state.success &&",
     "return state.success &&"),
    ("a success clears a lock that is newer",
     "state.success && state.lock->position < *state.success;",
     "state.success.has_value();"),
    ("a failure that carries only a kind sets no lock",
     "(event.account_locked_until.has_value() || event.lock_kind.has_value())",
     "event.account_locked_until.has_value()"),
    ("a lock until the first moment of the last day is temporary",
     "*event.account_locked_until >= kPermanentFrom",
     "*event.account_locked_until > kPermanentFrom"),
    ("the number that a lock states is left out",
     "return event.failed_login_attempts.has_value() || role",
     "return (event.failed_login_attempts.has_value() && role != EventRole::kLocked) || role"),
    ("the content hash has no part in the position",
     "version.event.log_id, version.content_hash}",
     "version.event.log_id, Digest{}}"),
    ("the attempts are not cut at the largest number",
     "static_cast<std::int32_t>(std::min(defined + counted, kMostAttempts))",
     "static_cast<std::int32_t>(defined + counted)"),
]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=pathlib.Path, required=True, help="account_state.cpp")
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--flag", action="append", default=[], help="for compiling and linking (use --flag=...)")
    parser.add_argument("--test", required=True, help="the gtest case to run")
    parser.add_argument("--results", type=pathlib.Path, required=True, help="a result file like GoogleTest's")
    parser.add_argument("link", nargs="+", help="objects and libraries, in order")
    return parser.parse_args()


def run(command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=600, check=False)


def test_passes(arguments, text, folder):
    """True or False as the property test says; an exception when there is no verdict."""
    copy = folder / "account_state.cpp"
    program = folder / "property_test"
    copy.write_text(text, encoding="utf-8")
    built = run([arguments.compiler, *arguments.flag, str(copy), "-o", str(program), *arguments.link])
    if built.returncode != 0:
        raise RuntimeError("does not build:\n" + built.stdout)
    tested = run([str(program), f"--gtest_filter={arguments.test}", "--gtest_brief=1"])
    if tested.returncode == 0 and "[  PASSED  ] 1 test." in tested.stdout:
        return True
    if tested.returncode == 1 and "[  FAILED  ] " + arguments.test in tested.stdout:
        return False
    raise RuntimeError(f"no verdict, exit status {tested.returncode}:\n{tested.stdout[-2000:]}")


def judge(arguments, original, mutation):
    """(whether all is well, one line)"""
    name, search, replace = mutation
    found = original.count(search)
    if found != 1 and search:
        return False, f"FAILED  {name}: its text was found {found} times"
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        try:
            passes = test_passes(arguments, original.replace(search, replace) if search else original,
                                 pathlib.Path(folder))
        except RuntimeError as error:
            return False, f"FAILED  {name}: {error}"
    if not search:
        return passes, ("passed  " if passes else "FAILED  ") + name + ": the test passes" * passes
    return not passes, f"FAILED  {name}: survived" if passes else f"passed  {name}: caught"


def write_results(verdicts, target):
    suites = ElementTree.Element("testsuites")
    for (name, _, _), good, line in verdicts:
        case = ElementTree.SubElement(suites, "testcase", classname="LockoutMutations", name=name)
        if not good:
            ElementTree.SubElement(case, "failure", message=line[:300])
    target.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suites).write(target)


def main():
    arguments = parse_arguments()
    original = arguments.source.read_text(encoding="utf-8")
    cases = [("the merge as it is", "", ""), *MUTATIONS]
    verdicts = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        judged = pool.map(lambda mutation: judge(arguments, original, mutation), cases)
        for case, (good, line) in zip(cases, judged):
            verdicts.append((case, good, line))
            print(line, flush=True)
    write_results(verdicts, arguments.results)
    passed = sum(good for _, good, _ in verdicts)
    print(f"{passed} passed, {len(cases) - passed} failed")
    return 0 if passed == len(cases) else 1


if __name__ == "__main__":
    sys.exit(main())
