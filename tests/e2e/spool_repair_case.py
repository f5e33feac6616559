"""A spool with real damage, of an agent whose stores are away, and the commands that look at it."""
import json
import signal
import unittest

import harness
from command import run
from wire import event


class SpoolRepairCase(unittest.TestCase):
    def spool_of(self, count, end=signal.SIGTERM):
        """An agent whose stores are away, stopped."""
        port = harness.free_port()
        # No heartbeat: the events are numbered one behind the other.
        agent = harness.Agent(f"postgresql://postgres@127.0.0.1:{port}/audit", f"mongodb://127.0.0.1:{port}/audit", "",
                              {"TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms", "TWINLOG_LEDGER_CHECKPOINT_EVERY": "1h",
                               "TWINLOG_LEDGER_IDLE_EVERY": "1h"})
        self.addCleanup(agent.close)
        agent.start()
        self.ids = {}
        self.send(agent, list(range(count)))
        agent.stop(end)
        return agent

    def send(self, agent, names):
        """Sends an event of each name, and knows which number of the spool it got."""
        last = json.loads(self.spool(agent, "status", "--json"))["last_leaf"]
        self.ids.update({last + place: str(name) for place, name in enumerate(names, 1)})
        self.assertEqual(harness.statuses(agent.send_lines([event(name) for name in names])), {"stored": len(names)})

    def tables_of(self, agent, count=2000):
        """What was in logs lies in tables, as an opening after a stop writes it."""
        agent.start()
        agent.stop()
        tables = sorted(agent.spool.glob("*.sst"), key=lambda path: path.stat().st_size)
        self.assertTrue(tables)
        return tables

    def spool(self, agent, *words, code=0):
        done = run("spool", *words, "--config", agent.config)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def assert_exported(self, agent, but=()):
        """All that was sent is there, but these numbers."""
        exported = run("spool", "export", "--config", agent.config).stdout.splitlines()
        self.assertEqual([json.loads(line)["log_id"] for line in exported],
                         [name for number, name in self.ids.items() if number not in but])

    def numbers_in(self, ranges):
        return {number for text in ranges for number in range(int(text.split("-")[0]), int(text.split("-")[1]) + 1)}

    def flip(self, path, where=0.5):
        content = bytearray(path.read_bytes())
        for at in range(int(len(content) * where), int(len(content) * where) + 8):
            content[at] ^= 0xFF
        path.write_bytes(content)

    def damaged_table(self, count=3000):
        agent = self.spool_of(count)
        events = max((path for path in self.tables_of(agent)), key=lambda path: path.read_bytes().count(b"login_failed"))
        self.flip(events)
        return agent

    def ranges_lost(self, text):
        return [line.split()[1].rstrip(",") for line in text.splitlines() if line.startswith("lost: ")]
