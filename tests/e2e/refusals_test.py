"""What is refused is seen: counted by field and reason, by HTTP status, told by the log in sums, and most of it being
refused makes the page degraded. Nothing of an event is in any of it."""
import json
import re
import unittest

import harness
import health_page
import metrics_text
from command import run
from wire import Wire

GOOD = {"tenant_id": "acme", "event_type": "login_failed", "occurred_at": 1_763_971_200_000, "user_id": "Mira-Secret"}
# (field, reason) as counted, and a line that is rejected so.
REJECTED = {
    ("event", "not_json"): b"Mira-Secret",
    ("event", "not_an_object"): b'["Mira-Secret"]',
    ("event", "too_long"): None,  # Closes the connection, so it is sent apart.
    ("tenant_id", "missing"): {"tenant_id": None},
    ("tenant_id", "invalid"): {"tenant_id": "Mira Secret"},
    ("tenant_id", "repeated"): b'"tenant_id":"Mira-Secret"',
    ("tenant_id", "not_allowed"): {"tenant_id": "Mira-Secret"},
    ("log_id", "invalid"): {"log_id": "Mira Secret"},
    ("log_id", "repeated"): b'"log_id":"a","log_id":"b"',
    ("organisation_id", "invalid"): {"organisation_id": "Mira Secret"},
    ("organisation_id", "repeated"): b'"organisation_id":"a","organisation_id":"b"',
    ("event_type", "missing"): {"event_type": None},
    ("event_type", "invalid"): {"event_type": "Mira Secret"},
    ("event_type", "repeated"): b'"event_type":"login_failed"',
    ("occurred_at", "missing"): {"occurred_at": None},
    ("occurred_at", "invalid"): {"occurred_at": "Mira-Secret"},
    ("occurred_at", "repeated"): b'"occurred_at":1',
    ("schema_version", "unsupported"): {"schema_version": 2},
    ("other", "repeated"): b'"x":1,"x":2',
}


def line_of(refused):
    if isinstance(refused, dict):
        return json.dumps({**GOOD, **refused}).encode()
    return json.dumps(GOOD).encode()[:-1] + b"," + refused + b"}" if refused.startswith(b'"') else refused


class Refusals(unittest.TestCase):
    def agent(self, **environment):
        agent = harness.Agent("postgresql://postgres@127.0.0.1:1/audit", "mongodb://127.0.0.1:1/audit",
                              environment={"TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms", **environment})
        self.addCleanup(agent.close)
        return agent.start()

    def component(self, agent, name):
        return health_page.component(health_page.read(agent), name)

    def wait_degraded(self, agent, name, *words):
        def is_said():
            found = self.component(agent, name)
            return found["state"] == "degraded" and all(word in found["diagnosis"] for word in words)
        harness.wait_until(is_said, f"{name} is degraded: {words}")
        page = health_page.read(agent)
        health_page.Form(self).check(page)
        self.assertNotIn("Mira", json.dumps(page) + agent.log_text())

    def test_every_reason_has_a_count_of_its_own(self):
        agent = self.agent(TWINLOG_INTAKE_ALLOW_TENANTS="acme", TWINLOG_INTAKE_MAX_EVENT="4KiB")
        lines = [line_of(refused) for refused in REJECTED.values() if refused is not None]
        self.assertEqual(harness.statuses(agent.send_lines(lines)), {"rejected": len(lines)})
        self.assertEqual(harness.statuses(agent.send_lines([b"x" * 5000])), {"rejected": 1})
        page = metrics_text.scrape(agent)
        counted = {(dict(labels)["field"], dict(labels)["reason"]): value for (name, labels), value in page.values.items()
                   if name == "twinlog_ingest_rejected_total"}
        self.assertEqual(len(counted), 64)
        self.assertEqual({key for key, value in counted.items() if value == 1}, set(REJECTED))
        self.assertEqual(page.total("twinlog_ingest_rejected_total"), len(REJECTED))
        told = {(each["field"], each["reason"]): each["count"] for each in health_page.read(agent)["intake"]["rejected"]}
        self.assertEqual(told, dict.fromkeys(REJECTED, 1))

    def test_a_service_that_forgets_its_tenant_is_seen_on_the_page_by_the_status_and_in_the_log(self):
        agent = self.agent()
        agent.send_lines([json.dumps({**GOOD, "log_id": "good"}).encode()])
        lines = [line_of({"tenant_id": None})] * 1000
        self.assertEqual(harness.statuses(agent.send_lines(lines)), {"rejected": 1000})
        self.wait_degraded(agent, "intake_socket", "1,000 of 1,001", "tenant_id missing")
        self.assertIn("agent.default_tenant", self.component(agent, "intake_socket")["action"])
        status = run("status", "--config", agent.config)
        self.assertEqual(status.returncode, 1, status.stdout)
        self.assertIn("tenant_id missing", status.stdout)
        self.assertEqual(agent.stop(), 0)
        told = re.findall(r"warning events_rejected: .*field=tenant_id reason=missing count=(\d+)", agent.log_text())
        self.assertEqual(sum(map(int, told)), 1000)
        self.assertLessEqual(len(told), 3)

    def test_requests_are_counted_by_their_status_and_most_refused_is_degraded(self):
        agent = self.agent(TWINLOG_INTAKE_HTTP_MAX_BODY="8KiB")
        good = json.dumps(GOOD).encode()

        def ask(head, body=b""):
            wire = Wire(agent.http)
            self.addCleanup(wire.close)
            head = f"{head}\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            return wire.send(head + body).response()[0]

        json_type = "\r\nContent-Type: application/json"
        asked = {200: ask("POST /v1/events HTTP/1.1" + json_type, good),
                 400: ask("POST /v1/events HTTP/1.1" + json_type, b"{"),
                 404: ask("POST /events HTTP/1.1" + json_type, good),
                 405: ask("GET /v1/events HTTP/1.1"),
                 413: ask("POST /v1/events HTTP/1.1" + json_type, b" " * 9000),
                 415: ask("POST /v1/events HTTP/1.1\r\nContent-Type: text/plain", good),
                 422: ask("POST /v1/events HTTP/1.1" + json_type, b"{}"),
                 431: ask("GET /" + "x" * 20000 + " HTTP/1.1")}
        self.assertEqual(asked, {code: code for code in asked})
        for code in asked:
            self.assertEqual(agent.metric(f'twinlog_ingest_http_requests_total{{code="{code}"}}'), 1, code)
        for _ in range(10):
            ask("POST /v1/events HTTP/1.1\r\nContent-Type: text/plain", good)
        self.wait_degraded(agent, "intake_http", "HTTP 415")
        self.assertEqual(self.component(agent, "intake_socket")["state"], "ok")
        requests = {each["code"]: each["count"] for each in health_page.read(agent)["intake"]["requests"]}
        self.assertEqual(requests, {**dict.fromkeys(asked, 1), 415: 11})


if __name__ == "__main__":
    unittest.main()
