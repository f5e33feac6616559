"""/readyz: whether an event sent now would be stored durably, with a disk that hangs, files that were taken, a way in that is
gone; and /livez, which nothing of that stops. Real conditions: a frozen file system, removed files."""
import pathlib
import shutil
import subprocess
import unittest

import harness
import health_page
import small_volume
from wire import Wire, event

NOWHERE = {"TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms", "TWINLOG_SPOOL_VOLUME": "durable"}


class Readiness(unittest.TestCase):
    def agent(self, **environment):
        agent = harness.Agent("postgresql://postgres@127.0.0.1:1/audit", "mongodb://127.0.0.1:1/audit",
                              environment={**NOWHERE, **environment})
        self.addCleanup(agent.close)
        return agent.start()

    def wait_red(self, agent, *words):
        def is_red():
            status, body = agent.probe("/readyz")
            return status == 503 and all(word in body for word in words)
        harness.wait_until(is_red, f"/readyz is 503 and says {words}")
        self.assertEqual(agent.probe("/livez")[0], 200)

    def wait_green(self, agent):
        harness.wait_until(lambda: agent.probe("/readyz") == (200, "ok\n"), "/readyz is 200")

    @unittest.skipUnless(small_volume.can_mount(), "mounting a small file system needs root and loop devices")
    def test_a_commit_that_hangs_makes_it_red_and_every_page_is_there_meanwhile(self):
        volume = small_volume.SmallVolume(64)
        self.addCleanup(volume.close)
        agent = self.agent(TWINLOG_SPOOL_PATH=str(volume.path / "spool"))
        wire = Wire(agent.socket)
        self.addCleanup(wire.close)
        subprocess.run(["/usr/sbin/fsfreeze", "--freeze", volume.path], check=True)
        try:
            wire.send(event("hangs") + b"\n")
            self.wait_red(agent, "the spool's disk has not answered for ")
            page = health_page.read(agent)
            self.assertEqual(health_page.component(page, "disk")["state"], "failing")
            self.assertIn(str(volume.path), health_page.component(page, "disk")["diagnosis"])
            health_page.Form(self).check(page)
            self.assertEqual(agent.probe("/metrics")[0], 200)
            self.assertEqual(agent.probe("/livez")[0], 200)
        finally:
            subprocess.run(["/usr/sbin/fsfreeze", "--unfreeze", volume.path], check=True)
        self.assertEqual(wire.line()["status"], "stored")
        self.wait_green(agent)
        self.assertEqual(agent.stop(), 0)

    def test_f29_files_that_were_taken_from_the_spool_are_named(self):
        agent = self.agent()
        agent.send_lines([event(1)])
        for pattern in ("CURRENT", "MANIFEST-*"):
            for path in pathlib.Path(agent.spool).glob(pattern):
                path.unlink()
            self.wait_red(agent, "are gone", pattern.removesuffix("*"))
        for path in pathlib.Path(agent.spool).glob("*.log"):
            path.unlink()
        self.wait_red(agent, "its present log")
        spool = health_page.component(health_page.read(agent), "spool")
        self.assertEqual(spool["state"], "failing")
        self.assertIn("CURRENT", spool["diagnosis"])

    def test_a_folder_that_was_moved_away_is_gone_and_back_it_is_well(self):
        agent = self.agent()
        agent.send_lines([event(1)])
        agent.spool.rename(agent.folder / "elsewhere")
        self.wait_red(agent, "the folder")
        (agent.folder / "elsewhere").rename(agent.spool)
        self.wait_green(agent)
        shutil.rmtree(agent.spool)
        self.wait_red(agent, "the folder")

    def test_a_socket_file_that_is_gone_makes_it_red_by_its_name(self):
        agent = self.agent()
        agent.socket.unlink()
        self.wait_red(agent, str(agent.socket))


if __name__ == "__main__":
    unittest.main()
