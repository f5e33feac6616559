"""What `twinlog verify` tells a person at an incident: what was changed, where, since when, what still holds, what to do."""
import unittest

import command
from ledger_case import LedgerCase


class VerifyWords(LedgerCase):
    def told(self, *words):
        return command.run("verify", "--postgres", self.postgres_uri, "--mongodb", self.mongodb_uri, "--trust", self.scene.trust,
                           *words)

    def test_a_changed_row_is_named_with_its_fields_its_time_and_what_to_do_and_without_a_value(self):
        self.set_column("fail-1", "ip", "203.0.113.99")
        self.set_column("fail-1", "username", "mallory")
        done = self.told()
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertRegex(done.stdout, r"MODIFIED  postgres, \S+, leaf \d+, tenant acme, event fail-1\n")
        self.assertIn("\n    differs from the other store in: username, ip\n", done.stdout)
        self.assertRegex(done.stdout, r"\n    accepted between \S+Z and \S+Z\n")
        for words in ("NOT intact: the record was changed, or is not whole\n",
                      "still trustworthy: every leaf under a signed root that no finding names\n",
                      "what to do about MODIFIED: find out who had access then"):
            self.assertIn(words, done.stdout)
        for value in ("203.0.113.99", "198.51.100.4", "mallory"):
            self.assertNotIn(value, done.stdout + done.stderr)

    def test_an_untouched_record_is_intact_and_counted(self):
        done = self.told()
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stdout, r"\nchecked: 3 epochs, \d+ leaves under signed roots, \d+ records, \d+ conflicts?, \d+ accounts\n")
        self.assertIn("intact: what the stores hold is what the agents signed\n", done.stdout)


if __name__ == "__main__":
    unittest.main()
