"""`twinlog try`: what an agent would keep, said without one."""
import json
import pathlib
import tempfile
import unittest

import harness
from command import run

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
FINE = {"tenant_id": "acme", "log_id": "e-1", "event_type": "login_success", "occurred_at": 1_764_000_000_000, "user_id": "u1",
        "username": "Maria"}


def lines(*events):
    return "".join((event if isinstance(event, str) else json.dumps(event)) + "\n" for event in events)


class Try(unittest.TestCase):
    def tried(self, *events, words=()):
        done = run("try", "--json", *words, input=lines(*events))
        return done, [json.loads(line) for line in done.stdout.splitlines()]

    def test_a_good_event_is_shown_as_its_record_with_its_accounts_and_0_is_returned(self):
        done = run("try", input=lines(FINE))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for text in ('"event_type": "login_success"', '"occurred_at": "2025-11-24T16:00:00.000000Z"', '"id:u1", "name:maria"',
                     "1 event: 1 would be kept (0 repaired, 0 redacted), 0 refused"):
            self.assertIn(text, done.stdout)
        self.assertNotIn("repaired:", done.stdout)

    def test_repairs_and_redactions_are_named_with_place_and_rule_and_no_secret_is_shown(self):
        event = {**FINE, "channel": "fax", "password": "hunter2", "user_agent": f"x {JWT} y",
                 "metadata": {"a": [{"refresh_token": "hunter2"}, 1], "k": "v"}}
        for words in ((), ("--json",)):
            done = run("try", *words, input=lines(event))
            self.assertEqual(done.returncode, 0)
            self.assertNotIn("hunter2", done.stdout + done.stderr)
            self.assertNotIn("c2lnbmF0dXJl", done.stdout + done.stderr)
        _, (shown,) = self.tried(event)
        self.assertEqual(shown["status"], "kept")
        self.assertEqual(shown["repaired"], ["channel", "metadata", "user_agent"])
        self.assertEqual(shown["repaired"], shown["record"]["repaired"])
        self.assertEqual(sorted((each["at"], each["rule"]) for each in shown["redacted"]),
                         [("metadata.a[0].refresh_token", "key"), ("metadata.password", "key"), ("user_agent", "jwt")])
        text = run("try", input=lines(event)).stdout
        self.assertIn("repaired: channel, metadata, user_agent", text)
        self.assertIn('redacted: "metadata.password" by the rule key', text)
        self.assertIn("1 would be kept (1 repaired, 1 redacted)", text)

    def test_what_would_be_refused_is_named_by_field_and_reason_and_1_is_returned(self):
        done, shown = self.tried(FINE, "{", {**FINE, "occurred_at": "yesterday"}, "", {**FINE, "tenant_id": None})
        self.assertEqual(done.returncode, 1)
        self.assertEqual([(each["line"], each["status"], each.get("error", {}).get("field")) for each in shown],
                         [(1, "kept", None), (2, "rejected", ""), (3, "rejected", "occurred_at"), (5, "rejected", "tenant_id")])
        text = run("try", input=lines(FINE, "{")).stdout
        self.assertIn("line 2: would be refused, not a JSON object", text)
        self.assertIn("2 events: 1 would be kept (0 repaired, 0 redacted), 1 refused", text)

    def test_a_missing_id_and_an_implausible_time_are_said(self):
        _, shown = self.tried({**FINE, "log_id": None}, {**FINE, "occurred_at": 1}, FINE)
        self.assertEqual([each["has_log_id"] for each in shown], [False, True, True])
        self.assertEqual([each["is_implausible_time"] for each in shown], [False, True, False])
        text = run("try", input=lines({**FINE, "log_id": None, "occurred_at": 1})).stdout
        self.assertIn("log_id: none was sent", text)
        self.assertIn("occurred_at: before the year 2000", text)

    def test_the_record_is_what_an_agent_stores(self):
        port = harness.free_port()
        agent = harness.Agent(f"postgresql://postgres@127.0.0.1:{port}/audit", f"mongodb://127.0.0.1:{port}/audit")
        self.addCleanup(agent.close)
        agent.start()
        odd = {**FINE, "username": "a\u0000b", "ip": " 192.0.2.7 ", "x": [1e20, {"y": None}], "user_id": "u" * 300}
        agent.send_lines([json.dumps(odd).encode()])
        stored = json.loads(run("spool", "export", "--config", agent.config).stdout)
        _, (shown,) = self.tried(odd)
        self.assertEqual(shown["content_hash"], stored["content_hash"])
        self.assertEqual(shown["record"], {name: stored[name] for name in shown["record"]})

    def test_a_configuration_brings_its_tenants_and_limit_and_need_not_be_complete(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "twinlog.toml")
            path.write_text('[agent]\ndefault_tenant = "acme"\n[intake]\nallow_tenants = ["acme"]\nmax_event = "64KiB"\n')
            words = ("--config", path)
            done, shown = self.tried({**FINE, "tenant_id": None}, {**FINE, "tenant_id": "other"}, {**FINE, "x": "y" * 70_000},
                                     words=words)
            self.assertEqual([each["status"] for each in shown], ["kept", "rejected", "rejected"])
            self.assertEqual((shown[0]["record"]["tenant_id"], shown[1]["error"]["field"]), ("acme", "tenant_id"))
            self.assertIn("65536", shown[2]["error"]["reason"])
            path.write_text('[intake]\nmax_event = "much"\n')
            self.assertEqual(run("try", *words, input="").returncode, 78)

    def test_a_file_is_read_and_one_that_is_not_there_is_2(self):
        with tempfile.NamedTemporaryFile() as file:
            pathlib.Path(file.name).write_text(lines(FINE).rstrip())
            self.assertIn("1 would be kept", run("try", file.name).stdout)
        done = run("try", "/nowhere/x")
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nowhere/x", done.stderr)

    def test_nothing_that_is_shown_moves_a_terminal(self):
        event = {**FINE, "username": "\x9b2J\u202eroot\U000e0020", "metadata": {"\u202ekey": "Bearer abcDEF1234567890xyz"}}
        for words in ((), ("--json",)):
            shown = run("try", *words, input=json.dumps(event, ensure_ascii=False) + "\n").stdout
            for character in "\x9b\u202e\U000e0020\x1b":
                self.assertNotIn(character, shown)

    def test_help_says_what_it_does_with_an_example(self):
        done = run("try", "--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("twinlog try events.ndjson", done.stdout)


if __name__ == "__main__":
    unittest.main()
