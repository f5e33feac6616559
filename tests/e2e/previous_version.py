"""The agent of the version before this one, built from its commit and kept in build/previous between runs."""
import io
import os
import shutil
import subprocess
import tarfile
import unittest

import harness

FOLDER = harness.ROOT / "build/previous"


def named():
    """(commit, version) of tests/e2e/previous_version.txt."""
    commit, version = (harness.ROOT / "tests/e2e/previous_version.txt").read_text().split()
    return commit, version


def command(*words, folder, **options):
    done = subprocess.run(words, cwd=folder, capture_output=True, check=False, **options)
    assert done.returncode == 0, (words, done.stdout[-3000:], done.stderr[-3000:])
    return done.stdout


def is_in_history(commit):
    return subprocess.run(["git", "-C", harness.ROOT, "cat-file", "-e", commit + "^{commit}"], capture_output=True,
                          check=False).returncode == 0


def binary(preset="dev"):
    """Builds it where this commit was not yet built. A checkout without that history skips."""
    commit, _ = named()
    source, stamp = FOLDER / "src", FOLDER / "commit"
    built = source / "build" / preset / "twinlog"
    is_there = stamp.exists() and stamp.read_text() == commit
    if is_there and built.exists():
        return built
    if not is_in_history(commit):
        raise unittest.SkipTest(f"THE UPGRADE IS NOT TESTED: commit {commit} of the version before is not in this checkout; "
                                "fetch the whole history (git fetch --unshallow)")
    if not is_there:
        shutil.rmtree(FOLDER, ignore_errors=True)
        source.mkdir(parents=True)
        unpack(commit, source)
    environment = {**os.environ, "CCACHE_BASEDIR": str(source), "CCACHE_NOHASHDIR": "1"}
    # The tests look at what it does, not how fast: unoptimised it is built in a third of the time.
    command("cmake", "--preset", preset, folder=source, env=environment)
    command("ninja", "-C", f"build/{preset}", "twinlog", folder=source, env=environment)
    stamp.write_text(commit)
    return built


def unpack(commit, source):
    with tarfile.open(fileobj=io.BytesIO(command("git", "archive", commit, folder=harness.ROOT))) as archive:
        archive.extractall(source)  # Our own commit: nothing in it leads out of the folder.
