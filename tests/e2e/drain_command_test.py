"""`twinlog drain`: at once for a preStop hook, or with --wait until both stores have what was accepted before."""
import json
import re
import signal
import threading
import unittest

import psycopg

import harness
from command import OnTerminal, run
from wire import event


class Drain(unittest.TestCase):
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

    def half(self, **options):
        """One whose PostgreSQL is away, with three events that the other store has."""
        agent = self.agent(postgres=f"postgresql://postgres@127.0.0.1:{harness.free_port()}/audit", **options).start()
        agent.send_lines([event(number) for number in range(3)])
        harness.wait_until(lambda: agent.metric('twinlog_store_pending_records{store="mongodb"}') == 0, "one has all")
        harness.wait_until(lambda: agent.metric('twinlog_store_consecutive_failures{store="postgres"}') > 0, "it failed")
        return agent

    def rows(self, agent):
        with psycopg.connect(agent.postgres) as connection:
            return connection.execute("SELECT count(*) FROM auth_logs").fetchone()[0]

    def test_without_wait_it_returns_at_once_and_intake_and_probes_stay_open(self):
        agent = self.half()
        done = run("drain", "--config", agent.config)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, "draining: postgres lacks 3 events, mongodb lacks 0 events\n")
        self.assertEqual(agent.probe("/readyz")[0], 200)
        self.assertEqual(harness.statuses(agent.send_lines([event("later")])), {"stored": 1})

    def test_with_wait_it_returns_when_both_stores_have_what_lingered(self):
        lingering = {f"TWINLOG_STORES_{store}_LINGER": "1m" for store in ("POSTGRES", "MONGODB")}
        # A drain ends in its time, then the linger holds again: on a busy machine the schema alone may take that long.
        agent = self.agent(environment={**lingering, "TWINLOG_AGENT_DRAIN_TIMEOUT": "2m"}).start()
        agent.send_lines([event(number) for number in range(500)])
        done = run("drain", "--wait", "--timeout", "2m", "--config", agent.config)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertEqual(self.rows(agent), 500)
        self.assertEqual(agent.metric('twinlog_store_pending_records{store="mongodb"}'), 0)

    def test_what_comes_in_later_does_not_hold_a_waiting_drain_up(self):
        agent = self.agent().start()
        agent.send_lines([event(f"before-{number}") for number in range(100)])
        stop = threading.Event()

        def keep_sending():
            number = 0
            while not stop.is_set():
                agent.send_lines([event(f"{number}-{place}") for place in range(200)])
                number += 1

        sender = threading.Thread(target=keep_sending)
        sender.start()
        self.addCleanup(sender.join)
        self.addCleanup(stop.set)
        done = run("drain", "--wait", "--timeout", "1m", "--config", agent.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        with psycopg.connect(agent.postgres) as connection:
            before = connection.execute("SELECT count(*) FROM auth_logs WHERE log_id LIKE 'before-%'").fetchone()[0]
        self.assertEqual(before, 100)

    def test_timeout_is_1_and_says_what_each_store_lacks_and_why(self):
        agent = self.half()
        done = run("drain", "--wait", "--timeout", "300ms", "--config", agent.config)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("--timeout was up", done.stderr)
        self.assertRegex(done.stderr, r"(?m)^twinlog: postgres lacks 3 events: reconnect: no connection to PostgreSQL")
        self.assertNotIn("mongodb lacks", done.stderr)
        self.assertIsNone(agent.process.poll())

    def test_a_store_that_comes_back_while_it_waits_ends_it(self):
        agent = self.agent(environment={"TWINLOG_RETRY_FIRST": "100ms", "TWINLOG_RETRY_MOST": "1h"})
        with psycopg.connect(self.postgres.uri, autocommit=True) as owner:
            name = agent.postgres.rsplit("/", 1)[1]
            owner.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            agent.start().send_lines([event(1)])
            failures = 'twinlog_store_consecutive_failures{store="postgres"}'
            harness.wait_until(lambda: agent.metric(failures) > 0, "the store refuses; the next try is in an hour")
            terminal = OnTerminal("drain", "--wait", "--timeout", "1m", "--config", agent.config)
            self.addCleanup(terminal.close)
            harness.wait_until(lambda: "postgres lacks 1 event" in terminal.read(), "progress on the terminal")
            owner.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        self.assertEqual(terminal.finish(), 0, terminal.text)
        self.assertEqual(self.rows(agent), 1)

    def test_a_store_that_is_turned_off_is_not_waited_for(self):
        agent = self.agent(environment={"TWINLOG_STORES_MONGODB_ENABLED": "false"})
        agent.start().send_lines([event(1)])
        done = run("drain", "--wait", "--config", agent.config)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(run("drain", "--config", agent.config).stdout, "draining: postgres lacks 0 events\n")

    def test_an_agent_that_ends_while_it_is_waited_for_is_1(self):
        agent = self.half()
        terminal = OnTerminal("drain", "--wait", "--timeout", "1m", "--config", agent.config)
        self.addCleanup(terminal.close)
        harness.wait_until(lambda: "postgres lacks" in terminal.read(), "it waits")
        self.assertEqual(agent.stop(signal.SIGTERM), 0)
        self.assertEqual(terminal.finish(), 1)
        self.assertIn("went away while it drained", terminal.text)

    def test_ctrl_c_ends_the_wait_and_not_the_drain(self):
        agent = self.half(environment={"TWINLOG_AGENT_DRAIN_TIMEOUT": "2m"})
        terminal = OnTerminal("drain", "--wait", "--timeout", "1h", "--config", agent.config)
        self.addCleanup(terminal.close)
        harness.wait_until(lambda: "postgres lacks" in terminal.read(), "it waits")
        terminal.process.send_signal(signal.SIGINT)
        self.assertEqual(terminal.finish(), 1)
        self.assertIn("not waited for any longer; the agent goes on", terminal.text)
        page = json.loads(run("spool", "status", "--json", "--config", agent.config).stdout)
        self.assertTrue(page["drain_requested_at"])

    def test_without_an_agent_or_its_socket_it_is_1_in_one_line(self):
        agent = self.agent()
        for words in (["--wait", "--config", agent.config], ["--config", agent.config], ["--socket", "/no/such.sock"]):
            done = run("drain", *words)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertRegex(done.stderr, r"^twinlog: no agent answers \(.*\): start it, .*\n$")
        agent.environment["TWINLOG_ADMIN_SOCKET"] = ""
        agent.start()
        done = run("drain", "--config", agent.config, environment={"TWINLOG_ADMIN_SOCKET": ""})
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^twinlog: .*turned off.*\n$")

    def test_a_timeout_that_is_none_is_2(self):
        for timeout in ("soon", "-1s", "5", "1.5s"):
            done = run("drain", "--wait", f"--timeout={timeout}")
            self.assertEqual(done.returncode, 2, timeout)
            self.assertIn("--timeout", done.stderr)

    def test_the_time_is_20_seconds_where_none_is_given(self):
        self.assertTrue(re.search(r"--timeout TEXT=20s", run("drain", "--help").stdout))


if __name__ == "__main__":
    unittest.main()
