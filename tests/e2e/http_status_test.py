"""Every status code of HTTP and every answer, from outside; and what a spool that fills up says on both ways in."""
import gzip
import json
import unittest

import harness
import wire
from wire import Wire, event

BODY_MOST = 4 << 20
HEADER_MOST = 16 << 10
DATE = r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$"
JSON, LINES = "application/json", "application/x-ndjson"


def absent_stores():
    port = harness.free_port()
    return f"postgresql://postgres@127.0.0.1:{port}/audit", f"mongodb://127.0.0.1:{port}/audit"


def padded(size):
    """A body of exactly so many bytes that is one event."""
    one = event("padded")
    return one + b" " * (size - len(one))


class Status(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.agent = harness.Agent(*absent_stores()).start()
        cls.addClassCleanup(cls.agent.close)

    def exchange(self, request, agent=None):
        """(status, fields, parsed body) of one raw request on a connection of its own."""
        peer = Wire((agent or self.agent).http)
        self.addCleanup(peer.close)
        peer.try_send(request)
        status, fields, body = peer.response()
        self.assertNotIn("content-encoding", fields)
        return status, fields, json.loads(body) if body else None

    def results(self, body, form=LINES):
        """The status of the answer, and of each of its results."""
        status, answer = self.agent.post(body, form)
        return status, [result["status"] for result in answer["results"]]

    def assert_status(self, status, request, agent=None):
        found, fields, answer = self.exchange(request, agent)
        self.assertEqual(found, status, request[:200])
        self.assertTrue(answer["error"]["reason"], "an error says why")
        return fields

    # --- 200 and 422

    def test_200_when_any_event_was_taken_with_an_answer_for_each_in_order(self):
        self.assertEqual(self.results(event("one"), JSON), (200, ["stored"]))
        self.assertEqual(self.results(b"[" + event("a1") + b"," + event("a2") + b"]", JSON), (200, ["stored"] * 2))
        mixture = [b"not json", event("m1"), event("m1"), event("m1", service="x"), b"[]", event("x", tenant_id="/")]
        self.assertEqual(self.results(b"\r\n\n".join(mixture)),
                         (200, ["rejected", "stored", "duplicate", "conflict", "rejected", "rejected"]))
        array = b"[" + b",".join([b"1", event("m2"), b"null"]) + b"]"
        self.assertEqual(self.results(array, JSON), (200, ["rejected", "stored", "rejected"]))

    def test_200_when_all_are_duplicates_or_conflicts(self):
        self.results(event("again"))
        self.assertEqual(self.results(event("again")), (200, ["duplicate"]))
        self.assertEqual(self.results(event("again", service="x") + b"\nbad"), (200, ["conflict", "rejected"]))

    def test_200_with_no_results_for_an_empty_array_and_for_no_lines(self):
        self.assertEqual(self.results(b"[]", JSON), (200, []))
        self.assertEqual(self.results(b""), (200, []))
        self.assertEqual(self.results(b"\n\r\n\n"), (200, []))

    def test_422_when_all_were_rejected(self):
        self.assertEqual(self.results(b"not json"), (422, ["rejected"]))
        self.assertEqual(self.results(b"1\n2\n3"), (422, ["rejected"] * 3))
        self.assertEqual(self.results(b"[1]", JSON), (422, ["rejected"]))
        self.assertEqual(self.results(event("x", occurred_at="soon"), JSON), (422, ["rejected"]))

    def test_every_answer_has_exactly_the_members_of_the_contract(self):
        ids = {"tenant_id": "acme", "log_id": "shape"}
        lines = [event("shape"), event("shape"), event("shape", service="x"), event("shape", occurred_at="soon")]
        _, answer = self.agent.post(b"\n".join(lines))
        self.assertEqual(answer.keys(), {"results"})
        *taken, rejected = answer["results"]
        self.assertEqual(taken, [{"status": status, **ids} for status in ("stored", "duplicate", "conflict")])
        self.assertEqual((rejected.keys(), rejected["error"].keys()), ({"status", "error"}, {"field", "reason"}))
        self.assertEqual((rejected["status"], rejected["error"]["field"]), ("rejected", "occurred_at"))

    # --- 400, 404, 405, 415, 431

    def test_400_for_what_is_not_json_and_for_an_array_with_a_bad_element(self):
        for body in (b"", b"{", b"[" + event("bad1") + b",", b"[" + event("bad2") + b",}]", event("x") + event("y"),
                     b"nul"):
            self.assert_status(400, wire.post(body, JSON))
        self.assertEqual(self.results(event("bad1") + b"\n" + event("bad2")), (200, ["stored"] * 2), "nothing was kept")

    def test_400_for_what_is_not_http(self):
        self.assert_status(400, b"hello agent\r\n\r\n")
        self.assert_status(400, b"POST /v1/events HTTP/1.1\r\nContent-Length: x\r\n\r\n")

    def test_404_and_405_for_other_paths_and_methods(self):
        self.assert_status(404, wire.post(event("x")).replace(b"/v1/events", b"/v1/event"))
        for method in (b"GET", b"PUT", b"DELETE", b"OPTIONS", b"PATCH"):
            fields = self.assert_status(405, wire.post(event("x")).replace(b"POST", method, 1))
            self.assertEqual(fields["allow"], "POST")

    def test_415_for_other_media_types_and_for_anything_compressed(self):
        for form in ("text/plain", "application/jsonlines", "multipart/form-data; boundary=x", ""):
            self.assert_status(415, wire.post(event("x"), form))
        for coding in ("gzip", "deflate", "br", "zstd", "identity, gzip"):
            body = gzip.compress(event("x"))
            fields = self.assert_status(415, wire.post(body, JSON, [f"Content-Encoding: {coding}"]))
            self.assertNotIn("accept-encoding", fields)
        for form in ("application/json; charset=utf-8", "Application/JSON", "application/x-ndjson;x=y",
                     "application/ndjson", "application/jsonl", 'application/json;charset="UTF-8"'):
            self.assertEqual(self.exchange(wire.post(event("y"), form, ["Accept-Encoding: gzip"]))[0], 200, form)

    def test_415_for_every_charset_but_utf_8_and_for_two_types_that_differ(self):
        for charset in ("ISO-8859-1", '"iso-8859-1"', "UTF-16", "windows-1252"):
            self.assert_status(415, wire.post(event("x"), f"application/json; charset={charset}"))
        self.assert_status(415, wire.post(event("x"), JSON, ["Content-Type: text/plain"]))
        self.assertEqual(self.exchange(wire.post(event("x"), JSON, [f"Content-Type: {JSON}"]))[0], 200)

    def test_a_byte_order_mark_is_no_part_of_the_body(self):
        self.assertEqual(self.results(b"\xef\xbb\xbf" + event("bom1"), JSON), (200, ["stored"]))
        self.assertEqual(self.results(b"\xef\xbb\xbf" + event("bom2") + b"\n" + event("bom3")), (200, ["stored"] * 2))

    # --- how requests may look

    def test_400_for_a_request_without_a_host_or_with_two(self):
        self.assert_status(400, wire.post(event("x")).replace(b"Host: h\r\n", b""))
        self.assert_status(400, wire.post(event("x"), fields=["Host: h"]))
        old = wire.post(event("old")).replace(b"Host: h\r\n", b"").replace(b"HTTP/1.1", b"HTTP/1.0")
        self.assertEqual(self.exchange(old)[0], 200)

    def test_f01_the_absolute_form_of_a_target_is_taken_for_events_and_for_pages(self):
        absolute = b"http://127.0.0.1:8840/v1/events"
        self.assertEqual(self.exchange(wire.post(event("a1")).replace(b"/v1/events", absolute, 1))[0], 200)
        self.assert_status(404, wire.post(event("a2")).replace(b"/v1/events", absolute + b"x", 1))
        page = Wire(self.agent.admin)
        self.addCleanup(page.close)
        status, fields, _ = page.send(b"GET http://x:9464/livez HTTP/1.0\r\n\r\n").response()
        self.assertEqual(status, 200)
        self.assertRegex(fields["date"], DATE)

    def test_f03_an_offer_of_http_2_is_ignored_and_the_connection_goes_on(self):
        offer = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
                 "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"]
        peer = Wire(self.agent.http)
        self.addCleanup(peer.close)
        chunked = wire.post(b"", LINES, [*offer, "Transfer-Encoding: chunked"]).replace(b"Content-Length: 0\r\n", b"")
        one = event("chunked")
        for request in (wire.post(event("offer"), LINES, offer), wire.post(event("plain")),
                        chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(one), one), wire.post(event("last"))):
            status, fields, _ = peer.send(request).response()
            self.assertEqual(status, 200)
            self.assertRegex(fields["date"], DATE)

    def test_431_for_a_header_over_16_kib(self):
        bare = len(wire.post(event("h"), fields=["X: "])) - len(event("h"))
        for size, status in ((HEADER_MOST - 1, 200), (HEADER_MOST, 200), (HEADER_MOST + 1, 431), (1 << 20, 431)):
            request = wire.post(event("h"), fields=["X: " + "x" * (size - bare)])
            self.assertEqual(self.exchange(request)[0], status, size)
        many = wire.post(event("h"), fields=[f"X{number}: x" for number in range(2000)])
        self.assertEqual(self.exchange(many)[0], 431)

    # --- 413

    def test_413_for_a_body_over_4_mib(self):
        for size, status in ((BODY_MOST - 1, 200), (BODY_MOST, 200), (BODY_MOST + 1, 413)):
            body = b"\n" * (size - len(event("body"))) + event("body")
            self.assertEqual(self.exchange(wire.post(body))[0], status, size)
        chunks = b"".join(b"100000\r\n" + b"\n" * (1 << 20) + b"\r\n" for _ in range(4))
        head = wire.post(b"", fields=["Transfer-Encoding: chunked"]).replace(b"Content-Length: 0\r\n", b"")
        self.assertEqual(self.exchange(head + chunks + b"0\r\n\r\n")[0], 200)
        self.assertEqual(self.exchange(head + chunks + b"1\r\n\n\r\n0\r\n\r\n")[0], 413)

    def test_413_for_more_than_1000_events(self):
        events = [event(f"many{number}") for number in range(1001)]
        for body, form in ((lambda part: b"\n".join(part), LINES), (lambda part: b"[" + b",".join(part) + b"]", JSON)):
            status, answer = self.agent.post(body(events), form)
            self.assertEqual((status, answer["error"].keys()), (413, {"reason"}))
            for count in (999, 1000):
                status, found = self.results(body(events[:count]), form)
                self.assertEqual((status, len(found)), (200, count))
        self.assertEqual(self.results(events[1000]), (200, ["stored"]), "nothing of a refused request was kept")

    def test_both_limits_are_in_the_configuration(self):
        agent = harness.Agent(*absent_stores(), environment={"TWINLOG_INTAKE_HTTP_MAX_EVENTS": "2",
                                                             "TWINLOG_INTAKE_HTTP_MAX_BODY": "1KiB"}).start()
        self.addCleanup(agent.close)
        self.assertEqual(agent.post(event(1) + b"\n" + event(2))[0], 200)
        self.assertEqual(agent.post(b"1\n2\n3")[0], 413)
        self.assertEqual(agent.post(padded(1024))[0], 200)
        self.assertEqual(agent.post(padded(1025))[0], 413)

    # --- the socket's answers

    def test_on_the_socket_a_bad_line_is_rejected_and_an_empty_one_ignored(self):
        peer = Wire(self.agent.socket)
        self.addCleanup(peer.close)
        peer.send(b"\n\r\n\n" + event("l1") + b"\r\n" + b"\xff\x00{\n" + event("l2") + b"\n")
        self.assertEqual([peer.line()["status"] for _ in range(3)], ["stored", "rejected", "stored"])


class FullSpool(unittest.TestCase):
    def first_busy(self, send):
        """The first answer of a full spool: whenever the database has merged some files there is room again for a while."""
        for attempt in range(5_000):
            answer = send(f"filler{attempt}")
            if answer["status"] != "stored":
                self.assertEqual(answer["status"], "busy", answer)
                return answer
        self.fail("a spool that was full takes 5,000 events more")

    def test_above_90_percent_only_base_types_are_taken_and_a_full_one_says_busy_on_both_ways_in(self):
        agent = harness.Agent(*absent_stores(), 'max_bytes = "16MiB"\ncompression = "none"').start()
        self.addCleanup(agent.close)
        number = 0

        def put(event_type, count):
            nonlocal number
            number += count
            names = range(number - count, number)
            sent = [event(f"{event_type}{name}", event_type=event_type, user_agent="x" * 1000) for name in names]
            return harness.statuses(agent.send_lines(sent))

        def used():
            return agent.metric("twinlog_spool_size_bytes") / agent.metric("twinlog_spool_capacity_bytes")
        def fill_until_refused(event_type, filler):
            in_a_row = 0  # Just at the border a flush of the database may make room again.
            while in_a_row < 20:
                in_a_row = in_a_row + 1 if put(event_type, 1) == {"busy": 1} else 0
                filler()
                self.assertLess(number, 50_000, f"{event_type} is never refused")
        fill_until_refused("logout", lambda: self.assertEqual(put("login_failed", 10), {"stored": 10}))
        self.assertGreater(used(), 0.85)
        for base in ("login_success", "login_failed", "account_locked", "lockout_reset"):
            self.assertEqual(put(base, 1), {"stored": 1}, base)
        both = event("whole") + b"\n" + event("logout", event_type="logout", user_agent="x" * 1000)
        self.assertEqual(agent.post(both)[0], 503)
        self.assertEqual(agent.send_lines([event("whole")])[0]["status"], "stored", "nothing of the 503 was kept")
        fill_until_refused("login_failed", lambda: put("login_failed", 10))
        self.assertLessEqual(used(), 1)
        busy = self.first_busy(lambda name: agent.send_lines([event(name, user_agent="x" * 1000)])[0])
        self.assertEqual(busy.keys(), {"status", "retry_after_ms"})
        self.assertTrue(500 <= busy["retry_after_ms"] <= 2000, busy)
        with_wire = Wire(agent.http)
        self.addCleanup(with_wire.close)
        answers = []

        def posted(name):
            answers.append(with_wire.send(wire.post(event(f"http-{name}", user_agent="x" * 1000))).response())
            return json.loads(answers[-1][2])

        milliseconds = self.first_busy(posted)["retry_after_ms"]
        status, fields, _ = answers[-1]
        self.assertEqual(status, 503)
        self.assertTrue(500 <= milliseconds <= 2000, milliseconds)
        self.assertEqual(fields["retry-after"], "1" if milliseconds <= 1000 else "2")
        self.assertEqual(agent.send_lines([event("whole")])[0]["status"], "duplicate", "what it has it still knows")


if __name__ == "__main__":
    unittest.main()
