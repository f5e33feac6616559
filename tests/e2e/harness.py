"""Real servers and a real agent for the end-to-end tests, each in a temporary folder and on ports of its own."""
import contextlib
import fcntl
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

import psycopg

ROOT = pathlib.Path(__file__).parents[2]
BINARY = pathlib.Path(os.environ.get("TWINLOG_BINARY", ROOT / "build/release/twinlog"))
IS_SANITIZED = "/build/asan/" in str(BINARY)
# The agent would warn of them.
VARIABLES_OF_TESTS = ("TWINLOG_BINARY", "TWINLOG_LONG", "TWINLOG_SEED", "TWINLOG_TEST_BINARY", "TWINLOG_TEST_EVENTS")
# Events of somebody's own, for real_input_test.py to run on in addition; see tests/run --events.
OWN_EVENTS = os.environ.get("TWINLOG_TEST_EVENTS")
PATIENCE = 60


def wait_until(condition, what, seconds=PATIENCE):
    """Waits for a fact about the world; how long that takes is not what is tested."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def processes_naming(text):
    """The process ids of those whose command line holds the text."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


class StoreServer:
    """A server of packaging/stores/run; it stops when this object is closed or this process ends."""

    def __init__(self, kind):
        self.kind, self.folder = kind, tempfile.mkdtemp(prefix=f"twinlog-{kind}-")
        self.process = None
        self.start()

    def start(self):
        self.log = open(pathlib.Path(self.folder, "server.log"), "ab")
        self.process = subprocess.Popen([ROOT / "packaging/stores/run", self.kind, self.folder], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log)
        self.uri = self.process.stdout.readline().decode().strip()
        if not self.uri:
            raise RuntimeError(f"{self.kind} did not start; see {self.folder}/server.log")

    def stop(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait(60)
            self.process.stdout.close()
            self.log.close()
            self.process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self):
        """The address of an empty database of its own."""
        name = "t" + uuid.uuid4().hex[:12]
        if self.kind == "postgres":
            with psycopg.connect(self.uri, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
        return self.uri.rsplit("/", 1)[0] + "/" + name


class Agent:
    """One `twinlog agent` with its own spool, sockets and log."""

    def __init__(self, postgres, mongodb, extra="", environment=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-agent-"))
        self.binary, self.postgres, self.mongodb = BINARY, postgres, mongodb
        self.socket, self.spool = self.folder / "events.sock", self.folder / "spool"
        self.log_path, self.config = self.folder / "agent.log", self.folder / "twinlog.toml"
        kept = {name: value for name, value in os.environ.items() if name not in VARIABLES_OF_TESTS}
        self.environment = {**kept, **(environment or {})}
        self.http, self.admin = free_port(), free_port()
        self.config.write_text(f"""
[agent]
name = "auth-test"
[intake.unix]
path = "{self.socket}"
[intake.http]
listen = "127.0.0.1:{self.http}"
[admin]
listen = "127.0.0.1:{self.admin}"
socket = "{self.folder}/admin.sock"
[stores.postgres]
uri = "{postgres}"
[stores.mongodb]
uri = "{mongodb}"
[spool]
path = "{self.spool}"
volume = "durable"
{extra}
""")
        self.process, self.before_command = None, []

    def start(self, wait=True):
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen([*self.before_command, self.binary, "agent", "--config", self.config],
                                            stdout=log, stderr=log, env=self.environment)
        if wait:
            wait_until(lambda: self.probe("/readyz")[0] == 200 or self.process.poll() is not None, "the agent is ready")
            assert self.process.poll() is None, self.log_text()
        return self

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(90)
        self.process = None
        return code

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_text(self):
        return self.log_path.read_text(errors="replace")

    def probe(self, path):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=5)
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except OSError:
            return 0, ""

    def metric(self, line_start):
        """The value of the one series whose line begins so."""
        lines = [line for line in self.probe("/metrics")[1].splitlines() if line.startswith(line_start)]
        assert len(lines) == 1, (line_start, lines)
        return float(lines[0].rsplit(" ", 1)[1])

    def send_lines(self, lines):
        """Sends lines through the socket, pipelined, and returns the answers."""
        answers = []
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(str(self.socket))
            reader = client.makefile("rb")
            for start in range(0, len(lines), 500):
                part = lines[start:start + 500]
                client.sendall(b"".join(line + b"\n" for line in part))
                answers += [json.loads(reader.readline()) for _ in part]
        return answers

    def post(self, body, content_type="application/x-ndjson", headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=PATIENCE)
        connection.request("POST", "/v1/events", body, {"Content-Type": content_type, **(headers or {})})
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None

    def post_for_headers(self, body, content_type="application/x-ndjson"):
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=PATIENCE)
        connection.request("POST", "/v1/events", body, {"Content-Type": content_type})
        response = connection.getresponse()
        return response.status, response.headers, json.loads(response.read())

    def post_lines(self, lines):
        answers = []
        for start in range(0, len(lines), 1000):
            _, body = self.post(b"\n".join(lines[start:start + 1000]) + b"\n")
            answers += body["results"]
        return answers

    def wait_delivered(self, seconds=PATIENCE):
        def nothing_pending():
            return all(self.metric(f'twinlog_store_pending_records{{store="{store}"}}') == 0
                       for store in ("postgres", "mongodb"))
        try:
            wait_until(nothing_pending, "both stores have everything", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log_text()[-3000:]}") from None


# Not the ports that the system gives to outgoing connections (from 32768 on), nor those of packaging/stores/run.
LOWEST_PORT, HIGHEST_PORT, PORTS_IN_BLOCK = 16_000, 32_000, 64


def own_ports():
    """Ports that no other process of tests takes, not even while this one's servers are down: each block is locked."""
    folder = pathlib.Path(tempfile.gettempdir(), f"twinlog-test-ports-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    blocks, locks = list(range(LOWEST_PORT, HIGHEST_PORT, PORTS_IN_BLOCK)), []
    random.SystemRandom().shuffle(blocks)
    for block in blocks:
        locks.append((folder / str(block)).open("w"))  # Held until the process ends.
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(locks[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield from range(block, block + PORTS_IN_BLOCK)


next_ports = own_ports()


def free_port():
    """Never the same one twice: it may be asked for long before it is listened on."""
    while True:
        port = next(next_ports)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def verify(agent, declared=(), words=()):
    """(0 where `twinlog verify` finds exactly what was declared, what it printed). Declared are (verdict, log_id), each for
    both stores; log_id is None for leaves that are no row. Nobody's key is trusted here: who signed is what the tests of the ledger look at."""
    done = subprocess.run([BINARY, "verify", "--postgres", agent.postgres, "--mongodb", agent.mongodb, "--json", *words],
                          capture_output=True, text=True, check=False, env=agent.environment)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    found = {(line["verdict"], line["store"], line["log_id"]) for line in lines if "verdict" in line}
    expected = {(verdict, store, log_id) for verdict, log_id in declared for store in ("postgres", "mongodb")}
    is_empty = done.returncode == 0 and not expected
    is_fine = is_empty or (done.returncode == (1 if expected else 2) and found == {("UNKNOWN_KEY", None, None), *expected})
    return 0 if is_fine else done.returncode or 1, done.stdout + done.stderr


def compare(agent, *files, declared=()):
    """Runs the oracle, and behind it verify, which must find what was declared; (exit code, what they printed)."""
    code, text = compare_with_oracle(agent, *files)
    return (code, text) if code != 0 else verify(agent, declared)


def compare_with_oracle(agent, *files):
    done = subprocess.run([sys.executable, ROOT / "tests/oracle/compare.py", "--postgres", agent.postgres, "--mongodb",
                           agent.mongodb, *files], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def host_month():
    """The path of a made-up host's month (tests/oracle/host_month.py), written by whoever needs it first."""
    path = ROOT / "build/host_month.ndjson"
    made = subprocess.run([sys.executable, ROOT / "tests/oracle/host_month.py"], stdout=subprocess.PIPE, check=True).stdout
    if not path.exists() or path.read_bytes() != made:
        path.parent.mkdir(exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(made)
        fresh.rename(path)
    return path


def lines_of(path):
    return [line for line in pathlib.Path(path).read_bytes().split(b"\n") if line]


def statuses(answers):
    counts = {}
    for answer in answers:
        counts[answer["status"]] = counts.get(answer["status"], 0) + 1
    return counts


@contextlib.contextmanager
def closing(*things):
    with contextlib.ExitStack() as stack:
        for thing in things:
            stack.callback(thing.close)
        yield things if len(things) > 1 else things[0]
