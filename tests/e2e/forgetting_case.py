"""What the tests of stores that forget and of spools that were set back share: one agent, and all that it was sent."""
import json

import harness
import two_servers
from store_copies import DocumentDump, PostgresDump

STORES = ("postgres", "mongodb")


def failures(prefix, count, at=1_790_000_000_000):
    """Failures without a number of their own: what is counted twice or not at all shows in the accounts."""
    return [json.dumps({"tenant_id": "acme", "log_id": f"{prefix}-{n}", "event_type": "login_failed",
                        "occurred_at": at + n, "user_id": f"u{n % 3}"}).encode()
            for n in range(count)]


def success(prefix, n):
    return [json.dumps({"tenant_id": "acme", "log_id": f"{prefix}-s{n}", "event_type": "login_success",
                        "occurred_at": 1_790_000_000_000 + n, "user_id": f"u{n % 3}"}).encode()]


class ForgettingCase(two_servers.TwoServersCase):
    def start_agent(self, extra="", postgres=None):
        self.sent = []
        self.agent = harness.Agent(postgres or self.postgres.new_database(), self.documents.new_database(), extra,
                                   {"TWINLOG_RETRY_FIRST": "20ms", "TWINLOG_RETRY_MOST": "500ms"})
        self.addCleanup(self.agent.close)
        return self.agent.start()

    def send(self, lines):
        self.sent += lines
        answers = harness.statuses(self.agent.send_lines(lines))
        self.assertEqual(answers, {"stored": len(lines)})

    def deliver(self, lines):
        self.send(lines)
        self.agent.wait_delivered()

    def metric(self, name, store):
        return self.agent.metric(f'twinlog_store_{name}{{store="{store}"}}')

    def wait_rewound(self, times=1, stores=STORES):
        for store in stores:
            harness.wait_until(lambda name=store: self.metric("rewinds_total", name) >= times,
                               f"{store} is known to have forgotten")
        self.agent.wait_delivered()

    def assert_as_sent(self, declared=()):
        path = self.agent.folder / "sent.ndjson"
        path.write_bytes(b"\n".join(self.sent) + b"\n")
        code, text = harness.compare(self.agent, path, declared=declared)
        self.assertEqual(code, 0, text[-3000:] + self.agent.log_text()[-3000:])

    def dumps(self):
        return PostgresDump(self.agent.postgres), DocumentDump(self.agent.mongodb)
