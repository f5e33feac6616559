"""What stands for the application in the pod: it knows the socket's folder and nothing else of the agent.

    application.py send    sends the lines of standard input; prints the answers and whom it talked to
    application.py attack  tries what a broken-in application would; prints what came of it
"""
import json
import os
import pathlib
import socket
import struct
import sys

FOLDER = pathlib.Path("/run/twinlog")


def connect(name):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(60)
    client.connect(str(FOLDER / name))
    return client


def send():
    lines = sys.stdin.buffer.read().splitlines()
    with connect("events.sock") as client:
        peer = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        reader = client.makefile("rb")
        client.sendall(b"".join(line + b"\n" for line in lines))
        answers = [json.loads(reader.readline() or b"null") for _ in lines]
    return {"answers": answers, "peer": peer}


def outcome(action):
    try:
        action()
        return "done"
    except OSError as error:
        return error.strerror


def attack():
    return {
        "remove the socket": outcome(lambda: (FOLDER / "events.sock").unlink()),
        "put another one in its place": outcome(lambda: (FOLDER / "events.sock").rename(FOLDER / "mine.sock")),
        "listen beside it": outcome(lambda: socket.socket(socket.AF_UNIX).bind(str(FOLDER / "mine.sock"))),
        "command the agent": outcome(lambda: connect("admin.sock")),
        "read the spool": outcome(lambda: os.listdir("/var/lib/twinlog")),
        "read the credentials": outcome(lambda: os.listdir("/run/credentials")),
    }


print(json.dumps({"send": send, "attack": attack}[sys.argv[1]]()))
