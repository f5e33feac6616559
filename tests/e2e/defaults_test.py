"""The defaults of the configuration as a pod sees them: the shortest valid file, in a namespace of its own."""
import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import tomllib
import unittest

import psycopg

import harness
import two_servers
import wire
from wire import event

# The agent's own root of paths and ports: nothing of the machine's is seen or touched.
ENTER = """set -e
ip link set lo up
hostname pod-7f9c
mount -t tmpfs tmpfs /etc
mkdir /etc/twinlog
cp "$1" /etc/twinlog/twinlog.toml
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
mkdir /var/lib/twinlog
exec "$2" agent
"""

# Runs inside: what stands on the default paths and ports.
LOOK = """
import http.client, json, os, stat, sys
def ask(port, method, path, body=None, host="127.0.0.1"):
    peer = http.client.HTTPConnection(host, port, timeout=10)
    peer.request(method, path, body, {"Content-Type": "application/json"})
    answer = peer.getresponse()
    return [answer.status, answer.read().decode()]
listening = sorted(line.split()[1] for name in ("tcp", "tcp6")
                   for line in open("/proc/net/" + name).readlines()[1:] if line.split()[3] == "0A")
mode = os.stat("/run/twinlog/events.sock").st_mode
print(json.dumps({"listening": listening, "is_socket": stat.S_ISSOCK(mode), "mode": oct(stat.S_IMODE(mode)),
                  "admin_mode": oct(stat.S_IMODE(os.stat("/run/twinlog/admin.sock").st_mode)),
                  "spool": os.listdir("/var/lib/twinlog/spool"), "event": ask(8840, "POST", "/v1/events", sys.argv[1]),
                  "metrics": ask(9464, "GET", "/metrics")[1],
                  "livez": [ask(9464, "GET", "/livez", host=host)[0] for host in ("127.0.0.1", "::1")]}))
"""


def address(text):
    """ "127.0.0.1:8840" as /proc/net/tcp writes it."""
    host, _, port = text.rpartition(":")
    if host == "[::]":
        return "0" * 32 + f":{int(port):04X}"
    return "".join(f"{int(byte):02X}" for byte in reversed(host.split("."))) + f":{int(port):04X}"


class ShortestFile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-defaults-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        config, cls.log = cls.folder / "short.toml", cls.folder / "agent.log"
        config.write_text('[stores.postgres]\nuri = "postgresql://twinlog@127.0.0.1:5432/audit"\n'
                          '[stores.mongodb]\nuri = "mongodb://127.0.0.1:27017/audit"\n')
        with cls.log.open("wb") as log:
            cls.agent = subprocess.Popen(["unshare", "--mount", "--net", "--uts", "sh", "-c", ENTER, "sh", config,
                                          harness.BINARY], stdout=log, stderr=log)
        cls.addClassCleanup(cls.end)
        harness.wait_until(lambda: " started: " in cls.log.read_text() or cls.agent.poll() is not None, "it is started")
        assert cls.agent.poll() is None, cls.log.read_text()

    @classmethod
    def end(cls):
        if cls.agent.poll() is None:
            cls.agent.kill()
            cls.agent.wait()

    @classmethod
    def inside(cls, *command, **options):
        return subprocess.run(["nsenter", "--target", str(cls.agent.pid), "--mount", "--net", *command], capture_output=True,
                              check=False, **options)

    @classmethod
    def look(cls):
        done = cls.inside(wire.SYSTEM_PYTHON, "-c", LOOK, event("default").decode(), text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def started(self):
        return re.search(r" started: .*", self.log.read_text())[0]

    def test_1_paths_ports_modes_and_sizes_are_those_that_are_promised(self):
        seen = self.look()
        self.assertEqual(seen["listening"], sorted([address("127.0.0.1:8840"), address("[::]:9464")]))
        self.assertTrue(seen["is_socket"])
        self.assertEqual(seen["mode"], "0o660")
        self.assertEqual(seen["admin_mode"], "0o600")
        self.assertIn("CURRENT", seen["spool"])
        self.assertEqual(seen["event"][0], 200)
        self.assertEqual(seen["livez"], [200, 200])
        self.assertIn(f"\ntwinlog_spool_capacity_bytes {2 << 30}\n", seen["metrics"])
        self.assertIn(" agent=pod-7f9c ", self.started())
        for store in ("postgres", "mongodb"):
            self.assertIn(f'twinlog_store_pending_records{{store="{store}"}} 1\n', seen["metrics"])
        self.assertRegex(self.log.read_text(), r"(?m)^\S+Z warning spool_volume_ephemeral: ")
        self.assertNotRegex(self.log.read_text(), r"(?m)^\S+Z (debug|trace) ")

    def test_2_the_first_waits_are_at_most_200_and_400_milliseconds(self):
        harness.wait_until(lambda: len(self.waits()) >= 2, "two failures")
        first, second = self.waits()[:2]
        self.assertLessEqual(first, 200)
        self.assertLessEqual(second, 400)

    def waits(self, after=""):
        text = self.log.read_text().partition(after)[2] if after else self.log.read_text()
        return [int(wait) for wait in re.findall(r"store=postgres .*next_try_ms=(\d+)", text)]

    def test_3_a_drain_lasts_at_most_20_seconds_and_tries_every_200_milliseconds(self):
        self.inside(harness.BINARY, "send", "--socket", "/run/twinlog/events.sock", input=event("default"))
        self.agent.send_signal(signal.SIGTERM)
        harness.wait_until(lambda: "drain_timeout_ms=20000" in self.log.read_text(), "the drain begins")
        harness.wait_until(lambda: self.waits("draining"), "a failure while draining")
        self.assertEqual(set(self.waits("draining")), {200})
        self.agent.send_signal(signal.SIGTERM)
        self.assertEqual(self.agent.wait(harness.PATIENCE), 1, "an event is left in memory")


def flat(table, path=""):
    for name, value in table.items():
        yield from flat(value, f"{path}{name}.") if isinstance(value, dict) else [(path + name, value)]


class Example(unittest.TestCase):
    def test_the_example_has_every_value_of_the_page_for_operators(self):
        """ExampleValue.IsTheDefault of tests/config goes on from here: the example is what the code has."""
        page = (harness.ROOT / "docs/OPERATING.md").read_text().partition("```toml defaults\n")[2].partition("```")[0]
        example = dict(flat(tomllib.loads((harness.ROOT / "config/twinlog.toml.example").read_text())))
        said = dict(flat(tomllib.loads(page)))
        self.assertGreater(len(said), 30)
        for key, value in said.items():
            with self.subTest(key):
                self.assertEqual(example[key], value)


class Delivery(two_servers.TwoServersCase):
    def agent(self, postgres=None, **environment):
        agent = harness.Agent(postgres or self.postgres.new_database(), self.documents.new_database(),
                              environment=environment)
        self.addCleanup(agent.close)
        return agent.start()

    def progress(self, agent, store):
        """(events that wait, flushes so far); within a flush's last moment the second lags behind the first."""
        return tuple(agent.metric(f'twinlog_store_{name}{{store="{store}"}}')
                     for name in ("pending_records", "batches_total"))

    def test_a_flush_is_due_at_1000_events_and_not_at_999(self):
        agent = self.agent(TWINLOG_STORES_POSTGRES_LINGER="1m", TWINLOG_STORES_MONGODB_LINGER="1m")
        stores = ("postgres", "mongodb")
        harness.wait_until(lambda: all(agent.metric(f'twinlog_store_connected{{store="{store}"}}') for store in stores),
                           "both are connected")
        agent.send_lines([event(number) for number in range(999)])
        for store in stores:
            self.assertEqual(self.progress(agent, store), (999, 0))
        agent.send_lines([event(999)])
        for store in stores:
            harness.wait_until(lambda name=store: self.progress(agent, name) == (0, 1), "one flush of 1,000", 30)
        agent.post_lines([event(number) for number in range(1000, 2000)])
        agent.send_lines([event(2000)])
        for store in stores:
            harness.wait_until(lambda name=store: self.progress(agent, name) == (1, 2), "another of 1,000", 30)

    def test_an_event_waits_50_milliseconds_for_company(self):
        agent = self.agent()
        for number in range(5):
            agent.send_lines([event(number)])
            agent.wait_delivered()
            with psycopg.connect(agent.postgres) as connection:
                waited = connection.execute("SELECT flushed_at - (SELECT max(received_at) FROM auth_logs) "
                                            "FROM twinlog_agents").fetchone()[0]
            self.assertGreaterEqual(waited.total_seconds(), 0.050)

    def test_what_needs_an_operator_is_tried_again_after_30_seconds(self):
        missing = self.postgres.uri.rsplit("/", 1)[0] + "/nosuchdatabase"
        agent = self.agent(postgres=missing)
        agent.send_lines([event("held")])
        harness.wait_until(lambda: "code=3D000" in agent.log_text(), "the database is missing")
        self.assertRegex(agent.log_text(), r"code=3D000 .*next_try_ms=30000\b")

    def test_what_was_delivered_is_remembered_for_keep_delivered(self):
        agent = self.agent(TWINLOG_SPOOL_KEEP_DELIVERED="1s")
        agent.send_lines([event("kept")])
        agent.wait_delivered()
        harness.wait_until(lambda: agent.send_lines([event("kept")])[0]["status"] == "stored", "it is forgotten")
        agent.wait_delivered()
        with psycopg.connect(agent.postgres) as connection:
            self.assertEqual(connection.execute("SELECT count(*) FROM auth_logs").fetchone()[0], 1)


if __name__ == "__main__":
    unittest.main()
