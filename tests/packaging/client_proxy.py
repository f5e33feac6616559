"""Stands between a client and the agent's Unix socket and does what a bad day does. Each class is a fake of one such day and
forwards everything else to the real agent unchanged."""
import os
import pathlib
import socket
import tempfile
import threading
import time


class Proxy:
    """A Unix socket whose connections are handled by serve(), each in a thread of its own."""

    def __init__(self, agent_socket):
        self.agent_socket = str(agent_socket)
        self.folder = tempfile.TemporaryDirectory(prefix="twinlog-proxy-")
        self.path = pathlib.Path(self.folder.name, "events.sock")
        self.lock, self.open, self.connections = threading.Lock(), [], 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(100)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            agent = socket.socket(socket.AF_UNIX)
            agent.connect(self.agent_socket)
            with self.lock:
                self.open += [client, agent]
                self.connections += 1
            threading.Thread(target=self.handle, args=(client, agent), daemon=True).start()

    def handle(self, client, agent):
        try:
            self.serve(client, agent)
        except OSError:
            pass  # The other side left, as clients may.
        finally:
            self.end(client, agent)

    @staticmethod
    def end(*sockets):
        for peer in sockets:
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve(self, client, agent):
        raise NotImplementedError

    @staticmethod
    def pump(source, target):
        """Everything from one to the other, until the end."""
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        Proxy.end(source, target)

    def pass_on(self, client, agent):
        back = threading.Thread(target=self.pump, args=(agent, client), daemon=True)
        back.start()
        self.pump(client, agent)
        back.join()

    def close(self):
        self.end(self.listener, *self.open)
        for peer in (self.listener, *self.open):
            peer.close()
        self.folder.cleanup()


class Cut(Proxy):
    """Connection after connection passes one byte more of its first answer on, from none to all of them, and then ends. Each cut
    comes after the agent has answered, so the event is stored and the client does not know."""

    def __init__(self, agent_socket):
        super().__init__(agent_socket)
        self.next_cut, self.longest = 0, 0

    def serve(self, client, agent):
        threading.Thread(target=self.pump, args=(client, agent), daemon=True).start()
        data = b""
        while b"\n" not in data:
            more = agent.recv(65536)
            if not more:
                return
            data += more
        length = data.index(b"\n") + 1
        with self.lock:
            cut, self.longest = self.next_cut, max(self.longest, length)
            if cut <= length:
                self.next_cut += 1
        if cut <= length:
            client.sendall(data[:cut])
            return
        client.sendall(data)
        self.pump(agent, client)


class Choke(Proxy):
    """The first connections end after some bytes of what the client sends, wherever in a line that is."""

    BYTES = (1, 1_000, 4_099, 10_000, 300_001)

    def serve(self, client, agent):
        with self.lock:
            number = self.connections - 1
        if number >= len(self.BYTES):
            self.pass_on(client, agent)
            return
        left = self.BYTES[number]
        while left > 0:
            data = client.recv(left)
            if not data:
                return
            left -= len(data)
            agent.sendall(data)


class Hold(Proxy):
    """No answer before so many lines have come."""

    def __init__(self, agent_socket, lines):
        super().__init__(agent_socket)
        self.lines, self.most_unanswered = lines, 0

    def serve(self, client, agent):
        data = b""
        while self.most_unanswered < self.lines:
            more = client.recv(65536)
            if not more:
                return
            data += more
            self.most_unanswered = max(self.most_unanswered, data.count(b"\n"))
        agent.sendall(data)
        self.pass_on(client, agent)


class Busy(Proxy):
    """Answers busy, as an agent does whose spool is full, for some time after the first line; then it forwards."""

    def __init__(self, agent_socket, retry_after_ms, seconds):
        super().__init__(agent_socket)
        self.answer = b'{"status":"busy","retry_after_ms":%d}\n' % retry_after_ms
        self.seconds, self.until, self.is_over = seconds, None, False
        self.said_at, self.gaps, self.refused = None, [], 0

    def serve(self, client, agent):
        data = b""
        while not self.is_over:
            more = client.recv(65536)
            if not more:
                return
            now = time.monotonic()
            self.until = self.until or now + self.seconds
            if self.said_at:
                self.gaps.append(now - self.said_at)
            data += more
            *lines, rest = data.split(b"\n")
            if now >= self.until:
                self.is_over = True
            else:
                self.refused += len(lines)
                data = rest
                self.said_at = time.monotonic()
                client.sendall(self.answer * len(lines))
        agent.sendall(data)
        self.pass_on(client, agent)


class Garbage(Proxy):
    """The first connections get what no agent says."""

    ANSWERS = (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"{}\n", b"[]\n", b'{"status":"fine"}\n', b'{"status":null}\n', b"\0\xff\n", b"{" * 200_000)

    def serve(self, client, agent):
        with self.lock:
            number = self.connections - 1
        if number < len(self.ANSWERS):
            client.recv(1)
            client.sendall(self.ANSWERS[number])
            self.drain(client)
            return
        self.pass_on(client, agent)

    @staticmethod
    def drain(client):
        while client.recv(65536):  # Until the client leaves.
            pass


class Silent(Proxy):
    """Takes connections, reads nothing and says nothing, until release()."""

    def __init__(self, agent_socket):
        super().__init__(agent_socket)
        self.released = threading.Event()

    def serve(self, client, agent):
        self.released.wait()
        self.pass_on(client, agent)

    def release(self):
        self.released.set()

    def close(self):
        self.release()
        super().close()


class Absent:
    """No agent at all."""

    def __init__(self, agent_socket):
        self.path = pathlib.Path(f"{agent_socket}.{os.getpid()}.absent")

    def close(self):
        pass
