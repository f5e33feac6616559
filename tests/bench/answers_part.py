"""Durable answers: how many a second, how long one takes, and what the same bytes cost in a bare RocksDB."""
import contextlib
import shutil

from bench import AWAY, WORK, demand_exact, speed

ABOUT = """Durable answers a second. Couriers stopped: both stores are away, so that the couriers only wait. Attached:
a PostgreSQL and a mongo-java-server on the same machine take the events meanwhile. Beside it as many threads write
the same events into a bare RocksDB, synced, as many a write batch as are in flight, which groups the batches by
itself; and 4 KiB with fdatasync on the same disk. After each trial the spool holds exactly what was sent, and both
stores where attached."""

SHAPES = {"1 sender, one at a time": (1, 1, 2_000), "8 senders, 64 in flight each": (8, 64, 100_000),
          "64 senders, 64 in flight each": (64, 64, 100_000)}
FLOORS = {("8 senders, 64 in flight each", "couriers stopped"): {"at_least": 30_000}}
WITH_LATENCY = ("1 sender, one at a time", "8 senders, 64 in flight each")
SYNCS = 500


def answers_of(bench, figures, name, couriers, stores):
    shape, run = bench.shape(*SHAPES[name]), bench.new_run()
    with bench.agent(stores) as agent:
        agent.start_connected() if couriers == "attached" else agent.start()
        syncs, cpu = agent.syncs(), agent.cpu_seconds()
        result = speed("answers", agent.socket, bench.events, run, *shape.words())
        syncs, cpu = agent.syncs() - syncs, agent.cpu_seconds() - cpu
        agent.demand_spooled(shape.events)
        if couriers == "attached":
            agent.wait_delivered(shape.events)
            demand_exact(stores, run, shape)
    what = f"{name}, {couriers}"
    figures.add(what, "answers/s", result["per_second"], **FLOORS.get((name, couriers), {}))
    figures.add(f"{what}: syncs of the spool", "syncs", syncs)
    figures.add(f"{what}: answers a sync", "answers", shape.events / syncs, 1)
    if name in WITH_LATENCY:
        figures.add(f"{what}: an answer, p50", "us", result["p50_us"])
        figures.add(f"{what}: an answer, p99", "us", result["p99_us"])
    if couriers == "couriers stopped" and shape.senders > 1:
        figures.add(f"{what}: CPU of the agent", "us/event", cpu / shape.events * 1e6, 1)
    return result["per_second"]


def rocksdb_of(bench, figures, name):
    folder = WORK / "rocksdb"
    shutil.rmtree(folder, ignore_errors=True)
    result = speed("rocksdb", folder, bench.events, bench.new_run(), *bench.shape(*SHAPES[name]).words())
    shutil.rmtree(folder)
    figures.add(f"{name}, bare RocksDB", "events/s", result["per_second"])
    return result["per_second"]


def measure(bench, figures):
    for number in range(bench.rounds):
        bench.say(f"answers: round {number + 1} of {bench.rounds}")
        disk = speed("syncs", WORK, max(1, SYNCS // bench.scale))
        figures.add("4 KiB and fdatasync, p50", "us", disk["p50_us"])
        figures.add("4 KiB and fdatasync, p99", "us", disk["p99_us"])
        for name in SHAPES:
            ours = answers_of(bench, figures, name, "couriers stopped", AWAY)
            bare = rocksdb_of(bench, figures, name)
            figures.add(f"{name}, couriers stopped / bare RocksDB", "ratio", ours / bare, 2)
            with contextlib.ExitStack() as stack:
                stores = {store: stack.enter_context(bench.database(store)) for store in AWAY}
                answers_of(bench, figures, name, "attached", stores)
