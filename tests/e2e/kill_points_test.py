"""Kill points are in the test build, where they do what they say, and not in what ships."""
import json
import pathlib
import signal
import tempfile
import unittest

import harness
import kill_points


def event(number):
    return json.dumps({"tenant_id": "acme", "log_id": f"e{number}", "event_type": "login_failed",
                       "occurred_at": 1_700_000_000_000 + number, "user_id": "u1"}).encode()


class KillPoints(unittest.TestCase):
    def agent(self, binary, environment):
        """Takes events; its stores are away, which no test here needs."""
        absent = f"127.0.0.1:{harness.free_port()}"
        agent = harness.Agent(f"postgresql://postgres@{absent}/audit", f"mongodb://{absent}/audit",
                              environment=environment)
        agent.binary = binary
        self.addCleanup(agent.close)
        return agent.start()

    def test_every_point_has_a_name_of_its_own(self):
        points = kill_points.all_points()
        self.assertGreater(len(points), 30)
        self.assertEqual(len(points), len(set(points)), points)

    def test_the_binary_that_ships_has_none_and_the_test_build_has_all(self):
        words = [name.encode() for name in kill_points.all_points()] + [b"TWINLOG_KILL_AT"]
        shipped, tested = harness.BINARY.read_bytes(), kill_points.test_binary().read_bytes()
        self.assertEqual([word for word in words if word + b"\0" in shipped], [])
        self.assertEqual([word for word in words if word + b"\0" not in tested], [])

    def test_an_order_kills_at_the_visit_that_it_names_and_visits_are_written_down(self):
        visited = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()), "visited")
        agent = self.agent(kill_points.test_binary(), {"TWINLOG_KILL_AT": "spool.after_commit:3",
                                                       "TWINLOG_KILL_POINTS_VISITED": str(visited)})
        for number in range(2):
            self.assertEqual(harness.statuses(agent.send_lines([event(number)])), {"stored": 1})
        with self.assertRaises((OSError, ValueError)):
            agent.send_lines([event(2)])
        self.assertEqual(agent.process.wait(harness.PATIENCE), -signal.SIGKILL)
        names = visited.read_text().split()
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual({"spool.opened", "spool.before_commit", "spool.after_commit"}, set(names))
        self.assertLessEqual(set(names), set(kill_points.all_points()))
        # What was on stable storage before the answer could be given is known after the restart.
        agent.environment.pop("TWINLOG_KILL_AT")
        agent.start()
        self.assertEqual(harness.statuses(agent.send_lines([event(number) for number in range(4)])),
                         {"duplicate": 3, "stored": 1})

    def test_the_binary_that_ships_takes_no_such_orders(self):
        agent = self.agent(harness.BINARY, {"TWINLOG_KILL_AT": "spool.after_commit:1"})
        self.assertEqual(harness.statuses(agent.send_lines([event(1)])), {"stored": 1})


if __name__ == "__main__":
    unittest.main()
