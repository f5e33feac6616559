"""Runs commands of the binary, without or with a terminal."""
import os
import pty
import select
import subprocess
import time

import harness


# libmongoc keeps counters in /dev/shm under the process's number and warns, before main(), when a killed process of the same
# number has left its own there.
QUIET = {"MONGOC_DISABLE_SHM": "1"}


def surroundings(environment):
    """This process's own environment without its TWINLOG_ and NO_COLOR variables, and what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TWINLOG_", "NO_COLOR"))}
    return {**kept, **QUIET, **(environment or {})}


def run(*words, environment=None, **options):
    return subprocess.run([*options.pop("before", []), harness.BINARY, *map(str, words)], capture_output=True, text=True,
                          check=False, timeout=120, env=surroundings(environment), **options)


class OnTerminal:
    """A command whose standard output and error are one terminal; its standard input, too, where somebody `answers`."""

    def __init__(self, *words, environment=None, answers=False):
        ours, theirs = pty.openpty()
        self.process = subprocess.Popen([harness.BINARY, *map(str, words)], stdout=theirs, stderr=theirs,
                                        stdin=theirs if answers else subprocess.DEVNULL, env=surroundings(environment))
        os.close(theirs)
        self.terminal, self.text = ours, ""

    def read(self, seconds=0.05):
        """What it has shown so far."""
        try:
            if select.select([self.terminal], [], [], seconds)[0]:
                self.text += os.read(self.terminal, 65536).decode()
        except OSError:  # Its end.
            pass
        return self.text

    def write(self, text):
        os.write(self.terminal, text.encode())

    def finish(self):
        """Its exit code, once all that it shows is read."""
        deadline = time.monotonic() + harness.PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read()
        shown = None
        while shown != self.text:
            shown = self.text
            self.read()
        return self.process.wait(1)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.terminal)
