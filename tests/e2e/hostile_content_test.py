"""Hostile events by hand, on every way in, and what both stores hold of them, word for word."""
import json
import socket
import sys
import unittest

import pymongo

import harness
import hostile_events
import hostile_refused
import hostile_shapes  # Adds its cases to hostile_events.CASES.
import two_servers

sys.path.insert(0, str(harness.ROOT / "tests/oracle"))
import canonical  # noqa: E402
import stores  # noqa: E402

CASES, REFUSED = hostile_events.CASES, hostile_refused.REFUSED
WAYS = ("socket", "lines", "array", "alone")  # The socket; over HTTP as NDJSON, in one array, and as a body each.
NOT_JSON_ALONE = (400, b'{"error":{"reason":"the body is not JSON"}}')
assert hostile_shapes and len({case.name for case in CASES}) == len(CASES), "names are ids: each once"


def id_of(way, number):
    return f"{way}-{number:03}"


def bytes_of(way, number):
    return CASES[number].raw.replace(b"@ID@", id_of(way, number).encode())


def stored_answer(way, number):
    return b'{"status":"stored","tenant_id":"t","log_id":"%s"}' % id_of(way, number).encode()


def rejected_answer(field, reason):
    answer = {"status": "rejected", "error": {"field": field, "reason": reason}}
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def exchange(path, sent):
    """Sends bytes through the socket, ends, and gives back every byte of the answers."""
    received = b""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(harness.PATIENCE)
        client.connect(str(path))
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        while part := client.recv(1 << 16):
            received += part
    return received


def expected_of(way, number):
    case = CASES[number]
    return {"tenant_id": "t", "log_id": id_of(way, number), "event_type": "login_failed",
            "occurred_at": hostile_events.START, **case.fields}


class HostileContent(two_servers.TwoServersCase):
    maxDiff = 4000

    def setUp(self):
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database())
        self.addCleanup(self.agent.close)
        self.agent.start()

    def test_every_case_is_stored_word_for_word_whatever_way_it_comes(self):
        self.send_all()
        self.agent.wait_delivered(120)
        for read in (stores.read_postgres(self.agent.postgres), stores.read_mongodb(self.agent.mongodb)):
            found = {version["event"]["log_id"]: version["event"] for version in read.records}
            self.assertEqual(len(read.records), len(WAYS) * len(CASES))
            self.assertEqual(read.conflicts, [])
            for way in WAYS:
                for number, case in enumerate(CASES):
                    with self.subTest(store=read.name, way=way, case=case.name):
                        self.assertEqual(canonical.dump(found[id_of(way, number)]),
                                         canonical.dump(expected_of(way, number)))
        self.check_encoded_keys()

    def send_all(self):
        numbers = range(len(CASES))
        lines = b"".join(bytes_of("socket", n) + b"\n" for n in numbers)
        self.assertEqual(exchange(self.agent.socket, lines).split(b"\n"),
                         [stored_answer("socket", n) for n in numbers] + [b""])
        lines = b"\n".join(bytes_of("lines", n) for n in numbers)
        self.assert_results(self.post(lines, "application/x-ndjson"), [stored_answer("lines", n) for n in numbers])
        array = b"[" + b" ,\r\n".join(bytes_of("array", n) for n in numbers) + b"]"
        self.assert_results(self.post(array), [stored_answer("array", n) for n in numbers])
        for n in numbers:
            self.assert_results(self.post(b" " + bytes_of("alone", n) + b"\r\n"), [stored_answer("alone", n)])

    def post(self, body, content_type="application/json"):
        return harness_post(self.agent, body, content_type)

    def assert_results(self, response, answers, status=200):
        self.assertEqual(response, (status, b'{"results":[' + b",".join(answers) + b"]}"))

    def check_encoded_keys(self):
        with pymongo.MongoClient(self.agent.mongodb) as client:
            records = client.get_default_database().auth_logs
            encoded = [n for n, case in enumerate(CASES) if case.document is not None]
            self.assertGreater(len(encoded), 2)
            for n in encoded:
                document = records.find_one({"_id": f"t/{id_of('socket', n)}"})
                self.assertEqual(document["metadata"], CASES[n].document, CASES[n].name)

    def test_every_refusal_is_answered_word_for_word_whatever_way_it_comes_and_nothing_is_kept(self):
        answers = [rejected_answer(*error) for _, _, error, _ in REFUSED]
        lines = b"\n".join(raw for _, raw, _, _ in REFUSED) + b"\n"
        for (what, _, _, _), got, wanted in zip(REFUSED, exchange(self.agent.socket, lines).split(b"\n"), answers,
                                                strict=False):
            with self.subTest(way="socket", what=what):
                self.assertEqual(got, wanted)
        self.assert_results(self.post(lines, "application/x-ndjson"), answers, 422)
        in_array = [(raw, rejected_answer(*error)) for _, raw, error, is_json in REFUSED if is_json]
        body = b"[" + b",".join(raw for raw, _ in in_array) + b"]"
        self.assert_results(self.post(body), [answer for _, answer in in_array], 422)
        for (what, raw, _, is_json), answer in zip(REFUSED, answers, strict=True):
            with self.subTest(way="alone", what=what):
                alone = (422, b'{"results":[' + answer + b"]}") if is_json else NOT_JSON_ALONE
                # A byte order mark at the very beginning is no fault: http_status_test.py.
                if not raw.startswith(b"\xef\xbb\xbf"):
                    self.assertEqual(self.post(raw), alone)
                if not is_json and raw.strip():
                    self.assertEqual(self.post(b"[" + raw + b"]"), alone)
        self.assert_results(self.post(hostile_refused.GOOD.encode()),
                            [b'{"status":"stored","tenant_id":"t","log_id":"x"}'])
        self.agent.wait_delivered()
        for read in (stores.read_postgres(self.agent.postgres), stores.read_mongodb(self.agent.mongodb)):
            self.assertEqual([version["event"]["log_id"] for version in read.records], ["x"])

    def test_a_line_break_inside_of_text_ends_the_line_on_the_socket_and_is_mended_over_http(self):
        raw = b'{"tenant_id":"t","log_id":"broken","event_type":"logout","occurred_at":1700000000000,"username":"a\nb"}'
        nothing = rejected_answer(*hostile_refused.NOT_JSON)
        self.assertEqual(exchange(self.agent.socket, raw + b"\n"), nothing + b"\n" + nothing + b"\n")
        self.assert_results(self.post(raw, "application/x-ndjson"), [nothing, nothing], 422)
        self.assert_results(self.post(raw), [b'{"status":"stored","tenant_id":"t","log_id":"broken"}'])
        self.agent.wait_delivered()
        for read in (stores.read_postgres(self.agent.postgres), stores.read_mongodb(self.agent.mongodb)):
            event = read.records[0]["event"]
            self.assertEqual((event["username"], event["repaired"]), ("a\ufffdb", ["username"]))

    def test_an_event_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(self):
        head = b'{"tenant_id":"t","log_id":"%s","event_type":"logout","occurred_at":0,"x":"'
        most = 1 << 20
        for way in ("socket", "http"):
            fits = (head % way.encode()).ljust(most - 2, b"x") + b'"}'
            self.assertEqual(len(fits), most)
            answer = b'{"status":"stored","tenant_id":"t","log_id":"%s"}' % way.encode()
            if way == "http":
                self.assert_results(self.post(fits), [answer])
                reason = "is larger than the limit of 1048576 bytes for one event"
                self.assert_results(self.post(fits + b" ", "application/x-ndjson"), [rejected_answer("", reason)], 422)
            else:
                reason = "the line is longer than intake.max_event, 1048576 bytes"
                sent = fits + b"\r\n" + fits + b" \n" + b"never read\n"
                self.assertEqual(exchange(self.agent.socket, sent),
                                 answer + b"\n" + rejected_answer("", reason) + b"\n")


def harness_post(agent, body, content_type):
    """(status, the bytes of the body)"""
    connection = harness.http.client.HTTPConnection("127.0.0.1", agent.http, timeout=harness.PATIENCE)
    connection.request("POST", "/v1/events", body, {"Content-Type": content_type})
    response = connection.getresponse()
    return response.status, response.read()


if __name__ == "__main__":
    unittest.main()
