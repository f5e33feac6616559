"""Memory and start time, idle and with events waiting for stores that are away."""
import signal

from bench import AWAY, demand, speed

ABOUT = """Memory is the highest that the process ever had in RAM (VmHWM); start is from exec until /readyz is 200.
Both stores are away. The events are sent by 8 senders, 64 in flight each. After each count the agent ends, by turns
of rounds by SIGKILL and by SIGTERM, and starts, which replays the logs of the spool; then it is killed and starts
again, which has none to replay. Every event that was answered is still there each time."""

WAITING = (0, 100_000, 1_000_000)
LONGEST_START, MOST_MEMORY = 500, 128


def restart(agent, number):
    if number == signal.SIGKILL:
        agent.process.kill()
        agent.process.wait()
    else:
        agent.stop(number)
    return agent.start_timed()


def fill(bench, agent, events):
    shape = bench.shape(8, 64, events)
    result = speed("answers", agent.socket, bench.events, bench.new_run(), *shape.words())
    return shape.events, result["per_second"]


def measure_round(bench, figures, first_end):
    held, filled = 0, 0
    with bench.agent(AWAY) as agent:
        figures.add("first start, makes the spool", "ms", agent.start_timed(), at_most=LONGEST_START)
        for waiting in WAITING:
            name = f"{waiting:,} waiting" if waiting else "idle"
            if waiting:
                sent, rate = fill(bench, agent, waiting - filled)
                held, filled = held + sent, waiting
                figures.add(f"answers while filling to {name}", "answers/s", rate)
                figures.add(f"{name}: memory after taking them", "MiB", agent.peak_mebibytes(), 1, at_most=MOST_MEMORY)
            agent.demand_spooled(held)
            for how, number in (("start", first_end), ("start again", signal.SIGKILL)):
                figures.add(f"{name}: {how}", "ms", restart(agent, number), at_most=LONGEST_START)
                figures.add(f"{name}: memory after {how}", "MiB", agent.peak_mebibytes(), 1, at_most=MOST_MEMORY)
                agent.demand_spooled(held)
        demand(agent.stop() in (0, 1), "the agent did not stop in order")


def measure(bench, figures):
    for number in range(bench.rounds):
        bench.say(f"waiting: round {number + 1} of {bench.rounds}")
        measure_round(bench, figures, (signal.SIGKILL, signal.SIGTERM)[number % 2])
