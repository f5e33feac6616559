"""Starts the private stores and the agent, waits until they are ready, and stops them again, whatever happens."""
import ctypes
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

SOURCE_ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = SOURCE_ROOT / "build" / "release" / "twinlog"
START_SECONDS = 90
STOP_SECONDS = 40


class StartError(Exception):
    """Something did not start; the text says what and why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


class Stack:
    """A folder, and in it the stores and the agent. `kept`: they may outlive this program."""

    def __init__(self, kept):
        self.kept = kept
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-quickstart-"))
        # PostgreSQL may run as another user, who has to get through to its own folder; the agent's is closed.
        self.folder.chmod(0o711)
        self.private = self.folder / "agent"
        self.private.mkdir(mode=0o700)
        self.log = self.private / "agent.log"
        self.config = self.private / "twinlog.toml"
        self.socket = self.private / "events.sock"
        self.enrolment_key, self.trust = self.private / "enrolment.key", self.private / "trust"
        self.http_port = free_port()
        self.admin_port = free_port()
        self.processes = []  # (name, process, the file that keeps its standard input open)

    def _start(self, name, command, log, **options):
        read_end, write_end = os.pipe()
        if self.kept:
            # A pipe that the process itself holds open at both ends never ends, so it goes on until it is told to stop.
            options["pass_fds"] = [write_end]
        else:
            options["preexec_fn"] = die_with_parent
        with open(log, "ab") as log_file:
            process = subprocess.Popen(command, stdin=read_end, stderr=log_file, start_new_session=True, **options)
        os.close(read_end)
        self.processes.append((name, process, write_end))
        return process

    def start_store(self, kind):
        """The address of a new private store."""
        log = self.private / f"{kind}.log"
        process = self._start(kind, [SOURCE_ROOT / "packaging" / "stores" / "run", kind, self.folder / kind], log,
                              stdout=subprocess.PIPE)
        if not select.select([process.stdout], [], [], START_SECONDS)[0]:
            raise StartError(f"{kind} did not start within {START_SECONDS} s; its log is {log}")
        address = process.stdout.readline().decode().strip()
        if not address:
            raise StartError(f"{kind} did not start; the end of {log}:\n{last_lines(log)}")
        return address

    def make_enrolment_key(self):
        """The secret is the agent's; the public half, which is printed, is all that a trust file needs."""
        done = subprocess.run([BINARY, "keygen", "--name", "quickstart/enrolment", "--out", self.enrolment_key],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            raise StartError(f"no enrolment key could be made: {done.stderr.strip()}")
        self.trust.write_text(done.stdout)

    def write_config(self, postgres, documents):
        for name, address in (("postgres", postgres), ("mongodb", documents)):
            (self.private / f"{name}.uri").write_text(address + "\n")
        # JSON's strings are TOML's basic strings.
        values = {key: json.dumps(str(value)) for key, value in {
            "unix": self.socket, "http": f"127.0.0.1:{self.http_port}", "admin": f"127.0.0.1:{self.admin_port}",
            "admin_socket": self.private / "admin.sock", "spool": self.private / "spool",
            "postgres": self.private / "postgres.uri", "mongodb": self.private / "mongodb.uri",
            "enrolment_key": self.enrolment_key}.items()}
        self.config.write_text("""\
[agent]
name = "quickstart"
[intake.unix]
path = {unix}
[intake.http]
listen = {http}
[admin]
listen = {admin}
socket = {admin_socket}
[spool]
path = {spool}
[stores.postgres]
uri_file = {postgres}
[stores.mongodb]
uri_file = {mongodb}
[ledger]
origin = "quickstart"
enrolment_key_file = {enrolment_key}
checkpoint_every = "1s"
""".format(**values))

    def start_agent(self):
        if not BINARY.exists():
            raise StartError(f"{BINARY} is missing; build it with cmake --preset release && cmake --build --preset release")
        # The configuration file says everything: no variable of the caller's may change it.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TWINLOG_")}
        with open(self.log, "ab") as log_file:
            process = self._start("agent", [BINARY, "agent", "--config", self.config], self.log, stdout=log_file,
                                  env=environment)
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if process.poll() is not None:
                raise StartError(f"the agent ended with {process.returncode} before it was ready")
            if time.monotonic() > deadline:
                raise StartError(f"the agent was not ready within {START_SECONDS} s")
            time.sleep(0.05)

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/readyz", timeout=5) as page:
                return page.status == 200
        except OSError:
            return False

    def stop(self):
        """Stops the agent first, so that it can still deliver, then the stores; removes the folder."""
        for name, process, write_end in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    print(f"{name} did not stop within {STOP_SECONDS} s and is killed", flush=True)
                    process.kill()
                    process.wait()
            os.close(write_end)
        self.processes.clear()

    def remove_folder(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def write_stop_script(self):
        """A command that ends what --keep left running, and only that."""
        script = self.folder / "stop"
        lines = "\n".join(f"end {process.pid} {name}" for name, process, _ in reversed(self.processes))
        script.write_text(f"""\
#!/bin/bash
# Stops the quickstart's agent and stores, in that order, and removes their folder.
end() {{
  grep -qsF {self.folder} "/proc/$1/cmdline" || return 0
  echo "stopping $2"
  kill -TERM "$1"
  while [[ -e /proc/$1 ]] && ! grep -qs '^State:.Z' "/proc/$1/status"; do sleep 0.1; done
}}
{lines}
rm -rf {self.folder}
""")
        script.chmod(0o755)
        return script


def last_lines(path, count=20):
    try:
        return "\n".join("   | " + line for line in path.read_text(errors="replace").splitlines()[-count:])
    except OSError as error:
        return f"   | (cannot be read: {error})"
