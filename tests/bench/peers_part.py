"""rsyslog and syslog-ng on the same work, turn about with twinlog."""
import contextlib
import glob
import os
import pathlib
import shutil
import subprocess
import time

import psycopg
import pymongo

from bench import ROOT, WORK, Shape, demand, demand_exact, harness, speed

ABOUT = """The same made events (tests/bench/peers/events.py, about 450 bytes each) through a Unix stream socket into
PostgreSQL and mongo-java-server at once, each program with a queue for each store; the configurations of the peers
are those of tests/bench/peers. Taken: events a second until the last has been read (peers) or answered (twinlog,
one sender, 1,000 in flight). A peer acknowledges nothing: missing is what had not arrived 15 s after the last one
did; of twinlog nothing is. A peer's table has ten columns and its PostgreSQL and document store get no lockout state;
twinlog writes its own tables and accounts."""

PEERS = ROOT / "tests/bench/peers"
RUN = WORK / "peers-run"
UNPACKED = WORK / "peers"  # By tests/bench/fetch-peers.
EVENTS, DURABLE_EVENTS, IN_FLIGHT = 50_000, 2_000, 1_000
SETTLED = 15  # Seconds without a new record.
LOOK_AGAIN = 0.1
# name: program, configuration, events. rsyslog's durable queue syncs about nine times an event.
KINDS = {"rsyslog usual": ("rsyslogd", "rsyslog-usual-both.conf", EVENTS),
         "rsyslog durable": ("rsyslogd", "rsyslog-durable-both.conf", DURABLE_EVENTS),
         "syslog-ng usual": ("syslog-ng", "sng-usual-both.conf", EVENTS),
         "syslog-ng reliable": ("syslog-ng", "sng-durable-both.conf", EVENTS)}


def installed(program):
    """Where it is, and the environment that it needs; nothing where it is missing."""
    unpacked = UNPACKED / "usr/sbin" / program
    found = str(unpacked) if unpacked.exists() else shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    if not found:
        return None
    root = UNPACKED if unpacked.exists() else pathlib.Path("/")
    libraries = [root / folder for folder in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/syslog-ng")]
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, libraries))} if root == UNPACKED else None
    return found, root, environment


def command_of(program, found, root):
    if program == "rsyslogd":
        modules = root / "usr/lib/x86_64-linux-gnu/rsyslog"
        return [found, "-n", "-f", RUN / "peer.conf", "-i", RUN / "pid", "-M", modules]
    modules = glob.glob(f"{root}/usr/lib/syslog-ng/*/")
    return [found, "-F", "--no-caps", "--module-path", modules[0], "-f", RUN / "peer.conf", "-R", RUN / "persist",
            "-p", RUN / "pid", "-c", RUN / "control"]


class Stores:
    """The empty database `peers`, which the configurations name, in both stores."""

    def __init__(self, bench):
        self.postgres, self.documents = bench.server("postgres").uri, bench.server("mongo-java-server").uri
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS peers WITH (FORCE)")
            connection.execute("CREATE DATABASE peers")
            connection.execute("CHECKPOINT")
        self.connection = psycopg.connect(self.postgres.rsplit("/", 1)[0] + "/peers", autocommit=True)
        self.connection.execute((PEERS / "schema.sql").read_text())
        self.client = pymongo.MongoClient(self.documents)
        self.client.drop_database("peers")

    def counts(self):
        return {"PostgreSQL": self.connection.execute("SELECT count(*) FROM auth_logs").fetchone()[0],
                "document store": self.client["peers"]["auth_logs"].estimated_document_count()}

    def configuration(self, name):
        text = (PEERS / name).read_text()
        port = self.postgres.rsplit(":", 1)[1].split("/")[0]
        for old, new in (("postgres@127.0.0.1/peers", f"postgres@127.0.0.1:{port}/peers"),
                         ('port("5432")', f'port("{port}")'), ("@RUN@", str(RUN)),
                         ("@MONGO@", self.documents.split("/")[2])):
            text = text.replace(old, new)
        return text

    def arrivals(self, events):
        """When the last record came into each store, and how many then were there."""
        last = {name: (time.monotonic(), count) for name, count in self.counts().items()}
        while any(count < events and time.monotonic() - when < SETTLED for when, count in last.values()):
            time.sleep(LOOK_AGAIN)
            for name, count in self.counts().items():
                if count != last[name][1]:
                    last[name] = (time.monotonic(), count)
        return last

    def close(self):
        self.connection.close()
        self.client.close()


def cpu_and_peak(process):
    agent = pathlib.Path(f"/proc/{process.pid}")
    fields = (agent / "stat").read_text().rsplit(")", 1)[1].split()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return cpu, int((agent / "status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def peer_round(bench, figures, name, events):
    program, configuration, most = KINDS[name]
    found, root, environment = installed(program)
    shutil.rmtree(RUN, ignore_errors=True)
    (RUN / "q").mkdir(parents=True)
    with contextlib.closing(Stores(bench)) as stores, (RUN / "log").open("wb") as log:
        (RUN / "peer.conf").write_text(stores.configuration(configuration))
        count = max(1, most // bench.scale)
        (RUN / "events").write_text("".join(events[:count]))
        process = subprocess.Popen(command_of(program, found, root), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env=environment)
        try:
            harness.wait_until(lambda: (RUN / "in.sock").exists() or process.poll() is not None, f"{name} listens")
            demand(process.poll() is None, f"{name} ended at its start; see {RUN / 'log'}")
            poured = speed("pour", RUN / "in.sock", RUN / "events")
            arrived = stores.arrivals(count)
            cpu, peak = cpu_and_peak(process)
        finally:
            process.kill()
            process.wait()
    figures.add(f"{name}: taken", "events/s", poured["per_second"])
    for store, (when, there) in arrived.items():
        figures.add(f"{name}: end to end, {store}", "events/s", there / max(when - poured["began"], 1e-3))
        figures.add(f"{name}: missing in the {store}", "events", count - there)
    figures.add(f"{name}: CPU", "us/event", cpu / count * 1e6, 1)
    figures.add(f"{name}: peak memory", "MiB", peak, 1)


def twinlog_round(bench, figures, events_file):
    shape, run = Shape(1, IN_FLIGHT, max(1, EVENTS // bench.scale)), bench.new_run()
    with bench.database("postgres") as postgres, bench.database("mongodb") as mongodb:
        stores = {"postgres": postgres, "mongodb": mongodb}
        with bench.agent(stores) as agent:
            agent.start_connected()
            sent = speed("answers", agent.socket, events_file, run, *shape.words())
            ends = agent.wait_delivered(shape.events)
            cpu, peak = cpu_and_peak(agent.process)
            demand_exact(stores, run, shape)
    figures.add("twinlog: answered, durably", "events/s", sent["per_second"])
    for name, store in (("PostgreSQL", "postgres"), ("document store", "mongodb")):
        figures.add(f"twinlog: end to end, {name}", "events/s", shape.events / (ends[store] - sent["began"]))
    figures.add("twinlog: CPU", "us/event", cpu / shape.events * 1e6, 1)
    figures.add("twinlog: peak memory", "MiB", peak, 1)


def measure(bench, figures):
    """Returns what could not be measured, for the page."""
    missing = sorted({program for program, _, _ in KINDS.values() if not installed(program)})
    names = [name for name, (program, _, _) in KINDS.items() if program not in missing]
    if names:
        made = WORK / "peer-events.ndjson"
        subprocess.run(["python3", PEERS / "events.py", str(max(1, EVENTS // bench.scale)), made, "42"], check=True,
                       stdout=subprocess.DEVNULL)
        events = made.read_text().splitlines(keepends=True)
        for number in range(bench.rounds):
            bench.say(f"peers: round {number + 1} of {bench.rounds}")
            twinlog_round(bench, figures, made)
            for name in names:
                peer_round(bench, figures, name, events)
    return f"**Not installed, so not measured: {', '.join(missing)} (tests/bench/fetch-peers).**" if missing else ""
