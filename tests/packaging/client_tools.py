"""What the tests of packaging/clients have in common."""
import json
import os
import subprocess
import tempfile
import threading

import paths
import harness

CLIENTS = paths.PACKAGING / "clients"
LANGUAGES = ("python", "go", "javascript", "java", "cpp")
# What the senders build, outside of the source tree; the compilers' own caches are the user's.
CACHE = paths.ROOT / "build" / "clients-cache"
# Where the machine has no Go that is new enough, packaging/install-deps has put one there.
GO_FOLDERS = [str(folder) for folder in sorted((paths.ROOT / "build" / "go").glob("**/bin")) if (folder / "go").exists()]
ENVIRONMENT = {**os.environ, "XDG_CACHE_HOME": str(CACHE), "GOCACHE": os.environ.get("GOCACHE", os.path.expanduser("~/.cache/go-build")),
               "GOTOOLCHAIN": "local", "PATH": os.pathsep.join([*GO_FOLDERS, os.environ["PATH"]])}


def new_agent(extra="", **environment):
    """An agent whose stores are away: it answers all the same, and its spool keeps everything."""
    return harness.Agent("postgresql://postgres@127.0.0.1:1/audit", "mongodb://127.0.0.1:1/audit", extra,
                         {"TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms", **environment})


class Send:
    """One run of a client's `send`; what it prints is read as it comes."""

    def __init__(self, language, path, options):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([CLIENTS / language / "send", path, "--answers", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, env=ENVIRONMENT)
        self.answers, self.counts = [], None
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            said = json.loads(line)
            if "counts" in said:
                self.counts = said["counts"]
            else:
                self.answers.append(said)

    def write(self, lines):
        self.process.stdin.write(b"".join(line + b"\n" for line in lines))
        self.process.stdin.flush()

    def end(self):
        """(exit code, what it said)"""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        code = self.process.wait(120)
        self.reader.join()
        self.process.stdout.close()
        self.errors.seek(0)
        said = self.errors.read()
        self.errors.close()
        return code, said
