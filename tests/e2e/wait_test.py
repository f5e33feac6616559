"""`twinlog wait --ready`: what starts beside the agent waits until its events would be kept."""
import signal
import subprocess
import unittest

import harness
from command import run, surroundings


class Wait(unittest.TestCase):
    def agent(self, environment=None):
        absent = f"127.0.0.1:{harness.free_port()}/audit"
        agent = harness.Agent(f"postgresql://postgres@{absent}", f"mongodb://{absent}", "", environment)
        self.addCleanup(agent.close)
        return agent

    def waiting(self, *words):
        process = subprocess.Popen([harness.BINARY, "wait", "--ready", *map(str, words)], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=surroundings(None))
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        self.assertIn("waiting: no agent answers", process.stderr.readline())
        return process

    def test_an_agent_that_is_ready_is_0_by_socket_address_and_configuration(self):
        agent = self.agent().start()
        for words in (["--config", agent.config], ["--socket", agent.folder / "admin.sock"],
                      ["--address", f"127.0.0.1:{agent.admin}"]):
            done = run("wait", "--ready", *words)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "ready\n", ""), words)

    def test_one_that_is_not_there_yet_is_waited_for(self):
        agent = self.agent()
        process = self.waiting("--config", agent.config)
        agent.start(wait=False)
        self.assertEqual(process.wait(harness.PATIENCE), 0)
        self.assertEqual(agent.probe("/readyz")[0], 200)

    def test_when_the_time_is_up_it_is_1_and_says_what_it_waits_for(self):
        agent = self.agent()
        done = run("wait", "--ready", "--timeout", "300ms", "--config", agent.config)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("not ready when --timeout was up: no agent answers", done.stderr)
        self.assertIn(str(agent.folder / "admin.sock"), done.stderr)

    def test_an_agent_that_drains_at_its_end_is_not_ready_and_that_is_said(self):
        agent = self.agent({"TWINLOG_AGENT_DRAIN_TIMEOUT": "1h"}).start()
        agent.send_lines([b'{"tenant_id":"t","log_id":"1","event_type":"login_failed","occurred_at":1764000000000}'])
        agent.process.send_signal(signal.SIGTERM)
        harness.wait_until(lambda: agent.probe("/readyz")[0] == 503, "it stops")
        done = run("wait", "--ready", "--timeout", "3s", "--config", agent.config)
        self.assertEqual(done.returncode, 1)
        self.assertIn("the agent is not ready: stopping", done.stderr)

    def test_it_ends_with_1_when_it_is_interrupted(self):
        process = self.waiting("--config", self.agent().config, "--timeout", "1h")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(harness.PATIENCE), 1)
        self.assertIn("not waited for any longer", process.stderr.read())

    def test_without_the_flag_or_with_a_wrong_time_it_is_2(self):
        for words in (["wait"], ["wait", "--ready", "--timeout", "soon"], ["wait", "--ready", "extra"]):
            self.assertEqual(run(*words).returncode, 2, words)

    def test_mistakes_about_where_the_agent_is_are_78_and_none_to_ask_is_1(self):
        agent = self.agent()
        agent.config.write_text('[admin]\nsocket = "relative"\n')
        self.assertEqual(run("wait", "--ready", "--config", agent.config).returncode, 78)
        agent.config.write_text('[admin]\nsocket = ""\nlisten = ""\n')
        done = run("wait", "--ready", "--config", agent.config)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot be asked", done.stderr)


if __name__ == "__main__":
    unittest.main()
