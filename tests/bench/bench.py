"""What the parts of the benchmark share: the agent that is measured, the stores, the events, and the checks."""
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import uuid

import psycopg
import pymongo

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import harness  # noqa: E402

RELEASE, WORK = ROOT / "build/release", ROOT / "build/bench"
AWAY = {"postgres": "postgresql://postgres@127.0.0.1:1/away", "mongodb": "mongodb://127.0.0.1:1/away"}
PENDING, SYNCS, RECORDS = "twinlog_store_pending_records", "twinlog_spool_syncs_total", "twinlog_spool_records"
CONNECTED = "twinlog_store_connected"
IDS_PER_MILLISECOND = 8  # As in lines.cpp.
PATIENCE = 600


class Fault(Exception):
    """What was measured did not do its work; the figure would lie."""


def demand(truth, words):
    if not truth:
        raise Fault(words)


def build():
    for command in (["cmake", "--preset", "release"],
                    ["cmake", "--build", "--preset", "release", "--target", "twinlog", "twinlog-bench"]):
        print("$", *command, file=sys.stderr, flush=True)
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if done.returncode:
            sys.exit(f"{done.stdout}\nthe build of the benchmark failed")


def speed(*words):
    """One line of twinlog-bench."""
    done = subprocess.run([RELEASE / "twinlog-bench", *map(str, words)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE)
    demand(done.returncode == 0, f"twinlog-bench {words[0]}: {done.stderr.strip()}")
    return json.loads(done.stdout)


class Shape:
    def __init__(self, senders, in_flight, per_sender):
        self.senders, self.in_flight, self.per_sender = senders, in_flight, per_sender
        self.events = senders * per_sender

    def words(self):
        return self.senders, self.in_flight, self.per_sender


def log_ids(run, shape):
    """Every id that lines.cpp makes for such a run."""
    return {str(uuid.UUID(int=(run + number // IDS_PER_MILLISECOND) << 80 | 7 << 76 | sender << 64 | 1 << 63 | number))
            for sender in range(shape.senders) for number in range(shape.per_sender)}


class Bench:
    """One run: where events come from, how many rounds, and servers that all parts share."""

    def __init__(self, events, rounds, scale):
        self.events, self.rounds, self.scale = events, rounds, scale
        self.servers, self.last_run = {}, 0
        self.spool = WORK / "spool"

    def shape(self, senders, in_flight, events):
        return Shape(senders, in_flight, max(1, events // self.scale // senders))

    def new_run(self):
        """The ids of a trial depend on this alone."""
        self.last_run = max(self.last_run + 1, int(time.time() * 1000))
        return self.last_run

    def say(self, words):
        print(f"  {time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)

    def server(self, kind):
        if kind not in self.servers:
            self.servers[kind] = harness.StoreServer(kind)
        return self.servers[kind]

    def close(self):
        for server in self.servers.values():
            server.close()
        shutil.rmtree(self.spool, ignore_errors=True)

    @contextlib.contextmanager
    def database(self, store):
        """The address of a new database, which is gone afterwards: what one trial left would slow the next."""
        server = self.server({"postgres": "postgres", "mongodb": "mongo-java-server"}[store])
        uri = server.new_database()
        name = uri.rsplit("/", 1)[1]
        if store == "postgres":
            with psycopg.connect(server.uri, autocommit=True) as connection:
                connection.execute("CHECKPOINT")  # So that every trial meets the same share of full pages in the log.
        try:
            yield uri
        finally:
            if store == "postgres":
                with psycopg.connect(server.uri, autocommit=True) as connection:
                    connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            else:
                with pymongo.MongoClient(server.uri) as client:
                    client.drop_database(name)

    @contextlib.contextmanager
    def agent(self, stores, keep_spool=False):
        """`stores`: address by name; one that is left out is turned off."""
        if not keep_spool:
            shutil.rmtree(self.spool, ignore_errors=True)
        agent = MeasuredAgent(stores, self.spool)
        try:
            yield agent
        finally:
            agent.close()


class MeasuredAgent(harness.Agent):
    """Its spool lies on the disk of the checkout."""

    def __init__(self, stores, spool):
        super().__init__(stores.get("postgres", ""), stores.get("mongodb", ""))
        self.config.write_text(self.config.read_text().replace(str(self.spool), str(spool)))
        self.spool, self.stores = spool, stores
        self.environment["TWINLOG_AGENT_DRAIN_TIMEOUT"] = "100ms"
        for name in AWAY:
            if name not in stores:
                self.environment[f"TWINLOG_STORES_{name.upper()}_ENABLED"] = "false"

    def start_timed(self):
        """Milliseconds from exec until /readyz is 200."""
        began = time.monotonic()
        self.start(wait=False)
        while self.probe("/readyz")[0] != 200:
            demand(self.process.poll() is None, "the agent ended at its start: " + self.log_text()[-500:])
            demand(time.monotonic() - began < PATIENCE, "the agent is not ready")
            time.sleep(0.001)
        return (time.monotonic() - began) * 1000

    def start_connected(self):
        """With tables and sessions in every store."""
        self.start()
        for store in self.stores:
            harness.wait_until(lambda store=store: self.metric(f'{CONNECTED}{{store="{store}"}}') == 1,
                               f"the agent has a session with {store}")
        return self

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mebibytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def syncs(self):
        return self.metric(SYNCS)

    def demand_spooled(self, events):
        """Exactly these are in the spool, whether delivered or not."""
        found = self.metric(RECORDS)
        demand(found == events, f"{events} events were answered and the spool holds {found:.0f}")

    def wait_delivered(self, events):
        """Until the agent's position in each store is the last leaf, seen by clients of our own: when that was."""
        ends = {}
        with contextlib.ExitStack() as stack:
            positions = {store: stack.enter_context(position_reader(store, uri)) for store, uri in self.stores.items()}

            def note_ends():
                for store in positions.keys() - ends.keys():
                    if positions[store]() >= events:
                        ends[store] = time.monotonic()
                return len(ends) == len(positions)
            harness.wait_until(note_ends, "the stores have everything", PATIENCE)
        for store in self.stores:
            harness.wait_until(lambda store=store: self.metric(f'{PENDING}{{store="{store}"}}') == 0,
                               f"the agent has no backlog for {store}")
        return ends


@contextlib.contextmanager
def position_reader(store, uri):
    if store == "postgres":
        with psycopg.connect(uri, autocommit=True) as connection:
            position = "SELECT coalesce(max(last_leaf_index), 0) FROM twinlog_agents"
            yield lambda: connection.execute(position).fetchone()[0]
    else:
        with pymongo.MongoClient(uri) as client:
            agents = client.get_default_database()["twinlog_agents"]
            yield lambda: max((found["last_leaf_index"] for found in agents.find()), default=0)


def demand_exact(stores, run, shape):
    """Every event of the run, and nothing else, in each store."""
    expected = log_ids(run, shape)
    for name, uri in stores.items():
        if name == "postgres":
            with psycopg.connect(uri) as connection:
                found = [row[0] for row in connection.execute("SELECT log_id FROM auth_logs")]
        else:
            with pymongo.MongoClient(uri) as client:
                records = client.get_default_database()["auth_logs"].find({}, {"_id": 1})
                found = [record["_id"].rsplit("/", 1)[1] for record in records]
        demand(len(found) == len(expected) and set(found) == expected,
               f"{name} holds {len(found)} records, {len(expected & set(found))} of the {len(expected)} that were sent")
