"""A spool that has lost its file CURRENT, or whose MANIFEST is damaged, under an agent that was killed: it is put together anew,
a death at any step of that costs nothing, and everything that was answered is delivered once and known as a repeat."""
import signal
import subprocess
import unittest

import field
import harness
import kill_points
import two_servers


class DamagedSpool(two_servers.TwoServersCase):
    def setUp(self):
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(), environment=dict(field.QUICK))
        self.addCleanup(self.agent.close)
        self.addresses, self.lines = self.agent.config.read_text(), [field.event(number) for number in range(300)]
        absent = f"127.0.0.1:{harness.free_port()}"
        for address in (self.agent.postgres, self.agent.mongodb):
            self.agent.config.write_text(self.agent.config.read_text().replace(address.split("//")[1].split("/")[0].split("@")[-1],
                                                                               absent))
        self.agent.binary = kill_points.test_binary()
        self.agent.start().send_lines(self.lines)
        self.agent.stop(signal.SIGKILL)

    def die_at(self, point):
        self.agent.environment["TWINLOG_KILL_AT"] = f"{point}:1"
        self.agent.start(wait=False)
        self.assertEqual(self.agent.process.wait(harness.PATIENCE), -signal.SIGKILL, self.agent.log_text()[-2000:])
        del self.agent.environment["TWINLOG_KILL_AT"]

    def test_deaths_at_one_step_after_the_other_cost_nothing_and_the_log_says_what_was_done(self):
        manifest, = self.agent.spool.glob("MANIFEST-*")
        content = bytearray(manifest.read_bytes())
        content[len(content) // 2] ^= 0x10
        manifest.write_bytes(content)
        for point in kill_points.points_of("rebuil"):
            self.die_at(point)
        self.agent.start()
        self.assertEqual(harness.statuses(self.agent.send_lines([*self.lines, field.event(300)])),
                         {"duplicate": len(self.lines), "stored": 1})
        harness.wait_until(lambda: "put together anew" in self.agent.log_text(), "the log says what was done")
        self.assertNotIn("are gone", self.agent.log_text())
        self.assertEqual(len(list(self.agent.spool.glob("damaged-*"))), 1)

    def test_a_death_at_any_step_of_putting_it_together_costs_nothing(self):
        points, former = kill_points.points_of("rebuil"), self.agent.folder / "former"
        self.assertGreaterEqual(len(points), 2)
        (self.agent.spool / "CURRENT").unlink()
        subprocess.run(["cp", "-a", self.agent.spool, former], check=True)
        for point in points:
            with self.subTest(point):
                subprocess.run(["rm", "-r", self.agent.spool], check=True)
                subprocess.run(["cp", "-a", former, self.agent.spool], check=True)
                self.die_at(point)
                self.agent.start()
                self.assertEqual(harness.statuses(self.agent.send_lines(self.lines)), {"duplicate": len(self.lines)})
                self.agent.stop(signal.SIGKILL)
        self.agent.config.write_text(self.addresses)
        self.agent.start().wait_delivered()
        path = self.agent.folder / "sent.ndjson"
        path.write_bytes(b"\n".join(self.lines) + b"\n")
        code, text = harness.compare(self.agent, path)
        self.assertEqual(code, 0, text + self.agent.log_text()[-2000:])


if __name__ == "__main__":
    unittest.main()
