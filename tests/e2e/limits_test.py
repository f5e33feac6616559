"""Every limit of an event, one below, at and one above, from the sender's line to what both stores hold."""
import hashlib
import json
import pathlib
import sys
import unittest
import uuid

import psycopg

import harness
import two_servers
import wire

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
import stores  # noqa: E402

EARLIEST, LATEST = -62_135_596_800_000_000, 253_402_300_799_999_999  # Of the years 0001 to 9999, in microseconds.
TEXT_LIMITS = {"user_id": 128, "username": 256, "actor_id": 128, "user_agent": 1024, "service": 128, "auth_method": 64,
               "failure_reason": 64, "failure_code": 64, "session_ref": 128, "request_id": 128, "lock_reason": 64,
               "reset_reason": 64}
ID_CHARACTERS = "ABCXYZabcxyz0123456789._:~-"


def marked(text, most):
    """A name or id over its limit: what fits into 33 bytes less, and a mark of the whole."""
    if len(text.encode()) <= most:
        return text
    return text.encode()[:most - 33].decode("utf-8", "ignore") + "~" + hashlib.sha256(text.encode()).hexdigest()[:32]


def mark(value):
    """What stands for a value that was too much."""
    text = json.dumps(value, separators=(",", ":")).encode()
    return {"_truncated": True, "bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}


class Limits(two_servers.TwoServersCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = harness.Agent(cls.postgres.new_database(), cls.documents.new_database()).start()
        cls.addClassCleanup(cls.agent.close)

    def answer(self, line):
        return self.agent.send_lines([line])[0]

    def stored(self, events):
        """What both stores make of events {name: members}: {name: the record without what all have}."""
        prefix = uuid.uuid4().hex
        lines = [wire.event(prefix + name, **{"user_id": None, **members}) for name, members in events.items()]
        self.assertEqual(harness.statuses(self.agent.send_lines(lines)), {"stored": len(events)})
        self.agent.wait_delivered()
        both = []
        for read, address in ((stores.read_postgres, self.agent.postgres), (stores.read_mongodb, self.agent.mongodb)):
            both.append({})
            for record in read(address).records:
                event = record["event"]
                log_id = event.pop("log_id")
                if log_id.startswith(prefix):
                    both[-1][log_id.removeprefix(prefix)] = event
        self.assertEqual(both[0], both[1])
        self.assertEqual(both[0].keys(), events.keys())
        return both[0]

    def assert_refused(self, field, line):
        answer = self.answer(line)
        self.assertEqual((answer["status"], answer.get("error", {}).get("field")), ("rejected", field), line[:200])

    # --- what is refused

    def test_ids_have_1_to_128_characters_of_their_alphabet(self):
        for field in ("tenant_id", "log_id", "organisation_id", "organization_id"):
            shown = "organisation_id" if field == "organization_id" else field
            for length in (1, 127, 128):
                line = wire.event(uuid.uuid4().hex, **{field: uuid.uuid4().hex[0] * length})
                self.assertIn(self.answer(line)["status"], ("stored", "conflict", "duplicate"), (field, length))
            self.assert_refused(shown, wire.event("long", **{field: "x" * 129}))
            for character in ID_CHARACTERS:
                line = wire.event(uuid.uuid4().hex, **{field: character})
                self.assertIn(self.answer(line)["status"], ("stored", "conflict", "duplicate"), (field, character))
            for character in " /%+=,;@!é\u00ad\x00\n":
                self.assert_refused(shown, wire.event("odd", **{field: "a" + character}))
        self.assert_refused("tenant_id", wire.event("none", tenant_id=""))
        self.assert_refused("tenant_id", wire.event("none", tenant_id=None))

    def test_an_event_type_has_1_to_64_characters_of_its_alphabet(self):
        names = {"one": "a", "below": "a" * 63, "at": "a" * 64, "all": "z0129_.az"}
        found = self.stored({name: {"event_type": value} for name, value in names.items()})
        self.assertEqual({name: event["event_type"] for name, event in found.items()}, names)
        for wrong in ("a" * 65, "", "9a", "_a", ".a", "aA", "A", "a-b", "a b", "é"):
            self.assert_refused("event_type", wire.event("odd", event_type=wrong))

    def test_a_time_lies_in_the_years_0001_to_9999(self):
        times = {"first": ("0001-01-01T00:00:00Z", EARLIEST), "first ms": (EARLIEST // 1000, EARLIEST),
                 "second ms": (EARLIEST // 1000 + 1, EARLIEST + 1000),
                 "last": ("9999-12-31T23:59:59.999999Z", LATEST),
                 "last but one": ("9999-12-31T23:59:59.999998Z", LATEST - 1),
                 "last ms": (LATEST // 1000, LATEST - 999), "truncated": ("9999-12-31T23:59:59.9999999Z", LATEST),
                 "zone": ("0001-01-01T00:30:00+00:30", EARLIEST)}
        found = self.stored({name.replace(" ", "-"): {"occurred_at": sent} for name, (sent, _) in times.items()})
        for name, (_, micros) in times.items():
            self.assertEqual(found[name.replace(" ", "-")]["occurred_at"], micros, name)
        for beyond in ("0000-12-31T23:59:59.999999Z", "10000-01-01T00:00:00Z", EARLIEST // 1000 - 1, LATEST // 1000 + 1,
                       "0001-01-01T00:29:00+00:30", "9999-12-31T23:59:59-00:01"):
            self.assert_refused("occurred_at", wire.event("beyond", occurred_at=beyond))

    def test_second_60_is_the_last_microsecond_of_59_and_61_is_no_time(self):
        found = self.stored({"at59": {"occurred_at": "2016-12-31T23:59:59.999999Z"},
                             "at60": {"occurred_at": "2016-12-31T23:59:60Z"},
                             "at60.5": {"occurred_at": "2016-12-31T23:59:60.5Z"}})
        self.assertEqual({event["occurred_at"] for event in found.values()}, {1_483_228_799_999_999})
        self.assert_refused("occurred_at", wire.event("at61", occurred_at="2016-12-31T23:59:61Z"))
        self.assert_refused("occurred_at", wire.event("no-zone", occurred_at="2016-12-31T23:59:59"))

    def test_schema_version_1_is_taken_and_not_kept_and_any_other_is_refused(self):
        found = self.stored({"one": {"schema_version": 1}, "absent": {"schema_version": None}})
        self.assertEqual(found["one"], found["absent"])
        for other in (0, 2, "1", -1, 1.5, [1]):
            self.assert_refused("schema_version", wire.event("other", schema_version=other))

    def test_an_event_may_be_1_mib_long_on_the_socket(self):
        most = 1 << 20
        for size in (most - 1, most):
            self.assertEqual(self.answer(wire.sized_event(f"size{size}", size))["status"], "stored")
        peer = wire.Wire(self.agent.socket)
        self.addCleanup(peer.close)
        over = wire.sized_event("over", most + 1)
        peer.send(wire.event("first") + b"\n").try_send(over + b"\n" + wire.event("after"))
        self.assertEqual(peer.line()["status"], "stored")
        self.assertEqual(peer.line()["status"], "rejected")
        self.assertIsNone(peer.line(), "a line over the limit closes the connection")

    def test_an_event_may_be_1_mib_long_in_every_form_of_http(self):
        most = 1 << 20
        lines = [wire.sized_event(f"http{size}", size) for size in (most - 1, most, most + 1)]
        for body, form in ((b"\n".join(lines), "application/x-ndjson"),
                           (b"[" + b",".join(lines) + b"]", "application/json")):
            status, answer = self.agent.post(body, form)
            self.assertEqual(status, 200)
            self.assertEqual([result["status"] for result in answer["results"]][2], "rejected")
            self.assertTrue({result["status"] for result in answer["results"][:2]} <= {"stored", "duplicate"})
        self.assertEqual(self.agent.post(lines[2], "application/json")[0], 422)

    # --- what is repaired

    def test_over_long_text_is_cut_at_its_limit(self):
        for field, most in TEXT_LIMITS.items():
            with self.subTest(field):
                two, four = "é", "\U0001f600"
                sent = {"below": "x" * (most - 1), "at": "x" * most, "above": "x" * (most + 1),
                        "inside-two": "x" * (most - 1) + two, "inside-four": "x" * (most - 3) + four + "y",
                        "fits-four": "x" * (most - 4) + four}
                if field in ("user_id", "username"):
                    kept = {name: marked(value, most) for name, value in sent.items()}
                else:
                    kept = {**sent, "above": "x" * most, "inside-two": "x" * (most - 1), "inside-four": "x" * (most - 3)}
                found = self.stored({name: {field: value} for name, value in sent.items()})
                self.assertEqual({name: event[field] for name, event in found.items()}, kept)
                self.assertEqual({name for name, event in found.items() if event.get("repaired") == [field]},
                                 {"above", "inside-two", "inside-four"})

    def test_f07_long_ids_that_differ_at_their_end_are_two_accounts_in_both_stores(self):
        for field, kind, most in (("user_id", "id:", 128), ("username", "name:", 256)):
            ids = ["f:5d0c2c1e:" + "ou=staff," * (most // 9) + "uid=" + name for name in ("anna", "ben")]
            found = self.stored({f"{field}{n}": {field: value} for n, value in enumerate(ids)})
            self.assertEqual([found[f"{field}{n}"][field] for n in range(2)], [marked(value, most) for value in ids])
            for read, address in ((stores.read_postgres, self.agent.postgres), (stores.read_mongodb, self.agent.mongodb)):
                accounts = read(address).accounts
                for value in ids:
                    self.assertEqual(accounts["acme", kind + marked(value, most)]["failed_login_attempts"], 1)

    def test_what_is_no_address_is_kept_as_a_remote_host_of_at_most_253_bytes(self):
        found = self.stored({"below": {"ip": "h" * 252}, "at": {"ip": "h" * 253}, "above": {"ip": "h" * 254},
                             "v4": {"ip": "::ffff:192.0.2.7"}, "v6": {"ip": "[2001:0DB8:0:0::1]:443"},
                             "ninth": {"ip": " 2001:db8:0:1:1:1:1:1:443 "}, "behind": {"ip": "::ffff:192.0.2.7:443"},
                             "list": {"ip": "192.0.2.7, 10.0.0.1"}})
        self.assertEqual({name: len(found[name]["remote_host"]) for name in ("below", "at", "above")},
                         {"below": 252, "at": 253, "above": 253})
        self.assertEqual([found[name].get("repaired") for name in ("at", "above")], [None, ["remote_host"]])
        self.assertEqual((found["v4"]["ip"], found["v6"]["ip"]), ("192.0.2.7", "2001:db8::1"))
        self.assertEqual((found["ninth"]["ip"], found["behind"]["ip"]), ("2001:db8:0:1:1:1:1:1", "192.0.2.7"))
        self.assertEqual(found["list"]["remote_host"], "192.0.2.7, 10.0.0.1")

    def test_stated_attempts_lie_between_0_and_2147483647(self):
        kept, moved = (0, 1, 2**31 - 2, 2**31 - 1), (-1, 2**31, 2**53)
        found = self.stored({f"n{number}": {"failed_login_attempts": number} for number in kept + moved})
        for number in kept:
            self.assertEqual(found[f"n{number}"].get("failed_login_attempts"), number)
        for number in moved:
            self.assertNotIn("failed_login_attempts", found[f"n{number}"])
            self.assertEqual(found[f"n{number}"]["metadata"], {"failed_login_attempts": number})
            self.assertEqual(found[f"n{number}"]["repaired"], ["failed_login_attempts", "metadata"])

    def test_the_end_of_a_lock_beyond_the_year_9999_is_clamped(self):
        sent = {"below": "9999-12-31T23:59:59.999998Z", "at": "9999-12-31T23:59:59.999999Z",
                "above": "10000-01-01T00:00:00Z", "far": "+292278994-08-17T07:12:55Z", "ms": LATEST // 1000 + 1}
        found = self.stored({name: {"account_locked_until": value} for name, value in sent.items()})
        self.assertEqual({name: event["account_locked_until"] for name, event in found.items()},
                         {"below": LATEST - 1, "at": LATEST, "above": LATEST, "far": LATEST, "ms": LATEST})

    def test_metadata_takes_8_kib_in_canonical_form(self):
        def metadata(size):
            return {"p": "x" * (size - len('{"p":""}'))}
        found = self.stored({str(size): {"metadata": metadata(size)} for size in (8191, 8192, 8193)})
        self.assertEqual(found["8191"]["metadata"], metadata(8191))
        self.assertEqual(found["8192"]["metadata"], metadata(8192))
        self.assertEqual(found["8193"]["metadata"], {"p": mark(metadata(8193)["p"])})
        self.assertEqual(found["8193"]["repaired"], ["metadata"])

    def test_metadata_is_8_levels_deep(self):
        def nested(levels, inner):
            return nested(levels - 1, {"d": inner} if levels % 2 else [inner]) if levels > 1 else {"d": inner}
        found = self.stored({str(levels): {"metadata": nested(levels, 1)} for levels in (7, 8, 9)})
        self.assertEqual(found["7"]["metadata"], nested(7, 1))
        self.assertEqual(found["8"]["metadata"], nested(8, 1))
        self.assertEqual(found["9"]["metadata"], nested(7, mark([{"d": 1}])))

    def test_integers_of_metadata_lie_within_2_to_the_53_and_doubles_are_finite(self):
        kept = {"at": 2**53, "below": 2**53 - 1, "minus-at": -2**53, "minus-below": -2**53 + 1}
        found = self.stored({name: {"metadata": {"n": value}} for name, value in kept.items()})
        self.assertEqual({name: event["metadata"]["n"] for name, event in found.items()}, kept)
        self.assertEqual({event.get("repaired") is None for event in found.values()}, {True})
        beyond = {"9007199254740993": "9007199254740993", "-9007199254740993": "-9007199254740993", "1e400": "1e400",
                  "1.5e308": 1.5e308}
        for text, expected in beyond.items():
            line = wire.event(uuid.uuid4().hex, metadata={"n": 0}).replace(b'"n": 0', b'"n": ' + text.encode())
            log_id = self.answer(line)["log_id"]
            self.agent.wait_delivered()
            with psycopg.connect(self.agent.postgres) as connection:
                value, repaired = connection.execute("SELECT metadata->'n', repaired FROM auth_logs WHERE log_id = %s",
                                                     [log_id]).fetchone()
            self.assertEqual(value if isinstance(expected, str) else float(value), expected)
            self.assertEqual(repaired, ["metadata"] if isinstance(expected, str) else None)

    def test_c0_and_nul_become_replacement_characters_and_a_space_does_not(self):
        found = self.stored({f"c{number}": {"service": f"a{chr(number)}b"} for number in range(0x22)})
        for number in range(0x22):
            is_c0 = number < 0x20
            self.assertEqual(found[f"c{number}"]["service"], "a\ufffdb" if is_c0 else f"a{chr(number)}b", number)
            self.assertEqual(found[f"c{number}"].get("repaired"), ["service"] if is_c0 else None, number)

    # --- what is added

    def test_a_session_id_becomes_32_hexadecimal_digits_of_its_hash(self):
        found = self.stored({"top": {"session_id": "s-1"}, "below": {"metadata": {"x": [{"session_id": "s-1"}]}}})
        hashed = hashlib.sha256(b"acme\0s-1").hexdigest()[:32]
        self.assertEqual(found["top"]["session_ref"], hashed)
        self.assertEqual(found["below"]["metadata"], {"x": [{"session_id": f"sref:{hashed}"}]})

    def test_a_generated_id_is_a_uuid_7_that_begins_with_48_bits_of_milliseconds(self):
        for milliseconds in (-100_000_000_000, 100_000_000_000, 1_700_000_000_123, LATEST // 1000, 2**47):
            answer = self.answer(wire.event("x", log_id=None, occurred_at=milliseconds))
            self.assertTrue(stores.is_generated_id(answer["log_id"], milliseconds * 1000), answer)

    def test_acceptances_are_counted_from_1_under_a_uuid_7(self):
        agent = harness.Agent(self.postgres.new_database(), self.documents.new_database()).start()
        self.addCleanup(agent.close)
        agent.send_lines([wire.event(number) for number in range(3)] + [wire.event(0, service="other")])
        agent.wait_delivered()
        with psycopg.connect(agent.postgres) as connection:
            rows = connection.execute("SELECT leaf_index, epoch_id FROM auth_logs UNION ALL "
                                      "SELECT leaf_index, epoch_id FROM auth_log_conflicts").fetchall()
            hashes = connection.execute("SELECT octet_length(content_hash) FROM auth_logs").fetchall()
        self.assertEqual(sorted(leaf for leaf, _ in rows), [1, 2, 3, 4])
        self.assertEqual({epoch.version for _, epoch in rows}, {7})
        self.assertEqual(hashes, [(32,)] * 3)


if __name__ == "__main__":
    unittest.main()
