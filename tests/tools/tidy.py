#!/usr/bin/python3
"""Runs clang-tidy over all sources, several at a time in one translation unit.

    tests/tools/tidy.py BUILD_FOLDER [SOURCE ...]

Most of what clang-tidy does for a source it does for the headers of libraries. So sources with the same command are looked
at together, as one unit that includes each of them, wherever their file-local names allow it; a unit that does not compile
is looked at source by source. A clean verdict is remembered under a hash of the preprocessed unit, the command, .clang-tidy
and clang-tidy's version, so that a second run only looks at what changed; it lies where ccache's objects would, in the
user's cache ($XDG_CACHE_HOME or ~/.cache, twinlog-tidy), and holds for every checkout. Exit 1 if there are findings.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
UNIT_MOST = 24
VERDICTS = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "twinlog-tidy"
VERSION = subprocess.run(["clang-tidy-14", "--version"], capture_output=True, check=True).stdout
# Formatted code: what is local to a file stands at the beginning of a line between these two.
LOCAL = re.compile(r"^namespace \{$(.*?)^\}  // namespace$", re.M | re.S)
DECLARED = re.compile(r"(?<![:\w])([A-Za-z_]\w*)(?=(?:\(| =|\{| \{| final|;|\[| : ))")
ALIAS = re.compile(r"(?:using|namespace) [\w: ]+( = .*)?;$")  # The same name twice is no clash where it stands for the same.
TESTS = re.compile(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)|^(?:static|#define) .*?(\w+)[ (].*$", re.M)
WORDS = {"TEST", "TEST_F", "TEST_P", "INSTANTIATE_TEST_SUITE_P", "final", "if", "for", "while", "switch", "operator", "std", "template", "static_assert"}


def local_names(text):
    """Names that another source of the same unit must not have; rather too many than too few."""
    names = {part for found in TESTS.findall(text) for part in [".".join(filter(None, found))]}
    for region in LOCAL.findall(text):
        for line in region.splitlines():
            if line and not line.startswith((" ", "/", "}", "#", ")")) and not ALIAS.match(line):
                names |= set(DECLARED.findall(line))
    return names - WORDS


def read_commands(build):
    """source -> (arguments without the source and its object, folder)"""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        words = words[1:] if "ccache" in words[0] else words
        arguments = [word for word in words if word not in ("-c", entry["file"])]
        if "-o" in arguments:
            at = arguments.index("-o")
            del arguments[at:at + 2]
        found[pathlib.Path(entry["file"])] = (tuple(arguments), entry["directory"])
    return found


def units_of(sources, commands):
    """Lists of sources that can stand in one translation unit."""
    units = []  # (command, names, sources)
    for source in sources:
        names = local_names(source.read_text())
        for command, taken, members in units:
            if command == commands[source] and len(members) < UNIT_MOST and not taken & names:
                members.append(source)
                taken |= names
                break
        else:
            units.append((commands[source], set(names), [source]))
    return [members for _, _, members in units]


def compiles(path, arguments, folder):
    done = subprocess.run(["clang-tidy-14", "--quiet", "--checks=-*,misc-unused-using-decls", path, "--", *arguments[1:], "-w"],
                          capture_output=True, text=True, cwd=folder, check=False)
    return "clang-diagnostic" not in done.stdout


def check(build, unit, command):
    """(whether it is clean, whether it compiled, what clang-tidy says)"""
    arguments, folder = command
    text = "".join(f'#include "{source}"\n' for source in unit)
    path = build / "tidy" / (hashlib.sha256(text.encode()).hexdigest()[:16] + ".cpp")
    path.write_text(text)
    seen = subprocess.run([*arguments, "-E", "-P", path], capture_output=True, cwd=folder, check=False).stdout
    # Wherever this checkout lies, it is the same unit.
    looked_at = [seen, " ".join(arguments).encode(), (ROOT / ".clang-tidy").read_bytes(), VERSION]
    key = b"\0".join(part.replace(bytes(ROOT), b".") for part in looked_at)
    verdict = VERDICTS / hashlib.sha256(key).hexdigest()
    if seen and verdict.exists():
        return True, True, ""
    if len(unit) > 1 and not compiles(path, arguments, folder):  # Much sooner said than by all checks.
        return False, False, ""
    done = subprocess.run(["clang-tidy-14", "--quiet", f"--config-file={ROOT / '.clang-tidy'}",
                           "--checks=-bugprone-suspicious-include", path, "--", *arguments[1:],
                           "-Wno-unknown-warning-option"], capture_output=True, text=True, cwd=folder, check=False)
    if done.returncode == 0:
        verdict.touch()
    return done.returncode == 0, "clang-diagnostic" not in done.stdout, done.stdout


def check_unit(build, unit, commands):
    """The findings in a unit, or where it does not compile, in each of its sources."""
    is_clean, is_compiled, said = check(build, unit, commands[unit[0]])
    if is_clean or is_compiled or len(unit) == 1:
        return said if not is_clean else ""
    half = len(unit) // 2
    return check_unit(build, unit[:half], commands) + check_unit(build, unit[half:], commands)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    commands = read_commands(build)
    sources = [pathlib.Path(name).resolve() for name in sys.argv[2:]]
    unknown = [source for source in sources if source not in commands]
    for source in unknown:
        print(f"tidy: {source.relative_to(ROOT)} is not built by any target")
    (build / "tidy").mkdir(exist_ok=True)
    VERDICTS.mkdir(parents=True, exist_ok=True)
    units = sorted(units_of([source for source in sources if source in commands], commands), key=len, reverse=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
        findings = [said for said in workers.map(lambda unit: check_unit(build, unit, commands), units) if said]
    print(*findings, sep="", end="")
    print(f"tidy: {len(sources)} sources in {len(units)} units, {len(findings)} with findings")
    return 1 if findings or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
