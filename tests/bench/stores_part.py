"""Events end to end into the stores, beside what the stores take from the least that could write the same."""
import contextlib

from bench import Shape, demand_exact, speed

ABOUT = """Events a second end to end: from the first event sent (8 senders, 64 in flight each) until the agent's
position in each store is the last event, looked at there by clients of our own. Raw pipeline: one libpq pipeline a
1,000 events of BEGIN, settings, the records' upsert, a guarded upsert of the same rows' accounts, COMMIT, on the
agent's own table. Bare bulk insert: records alone. The document store is
mongo-java-server, which keeps everything in memory: its times are not those of a mongod. Each trial has new
databases, and every store held exactly what was sent."""

EVENTS = 100_000
KINDS = {"PostgreSQL alone": ("postgres",), "document store alone": ("mongodb",), "both": ("postgres", "mongodb")}


def end_to_end(bench, figures, name):
    shape, run = bench.shape(8, 64, EVENTS), bench.new_run()
    with contextlib.ExitStack() as stack:
        stores = {store: stack.enter_context(bench.database(store)) for store in KINDS[name]}
        agent = stack.enter_context(bench.agent(stores)).start_connected()
        syncs, cpu = agent.syncs(), agent.cpu_seconds()
        sent = speed("answers", agent.socket, bench.events, run, *shape.words())
        rate = shape.events / (max(agent.wait_delivered(shape.events).values()) - sent["began"])
        syncs, cpu, peak = agent.syncs() - syncs, agent.cpu_seconds() - cpu, agent.peak_mebibytes()
        agent.demand_spooled(shape.events)
        demand_exact(stores, run, shape)
    figures.add(name, "events/s", rate)
    figures.add(f"{name}: CPU of the agent", "us/event", cpu / shape.events * 1e6, 1, at_most=40)
    figures.add(f"{name}: peak memory", "MiB", peak, 1)
    figures.add(f"{name}: syncs of the spool", "syncs", syncs)
    return rate


def ceiling(bench, figures, way, store, name):
    shape, run = Shape(1, 1, max(1, EVENTS // bench.scale)), bench.new_run()
    with bench.database(store) as uri:
        result = speed(way, uri, bench.events, run, shape.events)
        demand_exact({store: uri}, run, shape)
    figures.add(name, "events/s", result["per_second"])
    return result["per_second"]


def measure(bench, figures):
    for number in range(bench.rounds):
        bench.say(f"stores: round {number + 1} of {bench.rounds}")
        ours = end_to_end(bench, figures, "PostgreSQL alone")
        raw = ceiling(bench, figures, "pipeline", "postgres", "raw pipeline into PostgreSQL")
        figures.add("PostgreSQL alone / raw pipeline", "ratio", ours / raw, 2, at_least=0.6)
        ceiling(bench, figures, "postgres-bulk", "postgres", "bare bulk insert into PostgreSQL")
        ours = end_to_end(bench, figures, "document store alone")
        bare = ceiling(bench, figures, "mongodb-bulk", "mongodb", "bare bulk insert into the document store")
        figures.add("document store alone / bare bulk insert", "ratio", ours / bare, 2)
        end_to_end(bench, figures, "both")
