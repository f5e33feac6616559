"""The agent's own log: every line of a whole life is one well-formed object, or one line of text, whatever is in it."""
import datetime
import json
import re
import signal
import unittest

import psycopg

import harness
import two_servers

LEVELS = {"debug", "info", "warning", "error"}
TEXT_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error) ([a-z_]+): [^\x00-\x1f\x7f-\x9f]+")
# Ends a string, breaks out of a JSON value, and turns text around.
HOSTILE = 'say "hi" \\ }{ \u202egnp\u2066 \ufeff%n%v'


def event(number):
    return json.dumps({"tenant_id": "acme", "log_id": f"e{number}", "event_type": "login_failed",
                       "occurred_at": 1_700_000_000_000 + number, "user_id": "u1"}).encode()


class Log(two_servers.TwoServersCase):
    def agent(self, log_format):
        agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(),
                              f"[log]\nformat = '{log_format}'\nlevel = 'info'")
        self.addCleanup(agent.close)
        hostile = agent.folder / HOSTILE
        hostile.mkdir()
        agent.spool = hostile / "spool"
        text = agent.config.read_text().replace(f'"{agent.folder}/spool"', json.dumps(str(agent.spool)))
        agent.config.write_text(text)
        return agent

    def allow_connections(self, agent, allowed):
        """A store that shuts its door, and opens it again."""
        base, name = agent.postgres.rsplit("/", 1)
        with psycopg.connect(base + "/postgres", autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}")
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])

    def wait_logged(self, agent, *words):
        harness.wait_until(lambda: all(word in agent.log_text() for word in words), f"the log says {words}")

    def live(self, agent):
        """Start, a failing store, its recovery, a refused and a taken reload, drain, stop."""
        agent.start()
        agent.send_lines([event(1)])
        agent.wait_delivered()
        self.allow_connections(agent, False)
        agent.send_lines([event(2)])
        self.wait_logged(agent, "store_flush_failed")
        self.allow_connections(agent, True)
        self.wait_logged(agent, "store_recovered")
        config = agent.config.read_text()
        agent.config.write_text(config + json.dumps("bad\n" + HOSTILE + "\x1b[31m\x07") + " = 1\n")
        agent.process.send_signal(signal.SIGHUP)
        self.wait_logged(agent, "reload_mistake", "reload_refused")
        agent.config.write_text(config.replace("level = 'info'", "level = 'debug'"))
        agent.process.send_signal(signal.SIGHUP)
        self.wait_logged(agent, "reloaded", "log.level")
        self.assertEqual(agent.probe("/readyz")[0], 200)
        self.assertEqual(agent.stop(), 0)

    def assert_whole_life(self, events):
        # Before it says that it runs, it has begun a tree of its own.
        self.assertEqual(events[:events.index("started")], ["ledger_key_throw_away", "ledger_key", "checkpoint"])
        self.assertEqual(events[-1], "stopped")
        wanted = ["started", "store_flush_failed", "store_recovered", "reload_mistake", "reload_refused", "reloaded",
                  "draining", "stopped"]
        self.assertEqual([name for name in dict.fromkeys(events) if name in wanted], wanted)

    def test_every_line_of_a_whole_life_is_one_json_object_with_its_fixed_members(self):
        agent = self.agent("json")
        self.live(agent)
        raw = agent.log_path.read_bytes().decode()
        self.assertIsNone(re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]", raw))
        lines = [json.loads(line, object_pairs_hook=self.once_each) for line in raw.split("\n")[:-1]]
        for line in lines:
            self.assertEqual(list(line)[:4], ["time", "level", "event", "words"])
            self.assertTrue(all(isinstance(value, str) for value in line.values()), line)
            self.assertIn(line["level"], LEVELS)
            self.assertTrue(line["time"].endswith("Z"))
            age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(line["time"])
            self.assertTrue(0 <= age.total_seconds() < 600, line)
        self.assert_whole_life([line["event"] for line in lines])
        self.assertEqual(lines[-1]["spool"], str(agent.spool))
        mistake = next(line for line in lines if line["event"] == "reload_mistake")
        self.assertIn('say "hi" \\ }{ ', mistake["where"])

    def test_what_a_killed_process_left_of_the_drivers_counters_is_no_line_in_the_log(self):
        """The MongoDB driver starts before main() and has words of its own where /dev/shm cannot be used."""
        agent = self.agent("json")
        agent.before_command = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o ro none /dev/shm && exec "$@"', "sh"]
        agent.start()
        self.assertEqual(agent.stop(), 0)
        for line in agent.log_text().splitlines():
            self.assertIn("event", json.loads(line))

    def once_each(self, pairs):
        self.assertEqual(len(pairs), len(dict(pairs)), pairs)
        return dict(pairs)

    def test_every_line_of_text_is_one_line_and_nothing_in_it_moves_a_cursor(self):
        agent = self.agent("text")
        self.live(agent)
        lines = agent.log_path.read_bytes().decode().split("\n")[:-1]
        for line in lines:
            self.assertRegex(line, f"^(?:{TEXT_LINE.pattern})$")
            self.assertNotRegex(line, "[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
        self.assert_whole_life([TEXT_LINE.fullmatch(line)[2] for line in lines])

    def test_the_line_at_the_start_says_what_runs_where(self):
        agent = self.agent("json").start()
        started = next(line for line in map(json.loads, agent.log_text().splitlines()) if line["event"] == "started")
        expected = {"pid": str(agent.process.pid), "agent": "auth-test", "socket": str(agent.socket),
                    "http": f"127.0.0.1:{agent.http}", "admin": f"127.0.0.1:{agent.admin}",
                    "admin_socket": f"{agent.folder}/admin.sock", "spool": str(agent.spool),
                    "spool_volume": "durable", "max_bytes": str(2 << 30), "postgres": "on", "mongodb": "on",
                    "waiting": "0"}
        self.assertEqual({name: started.get(name) for name in expected}, expected)
        self.assertRegex(started["version"], r"^\d+\.\d+\.\d+$")
        self.assertRegex(started["epoch"], "^[0-9a-f-]{36}$")
        for address in (agent.postgres, agent.mongodb):
            self.assertNotIn(re.search(":[0-9]+", address)[0], json.dumps(started))


if __name__ == "__main__":
    unittest.main()
