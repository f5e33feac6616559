"""A stopped spool whose disk gave back other bytes."""
import signal

import harness
from alert_events import event
from command import run


def turn_round(path):
    """Some bytes in the middle of the file."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle:middle + 8] = bytes(byte ^ 0xFF for byte in content[middle:middle + 8])
    path.write_bytes(content)


def damage_the_list_of_files(agent):
    """The agent was killed, and its spool's MANIFEST cannot be read."""
    agent.start()
    assert harness.statuses(agent.send_lines([event() for _ in range(20)])) == {"stored": 20}
    agent.stop(signal.SIGKILL)
    manifest, = agent.spool.glob("MANIFEST-*")
    turn_round(manifest)


def lose_a_table(agent, count=3000):
    """The agent's stores are away: its events lie in a table that is damaged. The loss is put on record by
    `twinlog spool repair`."""
    agent.start()
    lines = [event() for _ in range(count)]
    assert harness.statuses(agent.send_lines(lines)) == {"stored": count}
    agent.stop(signal.SIGTERM)
    agent.start()
    agent.stop()
    tables = list(agent.spool.glob("*.sst"))
    table = max(tables, key=lambda path: path.read_bytes().count(b"login_failed"))
    turn_round(table)
    done = run("spool", "repair", "--apply", "--config", agent.config)
    assert "lost: " in done.stdout, done.stdout + done.stderr
