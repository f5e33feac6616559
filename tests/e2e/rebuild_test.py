"""A spool whose MANIFEST is damaged is put together anew by the start, whatever that start dies of."""
import json
import signal
import unittest

import harness
import kill_points


def event(number):
    return json.dumps({"tenant_id": "acme", "log_id": f"e{number}", "event_type": "login_failed",
                       "occurred_at": 1_700_000_000_000 + number, "user_id": "u1"}).encode()


class Rebuild(unittest.TestCase):
    def setUp(self):
        # Stores that are away: all that was promised is in the spool alone.
        absent = f"127.0.0.1:{harness.free_port()}"
        self.agent = harness.Agent(f"postgresql://postgres@{absent}/audit", f"mongodb://{absent}/audit")
        self.agent.binary = kill_points.test_binary()
        self.addCleanup(self.agent.close)
        self.agent.start()
        self.assertEqual(harness.statuses(self.agent.send_lines(map(event, range(300)))), {"stored": 300})
        self.agent.stop(signal.SIGKILL)
        manifest, = self.agent.spool.glob("MANIFEST-*")
        content = bytearray(manifest.read_bytes())
        content[len(content) // 2] ^= 0x10
        manifest.write_bytes(content)

    def die_at(self, point):
        self.agent.environment["TWINLOG_KILL_AT"] = f"{point}:1"
        self.agent.start(wait=False)
        self.assertEqual(self.agent.process.wait(harness.PATIENCE), -signal.SIGKILL, point)
        del self.agent.environment["TWINLOG_KILL_AT"]

    def test_a_death_at_any_step_costs_nothing_and_the_log_says_what_was_done(self):
        points = kill_points.points_of("rebuil")
        self.assertGreaterEqual(len(points), 2)
        for point in points:
            self.die_at(point)
        self.agent.start()
        self.assertEqual(harness.statuses(self.agent.send_lines(map(event, range(301)))), {"duplicate": 300, "stored": 1})
        self.assertIn("put together anew", self.agent.log_text())
        self.assertNotIn("are gone", self.agent.log_text())
        self.assertEqual(len(list(self.agent.spool.glob("damaged-*"))), 1)


if __name__ == "__main__":
    unittest.main()
