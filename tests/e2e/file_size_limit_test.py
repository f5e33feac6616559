"""A limit on the size of files (RLIMIT_FSIZE), set on a running agent: nothing is acked, the agent lives and says why,
and is well again when the limit is raised."""
import json
import resource
import unittest

import psycopg

import harness


def event(number):
    return json.dumps({"tenant_id": "acme", "log_id": f"e{number}", "event_type": "login_failed",
                       "occurred_at": 1_700_000_000_000 + number, "user_id": "u1"}).encode()


class FileSizeLimit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.StoreServer("postgres")
        cls.addClassCleanup(cls.postgres.close)
        cls.postgres.start()
        cls.documents = harness.StoreServer("mongo-java-server")
        cls.addClassCleanup(cls.documents.close)

    def setUp(self):
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database())
        self.addCleanup(self.agent.close)
        self.agent.start()

    def limit_files_to(self, size):
        hard = resource.prlimit(self.agent.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self.agent.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def send(self, numbers):
        return harness.statuses(self.agent.send_lines([event(number) for number in numbers]))

    def test_stops_the_intake_with_words_and_is_over_when_it_is_raised(self):
        self.assertEqual(self.send(range(100)), {"stored": 100})
        self.limit_files_to(0)
        self.assertEqual(self.send(range(100, 110)), {"busy": 10})
        harness.wait_until(lambda: self.agent.probe("/readyz")[0] == 503, "the probe turns red")
        page = self.agent.probe("/healthz")[1]
        self.assertIn("File too large", page)
        self.assertIn("ulimit -f", page)
        self.assertIsNone(self.agent.process.poll(), "the agent died")
        self.limit_files_to(resource.RLIM_INFINITY)
        harness.wait_until(lambda: self.send([200]) in ({"stored": 1}, {"duplicate": 1}), "events are taken again")
        harness.wait_until(lambda: self.agent.probe("/readyz")[0] == 200, "the probe is green again")
        self.agent.wait_delivered(60)
        with psycopg.connect(self.agent.postgres) as connection:
            ids = {row[0] for row in connection.execute("SELECT log_id FROM auth_logs")}
        self.assertLessEqual({f"e{number}" for number in [*range(100), 200]}, ids)


if __name__ == "__main__":
    unittest.main()
