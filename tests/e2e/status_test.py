"""`twinlog status`: the health page for people, where it is asked, and what is said where nobody answers."""
import json
import os
import re
import signal
import unittest

import harness
from command import OnTerminal, run
from wire import event

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Status(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres, cls.documents = (harness.StoreServer(kind) for kind in ("postgres", "mongo-java-server"))
        cls.addClassCleanup(cls.postgres.close)
        cls.addClassCleanup(cls.documents.close)

    def agent(self, extra="", postgres=None, environment=None):
        environment = {"TWINLOG_SPOOL_VOLUME": "durable", "TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms", **(environment or {})}
        agent = harness.Agent(postgres or self.postgres.new_database(), self.documents.new_database(), extra, environment)
        self.addCleanup(agent.close)
        return agent

    def well(self):
        agent = self.agent().start()
        harness.wait_until(lambda: self.page(agent)["state"] == "ok" and
                           all(store["connected"] for store in self.page(agent)["stores"]), "the agent is well")
        return agent

    def page(self, agent):
        return json.loads(agent.probe("/healthz")[1])

    def half(self):
        """One whose PostgreSQL is away."""
        absent = f"postgresql://postgres@127.0.0.1:{harness.free_port()}/audit"
        agent = self.agent(postgres=absent).start()
        harness.wait_until(lambda: self.page(agent)["state"] == "degraded", "it is degraded")
        return agent

    def test_an_agent_that_is_well_is_0_and_said_so_in_the_first_line(self):
        done = run("status", "--config", self.well().config)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertTrue(done.stdout.startswith("OK        "), done.stdout)
        self.assertRegex(done.stdout, r"(?m)^ok        intake_socket, intake_http, spool, disk, store_postgres, store_mo")
        self.assertRegex(done.stdout, r"(?m)^store     postgres  connected, 0 events waiting$")
        self.assertRegex(done.stdout, r"(?m)^spool     [\d.]+ MiB of 2.0 GiB \(\d+ %\), 0 events kept, 0 waiting")

    def test_a_store_that_is_away_is_1_with_impact_diagnosis_and_action(self):
        agent = self.half()
        agent.send_lines([event(number) for number in range(3)])
        harness.wait_until(lambda: agent.metric('twinlog_store_pending_records{store="mongodb"}') == 0, "one has all")
        done = run("status", "--config", agent.config)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stdout.startswith("DEGRADED  "), done.stdout)
        page = self.page(agent)
        component = next(part for part in page["components"] if part["name"] == "store_postgres")
        self.assertRegex(done.stdout, r"(?m)^degraded  store_postgres\n          impact     .*\n          diagnosis  .*\n"
                                      r"          action     " + re.escape(component["action"]))
        self.assertRegex(done.stdout, r"(?m)^store     postgres  away, 3 events waiting \(\d+ bytes, the oldest for ")
        self.assertRegex(done.stdout, r"(?m)^store     mongodb   connected, 0 events waiting$")

    def test_a_warning_is_listed_and_does_not_change_the_state(self):
        agent = self.agent(environment={"TWINLOG_SPOOL_VOLUME": "ephemeral"}).start()
        harness.wait_until(lambda: self.page(agent)["state"] == "ok", "the agent is well")
        done = run("status", "--config", agent.config)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^warning   \w+: .*\n          action     ")

    def test_json_is_the_page_as_it_came(self):
        agent = self.half()
        done = run("status", "--json", "--config", agent.config)
        self.assertEqual(done.returncode, 1)
        ours, theirs = json.loads(done.stdout), self.page(agent)
        self.assertEqual(list(ours), list(theirs))
        self.assertEqual((ours["state"], ours["started_at"]), ("degraded", theirs["started_at"]))

    def test_without_the_right_to_the_socket_or_without_one_the_public_port_is_asked(self):
        agent = self.well()
        agent.folder.chmod(0o755)
        agent.config.chmod(0o644)
        done = run("status", "--config", agent.config, before=NOBODY)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith("OK "))
        (agent.folder / "admin.sock").unlink()
        self.assertEqual(run("status", "--config", agent.config).returncode, 0)
        address = f"127.0.0.1:{agent.admin}"
        self.assertEqual(run("status", "--address", address).returncode, 0)
        only_socket = run("status", "--socket", agent.folder / "admin.sock")
        self.assertEqual((only_socket.returncode, only_socket.stdout), (3, ""))
        self.assertNotIn(address, only_socket.stderr)

    def test_a_host_without_an_agent_is_told_in_one_line_and_3(self):
        agent = self.agent()
        for words, expected in ((["--config", agent.config], str(agent.folder / "admin.sock")),
                                ([], "/etc/twinlog/twinlog.toml cannot be read"),
                                (["--socket", "/no/such.sock"], "/no/such.sock"),
                                (["--address", "127.0.0.1:1"], "127.0.0.1:1: Connection refused"),
                                (["--address", "nonsense"], "an address is IP:PORT")):
            done = run("status", *words, environment={"TWINLOG_ADMIN_LISTEN": f"127.0.0.1:{agent.admin}"})
            self.assertEqual((done.returncode, done.stdout), (3, ""), words)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn("no agent answers", done.stderr)
            self.assertIn(expected, done.stderr)

    def test_what_answers_and_is_no_agent_is_said(self):
        agent = self.well()
        done = run("status", "--address", f"127.0.0.1:{agent.http}")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("is it a twinlog agent", done.stderr)

    def test_neither_secrets_nor_other_sections_of_the_configuration_are_needed(self):
        agent = self.well()
        text = agent.config.read_text().replace(agent.postgres, "${NO_SUCH_SECRET}")
        agent.config.write_text(text + '[retry]\nfirst = "never"\n')
        self.assertEqual(run("check", "--config", agent.config).returncode, 78)
        done = run("status", "--config", agent.config)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_mistakes_about_where_the_agent_is_are_78(self):
        agent = self.agent()
        for text in ('[admin]\nsocket = "relative"\n', "[admin]\nsokket = 1\n", "[admin\n", "admin = 1\n"):
            agent.config.write_text(text)
            done = run("status", "--config", agent.config)
            self.assertEqual((done.returncode, done.stdout), (78, ""), text)
            self.assertIn("1 mistake(s)", done.stderr)
        self.assertEqual(run("status", "--config", "/no/such.toml").returncode, 78)

    def test_a_terminal_gets_colour_unless_no_color_is_set_and_a_pipe_never(self):
        agent = self.well()
        shown = {}
        for value in (None, "", "1"):
            terminal = OnTerminal("status", "--config", agent.config,
                                  environment=None if value is None else {"NO_COLOR": value})
            self.addCleanup(terminal.close)
            self.assertEqual(terminal.finish(), 0)
            shown[value] = terminal.text
        self.assertTrue(shown[None].startswith("\x1b[1;32mOK\x1b[0m        "), repr(shown[None]))
        self.assertTrue(COLOUR.search(shown[""]))
        self.assertFalse(COLOUR.search(shown["1"]))
        self.assertFalse(COLOUR.search(run("status", "--config", agent.config).stdout))

    def test_watch_shows_the_change_and_ends_with_the_last_state(self):
        agent = self.well()
        terminal = OnTerminal("status", "--watch", "--config", agent.config)
        self.addCleanup(terminal.close)
        harness.wait_until(lambda: "\x1b[2J" in terminal.read() and "OK" in terminal.text, "the first look")
        harness.wait_until(lambda: "lag 0.0 s" in terminal.read() and "events/s" in terminal.text, "bars, and a rate at the second")
        agent.process.send_signal(signal.SIGKILL)
        agent.process.wait()
        harness.wait_until(lambda: "no agent answers" in terminal.read(), "that it is gone")
        agent.start()
        harness.wait_until(lambda: COLOUR.sub("", terminal.read()).rsplit("\x1b[2J", 1)[-1].startswith("OK"), "again")
        os.kill(terminal.process.pid, signal.SIGINT)
        self.assertEqual(terminal.finish(), 0)


if __name__ == "__main__":
    unittest.main()
