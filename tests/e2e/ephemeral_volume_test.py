"""A spool that goes with the pod: told by where its path really leads, warned of from the start, exit 1 with events left.

Real mounts, each in a mount namespace of its own.
"""
import os
import pathlib
import unittest

import harness
import health_page
from wire import event

NOWHERE = "postgresql://postgres@127.0.0.1:1/audit"


@unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
class EphemeralVolume(unittest.TestCase):
    def agent(self, mount, path):
        """Its spool lies on `path`, below the agent's folder; `mount` is run there first, in a namespace of its own."""
        agent = harness.Agent(NOWHERE, "mongodb://127.0.0.1:1/audit",
                              environment={"TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms", "TWINLOG_SPOOL_VOLUME": "auto"})
        self.addCleanup(agent.close)
        agent.environment["TWINLOG_SPOOL_PATH"] = str(agent.folder / path)
        agent.before_command = ["unshare", "--mount", "sh", "-ec", f'cd "{agent.folder}"; {mount}; exec "$@"', "sh"]
        return agent

    def assert_ephemeral(self, agent, why):
        agent.start()
        self.assertRegex(agent.log_text(), rf'warning spool_volume_ephemeral: .* why="?{why}')
        page = health_page.read(agent)
        self.assertEqual(page["spool"]["volume"], "ephemeral")
        self.assertIn("lost", health_page.warnings(page)["spool_volume_ephemeral"]["words"])
        self.assertEqual(harness.statuses(agent.send_lines([event(1)])), {"stored": 1})
        self.assertEqual(agent.stop(), 1)
        self.assertRegex(agent.log_text(), "error stopped: .* goes with the pod.* left=1")

    def test_f27_memory_is_found_behind_a_symbolic_link(self):
        agent = self.agent("mkdir real; mount -t tmpfs none real; ln -s real link", "link/spool")
        self.assert_ephemeral(agent, "tmpfs on ")

    def test_memory_is_found_at_a_name_with_a_space(self):
        agent = self.agent('mkdir "my spool"; mount -t tmpfs none "my spool"', "my spool")
        self.assert_ephemeral(agent, "tmpfs on .*/my spool")

    def test_a_layer_over_an_image_is_a_containers_own(self):
        layer = "mkdir layers root; mount -t tmpfs none layers; mkdir layers/lower layers/upper layers/work"
        agent = self.agent(f"{layer}; mount -t overlay -o lowerdir=layers/lower,upperdir=layers/upper,"
                           "workdir=layers/work none root", "root/var/spool")
        self.assert_ephemeral(agent, "overlay on ")

    def test_a_disk_behind_a_symbolic_link_in_memory_stays(self):
        """The folder of the agents of this test lies on a disk, or all of this machine is a container's."""
        kind = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
        if any(line.split()[4] == "/" and " - overlay " in line for line in kind):
            self.skipTest("the root of this machine is a container's own")
        agent = self.agent('mkdir memory disk; mount -t tmpfs none memory; ln -s "$PWD/disk" memory/link',
                           "memory/link/spool")
        agent.start()
        self.assertEqual(health_page.read(agent)["spool"]["volume"], "durable")
        self.assertEqual(harness.statuses(agent.send_lines([event(1)])), {"stored": 1})
        self.assertEqual(agent.stop(), 0)


if __name__ == "__main__":
    unittest.main()
