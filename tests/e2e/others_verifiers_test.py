"""Go's and sigstore's code accept the golden ledger of ledger/FORMAT.md, and nothing of it with a bit changed."""
import unittest

import harness
import verifiers

GOLDEN = harness.ROOT / "tests/verifiers/golden"


class OthersVerifiers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        verifiers.build()

    def test_they_accept_notes_consistency_proof_and_disclosure(self):
        for question in verifiers.questions(GOLDEN):
            question.assert_holds(self)

    def test_they_accept_nothing_with_a_bit_changed(self):
        for question in verifiers.questions(GOLDEN):
            with self.subTest(command=question.command, file=question.files[question.changed].name):
                question.assert_no_bit_may_change(self)

    def test_a_proof_shows_the_fields_that_are_disclosed_and_no_other(self):
        code, said = verifiers.ask(verifiers.GO, "proof", GOLDEN / "event.tlog-proof", GOLDEN / "event.disclosure.json",
                                   GOLDEN / "enrolment.key")
        self.assertEqual(code, 0, said)
        self.assertIn('tenant_id = "acme"\n  log_id = "e-1"\n  event_type = "login_success"\n', said)
        self.assertNotIn("user_id", said)

    def test_the_key_of_an_epoch_comes_out_of_a_disclosure_that_the_enrolment_key_vouches_for(self):
        code, said = verifiers.ask(verifiers.GO, "epoch", GOLDEN / "event.disclosure.json", GOLDEN / "enrolment.key")
        self.assertEqual((code, said.strip()), (0, (GOLDEN / "epoch.key").read_text().strip()))
        code, said = verifiers.ask(verifiers.GO, "epoch", GOLDEN / "event.disclosure.json", GOLDEN / "epoch.key")
        self.assertEqual(code, 1, said)

    def test_an_epoch_is_not_believed_under_another_enrolment_key(self):
        code, said = verifiers.ask(verifiers.GO, "proof", GOLDEN / "event.tlog-proof", GOLDEN / "event.disclosure.json",
                                   GOLDEN / "epoch.key")
        self.assertEqual(code, 1, said)
        self.assertIn("beginning of the epoch", said)


if __name__ == "__main__":
    unittest.main()
