"""A limit on the size of files that the spool meets: nobody dies of SIGXFSZ, senders are told `busy`, health says why,
and all is well again without a restart when the limit is raised."""
import json
import random
import subprocess
import unittest

import harness
import health_page

LIMIT = 100 << 10


def event(number):
    # Does not compress, so that the files grow as fast as the numbers say.
    return json.dumps({"tenant_id": "acme", "log_id": f"e{number}", "event_type": "login_failed", "user_id": "u1",
                       "occurred_at": 1_700_000_000_000 + number,
                       "user_agent": random.Random(number).randbytes(500).hex()}).encode()


class FileSizeLimit(unittest.TestCase):
    def setUp(self):
        self.postgres, self.documents = (harness.StoreServer(kind) for kind in ("postgres", "mongo-java-server"))
        self.addCleanup(self.postgres.close)
        self.addCleanup(self.documents.close)
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database()).start()
        self.addCleanup(self.agent.close)

    def limit_files(self, limit):
        subprocess.run(["prlimit", "--pid", str(self.agent.process.pid), f"--fsize={limit}"], check=True)

    def test_a_limit_is_busy_and_named_and_over_when_it_is_raised(self):
        self.assertEqual(harness.statuses(self.agent.send_lines([event(n) for n in range(1000)])), {"stored": 1000})
        self.limit_files(f"{LIMIT}:")
        answers = harness.statuses(self.agent.send_lines([event(n) for n in range(1000, 1010)]))
        self.assertEqual(answers, {"busy": 10})
        page = health_page.read(self.agent)
        disk = health_page.component(page, "disk")
        self.assertEqual((page["state"], disk["state"]), ("failing", "failing"))
        self.assertIn("A limit on the size of files is reached", disk["diagnosis"])
        self.assertIn("LimitFSIZE=", disk["action"])
        self.assertEqual(self.agent.probe("/readyz")[0], 503)
        self.assertEqual(self.agent.probe("/livez")[0], 200)
        self.limit_files("unlimited:")
        harness.wait_until(lambda: self.agent.probe("/readyz")[0] == 200, "the spool takes events again")
        self.assertEqual(harness.statuses(self.agent.send_lines([event(n) for n in range(1000, 1010)])), {"stored": 10})
        self.agent.wait_delivered()
        harness.wait_until(lambda: health_page.states(health_page.read(self.agent)) == {}, "all is well")


if __name__ == "__main__":
    unittest.main()
