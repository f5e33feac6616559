"""What the tests of stores in the field share: an agent between a PostgreSQL that is made difficult and a document store
that is well, events that are kept for the oracle, and what must hold whatever happens."""
import itertools
import json
import unittest

import harness
import postgres_server

PENDING = 'twinlog_store_pending_records{store="%s"}'
QUICK = {"TWINLOG_RETRY_FIRST": "50ms", "TWINLOG_RETRY_MOST": "500ms"}
TYPES = ("login_failed", "login_failed", "login_failed", "login_success", "account_locked", "lockout_reset", "logout")


def event(number, **members):
    """One of a row of events that touch the records, the conflicts (every 10th) and seven accounts."""
    base = {"tenant_id": "acme", "log_id": f"e{number - number % 10 // 9}", "event_type": TYPES[number % len(TYPES)],
            "occurred_at": 1_700_000_000_000 + number, "user_id": f"u{number * 5 % 7}"}
    return json.dumps({**base, **members}).encode()


def failures(name, count, forbidden, actor):
    """Failed logins of a few accounts; the forbidden ones have an actor."""
    return [json.dumps({"tenant_id": "acme", "log_id": f"{name}{number}", "event_type": "login_failed",
                        "occurred_at": 1_764_000_000_000 + number, "user_id": f"u{number % 5}",
                        **({"actor_id": actor} if number in forbidden else {})}).encode() for number in range(count)]


class FieldCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.documents = harness.StoreServer("mongo-java-server")
        cls.addClassCleanup(cls.documents.close)

    def setUp(self):
        self.numbers, self.sent, self.secrets = itertools.count(), [], []

    def cluster(self, **options):
        # What the kernel has got survives the kills of these tests; waiting for the disk would only take time.
        server = postgres_server.PostgresServer(**{"fsync": "off", **options})
        self.addCleanup(server.close)
        return server

    def agent(self, server, address=None, database=None, environment=None):
        """An agent with the given lines under [stores.postgres] (the superuser's address without); `agent.postgres`, by
        which the oracle looks, is the superuser's anyway. Not started."""
        looked_at = server.uri(database or server.new_database())
        agent = harness.Agent(looked_at, self.documents.new_database(), environment={**QUICK, **(environment or {})})
        self.addCleanup(agent.close)
        if address:
            agent.config.write_text(agent.config.read_text().replace(f'uri = "{looked_at}"', address))
        return agent

    def send(self, agent, count=30):
        """Events that must all be taken, whatever the stores do."""
        lines = [event(next(self.numbers)) for _ in range(count)]
        self.sent += lines
        counts = harness.statuses(agent.send_lines(lines))
        self.assertLessEqual(counts.keys(), {"stored", "conflict"}, counts)

    def wait_held(self, agent, *words, after=0):
        """Waits until a log line about PostgreSQL, behind position `after` of the log, holds all these words; meanwhile
        the document store got everything and PostgreSQL did not."""
        def found():
            lines = [line for line in agent.log_text()[after:].splitlines() if "store=postgres" in line]
            return [line for line in lines if all(word in line for word in words)]
        try:
            harness.wait_until(found, f"the log says {words}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{agent.log_text()[-3000:]}") from None
        harness.wait_until(lambda: agent.metric(PENDING % "mongodb") == 0, "the other store has everything")
        self.assertGreater(agent.metric(PENDING % "postgres"), 0)
        self.assertEqual(agent.probe("/readyz")[0], 200)
        return found()[0]

    def assert_arrived_once(self, agent):
        """Both stores hold exactly what was sent, by the oracle; and no secret came out on the way."""
        agent.wait_delivered()
        path = agent.folder / "sent.ndjson"
        path.write_bytes(b"\n".join(self.sent) + b"\n")
        code, text = harness.compare(agent, path)
        self.assertEqual(code, 0, text + agent.log_text()[-2000:])
        self.assert_no_secret(agent)

    def assert_no_secret(self, agent):
        shown = agent.log_text() + agent.probe("/metrics")[1] + " ".join(map(str, agent.process.args))
        with open(f"/proc/{agent.process.pid}/cmdline", "rb") as file:
            shown += file.read().decode()
        for secret in [*self.secrets, "INSERT INTO"]:
            self.assertNotIn(secret, shown)
