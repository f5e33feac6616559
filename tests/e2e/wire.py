"""Senders that a test drives byte by byte, on the Unix socket or on HTTP, and crowds of them in other processes."""
import json
import pathlib
import select
import socket
import subprocess
import sys
import time

import harness

SYSTEM_PYTHON = "/usr/bin/python3"  # Of the system, so that every user may run it.


def event(name, **members):
    return json.dumps({"tenant_id": "acme", "log_id": str(name), "event_type": "login_failed",
                       "occurred_at": 1_700_000_000_000, "user_id": "u1", **members}).encode()


def sized_event(name, size):
    """An event whose JSON takes exactly so many bytes; nothing of it needs repair but its metadata is described."""
    padding = size - len(event(name, metadata={"p": ""}))
    return event(name, metadata={"p": "x" * padding})


class Wire:
    """One connection, with nothing added to what the test says."""

    def __init__(self, address):
        """`address`: a path, or a port of loopback."""
        is_port = isinstance(address, int)
        self.socket = socket.socket(socket.AF_INET if is_port else socket.AF_UNIX)
        self.socket.settimeout(harness.PATIENCE)
        self.socket.connect(("127.0.0.1", address) if is_port else str(address))
        self.received = b""

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def try_send(self, data):
        """Sends to a peer that may have closed already."""
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def receive(self):
        try:
            piece = self.socket.recv(1 << 16)
        except ConnectionError:
            piece = b""
        self.received += piece
        return bool(piece)

    def line(self):
        while b"\n" not in self.received:
            if not self.receive():
                return None
        line, _, self.received = self.received.partition(b"\n")
        return json.loads(line)

    def response(self):
        """(status, fields in small letters, body) of one HTTP answer; None when the peer closed without one."""
        while b"\r\n\r\n" not in self.received:
            if not self.receive():
                return None
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        length = int(fields.get("content-length", 0))
        while len(self.received) < length and self.receive():
            pass
        body, self.received = self.received[:length], self.received[length:]
        return int(first.split()[1]), fields, body

    def is_silent(self):
        """Whether nothing has come, not even an end."""
        return not self.received and not select.select([self.socket], [], [], 0)[0]

    def seconds_until_closed(self, since):
        """Reads to the end; how long after `since` that was."""
        while self.receive():
            pass
        return time.monotonic() - since


def post(body, content_type="application/x-ndjson", fields=()):
    """The bytes of one request."""
    head = ["POST /v1/events HTTP/1.1", "Host: h", f"Content-Type: {content_type}", f"Content-Length: {len(body)}",
            *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class Crowd:
    """Connections held open by a process of their own until close(): idle_senders.py."""

    def __init__(self, *addresses_and_counts, is_used=False, comes_again=False):
        arguments = ["--use"] * is_used + ["--again"] * comes_again + [str(word) for pair in addresses_and_counts for word in pair]
        program = pathlib.Path(__file__).with_name("idle_senders.py")
        self.process = subprocess.Popen([sys.executable, program, *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"open\n", "the crowd could not connect"

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(harness.PATIENCE)
        self.process.stdout.close()


def send_as(user, group, groups, path, line):
    """Sends a line as another user from a process of its own: the answer, "" where the agent closes without one, or the
    name of the error."""
    program = ("import socket, sys\n"
               "try:\n"
               "    peer = socket.socket(socket.AF_UNIX); peer.settimeout(60); peer.connect(sys.argv[1])\n"
               "    peer.sendall(sys.argv[2].encode() + b'\\n'); print(peer.makefile().readline(), end='')\n"
               "except OSError as error:\n"
               "    print(type(error).__name__ if not isinstance(error, ConnectionError) else '', end='')\n")
    done = subprocess.run([SYSTEM_PYTHON, "-c", program, str(path), line.decode()], user=user, group=group,
                          extra_groups=groups, cwd="/", stdout=subprocess.PIPE, check=True,
                          timeout=2 * harness.PATIENCE)
    return done.stdout.decode()


def bytes_read(agent, transport="unix"):
    return agent.metric(f'twinlog_ingest_bytes_total{{transport="{transport}"}}')


def connections(agent, transport="unix"):
    return agent.metric(f'twinlog_ingest_connections{{transport="{transport}"}}')


def cut(agent, transport="unix"):
    return agent.metric(f'twinlog_ingest_connections_cut_total{{transport="{transport}"}}')


def resident_bytes(process):
    """Of a binary with the address sanitizer a quarter of it: so much more it takes for the same work."""
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 // (4 if harness.IS_SANITIZED else 1)
    raise AssertionError("no VmRSS")
