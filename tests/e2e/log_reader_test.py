"""A log that nobody reads any more, and standard descriptors that were closed: neither holds anything up."""
import fcntl
import json
import os
import pathlib
import signal
import subprocess
import unittest

import psycopg
import pymongo

import harness
from wire import event


class Unread(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.documents = harness.StoreServer("mongo-java-server")
        cls.addClassCleanup(cls.documents.close)

    def setUp(self):
        self.postgres = harness.StoreServer("postgres")
        self.addCleanup(self.postgres.close)
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(),
                                   environment={"TWINLOG_LOG_FORMAT": "json", "TWINLOG_RETRY_FIRST": "10ms",
                                                "TWINLOG_RETRY_MOST": "200ms", "TWINLOG_SPOOL_VOLUME": "durable",
                                                "TWINLOG_AGENT_DRAIN_TIMEOUT": "3s"})
        self.addCleanup(self.agent.close)

    def send(self, start, count):
        lines = [event(f"e{number}") for number in range(start, start + count)]
        self.assertEqual(harness.statuses(self.agent.send_lines(lines)), {"stored": count})

    def rows(self):
        with psycopg.connect(self.agent.postgres) as connection:
            return connection.execute("SELECT count(*) FROM auth_logs").fetchone()[0]

    def documents_stored(self):
        with pymongo.MongoClient(self.agent.mongodb) as client:
            return client.get_default_database().auth_logs.count_documents({})

    def start_into_a_pipe(self):
        """The ends of a pipe of one page, full, that the agent logs into; it reads nothing any more."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        self.agent.process = subprocess.Popen([harness.BINARY, "agent", "--config", self.agent.config], stdout=write,
                                              stderr=write, env=self.agent.environment)
        harness.wait_until(lambda: self.agent.probe("/readyz")[0] == 200, "the agent is ready")
        os.read(read, 65536)
        os.set_blocking(write, False)
        try:
            while True:
                os.write(write, b"x")
        except BlockingIOError:
            pass
        os.set_blocking(write, True)
        return read

    def live_through_an_outage(self):
        """Every event is taken at once and reaches the store that is there, and the other one when it is back."""
        self.postgres.stop()
        self.send(0, 100)
        harness.wait_until(lambda: self.documents_stored() == 100, "the other store has everything")
        harness.wait_until(lambda: self.agent.metric('twinlog_store_consecutive_failures{store="postgres"}') > 20,
                           "the outage was told of often")
        self.assertEqual(self.agent.probe("/healthz")[0], 200)
        self.postgres.start()

    def test_nothing_waits_for_a_log_that_nobody_reads_and_it_stops_in_time(self):
        self.start_into_a_pipe()
        self.live_through_an_outage()
        self.agent.wait_delivered()
        self.send(100, 100)
        self.agent.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.agent.process.wait(40), 0)
        self.assertEqual((self.rows(), self.documents_stored()), (200, 200))

    def test_lines_that_were_lost_are_counted_when_somebody_reads_again(self):
        read = self.start_into_a_pipe()
        mistakes = "".join(f"mistake{number} = 1\n" for number in range(1500))  # A line each, more than are held.
        self.agent.config.write_text(mistakes + self.agent.config.read_text())
        self.agent.process.send_signal(signal.SIGHUP)
        harness.wait_until(lambda: self.agent.metric('twinlog_config_reloads_total{result="refused"}') == 1,
                           "the settings are refused")
        text = b""
        while b"log_lines_lost" not in text:
            text += os.read(read, 65536)
        while not text.endswith(b"\n"):
            text += os.read(read, 65536)
        line = next(line for line in text.lstrip(b"x").decode().splitlines() if "log_lines_lost" in line)
        self.assertGreater(int(json.loads(line)["lines"]), 0)
        self.agent.process.send_signal(signal.SIGTERM)
        while b'"event":"stopped"' not in text:
            text += os.read(read, 65536)
        self.assertEqual(self.agent.process.wait(40), 0)

    def test_f14_closed_standard_descriptors_are_the_null_device_and_no_line_gets_elsewhere(self):
        for closed in ("2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed=closed):
                self.agent.before_command = ["sh", "-c", f'exec "$@" {closed}', "sh"]
                self.agent.start()
                for number in (0, 1, 2) if "<" in closed else (2,):
                    self.assertEqual(os.readlink(f"/proc/{self.agent.process.pid}/fd/{number}"), "/dev/null")
                self.postgres.stop()
                self.send(1000 * len(closed), 10)
                harness.wait_until(lambda: self.agent.metric('twinlog_store_consecutive_failures{store="postgres"}') > 5,
                                   "the outage was told of")
                self.assertEqual(self.agent.stop(), 0)
                for path in pathlib.Path(self.agent.spool).iterdir():
                    self.assertNotIn(b"store_flush_failed", path.read_bytes(), path)
                self.postgres.start()
                self.agent.start()
                self.agent.wait_delivered()
                self.agent.stop()
        self.assertEqual(self.rows(), 20)

    def test_f13_a_command_without_standard_descriptors_does_what_it_does(self):
        done = subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", harness.BINARY, "check", "--config",
                               self.agent.config], check=False, timeout=60)
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
