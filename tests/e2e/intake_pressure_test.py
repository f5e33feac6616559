"""Intake under pressure: crowds, few descriptors, unfinished lines and requests, full buffers, deaf readers."""
import contextlib
import pathlib
import resource
import selectors
import subprocess
import tempfile
import time
import unittest

import harness
import wire
from wire import Wire, event

MEBIBYTE = 1 << 20
UNFINISHED_SECONDS, FIRST_SECONDS = 30, 10


@contextlib.contextmanager
def soft_limit_of_open_files(number):
    """What a process started meanwhile begins with."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def frozen_disk(case):
    """A file system of its own, and the functions that freeze and thaw it: a disk that hangs."""
    image, point = tempfile.NamedTemporaryFile(prefix="twinlog-disk-"), tempfile.TemporaryDirectory()
    case.addCleanup(point.cleanup)
    case.addCleanup(image.close)
    image.truncate(128 * MEBIBYTE)
    subprocess.run(["mkfs.ext4", "-q", image.name], check=True)
    subprocess.run(["mount", "-o", "loop", image.name, point.name], check=True)
    case.addCleanup(subprocess.run, ["umount", point.name], check=True)

    def freeze(word):
        subprocess.run(["fsfreeze", word, point.name], check=word == "--freeze", stderr=subprocess.DEVNULL)
    return point.name, lambda: freeze("--freeze"), lambda: freeze("--unfreeze")


class Pressure(unittest.TestCase):
    def agent(self, extra="", postgres=None, mongodb=None, **environment):
        """Its stores are away unless named: what is tested here is over once an event is in the spool."""
        absent = harness.free_port()
        agent = harness.Agent(postgres or f"postgresql://postgres@127.0.0.1:{absent}/audit",
                              mongodb or f"mongodb://127.0.0.1:{absent}/audit", extra, environment)
        self.addCleanup(agent.close)
        return agent

    def wire(self, address):
        peer = Wire(address)
        self.addCleanup(peer.close)
        return peer

    def crowd(self, *places, **options):
        crowd = wire.Crowd(*places, **options)
        self.addCleanup(crowd.close)
        return crowd

    def test_10000_idle_connections_cost_at_most_64_mib_and_a_complete_sender_gets_its_answers(self):
        agent = self.agent()
        with soft_limit_of_open_files(1024):
            agent.start()
        agent.send_lines([event(f"before{n}") for n in range(1000)])
        before = wire.resident_bytes(agent.process)
        self.crowd((agent.socket, 8000), (agent.http, 2000), is_used=True)
        harness.wait_until(lambda: wire.connections(agent) == 8000 and wire.connections(agent, "http") == 2000,
                           "all 10,000 are accepted")
        self.assertLessEqual(wire.resident_bytes(agent.process) - before, 64 * MEBIBYTE)
        self.assertEqual(harness.statuses(agent.send_lines([event(f"amid{n}") for n in range(1000)])), {"stored": 1000})
        self.assertEqual(agent.post(event("http"))[0], 200)
        self.assertLessEqual(wire.resident_bytes(agent.process) - before, 64 * MEBIBYTE)
        self.assertEqual(wire.cut(agent) + wire.cut(agent, "http"), 0)

    def test_out_of_descriptors_senders_wait_and_neither_the_stores_nor_the_admin_port_go_without(self):
        postgres = harness.StoreServer("postgres")
        self.addCleanup(postgres.close)
        uri = postgres.new_database()
        postgres.stop()
        documents = harness.StoreServer("mongo-java-server")
        self.addCleanup(documents.close)
        agent = self.agent(postgres=uri, mongodb=documents.new_database())
        agent.before_command = ["prlimit", "--nofile=256:256"]
        agent.start()
        agent.send_lines([event("before")])
        crowd = self.crowd((agent.socket, 300))
        harness.wait_until(lambda: wire.connections(agent) == 96, "as many as fit beside the quarter of HTTP")
        waiting = self.wire(agent.socket).send(event("waits") + b"\n")
        used, began = cpu_seconds(agent.process), time.monotonic()
        postgres.start()
        agent.wait_delivered()
        self.assertEqual(agent.probe("/livez")[0], 200)
        self.assertEqual(agent.post(event("http"))[0], 200, "the other way in has a quarter for itself")
        harness.wait_until(lambda: time.monotonic() > began + 3, "long enough that spinning would show")
        self.assertLess(cpu_seconds(agent.process) - used, (time.monotonic() - began) * 0.8, "it spins")
        self.assertTrue(waiting.is_silent())
        crowd.close()
        self.assertEqual(waiting.line()["status"], "stored")
        self.assertIn("few_open_files", agent.log_text())

    def test_a_crowd_of_http_connections_keeps_no_sender_out_on_either_way_in(self):
        agent = self.agent(TWINLOG_INTAKE_HTTP_BEARER_TOKEN_FILE="")
        agent.before_command = ["prlimit", "--nofile=256:256"]
        agent.start()
        # Four times what there are connections for, and none of them says a word.
        self.crowd((agent.http, 500))
        for number in range(20):
            self.assertEqual(agent.send_lines([event(f"line{number}")])[0]["status"], "stored")
            self.assertEqual(agent.post(event(f"http{number}"))[0], 200)
            self.assertLessEqual(wire.connections(agent, "http"), 96)
        self.assertEqual(agent.probe("/readyz")[0], 200)

    def test_a_http_connection_has_10_seconds_for_its_first_whole_request_and_one_of_the_socket_has_not(self):
        agent = self.agent().start()
        early, began = self.wire(agent.socket), time.monotonic()
        peers = {"silent": self.wire(agent.http), "begun": self.wire(agent.http).send(wire.post(event("b"))[:-1]),
                 "used": self.wire(agent.http).send(wire.post(event("used")))}
        self.assertEqual(peers["used"].response()[0], 200)
        for name in ("silent", "begun"):
            seconds = peers[name].seconds_until_closed(began)
            self.assertGreaterEqual(seconds, FIRST_SECONDS - 0.1, name)
            self.assertLess(seconds, UNFINISHED_SECONDS, name)
        self.assertEqual((peers["silent"].response(), peers["begun"].response()[0]), (None, 408))
        self.assertEqual(peers["used"].send(wire.post(event("again"))).response()[0], 200)
        self.assertEqual(early.send(event("early") + b"\n").line()["status"], "stored")

    def test_a_peer_that_vanishes_is_noticed_by_keepalive(self):
        agent = self.agent().start()
        self.wire(agent.http).send(wire.post(event("k"))).response()
        lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ours = [words for words in lines if words[1].endswith(f":{agent.http:04X}") and words[3] == "01"]
        self.assertEqual([words[5].partition(":")[0] for words in ours], ["02"], "the timer of keepalive runs")

    def used(self, agent):
        """A HTTP connection that has sent a whole request: what it begins now has 30 s."""
        peer = self.wire(agent.http).send(wire.post(b""))
        self.assertEqual(peer.response()[0], 200)
        return peer

    def unfinished(self, agent):
        """name -> a connection that has begun something and not finished it."""
        body = wire.post(event("body"))
        return {"a line": self.wire(agent.socket).send(event("line")),
                "a line after a whole one": self.wire(agent.socket).send(event("whole") + b"\n" + b"{"),
                "a header": self.used(agent).send(body[:20]),
                "a body": self.used(agent).send(body[:-1]),
                "a chunked body": self.used(agent).send(
                    b"POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n5\r\n[    "),
                "a line that trickles": self.wire(agent.socket).send(b" "),
                "a header that trickles": self.used(agent).send(b"POST /v1/events HTTP/1.1\r\nX: ")}

    def deaf(self, agent):
        """A peer that asks for more over HTTP than buffers of the kernel hold, and reads none of it."""
        peer = self.wire(agent.http)
        peer.socket.settimeout(0)
        peer.try_send(wire.post(b"\n" * 10 + b"x\n" * 20_000) * 10)
        return peer

    def test_whatever_is_unfinished_is_cut_after_30_seconds_and_idle_connections_stay(self):
        agent = self.agent(TWINLOG_INTAKE_HTTP_MAX_EVENTS="20000").start()
        self.deaf(agent)
        idle = [self.wire(agent.socket).send(event("idle") + b"\n"), self.wire(agent.http).send(wire.post(event("h")))]
        self.assertEqual(idle[0].line()["status"], "stored")
        self.assertEqual(idle[1].response()[0], 200)
        began, peers, ended = time.monotonic(), self.unfinished(agent), {}
        with selectors.DefaultSelector() as selector:
            for name, peer in peers.items():
                selector.register(peer.socket, selectors.EVENT_READ, name)
            while len(ended) < len(peers):
                self.assertLess(time.monotonic() - began, 2 * UNFINISHED_SECONDS, f"still open: {peers.keys() - ended}")
                for name in ("a line that trickles", "a header that trickles"):
                    peers[name].try_send(b"x")
                for key, _ in selector.select(1):
                    if not peers[key.data].receive():
                        ended[key.data] = time.monotonic() - began
                        selector.unregister(key.fileobj)
        for name, seconds in ended.items():
            with self.subTest(name):
                self.assertGreaterEqual(seconds, UNFINISHED_SECONDS - 0.1)
        self.assertEqual({name: peer.response()[0] if peer.received else None for name, peer in peers.items()
                          if name != "a line after a whole one"},
                         {"a line": None, "a line that trickles": None, "a header": 408, "a header that trickles": 408,
                          "a body": 408, "a chunked body": 408})
        self.assertEqual(peers["a line after a whole one"].line()["status"], "stored")
        self.assertEqual(idle[0].send(event("again") + b"\n").line()["status"], "stored")
        self.assertEqual(idle[1].send(wire.post(event("again2"))).response()[0], 200)
        harness.wait_until(lambda: wire.cut(agent, "http") == 5, "the one that never reads is cut, too")
        self.assertEqual(wire.cut(agent), 3)

    def test_below_64_mib_of_unfinished_lines_nobody_is_cut_and_above_the_oldest_first(self):
        agent = self.agent().start()
        read = 0

        def begin():
            """One more line that is as long as an unfinished one may be, and is read."""
            nonlocal read
            read = wire.bytes_read(agent) + MEBIBYTE
            peer = self.wire(agent.socket).send(b"x" * MEBIBYTE)
            harness.wait_until(lambda: wire.bytes_read(agent) == read, "all of it is read")
            return peer
        # A buffer has up to an eighth of room to spare.
        peers = [begin() for _ in range(56)]
        self.assertEqual(wire.cut(agent), 0)
        for number in range(10):
            peers.append(begin())
            self.assertEqual(agent.send_lines([event(f"complete{number}")])[0]["status"], "stored")
        count = int(wire.cut(agent))
        self.assertIn(count, range(2, 13))
        for peer in peers[:count]:
            self.assertIsNone(peer.line())
        self.assertTrue(all(peer.is_silent() for peer in peers[count:]))
        self.assertEqual(peers[-1].send(b"\n").line()["status"], "rejected")

    def test_a_complete_sender_gets_through_while_unfinished_requests_hold_all_buffers(self):
        agent = self.agent("", TWINLOG_INTAKE_MAX_BUFFERED="2MiB", TWINLOG_INTAKE_HTTP_MAX_BODY="256KiB",
                           TWINLOG_INTAKE_MAX_EVENT="256KiB").start()
        peers = []
        for number in range(30):
            half = wire.post(b" " * 200_000)[:-1] if number % 2 else b"x" * 200_000
            peers.append(self.wire(agent.http if number % 2 else agent.socket))
            peers[-1].try_send(half)
            self.assertEqual(agent.send_lines([wire.sized_event(f"s{number}", 200_000)])[0]["status"], "stored")
            self.assertEqual(agent.post(wire.sized_event(f"h{number}", 200_000))[0], 200)
        self.assertIsNone(peers[0].line())
        self.assertIsNone(peers[1].response())
        self.assertTrue(peers[29].is_silent())
        self.assertGreater(wire.cut(agent), 5)
        self.assertGreater(wire.cut(agent, "http"), 5)

    def test_reading_pauses_at_4096_unanswered_lines_and_not_before(self):
        folder, freeze, thaw = frozen_disk(self)
        agent = self.agent(TWINLOG_SPOOL_PATH=folder + "/spool", TWINLOG_SPOOL_VOLUME="durable").start()
        self.addCleanup(thaw)
        agent.send_lines([event("before")])
        line = b'{"tenant_id":"acme","event_type":"logout","occurred_at":1,"user_id":"u%06d"}\n'
        freeze()
        sender, other = self.wire(agent.socket), self.wire(agent.socket)
        read_before = wire.bytes_read(agent)

        def is_read(data):
            """Whether the agent reads it. The loop takes its turns in order: what came before the other one's byte and
            is unread when that byte is read is not read at all."""
            nonlocal read_before
            sender.send(data)
            other.send(b"\n")
            turns = (read_before + 1, read_before + len(data) + 1)
            harness.wait_until(lambda: wire.bytes_read(agent) in turns, "a turn")
            read, read_before = wire.bytes_read(agent) - read_before, wire.bytes_read(agent)
            return read == len(data) + 1
        for number in range(4095):
            sender.send(line % number)
        harness.wait_until(lambda: wire.bytes_read(agent) == read_before + 4095 * len(line % 0), "4,095 lines are read")
        read_before = wire.bytes_read(agent)
        self.assertTrue(is_read(line % 4096), "at 4,095 it still reads")
        self.assertFalse(is_read(line % 4097), "at 4,096 it must pause")
        self.assertTrue(sender.is_silent())
        thaw()
        self.assertEqual({sender.line()["status"] for _ in range(4097)}, {"stored"})

    def test_a_reader_that_never_reads_is_not_read_from_and_costs_others_nothing(self):
        agent = self.agent().start()
        deaf = self.wire(agent.socket)
        deaf.socket.settimeout(0)
        before, sent = wire.resident_bytes(agent.process), 0
        lines = b"".join(b"no event %d\n" % number for number in range(2000))

        def is_stuck():
            nonlocal sent
            try:
                while True:
                    sent += deaf.socket.send(lines[sent % len(lines):])
            except BlockingIOError:
                return sent > 100_000 and self.is_left_alone(agent, sent)
        harness.wait_until(is_stuck, "reading pauses")
        self.assertLess(wire.resident_bytes(agent.process) - before, 16 * MEBIBYTE)
        self.assertEqual(harness.statuses(agent.send_lines([event(n) for n in range(500)])), {"stored": 500})
        deaf.socket.settimeout(harness.PATIENCE)
        for _ in range(lines[:sent % len(lines)].count(b"\n") + sent // len(lines) * 2000):
            self.assertEqual(deaf.line()["status"], "rejected")

    @staticmethod
    def is_left_alone(agent, sent):
        """Whether a good part of what was sent stays unread while the agent does other things."""
        read = wire.bytes_read(agent)
        return read < sent and all(agent.probe("/livez")[0] == 200 and wire.bytes_read(agent) == read
                                   for _ in range(20))


if __name__ == "__main__":
    unittest.main()
