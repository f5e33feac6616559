"""An agent that is killed again and again, and its sender, which sends until every line has its answer."""
import dataclasses
import json
import os
import signal
import socket
import subprocess
import threading
import time

import psycopg
import pymongo

import harness
import kill_points

WINDOW = 40  # Lines sent before their answers are read.
SHORT_WAITS = {"TWINLOG_RETRY_FIRST": "20ms", "TWINLOG_RETRY_MOST": "200ms", "TWINLOG_AGENT_DRAIN_TIMEOUT": "40s",
               "TWINLOG_SPOOL_VOLUME": "durable"}
SMALL_FLUSHES = {f"TWINLOG_STORES_{store}_{key}": value for store in ("POSTGRES", "MONGODB")
                 for key, value in (("BATCH_EVENTS", "20"), ("LINGER", "5ms"))}
STORES = ("postgres", "mongodb")
LOOK = 0.1  # Seconds between two looks at what an agent has still to do.
UPKEEP_WAIT = 10  # Seconds that a settled agent may live on to reach a point of the upkeep, which comes once a second.


@dataclasses.dataclass
class Death:
    """How a life is to end: at the Nth visit of a point, or so many seconds after its start."""

    point: str = ""
    visit: int = 1
    after: float = 0.0

    def comes_with_upkeep(self):
        """Whether an agent that has nothing left to do may still come to it."""
        return "trim" in self.point and self.visit == 1


class Sender:
    """Sends lines through the socket and forgets those that were answered; what is not answered is sent again."""

    def __init__(self, lines):
        self.unanswered, self.answers = list(lines), []

    def send_some(self, path):
        """Sends until everything is answered or the connection breaks."""
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(harness.PATIENCE)
                client.connect(str(path))
                reader = client.makefile("rb")
                while self.unanswered:
                    part = self.unanswered[:WINDOW]
                    client.sendall(b"".join(line + b"\n" for line in part))
                    self.read_answers(reader, part)
        except (OSError, EOFError):
            pass

    def read_answers(self, reader, part):
        for line in part:
            answer = reader.readline()
            if not answer.endswith(b"\n"):
                raise EOFError
            status = json.loads(answer)["status"]
            self.answers.append(status)
            self.unanswered.pop(0)
            if status == "busy":
                self.unanswered.append(line)


class MortalAgent(harness.Agent):
    """Lives one life per planned death, and one more until both stores have everything."""

    def __init__(self, name, stores, lines, deaths, forgetful):
        keep = "15m" if forgetful else "0s"
        super().__init__(*stores, environment={**SHORT_WAITS, **SMALL_FLUSHES, "TWINLOG_AGENT_NAME": name,
                                               "TWINLOG_SPOOL_KEEP_DELIVERED": keep})
        self.binary = kill_points.test_binary()
        self.name, self.deaths, self.forgetful = name, deaths, forgetful
        self.sender = Sender(lines)
        self.visited_path = self.folder / "visited"
        self.environment["TWINLOG_KILL_POINTS_VISITED"] = str(self.visited_path)
        self.died_at, self.died_at_random, self.lives, self.faults = [], 0, 0, []
        self.thread = threading.Thread(target=self.run, name=name)

    def run(self):
        try:
            for death in [*self.deaths, None]:
                if self.forgetful and self.lives > 0:
                    self.forget_position()
                self.live(death)
        except Exception as error:  # Of this thread; the test reports it.
            self.faults.append(repr(error))

    def forget_position(self):
        """The stores lose what they know of this agent's position: it has to send again what its spool still has."""
        with psycopg.connect(self.postgres) as connection:
            connection.execute("SET lock_timeout = '5s'")
            if connection.execute("SELECT to_regclass('twinlog_agents')").fetchone()[0]:
                connection.execute("DELETE FROM twinlog_agents WHERE agent = %s", [self.name])
        with pymongo.MongoClient(self.mongodb) as client:
            agents = client.get_default_database().twinlog_agents
            harness.wait_until(lambda: self.is_forgotten(agents), "the document store deletes a position")

    def is_forgotten(self, agents):
        """The stand-in for a document store answers "Unknown error" at times where others make its collections."""
        try:
            return agents.delete_many({"agent": self.name}).acknowledged
        except pymongo.errors.OperationFailure:
            return False

    def live(self, death):
        self.environment.pop("TWINLOG_KILL_AT", None)
        if death and death.point:
            self.environment["TWINLOG_KILL_AT"] = f"{death.point}:{death.visit}"
        self.lives += 1
        self.start(wait=False)
        sending = threading.Thread(target=self.send_all)
        sending.start()
        code = self.wait_for_end(death or Death())
        sending.join()
        if death and death.after and code == -signal.SIGKILL:
            self.died_at_random += 1
        elif death and death.point and code == -signal.SIGKILL:
            self.died_at.append(death.point)
        elif code != 0:
            self.faults.append(f"life {self.lives} ({death}) ended with {code}")

    def send_all(self):
        while self.sender.unanswered and self.process.poll() is None:
            self.sender.send_some(self.socket)
            time.sleep(0.01)

    def wait_for_end(self, death):
        """Waits for the planned death; who has nothing left to do is asked to stop. The exit code."""
        started = time.monotonic()
        deadline = started + (death.after or harness.PATIENCE)
        asked_from = started + UPKEEP_WAIT * death.comes_with_upkeep()
        while not self.ends_within(min(LOOK, max(0.0, deadline - time.monotonic()))):
            now = time.monotonic()
            if now >= deadline:
                if not death.after:
                    self.faults.append("does not settle")
                self.process.kill()
            elif now >= asked_from and not self.sender.unanswered and self.is_settled():
                self.process.send_signal(signal.SIGTERM)
                self.ends_within(harness.PATIENCE)
        return self.process.returncode

    def ends_within(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def is_settled(self):
        status, text = self.probe("/metrics")
        values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return status == 200 and all(
            values.get(f'twinlog_store_pending_records{{store="{store}"}}') == "0" and
            values.get(f'twinlog_store_connected{{store="{store}"}}') == "1" for store in STORES)

    def visited(self):
        return self.visited_path.read_text().split() if os.path.exists(self.visited_path) else []
