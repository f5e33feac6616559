"""`twinlog spool repair --apply` that dies anywhere in its copy: the spool is as it was, and the next one works."""
import signal
import subprocess
import unittest

import kill_points
import spool_folder
from command import surroundings
from spool_repair_case import SpoolRepairCase


class SpoolRepairDeath(SpoolRepairCase):
    def test_a_death_at_any_step_of_the_copy_leaves_the_spool_as_it_was_and_the_next_repair_works(self):
        agent, points = self.damaged_table(), kill_points.points_of("repair.")
        self.assertGreaterEqual(len(points), 3)
        before = spool_folder.picture(agent.spool)
        for point in points:
            with self.subTest(point):
                died = subprocess.run([kill_points.test_binary(), "spool", "repair", "--apply", "--config", agent.config],
                                      capture_output=True, check=False, env=surroundings({"TWINLOG_KILL_AT": f"{point}:1"}))
                self.assertEqual(died.returncode, -signal.SIGKILL, died.stdout + died.stderr)
                self.assertEqual(spool_folder.picture(agent.spool), before)
        self.assertIn("repaired: ", self.spool(agent, "repair", "--apply"))
        self.assertEqual(list(agent.folder.glob("unfinished-*")), [])
        self.assertEqual(len(self.ranges_lost(self.spool(agent, "check", code=1))), 1)


if __name__ == "__main__":
    unittest.main()
