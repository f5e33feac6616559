"""A proxy before a store that knows where one message ends and the next begins, and can fail exactly there.

It reads PostgreSQL's frontend/backend protocol and MongoDB's OP_MSG (no TLS), forwards them unchanged, and counts the
statements or commands and their replies: for PostgreSQL each Parse and each CommandComplete, for the document store each
command but handshakes. At the one that arm() names it does what it was told, once. What lasts is another thing: in a
hole() everything is accepted and nothing answered until it ends, and what waits in it then goes on, late; always() does the
same at every request or reply; half_open() lets go of the connections that are there, as a router that was restarted does,
and takes new ones.
"""
import contextlib
import enum
import socket
import struct
import threading
import urllib.parse

import bson


class Fault(enum.Enum):
    """What happens at a reply, or instead of a request."""

    REPLY_LOST = "the store did it, its reply is lost and the connection is reset"
    HALF_A_REPLY = "the store did it, half of its reply comes and the connection is reset"
    REPLY_LATE = "the store did it, its reply comes late"
    SILENCE = "the store did it, and nothing comes on this connection any more"
    REQUEST_LOST = "the store never sees the request and the connection is reset"
    REQUEST_LATE = "the request reaches the store long after the agent has given it up"
    NOT_PRIMARY = "a document store that is not primary refuses it and does nothing"
    STEPPED_DOWN = "a document store did it, and its reply says only that it stepped down meanwhile"
    UNCONFIRMED = "a document store did it, and its reply says that a majority did not confirm it in time"

    @property
    def is_at_request(self):
        return self in (Fault.REQUEST_LOST, Fault.REQUEST_LATE, Fault.NOT_PRIMARY)


ERRORS = {Fault.NOT_PRIMARY: {"ok": 0.0, "code": 10107, "codeName": "NotWritablePrimary", "errmsg": "not primary"},
          Fault.STEPPED_DOWN: {"ok": 0.0, "code": 11602, "codeName": "InterruptedDueToReplStateChange", "errmsg": "interrupted"}}
NO_MAJORITY = {"code": 64, "codeName": "WriteConcernTimeout", "errmsg": "waiting for replication timed out",
               "errInfo": {"wtimeout": True}}


class Stream:
    """Reads exactly so many bytes from a socket."""

    def __init__(self, connected):
        self.socket, self.buffer = connected, b""

    def read(self, count):
        while len(self.buffer) < count:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.buffer += more
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data


class Postgres:
    """Frames of one connection to PostgreSQL; label is None for what is not counted."""

    ENCRYPTION = {80877103, 80877104}  # SSLRequest and GSSENCRequest: answered by one byte without a frame.

    def __init__(self):
        self.is_started, self.single_bytes = False, 0

    def request(self, stream):
        kind = b"" if not self.is_started else stream.read(1)
        length = stream.read(4)
        body = stream.read(struct.unpack("!i", length)[0] - 4)
        if not kind and struct.unpack("!i", body[:4])[0] in self.ENCRYPTION:
            self.single_bytes += 1
        else:
            self.is_started = True
        label = body.split(b"\0")[1].split(b" ")[0].decode() if kind == b"P" else None
        return label, kind + length + body

    def reply(self, stream):
        kind = stream.read(1)
        if self.single_bytes:
            self.single_bytes -= 1
            return None, kind
        length = stream.read(4)
        body = stream.read(struct.unpack("!i", length)[0] - 4)
        return body.split(b"\0")[0].split(b" ")[0].decode() if kind == b"C" else None, kind + length + body


class Documents:
    """Messages of one connection to a document store."""

    OP_MSG = 2013
    UNCOUNTED = {"hello", "isMaster", "ismaster", "ping", "endSessions"}

    def __init__(self):
        self.labels = {}

    @staticmethod
    def message(stream):
        header = stream.read(16)
        length, request_id, response_to, operation = struct.unpack("<iiii", header)
        return request_id, response_to, operation, header + stream.read(length - 16)

    def request(self, stream):
        request_id, _, operation, data = self.message(stream)
        if operation == self.OP_MSG:
            # Flags, section kind 0, the document's length, the type of its first element; then command and collection.
            end = data.index(b"\0", 26)
            command = data[26:end].decode()
            collection = data[end + 5:data.index(b"\0", end + 5)].decode() if data[25] == 2 else ""
            if command not in self.UNCOUNTED:
                self.labels[request_id] = f"{command} {collection}".strip()
        return self.labels.get(request_id), data

    def reply(self, stream):
        _, response_to, _, data = self.message(stream)
        return self.labels.pop(response_to, None), data

    def refusal(self, request, error):
        """The reply with this error to a request that the store never sees."""
        request_id = struct.unpack("<i", request[4:8])[0]
        self.labels.pop(request_id, None)
        return self.framed(request_id, error)

    def changed(self, reply, fault):
        """The reply of a store that did it, as one that says something else of it."""
        answer = ERRORS.get(fault) or bson.decode(reply[21:21 + struct.unpack("<i", reply[21:25])[0]])
        if fault is Fault.UNCONFIRMED and "cursor" not in answer:  # What only reads needs no majority.
            answer["writeConcernError"] = NO_MAJORITY
        return self.framed(struct.unpack("<i", reply[8:12])[0], answer)

    def framed(self, response_to, document):
        body = struct.pack("<iB", 0, 0) + bson.encode(document)
        return struct.pack("<iiii", 16 + len(body), 0, response_to, self.OP_MSG) + body


class Link:
    """One connection through the proxy, with a thread for each direction."""

    def __init__(self, proxy, client):
        self.proxy, self.client, self.server = proxy, client, None
        self.frames = proxy.dialect()
        self.is_silent = self.is_cut = self.is_forgotten = False

    def run(self):
        try:
            self.proxy.is_open.wait()
            self.server = socket.create_connection(self.proxy.upstream)
            replies = threading.Thread(target=self.pump, args=(self.server, self.client, self.frames.reply, False),
                                       daemon=True)
            replies.start()
            self.pump(self.client, self.server, self.frames.request, True)
            replies.join()
        except OSError:
            pass
        finally:
            self.client.close()
            if self.server:
                self.server.close()

    def pump(self, source, target, read_frame, is_request):
        stream = Stream(source)
        with contextlib.suppress(OSError, EOFError):
            while True:
                label, data = read_frame(stream)
                self.proxy.is_open.wait()
                fault = self.proxy.counted(label, is_request) if label else None
                if fault:
                    data = self.suffer(fault, data)
                if self.is_silent and label and not is_request:
                    self.proxy.swallowed += 1
                if self.is_cut or self.is_forgotten or data is None or (self.is_silent and not is_request):
                    continue
                with contextlib.suppress(OSError):  # Who gave up does not get it; the rest is read all the same.
                    target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def suffer(self, fault, data):
        """What is forwarded instead of the frame; None: nothing."""
        if fault is Fault.NOT_PRIMARY:
            self.client.sendall(self.frames.refusal(data, ERRORS[fault]))
            return None
        if fault in (Fault.STEPPED_DOWN, Fault.UNCONFIRMED):
            return self.frames.changed(data, fault)
        if fault is Fault.REPLY_LATE or fault is Fault.REQUEST_LATE:
            self.is_silent = fault is Fault.REQUEST_LATE
            threading.Event().wait(self.proxy.late_by)
            return data
        if fault is Fault.SILENCE:
            self.is_silent = True
            return data
        if fault is Fault.HALF_A_REPLY:
            self.client.sendall(data[:len(data) // 2])
        self.cut()
        return data

    def cut(self):
        """Both threads see an end; the client gets a reset when its socket is closed."""
        self.is_cut = True
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RD)


class FrameProxy:
    """Listens on a port of its own; `uri` is the address of the database behind it."""

    def __init__(self, uri):
        address = urllib.parse.urlsplit(uri)
        self.dialect = Postgres if address.scheme == "postgresql" else Documents
        self.upstream = address.hostname, address.port
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        port = self.listening.getsockname()[1]
        self.uri = uri.replace(f":{address.port}/", f":{port}/")
        self.is_open = threading.Event()
        self.is_open.set()
        self.lock = threading.Lock()
        self.requests, self.replies, self.fired, self.late_by, self.swallowed = [], [], None, 0.0, 0
        self.number, self.fault, self.seen, self.first = 0, None, 0, None
        self.lasting, self.links = None, []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listening.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.links.append(Link(self, client))
                threading.Thread(target=self.links[-1].run, daemon=True).start()

    def arm(self, number, fault, late_by=0.0, first=None):
        """The `number`-th request or reply from now (1: the next) suffers the fault. Forgets what was seen so far, and counts
        from the first request of the label `first`: a look at the position, now and then, may come before it."""
        with self.lock:
            self.number, self.fault, self.late_by, self.first = number, fault, late_by, first
            self.seen, self.requests, self.replies, self.fired, self.swallowed = 0, [], [], None, 0

    def counted(self, label, is_request):
        with self.lock:
            if self.first is not None and not (is_request and label == self.first):
                return None
            self.first = None
            (self.requests if is_request else self.replies).append(label)
            if self.lasting and self.lasting.is_at_request == is_request:
                return self.lasting
            if self.fault is None or self.fault.is_at_request != is_request:
                return None
            self.seen += 1
            if self.seen != self.number:
                return None
            fault, self.fault, self.fired = self.fault, None, label
            return fault

    @contextlib.contextmanager
    def hole(self):
        """Accepts, and answers nothing."""
        self.is_open.clear()
        try:
            yield
        finally:
            self.is_open.set()

    @contextlib.contextmanager
    def always(self, fault, late_by=0.0):
        """Every request or reply suffers the fault."""
        self.lasting, self.late_by = fault, late_by
        try:
            yield
        finally:
            self.lasting = None

    @contextlib.contextmanager
    def half_open(self):
        """The connections that are there carry nothing any more, and nobody is told; new ones are as ever."""
        for link in self.links:
            link.is_forgotten = True
        yield

    def close(self):
        self.is_open.set()
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()
