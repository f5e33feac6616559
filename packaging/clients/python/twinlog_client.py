"""Sends authentication events to the twinlog agent over its Unix socket.

    client = twinlog_client.Client("/run/twinlog/events.sock")
    client.record({"tenant_id": "acme", "event_type": "login_failed", "occurred_at": time.time_ns() // 1_000_000,
                   "username": "alice"})

record() gives the event a UUIDv7 where it has no log_id, puts it into a bounded queue and returns. A thread sends what is
in the queue, many at a time, and keeps each event until the agent has answered it: after a cut it goes out again under the
same id, so it is one record however often it is sent. When the queue is full, `when_full` says what is given up:

    "newest"  the event that record() was called with (the default; never waits)
    "oldest"  the one that has waited longest and is not on its way (never waits)
    "wait"    record() waits for room, at most `wait` seconds, and then gives up its event

What was given up is counted in `counts["dropped"]` and told to `on_answer`, as is every answer. A process that forks
may use its client in the child: it has a queue, a connection and a thread of its own there; what was in the queue at the
fork is the parent's. Children of multiprocessing end without exit handlers: call close() in them.
"""
import atexit
import collections
import dataclasses
import errno
import json
import logging
import os
import random
import select
import socket
import threading
import time
import typing
import weakref

DEFAULT_SOCKET = "/run/twinlog/events.sock"
TAKEN = ("stored", "duplicate", "conflict")
OUTGOING_BYTES = 256 * 1024  # Given to the socket at a time; the rest waits in the queue.
ANSWER_BYTES = 64 * 1024  # No answer is as long as that.
log = logging.getLogger("twinlog")


@dataclasses.dataclass
class Answer:
    """What became of an event. status is one of the agent's stored, duplicate, conflict and rejected, or this side's dropped."""

    status: str
    log_id: str
    context: typing.Any = None
    field: str = ""
    reason: str = ""


class _Event:
    __slots__ = ("line", "log_id", "context", "times_sent")

    def __init__(self, line, log_id, context):
        self.line, self.log_id, self.context, self.times_sent = line, log_id, context, 0


def uuid7():
    """Time in milliseconds, then chance: ids of one moment lie together in the stores' indexes."""
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 7 << 76
    text = f"{value & ~(3 << 62) | 2 << 62:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def log_answer(answer):
    """What happens to answers where no on_answer is given. Never the event itself."""
    if answer.status == "rejected":
        log.warning("event %s was rejected: %s: %s", answer.log_id, answer.field, answer.reason)
    elif answer.status == "conflict":
        log.warning("event %s was stored before with other content; both are kept", answer.log_id)


def with_id(text):
    """(line, log_id) of an event in JSON; a text that is none stays as it is, and the agent says what is wrong with it."""
    text = text.replace("\n", " ").strip()
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return text, ""
    if not isinstance(event, dict):
        return text, ""
    if event.get("log_id"):
        return text, str(event["log_id"])
    log_id = uuid7()
    if "log_id" in event:
        return json.dumps({**event, "log_id": log_id}), log_id
    return f'{{"log_id":"{log_id}"{"," if event else ""}{text[1:]}', log_id


class Client:
    def __init__(self, path=DEFAULT_SOCKET, *, on_answer=log_answer, when_full="newest", wait=0.0, queue_events=10_000,
                 queue_bytes=16 << 20, event_bytes=1 << 20, in_flight=1_000, answer_timeout=10.0, backoff_first=0.1,
                 backoff_most=5.0, flush_at_exit=5.0):
        if when_full not in ("newest", "oldest", "wait"):
            raise ValueError(f"when_full is newest, oldest or wait, not {when_full!r}")
        self.path, self.on_answer, self.when_full, self.wait = os.fspath(path), on_answer, when_full, wait
        self.queue_events, self.queue_bytes, self.event_bytes = queue_events, queue_bytes, event_bytes
        self.in_flight, self.answer_timeout = in_flight, answer_timeout
        self.backoff_first, self.backoff_most, self.flush_at_exit = backoff_first, backoff_most, flush_at_exit
        self._forget()
        _clients.add(self)

    def _forget(self):
        """An empty client, as at the beginning; in a child of fork everything there was belongs to the parent."""
        self.counts = collections.Counter()
        self._changed = threading.Condition()
        self._waiting, self._flying = collections.deque(), collections.deque()
        self._held_bytes = self._unheard = 0
        self._outgoing, self._incoming = bytearray(), bytearray()
        self._socket = self._thread = self._wake_in = self._wake_out = None
        self._is_closed = self._is_woken = self._is_away = False
        self._backoff, self._not_before, self._heard_at = self.backoff_first, 0.0, 0.0

    def _forget_in_child(self):
        # Closed, not shut down: the connection is the parent's.
        for copy in (self._socket, self._wake_in, self._wake_out):
            if copy is not None:
                copy.close()
        is_closed = self._is_closed
        self._forget()
        self._is_closed = is_closed

    def record(self, event, context=None):
        """Takes an event (a dict, or JSON as str or bytes) and returns its log_id; None where it was dropped."""
        line, log_id, reason = b"", "", "is empty or longer than event_bytes"
        try:
            if isinstance(event, dict):
                event = event if event.get("log_id") else {**event, "log_id": uuid7()}
                text, log_id = json.dumps(event, default=str), str(event["log_id"])
            else:
                text, log_id = with_id(event.decode("utf-8", "surrogateescape") if isinstance(event, bytes) else event)
            line = text.encode("utf-8", "surrogateescape")
        except Exception as error:  # pylint: disable=broad-except  # A login must not fail by its record.
            reason = f"is no JSON: {type(error).__name__}"
        queued = _Event(line + b"\n", log_id, context)
        if not line or len(queued.line) > self.event_bytes:
            self._tell([Answer("rejected", log_id, context, "", reason)])
            return log_id
        dropped = []
        with self._changed:
            is_in = self._make_room(len(queued.line), dropped) and self._start()
            if is_in:
                self._waiting.append(queued)
                self._held_bytes += len(queued.line)
                self._wake()
            else:
                dropped.append(queued)
        self._tell([Answer("dropped", lost.log_id, lost.context) for lost in dropped])
        return log_id if is_in else None

    def flush(self, seconds):
        """Waits until every event was answered; how many are not when the time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._held() + self._unheard == 0, seconds)
            return self._held()

    def close(self, seconds=None):
        """Flushes, ends the thread, and returns how many events were not answered. The client takes no more events."""
        left = self.flush(0 if self._is_closed else self.flush_at_exit if seconds is None else seconds)
        with self._changed:
            self._is_closed = True
            self._wake()
            thread = self._thread
            self._changed.notify_all()
        if thread and thread is not threading.current_thread():
            thread.join(1.0)
        return left

    # What follows is called with the lock held.
    def _held(self):
        return len(self._waiting) + len(self._flying)

    def _has_room(self, size):
        return self._held() < self.queue_events and self._held_bytes + size <= self.queue_bytes

    def _make_room(self, size, dropped):
        if self.when_full == "wait" and not self._has_room(size):
            self._changed.wait_for(lambda: self._is_closed or self._has_room(size), self.wait)
        while self.when_full == "oldest" and self._waiting and not self._has_room(size):
            dropped.append(self._waiting.popleft())
            self._held_bytes -= len(dropped[-1].line)
        return not self._is_closed and self._has_room(size)

    def _start(self):
        if self._thread is None:
            try:
                if self._wake_in is None:
                    self._wake_in, self._wake_out = socket.socketpair()
                    self._wake_in.setblocking(False)
                    self._wake_out.setblocking(False)
                thread = threading.Thread(target=self._run, name="twinlog", daemon=True)
                thread.start()
            except (OSError, RuntimeError):  # No more descriptors or threads, or the interpreter is ending.
                return False
            self._thread = thread
        return True

    def _wake(self):
        if not self._is_woken and self._wake_out is not None:
            self._is_woken = True
            self._wake_out.send(b"x")

    # What follows is called without the lock.
    def _tell(self, answers):
        for answer in answers:
            with self._changed:
                self.counts[answer.status] += 1
                dropped = self.counts["dropped"]
            if answer.status == "dropped" and dropped & dropped - 1 == 0:  # 1, 2, 4, ...
                log.warning("the queue is full; events dropped until now: %d", dropped)
            try:
                self.on_answer(answer)
            except Exception:  # pylint: disable=broad-except  # A caller's mistake must not end the sending.
                log.exception("on_answer failed")

    def _run(self):
        while not self._is_closed:
            if self._socket is None and self._waiting and time.monotonic() >= self._not_before:
                self._connect()
            self._take_from_queue()
            self._sleep()
            if self._socket is not None and self._flying and time.monotonic() >= self._heard_at + self.answer_timeout:
                self._lose_connection()
        if self._socket is not None:
            self._socket.close()

    def _connect(self):
        peer = None
        try:
            peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            peer.setblocking(False)
            peer.connect(self.path)
        except OSError as error:  # EAGAIN, too: the agent's backlog is full.
            if peer is not None:
                peer.close()
            if not self._is_away:
                log.warning("cannot connect to %s: %s; events wait, and it is tried again", self.path, error.strerror)
            self._is_away = True
            self._pause(0)
            return
        self._socket, self._is_away = peer, False
        self.counts["connections"] += 1

    def _pause(self, at_least):
        """Nothing is sent for a time with some chance in it, longer each time until something is taken."""
        self._not_before = time.monotonic() + at_least + self._backoff * random.uniform(0.5, 1)
        self._backoff = min(2 * self._backoff, self.backoff_most)

    def _lose_connection(self):
        self._socket.close()
        self._socket = None
        self._outgoing.clear()
        self._incoming.clear()
        with self._changed:
            self._waiting.extendleft(reversed(self._flying))
            self._flying.clear()
        self._pause(0)

    def _take_from_queue(self):
        if self._socket is None or time.monotonic() < self._not_before:
            return
        with self._changed:
            if not self._flying:
                self._heard_at = time.monotonic()
            while self._waiting and len(self._flying) < self.in_flight and len(self._outgoing) < OUTGOING_BYTES:
                event = self._waiting.popleft()
                self._flying.append(event)
                self._outgoing += event.line
                self.counts["sent_again"] += event.times_sent > 0
                event.times_sent += 1

    def _seconds_to_sleep(self):
        now, until = time.monotonic(), []
        if self._flying:
            until.append(self._heard_at + self.answer_timeout)
        if self._waiting and now < self._not_before:
            until.append(self._not_before)
        return max(0.0, min(until) - now) if until else None

    def _sleep(self):
        readers = [self._wake_in] + [self._socket] * (self._socket is not None)
        writers = [self._socket] * (self._socket is not None and len(self._outgoing) > 0)
        poll = select.poll()
        for peer in readers:
            poll.register(peer, select.POLLIN | (select.POLLOUT if peer in writers else 0))
        with self._changed:
            seconds = self._seconds_to_sleep()
        ready = dict(poll.poll(None if seconds is None else seconds * 1000 + 1))
        if self._wake_in.fileno() in ready:
            with self._changed:
                self._wake_in.recv(64)
                self._is_woken = False
        events = ready.get(self._socket.fileno(), 0) if self._socket is not None else 0
        if events & select.POLLOUT and self._outgoing:
            self._write()
        if events & ~select.POLLOUT:
            self._read()

    def _write(self):
        try:
            del self._outgoing[:self._socket.send(self._outgoing)]
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EINTR):
                self._outgoing.clear()  # What the agent answered before it left is still to be read; then comes the end.

    def _read(self):
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose_connection()
            return
        self._incoming += data
        answers, is_sound = [], True
        *lines, rest = bytes(self._incoming).split(b"\n")
        for line in lines:
            is_sound = is_sound and self._take_answer(line, answers)
        self._incoming[:] = rest
        self._tell(answers)
        with self._changed:
            self._unheard = 0
            self._changed.notify_all()
        if not is_sound or len(rest) > ANSWER_BYTES:
            self._lose_connection()  # No agent says this.

    def _take_answer(self, line, answers):
        try:
            answer = json.loads(line)
            status, error = answer["status"], answer.get("error", {})
            retry_after = float(answer.get("retry_after_ms", 0)) / 1000
            field, reason = str(error.get("field", "")), str(error.get("reason", ""))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return False
        if not self._flying or status not in (*TAKEN, "rejected", "busy"):
            return False
        self._heard_at = time.monotonic()
        with self._changed:
            event = self._flying.popleft()
            if status == "busy":  # Behind the others: what is more important than this one may be taken now.
                self._waiting.append(event)
            else:
                self._held_bytes -= len(event.line)
                self._unheard += 1
        if status == "busy":
            self.counts["busy"] += 1
            if time.monotonic() >= self._not_before:
                self._pause(retry_after)
            return True
        self._backoff = self.backoff_first
        answers.append(Answer(status, event.log_id or str(answer.get("log_id", "")), event.context, field, reason))
        return True


_clients = weakref.WeakSet()


def _forget_in_child():
    for client in list(_clients):
        client._forget_in_child()  # pylint: disable=protected-access


def _close_at_exit():
    for client in list(_clients):
        client.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
atexit.register(_close_at_exit)
