"""What a scenario counts for itself while it uses an agent, and which series of the agent have moved meanwhile."""
import collections
import json
import math

import metrics_text

BASE_TYPES = ("login_failed", "login_success", "lockout_reset", "account_locked")
CHANNELS = ("web", "mobile", "api", "desktop", "cli", "service", "other")
ACCEPTED = ("stored", "conflict")


class Tally:
    """One agent, with its HTTP's bearer token; everything that is sent through here is counted here."""

    def __init__(self, agent, token):
        self.agent, self.fields = agent, {"Authorization": f"Bearer {token}"}
        self.answers, self.accepted = collections.Counter(), collections.Counter()  # By (transport, status); (type, channel).
        self.unix_bytes = self.http_requests = self.unauthorized = 0

    def note(self, transport, lines, answers):
        for line, answer in zip(lines, answers, strict=True):
            self.answers[transport, answer["status"]] += 1
            if answer["status"] in ACCEPTED:
                members = json.loads(line)
                kind = members["event_type"]
                self.accepted[kind if kind in BASE_TYPES else "other", members.get("channel", "none")] += 1
        return [answer["status"] for answer in answers]

    def send(self, *lines):
        self.unix_bytes += sum(len(line) + 1 for line in lines)
        return self.note("unix", lines, self.agent.send_lines(list(lines)))

    def post(self, *lines):
        """One request; where it is refused as a whole all its events count as busy."""
        self.http_requests += 1
        status, body = self.agent.post(b"\n".join(lines) + b"\n", headers=self.fields)
        return self.note("http", lines, [body] * len(lines) if status == 503 else body["results"])

    def post_without_token(self):
        self.http_requests += 1
        self.unauthorized += 1
        return self.agent.post(b"{}")[0]

    def check(self, case):
        """The agent's own counts are ours."""
        page = metrics_text.scrape(self.agent)
        for transport in ("unix", "http"):
            for result in ("stored", "duplicate", "conflict", "rejected", "busy"):
                case.assertEqual(page.value("twinlog_ingest_events_total", result=result, transport=transport),
                                 self.answers[transport, result], (transport, result))
        for kind in (*BASE_TYPES, "other"):
            for channel in (*CHANNELS, "none"):
                case.assertEqual(page.value("twinlog_accepted_events_total", type=kind, channel=channel),
                                 self.accepted[kind, channel], (kind, channel))
        case.assertEqual(page.value("twinlog_spool_commit_events_total"), self.accepted.total())
        case.assertEqual(page.value("twinlog_spool_commit_size_events_sum"), self.accepted.total())
        for name in ("twinlog_spool_commit_size_events_count", "twinlog_spool_commit_seconds_count"):
            case.assertEqual(page.value(name), page.value("twinlog_spool_commits_total"))
        case.assertEqual(page.value("twinlog_ingest_answer_seconds_count", transport="http"), self.http_requests)
        case.assertEqual(page.total("twinlog_ingest_http_requests_total") -
                         page.value("twinlog_ingest_http_requests_total", code="408"), self.http_requests)
        case.assertEqual(page.value("twinlog_ingest_http_requests_total", code="401"), self.unauthorized)
        case.assertEqual(page.total("twinlog_ingest_rejected_total"),
                         sum(self.answers[transport, "rejected"] for transport in ("unix", "http")))
        return page


class Movements:
    """Which series have had more than one value, over the scrapes of one agent's life and of all lives together."""

    def __init__(self):
        self.seen, self.moved = set(), set()

    def watch(self, agent):
        """Notes the first values of a life; the function given notes further ones."""
        first = self.values_of(agent)

        def look():
            for key, value in self.values_of(agent).items():
                if value != first[key]:
                    self.moved.add(key)
            self.seen |= set(first)
        return look

    @staticmethod
    def values_of(agent):
        values = metrics_text.scrape(agent).values
        return {key: None if math.isnan(value) else value for key, value in values.items()}

    def still(self):
        """The series that never moved, as (name, sorted labels)."""
        return {(name, tuple(sorted(labels))) for name, labels in self.seen - self.moved}
