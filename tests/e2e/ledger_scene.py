"""A small record of two agents in two real stores, made once a process; each test attacks copies of it."""
import atexit
import contextlib
import json
import pathlib
import re
import shutil
import tempfile
import uuid

import command
import forger
import forger_rows
import harness
import psycopg
import pymongo
from forger_keys import SigningKey

AT = 1_790_000_000_000
ENROLMENT_NAME = "audit.example.com/twinlog/enrol/scene"
ORIGIN_PREFIX = "audit.example.com/twinlog"
SETTINGS = """
[ledger]
origin = "audit.example.com/twinlog"
enrolment_key_file = "{key}"
checkpoint_every = "1s"
idle_every = "{idle}"
"""
COLLECTIONS = ("auth_logs", "auth_log_conflicts", "account_lockouts", "ledger_epochs", "ledger_tiles", "ledger_leaves",
               "ledger_checkpoints", "twinlog_agents", "twinlog_meta")


def line(log_id, number, event_type="logout", tenant="acme", **fields):
    return json.dumps({"tenant_id": tenant, "log_id": log_id, "event_type": event_type, "occurred_at": AT + number,
                       **fields}).encode()


def full(log_id, number):
    """Every field that a sender can fill; `seconds` makes it a repaired one."""
    return line(log_id, number, "login_failed", organisation_id="north", user_id="u-full", username="Full", actor_id="a1",
                ip="203.0.113.7", user_agent="Mozilla/5.0", channel="web", service="portal", auth_method="password",
                failure_reason="bad_password", failure_code="E1", session_id="sess-1", request_id="r1",
                failed_login_attempts=3, account_locked_until="2027-01-01T00:00:00Z", lock_kind="temporary",
                lock_reason="too_many", reset_reason="none", metadata={"a": [1, 2.5, {"b": "\u00e4"}], "n": -0.0},
                extra_member="moved")


def first_lines():
    return [*(line(f"fail-{n}", n, "login_failed", user_id="u1", ip="198.51.100.4") for n in range(4)),
            line("lock-1", 10, "account_locked", user_id="u1", account_locked_until="2027-01-01T00:00:00Z"),
            line("win-1", 20, "login_success", user_id="u1"), line("reset-1", 30, "lockout_reset", user_id="u1"),
            line("host-1", 40, ip="gateway.example"), full("full-1", 50),
            *(line(f"plain-{n}", 100 + n) for n in range(6)),
            *(line(f"other-{n}", 100 + n, tenant="globex", user_id="g1") for n in range(4)),
            line("hold-1", 200, "account_locked", user_id="u9", lock_kind="permanent")]


def second_lines():
    """Two contents of one id within an epoch, and what the second agent takes once more."""
    return [line("twice-1", 300), line("twice-1", 300, service="other"), line("again-1", 310), line("torn-1", 320),
            *(line(f"late-{n}", 330 + n) for n in range(5))]


def third_lines():
    """What speaks to accounts comes before the tail that tests cut off."""
    return [line("again-1", 310), line("torn-1", 320, service="elsewhere"),
            *(line(f"guess-{n}", 350 + n, "login_failed", user_id="u2") for n in range(3)),
            *(line(f"last-{n}", 400 + n) for n in range(5))]


class Epoch:
    """What the stores hold of one epoch."""

    def __init__(self, row, tiles):
        self.id, self.open, self.note = row["epoch_id"], bytes(row["open"]), row["note"]
        self.origin, self.hashes = row["origin"], tiles
        _, _, _, self.began, self.tags = forger.parse_leaf(self.open)
        self.size = len(tiles)

    def root(self, size=None):
        return forger.root([self.hashes[index] for index in range(size or self.size)])


def read_epochs(postgres):
    """Oldest first."""
    rows = postgres.sql("SELECT epoch_id, origin, open, note FROM ledger_epochs")
    return sorted((Epoch(row, postgres.hashes(row["epoch_id"])) for row in rows), key=lambda epoch: epoch.began)


class LedgerScene:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-ledger-"))
        self.server = harness.StoreServer("postgres")
        self.documents = harness.StoreServer("mongo-java-server")
        self.client = pymongo.MongoClient(self.documents.uri)
        self.agents, self.extra_databases = [], []
        self.make_key()
        self.postgres, self.mongodb = self.server.new_database(), self.documents.new_database()
        self.run()

    def close(self):
        for agent in self.agents:
            agent.close()
        self.client.close()
        self.server.close()
        self.documents.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def make_key(self):
        self.key_file, self.trust = self.folder / "enrolment.key", self.folder / "trust"
        made = command.run("keygen", "--name", ENROLMENT_NAME, "--out", self.key_file)
        assert made.returncode == 0, made.stderr
        self.verifier = made.stdout.strip().splitlines()[-1]
        self.enrolment = SigningKey.of_file(self.key_file.read_text().strip())
        assert self.enrolment.verifier == self.verifier, (self.enrolment.verifier, self.verifier)
        self.trust.write_text(f"# the enrolment key of this scene\n{self.verifier} {ORIGIN_PREFIX}/\n")

    def new_agent(self, name, postgres=None, mongodb=None, idle="60s"):
        agent = harness.Agent(postgres or self.postgres, mongodb or self.mongodb,
                              SETTINGS.format(key=self.key_file, idle=idle))
        agent.config.write_text(agent.config.read_text().replace('"auth-test"', f'"{name}"'))
        self.agents.append(agent)
        return agent

    def run(self):
        first, second = self.new_agent("auth-a"), self.new_agent("auth-b")
        self.run_once(first, first_lines())
        self.older_postgres, self.older_documents = self.copy_postgres(), self.copy_documents()
        self.run_once(first, second_lines())
        self.run_once(second, third_lines())
        self.archive = self.folder / "archive.log"
        self.archive.write_text(first.log_text() + second.log_text())
        with contextlib.closing(forger_rows.PostgresForger(self.postgres)) as postgres:
            self.epochs = read_epochs(postgres)
            ends = {row["epoch_id"]: row["leaf"][4] for row in postgres.sql(
                "SELECT epoch_id, leaf FROM ledger_leaves ORDER BY leaf_index")}
        not_closed = [epoch.origin for epoch in self.epochs if ends.get(epoch.id) != forger.CLOSE]
        assert not not_closed, f"stopped in order, and no CLOSE in PostgreSQL: {not_closed}"

    def run_once(self, agent, lines):
        agent.start()
        answers = agent.send_lines(lines)
        assert {answer["status"] for answer in answers} <= {"stored", "conflict"}, answers
        agent.wait_delivered()
        code = agent.stop()
        assert code == 0, (code, agent.log_text()[-3000:])

    # --- Copies

    def copy_postgres(self, source=None):
        """A copy of a database; nobody may be connected to it."""
        name = "c" + uuid.uuid4().hex[:12]
        with psycopg.connect(self.server.uri, autocommit=True) as connection:
            of = (source or self.postgres).rsplit("/", 1)[1]
            harness.wait_until(lambda: not connection.execute(
                "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'", (of,)).fetchone(),
                "nobody is in the database that is copied")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {of}")
        return self.server.uri.rsplit("/", 1)[0] + "/" + name

    def copy_documents(self, source=None):
        address = self.documents.new_database()
        old = self.client[re.sub(".*/", "", source or self.mongodb)]
        new = self.client[re.sub(".*/", "", address)]
        for name in old.list_collection_names():
            documents = list(old[name].find())
            if documents:
                new[name].insert_many(documents)
            for index in old[name].index_information().values():
                if index["key"] != [("_id", 1)]:
                    new[name].create_index(index["key"])
        return address

    def drop(self, postgres, mongodb):
        with psycopg.connect(self.server.uri, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {postgres.rsplit('/', 1)[1]} WITH (FORCE)")
        self.client.drop_database(mongodb.rsplit("/", 1)[1])


made = []


def scene():
    """The one of this process."""
    if not made:
        made.append(LedgerScene())
        atexit.register(made[0].close)
    return made[0]
