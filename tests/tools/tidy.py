#!/usr/bin/python3
"""Runs clang-tidy on one source, once per state of that source and of the headers it can see.

    tests/tools/tidy.py BUILD_FOLDER SOURCE

A clean verdict is remembered in BUILD_FOLDER/tidy under a hash of the preprocessed source, the command and .clang-tidy,
so that a second run only looks at what changed.
"""
import hashlib
import json
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]


def command_for(build, source):
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if pathlib.Path(entry["file"]) == source:
            return shlex.split(entry["command"]), entry["directory"]
    return None, None


def fingerprint(command, directory):
    compiler = command[1:] if "ccache" in command[0] else command
    arguments = [word for word in compiler if word != "-c"]
    if "-o" in arguments:
        at = arguments.index("-o")
        del arguments[at:at + 2]
    text = subprocess.run([*arguments, "-E", "-P"], capture_output=True, cwd=directory, check=False).stdout
    config = (ROOT / ".clang-tidy").read_bytes()
    return hashlib.sha256(b"\0".join([text, config, " ".join(arguments).encode()])).hexdigest()


def main():
    build, source = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    command, directory = command_for(build, source)
    if command is None:
        print(f"tidy: {source.relative_to(ROOT)} is not built by any target")
        return 1
    memory = build / "tidy"
    memory.mkdir(exist_ok=True)
    verdict = memory / fingerprint(command, directory)
    if verdict.exists():
        return 0
    done = subprocess.run(["clang-tidy-14", "--quiet", "-p", build, "--extra-arg=-Wno-unknown-warning-option", source],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        verdict.touch()
    else:
        print(done.stdout, end="", flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
