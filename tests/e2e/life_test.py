"""The life of the process: start without stores, drain, stop, crash, and what it says to a wrong beginning."""
import json
import os
import pathlib
import signal
import subprocess
import unittest

import psycopg
import pymongo

import harness
import two_servers


def event(number, **members):
    return json.dumps({"tenant_id": "acme", "log_id": f"e{number}", "event_type": "login_failed",
                       "occurred_at": 1_700_000_000_000 + number, "user_id": "u1", **members}).encode()


def run(*arguments, **options):
    return subprocess.run([harness.BINARY, *map(str, arguments)], capture_output=True, text=True, check=False,
                          timeout=120, **options)


class Life(two_servers.TwoServersCase):
    def agent(self, extra="", postgres=None, environment=None):
        agent = harness.Agent(postgres or self.postgres.new_database(), self.documents.new_database(), extra,
                              environment)
        self.addCleanup(agent.close)
        return agent

    def rows(self, agent):
        with psycopg.connect(agent.postgres) as connection:
            return connection.execute("SELECT count(*) FROM auth_logs").fetchone()[0]

    def test_a_store_that_is_absent_at_start_is_waited_for_while_events_are_taken(self):
        absent = f"postgresql://postgres@127.0.0.1:{harness.free_port()}/audit"
        agent = self.agent(postgres=absent).start()
        self.assertEqual(harness.statuses(agent.send_lines([event(n) for n in range(20)])), {"stored": 20})
        harness.wait_until(lambda: agent.metric('twinlog_store_pending_records{store="mongodb"}') == 0,
                           "the other store has everything")
        self.assertEqual(agent.metric('twinlog_store_pending_records{store="postgres"}'), 20)
        self.assertEqual(agent.probe("/readyz")[0], 200)
        self.assertEqual(agent.probe("/livez")[0], 200)

    def test_sigterm_drains_into_both_stores_and_exits_0(self):
        agent = self.agent().start()
        agent.send_lines([event(n) for n in range(3000)])
        self.assertEqual(agent.stop(), 0)
        self.assertEqual(self.rows(agent), 3000)
        self.assertIn("both stores have everything", agent.log_text())

    def test_sigterm_in_backoff_leaves_within_the_drain_timeout_and_keeps_what_is_left(self):
        absent = f"postgresql://postgres@127.0.0.1:{harness.free_port()}/audit"
        agent = self.agent(postgres=absent,
                           environment={"TWINLOG_AGENT_DRAIN_TIMEOUT": "1s", "TWINLOG_RETRY_FIRST": "10s",
                                        "TWINLOG_RETRY_MOST": "60s", "TWINLOG_SPOOL_VOLUME": "durable"}).start()
        agent.send_lines([event(n) for n in range(10)])
        harness.wait_until(lambda: agent.metric('twinlog_store_consecutive_failures{store="postgres"}') > 0, "backoff")
        self.assertEqual(agent.stop(), 0)
        self.assertIn("left=10", agent.log_text())

    def test_sigterm_while_a_store_holds_a_flush_leaves_in_time_and_the_next_start_delivers(self):
        agent = self.agent(environment={"TWINLOG_AGENT_DRAIN_TIMEOUT": "1s", "TWINLOG_SPOOL_VOLUME": "durable"}).start()
        agent.send_lines([event(0)])
        agent.wait_delivered()
        with psycopg.connect(agent.postgres) as blocker:
            blocker.execute("LOCK TABLE auth_logs IN ACCESS EXCLUSIVE MODE")
            agent.send_lines([event(n) for n in range(1, 11)])
            harness.wait_until(lambda: blocker.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0],
                               "the flush waits for the table")
            self.assertEqual(agent.stop(), 0)
        self.assertIn("left=10", agent.log_text())
        agent.start()
        agent.wait_delivered()
        self.assertEqual(self.rows(agent), 11)

    def test_a_full_spool_tells_senders_busy_and_the_probe_unready_and_recovers_alone(self):
        absent_port = harness.free_port()
        agent = self.agent('max_bytes = "16MiB"\nkeep_delivered = "0s"\ncompression = "none"',
                           postgres=f"postgresql://postgres@127.0.0.1:{absent_port}/audit").start()
        number, answers = 0, {}
        while "stored" in answers or not answers:  # The database's own flushes make room again for a moment.
            batch = [event(number + n, user_agent="x" * 1000) for n in range(500)]
            answers = harness.statuses(agent.send_lines(batch))
            number += len(batch)
            self.assertLess(number, 50_000, "the spool never fills")
        harness.wait_until(lambda: agent.probe("/readyz")[0] == 503, "the probe says that the spool is full")
        status, body = agent.post(event(-1, log_id="late", user_agent="x" * 1000), "application/json")
        self.assertEqual((status, body["status"]), (503, "busy"))
        self.assertEqual(agent.probe("/livez")[0], 200)
        # SIGTERM with full tables and compactions at work; then the store comes and everything drains.
        self.assertEqual(agent.stop(), 0)
        self.assertIn("left=", agent.log_text())
        database = self.postgres.new_database()
        agent.config.write_text(agent.config.read_text().replace(agent.postgres, database))
        agent.postgres = database
        agent.environment["TWINLOG_ADMIN_READY_WHEN_FULL"] = "true"
        agent.start()
        agent.wait_delivered(120)
        harness.wait_until(lambda: harness.statuses(agent.send_lines([event(number)])) == {"stored": 1}, "room again")

    def test_a_second_sigterm_ends_the_drain_at_once(self):
        absent = f"postgresql://postgres@127.0.0.1:{harness.free_port()}/audit"
        agent = self.agent(postgres=absent, environment={"TWINLOG_AGENT_DRAIN_TIMEOUT": "1h",
                                                         "TWINLOG_SPOOL_VOLUME": "durable"}).start()
        agent.send_lines([event(1)])
        agent.process.send_signal(signal.SIGTERM)
        harness.wait_until(lambda: "draining" in agent.log_text(), "the drain begins")
        self.assertEqual(agent.stop(), 0)
        self.assertIn("drain_cut_short", agent.log_text())

    # Failure mode 6: delivered events replayed as new ones.
    def test_the_whole_spool_delivered_again_changes_neither_records_nor_accounts(self):
        agent = self.agent().start()
        lines = harness.lines_of(harness.host_month())
        agent.send_lines(lines)
        agent.wait_delivered()
        agent.stop()
        with psycopg.connect(agent.postgres) as connection:
            connection.execute("DELETE FROM twinlog_agents")
        with pymongo.MongoClient(agent.mongodb) as client:
            client.get_default_database().twinlog_agents.delete_many({})
        agent.start()
        for store in ("postgres", "mongodb"):
            series = f'twinlog_store_records_total{{result="duplicate",store="{store}"}}'
            harness.wait_until(lambda name=series: agent.metric(name) == len(lines), f"{store} got everything again")
        agent.wait_delivered()
        code, text = harness.compare(agent, harness.host_month())
        self.assertEqual(code, 0, text)

    def test_what_is_left_on_an_ephemeral_volume_makes_the_exit_code_1(self):
        absent = f"postgresql://postgres@127.0.0.1:{harness.free_port()}/audit"
        agent = self.agent(postgres=absent, environment={"TWINLOG_AGENT_DRAIN_TIMEOUT": "1s",
                                                         "TWINLOG_SPOOL_VOLUME": "ephemeral"}).start()
        agent.send_lines([event(1)])
        self.assertEqual(agent.stop(), 1)
        self.assertIn("spool_volume_ephemeral", agent.log_text())

    def test_every_thread_says_what_it_is_there_for(self):
        agent = self.agent().start()
        agent.send_lines([event(1)])
        agent.wait_delivered()
        tasks = pathlib.Path(f"/proc/{agent.process.pid}/task").iterdir()
        names = {pathlib.Path(task, "comm").read_text().strip() for task in tasks}
        ours = {"twinlog", "log", "admin-port", "admin-socket", "intake", "spool-writer", "disk-watch", "to-postgres",
                "to-mongodb", "ledger-watch", "keeper"}
        self.assertEqual(names & ours, ours)
        self.assertEqual([name for name in names - ours if not name.startswith("rocksdb")], [])

    def test_after_sigkill_every_acked_event_reaches_both_stores_once(self):
        absent_port = harness.free_port()
        agent = self.agent(postgres=f"postgresql://postgres@127.0.0.1:{absent_port}/audit").start()
        self.assertEqual(harness.statuses(agent.send_lines([event(n) for n in range(500)])), {"stored": 500})
        agent.stop(signal.SIGKILL)
        database = self.postgres.new_database()
        agent.config.write_text(agent.config.read_text().replace(agent.postgres, database))
        agent.postgres = database
        agent.start()
        agent.wait_delivered()
        self.assertEqual(self.rows(agent), 500)
        with psycopg.connect(database) as connection:
            attempts = connection.execute("SELECT failed_login_attempts FROM account_lockouts").fetchone()[0]
        self.assertEqual(attempts, 500)

    def test_a_second_agent_on_the_same_spool_refuses_to_start(self):
        first = self.agent().start()
        second = run("agent", "--config", first.config)
        self.assertEqual(second.returncode, 1, second.stderr)

    def test_check_with_stores_tells_versions_and_schema_and_migrate_makes_it_current(self):
        agent = self.agent()
        before = run("check", "--config", agent.config, "--stores")
        self.assertEqual(before.returncode, 1, before.stdout)
        self.assertIn("migrate", before.stdout)
        migrated = run("migrate", "--config", agent.config)
        self.assertEqual(migrated.returncode, 0, migrated.stdout + migrated.stderr)
        after = run("check", "--config", agent.config, "--stores")
        self.assertEqual(after.returncode, 0, after.stdout)
        self.assertIn("server version 15", after.stdout)

    def test_a_broken_configuration_exits_78_and_names_every_mistake_and_no_secret(self):
        agent = self.agent()
        agent.config.write_text('[stores.postgres]\nuri = "postgresql://u:s3cretpw@db/audit"\nbatch_events = "many"\n'
                                '[spool]\nmax_bytes = "2 elephants"\ncolour = 1\n')
        done = run("agent", "--config", agent.config)
        self.assertEqual(done.returncode, 78, done.stderr)
        for words in ("stores.postgres.batch_events", "spool.max_bytes", "spool.colour", "stores.mongodb.uri", ":3:",
                      ":5:", ":6:"):
            self.assertIn(words, done.stderr)
        self.assertNotIn("s3cretpw", done.stderr + done.stdout)

    def test_a_wrong_command_line_exits_2_with_the_usage_of_that_command(self):
        done = run("send", "--bogus")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--socket", done.stderr)
        self.assertEqual(run("nonsense").returncode, 2)
        self.assertEqual(run("send", "--help").returncode, 0)

    def test_send_delivers_a_file_and_says_what_became_of_it(self):
        agent = self.agent().start()
        path = agent.folder / "events.ndjson"
        path.write_bytes(b"\n".join([event(n) for n in range(2500)] + [b"not json"]) + b"\n")
        done = run("send", "--socket", agent.socket, path)
        self.assertEqual(done.returncode, 1, done.stderr + done.stdout)
        self.assertIn("2500", done.stdout + done.stderr)
        agent.wait_delivered()
        self.assertEqual(self.rows(agent), 2500)

    def test_refused_input_is_answered_and_leaves_no_trace(self):
        agent = self.agent().start()
        answers = agent.send_lines([b"{broken TRACE-ME", event(1, tenant_id="TRACE ME"), event(2)])
        self.assertEqual([answer["status"] for answer in answers], ["rejected", "rejected", "stored"])
        self.assertEqual(answers[1]["error"]["field"], "tenant_id")
        self.assertTrue(answers[1]["error"]["reason"])
        agent.wait_delivered()
        self.assertEqual(self.rows(agent), 1)
        self.assertNotIn("TRACE", agent.log_text())
        agent.stop()
        for folder, _, names in os.walk(agent.spool):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    self.assertNotIn(b"TRACE", file.read())


if __name__ == "__main__":
    unittest.main()
