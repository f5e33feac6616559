"""Events as people's services really send them: what must not be kept is in no store, what is evidence is in both."""
import json
import pathlib
import sys
import unittest

import harness
import two_servers
import wire

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
import stores  # noqa: E402

PASSWORD, CODE, SESSION = "Heron-7", "813204", "8f1c0b52-77aa-4e0e-9d2c-3c1f6b1f9a10"


class FieldEvents(two_servers.TwoServersCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = harness.Agent(cls.postgres.new_database(), cls.documents.new_database()).start()
        cls.addClassCleanup(cls.agent.close)

    def kept(self, log_id, **members):
        """What both stores hold of the event, which is the same."""
        answers = self.agent.send_lines([wire.event(log_id, **members)])
        self.assertEqual(harness.statuses(answers), {"stored": 1})
        self.agent.wait_delivered()
        one, other = ([version["event"] for version in found.records if version["event"]["log_id"] == log_id]
                      for found in (stores.read_postgres(self.agent.postgres), stores.read_mongodb(self.agent.mongodb)))
        self.assertEqual(one, other)
        return one[0]

    def test_f04_no_form_of_a_password_or_code_is_kept_and_its_near_misses_are(self):
        secrets = {"password_confirmation": PASSWORD, "password1": PASSWORD, "new_password2": PASSWORD,
                   "user[password]": PASSWORD, "moderatorPW": PASSWORD, "passphrase": PASSWORD, "totp": CODE,
                   "totp_code": CODE, "signup-password": PASSWORD, "body": f'{{"password":"{PASSWORD}","a":1}}'}
        evidence = {"passwordHint": "bird", "token_type": "bearer", "country_code": "DE", "failed_password": 3,
                    "otp": "failed"}
        shown = json.dumps(self.kept("f04", event_type="password_changed", user_id="u4",
                                     metadata={**secrets, **evidence}), default=str)
        self.assertNotIn(PASSWORD, shown)
        self.assertNotIn(CODE, shown)
        for name, value in evidence.items():
            self.assertIn(f"{json.dumps(name)}: {json.dumps(value)}", shown)

    def test_f06_a_session_id_is_kept_as_its_hash_alone_under_every_usual_name(self):
        names = ("sessionId", "session-id", "JSESSIONID", "PHPSESSID", "sid")
        record = self.kept("f06", event_type="login_success", user_id="u6", sessionId=SESSION,
                           metadata={"details": {name: SESSION for name in names}})
        self.assertNotIn(SESSION, json.dumps(record, default=str))
        reference = record["session_ref"]
        self.assertRegex(reference, "^[0-9a-f]{32}$")
        self.assertEqual(record["metadata"]["details"], {name: "sref:" + reference for name in names})

    def test_f10_one_long_value_takes_nothing_along_that_stands_beside_it(self):
        record = self.kept("f10", event_type="login_failed", username="m" * 3000,
                           metadata={"client": "portal", "risk": "high", "device": "d-77",
                                     "redirect_uri": "https://app.example/?x=" + "y" * 9000})
        self.assertEqual({name: record["metadata"][name] for name in ("client", "risk", "device")},
                         {"client": "portal", "risk": "high", "device": "d-77"})
        self.assertEqual(record["metadata"]["redirect_uri"].keys(), {"_truncated", "bytes", "sha256"})
        self.assertLessEqual(len(record["username"].encode()), 256)


if __name__ == "__main__":
    unittest.main()
