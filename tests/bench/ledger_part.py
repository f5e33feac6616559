"""What the ledger costs: CPU, flushes and bytes beside the version before it; how fast a record is verified."""
import contextlib
import json
import re
import resource
import shutil
import statistics
import subprocess
import time

import bson
import psycopg
import pymongo
import snappy

import bench as tools
import harness
import previous_version
from bench import AWAY, RELEASE, WORK, demand, demand_exact, speed

ABOUT = """CPU: a spool in one process takes events of 13 fields in batches of 1,000, turn about with the ledger's work and with
that left out, and is read as a courier reads it; the hashes alone are the part that the format asks for. Flushes: a backlog of 100,000 such events, taken while both stores were away,
from the store's connection to the last event, turn about with the version before the ledger (tests/e2e/previous_version.txt).
Bytes a row: what PostgreSQL holds more for these events than of that version. Idle: the rows of signs of life, counted with
their heads and index entries, for a day at `ledger.idle_every = "5m"`; the document store's as BSON, and
in pages of 32 KiB under snappy, as WiredTiger has them unless it is told otherwise. Verified: exports whose
leaves have 13 fields, in one run of `twinlog verify`; a leaf that both stores have is read and hashed in each."""

COMMIT_ROUNDS = 5
EVENTS, LEAVES, SHORT_EPOCHS, LEAVES_OF_SHORT = 100_000, 200_000, 10_000, 10
FIELDS = {"tenant_id": "globex", "event_type": "login_failed", "occurred_at": 1_790_000_000_000, "user_id": "u{}",
          "username": "u{}@example.com", "ip": "192.0.2.7", "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) "
          "Gecko/20100101 Firefox/131.0", "service": "portal", "auth_method": "password", "failure_reason": "bad_password",
          "request_id": "request-{}"}  # With log_id, and the account that is derived from user_id: 13.
ACCOUNTS = 1_000
STORES = {"postgres": "PostgreSQL", "mongodb": "document store"}
SHARE_LEFT = {"postgres": 0.95, "mongodb": 0.9}
HEARTBEATS = 100
HEARTBEATS_A_DAY = 24 * 60 / 5
PAGE = 32 << 10
ROW_HEAD, INDEX_ENTRY_HEAD = 28, 12  # Bytes: tuple header and its pointer; of an index, before alignment.


def thirteen_fields():
    path = WORK / "thirteen.ndjson"
    with path.open("w") as lines:
        for number in range(ACCOUNTS):
            fields = {name: value.format(number) if isinstance(value, str) else value for name, value in FIELDS.items()}
            lines.write(json.dumps({"log_id": "x", **fields}, separators=(",", ":")) + "\n")
    return path


# --- CPU

def commits(bench, figures, events):
    count = max(1000, EVENTS // bench.scale)
    rounds = [{work: speed("commits", WORK / "commits", events, bench.new_run(), count, work) for work in ("without", "with")}
              for _ in range(COMMIT_ROUNDS)]

    def median(of_round):
        return statistics.median(map(of_round, rounds))

    def ledger(found, name):
        return found["with"][name] - found["without"][name]

    for name, most in (("commit", 3.0), ("read", None)):
        key = f"{name}_cpu_us"
        figures.add(f"CPU an event, {name}, without the ledger", "us", median(lambda found: found["without"][key]), 2)
        figures.add(f"CPU an event, {name}, for the ledger", "us", median(lambda found: ledger(found, key)), 2, at_most=most)
    hashes = median(lambda found: found["with"]["hashes_cpu_us"])
    figures.add("CPU an event, hashes alone, without a spool", "us", hashes, 2)
    figures.add("CPU at commit for the ledger / hashes alone", "ratio",
                median(lambda found: ledger(found, "commit_cpu_us")) / hashes, 2, at_most=1.3)


# --- Flushes

@contextlib.contextmanager
def with_backlog(bench, binary, store, uri, events):
    """An agent, stopped, whose spool has events that wait for the store."""
    shape, run = bench.shape(8, 64, EVENTS), bench.new_run()
    with bench.agent({store: AWAY[store]}) as agent:
        agent.binary = binary
        agent.start()
        speed("answers", agent.socket, events, run, *shape.words())
        agent.process.kill()
        agent.process.wait()
        agent.config.write_text(agent.config.read_text().replace(AWAY[store], uri))
        agent.stores = {store: uri}
        yield agent, shape, run


def flush_rate(bench, binary, store, events):
    """(events a second, bytes a row of PostgreSQL)"""
    with bench.database(store) as uri, with_backlog(bench, binary, store, uri, events) as (agent, shape, run):
        subprocess.run([binary, "migrate", "--config", agent.config], check=True, env=agent.environment, capture_output=True)
        agent.start_connected()
        began = time.monotonic()
        ended = agent.wait_delivered(shape.events)[store]
        demand_exact({store: uri}, run, shape)
        return shape.events / (ended - began), postgres_bytes(uri) / shape.events if store == "postgres" else 0


def postgres_bytes(uri):
    tables = "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relkind = 'r' AND relname IN " \
             "('auth_logs', 'ledger_tiles', 'ledger_leaves', 'ledger_epochs', 'ledger_checkpoints')"
    with psycopg.connect(uri) as connection:
        return int(connection.execute(tables).fetchone()[0])


def flushes(bench, figures, events, before):
    for store, name in STORES.items():
        old, old_bytes = flush_rate(bench, before, store, events)
        new, new_bytes = flush_rate(bench, harness.BINARY, store, events)
        figures.add(f"{name}: a backlog, the version before", "events/s", old)
        figures.add(f"{name}: a backlog", "events/s", new)
        figures.add(f"{name}: now / before", "ratio", new / old, 2, at_least=SHARE_LEFT[store])
        if store == "postgres":
            figures.add("PostgreSQL: bytes a row for the ledger", "bytes", new_bytes - old_bytes, 1, at_most=90)


# --- Idle

LEDGER_TABLES = ("ledger_epochs", "ledger_tiles", "ledger_leaves", "ledger_checkpoints")


def idle_bytes(uris):
    """What the ledger's rows take, by store."""
    found = {}
    with psycopg.connect(uris["postgres"]) as connection:
        found["postgres"] = sum(
            int(connection.execute(f"SELECT coalesce(sum(pg_column_size(t.*)), 0) + count(*) * ({ROW_HEAD} + "
                                   f"(SELECT coalesce(sum({INDEX_ENTRY_HEAD} + 8 * indnatts * 2), 0) FROM pg_index "
                                   f"WHERE indrelid = '{table}'::regclass)) FROM {table} t").fetchone()[0])
            for table in LEDGER_TABLES)
    with pymongo.MongoClient(uris["mongodb"]) as client:
        database = client.get_default_database()
        tables = [b"".join(bson.encode(each) for each in database[table].find()) for table in LEDGER_TABLES]
    found["mongodb"] = sum(map(len, tables))
    found["snappy"] = sum(len(snappy.compress(table[at:at + PAGE])) for table in tables for at in range(0, len(table), PAGE))
    return found


def idle(bench, figures):
    """A sign of life a second, for so many seconds, then as if they came every five minutes."""
    with bench.database("postgres") as postgres, bench.database("mongodb") as mongodb:
        uris = {"postgres": postgres, "mongodb": mongodb}
        with bench.agent(uris) as agent:
            agent.config.write_text(agent.config.read_text() + '[ledger]\ncheckpoint_every = "1s"\nidle_every = "1s"\n')
            agent.start_connected()

            def heartbeats():
                with psycopg.connect(postgres) as connection:
                    return connection.execute("SELECT count(*) FROM ledger_checkpoints").fetchone()[0]
            harness.wait_until(lambda: heartbeats() >= 3, "the first signs of life", 60)
            first, began = heartbeats(), idle_bytes(uris)
            harness.wait_until(lambda: heartbeats() >= first + HEARTBEATS, "more signs of life", 300)
            count, ended = heartbeats() - first, idle_bytes(uris)
    for key, name, most in (("postgres", STORES["postgres"], 300), ("mongodb", "document store, BSON", None),
                            ("snappy", "document store, as it lies on its disk", 300)):
        a_day = (ended[key] - began[key]) / count * HEARTBEATS_A_DAY / 1000
        figures.add(f"{name}: an idle agent a day", "KB", a_day, at_most=most)


# --- Verification

def verified(stores):
    """(seconds, seconds of CPU, MiB at the most) of one run over exports of these stores."""
    folder = WORK / "exports"
    words = [word for store in stores for word in (f"--{store}-export", folder / store)]
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(["/usr/bin/time", "-f", "peak %M", harness.BINARY, "verify", *words, "--trust",
                           folder / "trusted.keys"], capture_output=True, text=True, check=False)
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    demand(done.returncode == 0, f"verify: {done.stdout[-500:]}{done.stderr[-500:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, int(re.search(r"peak (\d+)", done.stderr)[1]) / 1024


def verification(figures, name, epochs, leaves, most_seconds=None, least_rate=None):
    shutil.rmtree(WORK / "exports", ignore_errors=True)
    subprocess.run([RELEASE / "twinlog-bench-exports", WORK / "exports", str(epochs), str(leaves)], check=True)
    for stores, which in ((("postgres", "mongodb"), "both stores"), (("postgres",), "PostgreSQL alone")):
        seconds, cpu, peak = verified(stores)
        rows = epochs * leaves * len(stores)
        figures.add(f"{name}, {which}: verified in", "s", seconds, 1, at_most=most_seconds)
        figures.add(f"{name}, {which}: verified", "leaves of a store/s", rows / seconds, at_least=least_rate)
        figures.add(f"{name}, {which}: CPU a leaf of a store", "us", cpu / rows * 1e6, 1)
        figures.add(f"{name}, {which}: peak memory", "MiB", peak)
    shutil.rmtree(WORK / "exports")


def measure(bench, figures):
    events, before = thirteen_fields(), previous_version.binary("release")
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", "twinlog-bench-exports"], cwd=tools.ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    for number in range(bench.rounds):
        bench.say(f"ledger: round {number + 1} of {bench.rounds}")
        commits(bench, figures, events)
        flushes(bench, figures, events, before)
        verification(figures, "one tree", 1, max(100, LEAVES // bench.scale), least_rate=150_000)
        verification(figures, "10,000 trees of ten leaves", max(10, SHORT_EPOCHS // bench.scale), LEAVES_OF_SHORT,
                     most_seconds=10)
    idle(bench, figures)
