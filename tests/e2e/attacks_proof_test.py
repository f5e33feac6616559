"""A single event, proved to somebody who has no access: true, and with any part changed."""
import base64
import json
import unittest

import command
import forger
from forger_keys import SigningKey, public_of, signature_holds
from ledger_case import LedgerCase


class Proofs(LedgerCase):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "proof"
        self.tlog, self.disclosure = self.folder / "proof.tlog-proof", self.folder / "proof.disclosure.json"

    def prove(self, log_id="full-1", *words):
        return command.run("prove", "--tenant", "acme", "--log-id", log_id, "--postgres", self.postgres_uri, "--mongodb",
                           self.mongodb_uri, "--out", self.path, *words)

    def made(self, *words):
        done = self.prove("full-1", *words)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def check(self, *words):
        given = words or ("--trust", self.scene.trust)
        return command.run("verify", "--proof", self.tlog, *given).returncode

    def write_disclosure(self, shown):
        """In the one spelling that counts: what is wrong then is what it says."""
        self.disclosure.write_text(json.dumps(shown, separators=(",", ":"), ensure_ascii=False) + "\n")

    def test_one_is_made_and_checked_offline(self):
        self.made()
        self.assertEqual(0, self.check())
        text = self.disclosure.read_text()
        self.write_disclosure(json.loads(text))
        self.assertEqual(text, self.disclosure.read_text())

    def test_a_disclosure_in_any_other_spelling_is_an_input_error(self):
        self.made()
        text = self.disclosure.read_text()
        shown = json.loads(text)
        for changed in (json.dumps(shown), text + "\n", text.replace("acme", "\\u0061cme", 1),
                        json.dumps(dict(reversed(shown.items())), separators=(",", ":"), ensure_ascii=False) + "\n"):
            self.disclosure.write_text(changed)
            self.assertEqual(3, self.check(), changed)

    def test_the_parts_are_what_anybody_can_compute(self):
        self.made()
        head, _, note = self.tlog.read_text().partition("\n\n")
        lines = head.splitlines()
        self.assertEqual("c2sp.org/tlog-proof@v1", lines[0])
        leaf = base64.b64decode(lines[1].removeprefix("extra "))
        index, path = int(lines[2].removeprefix("index ")), [base64.b64decode(text) for text in lines[3:]]
        origin, size, root, signatures = forger.parse_note(note)
        self.assertEqual(root, forger.root_by_inclusion(index, size, forger.leaf_hash(leaf), path))
        self.assertEqual(self.pg.leaf("acme", "full-1"), leaf)
        _, public = public_of(self.first.tags[0x31].decode())
        self.assertTrue(signature_holds(public, forger.checkpoint_body(origin, size, root).encode(), signatures[origin][1]))
        self.check_disclosure(forger.parse_leaf(leaf)[4][0x08])

    def check_disclosure(self, root):
        shown = json.loads(self.disclosure.read_text())
        found = {}
        for field in shown["fields"]:
            if "commitment" in field:
                found[field["t"]] = bytes.fromhex(field["commitment"])
            else:
                value = forger.value_bytes(field["name"], field["value"])
                found[field["t"]] = forger.commitment(field["t"], bytes.fromhex(field["salt"]), value)
        self.assertEqual(root, forger.root_of_commitments(found))

    def test_what_is_not_disclosed_does_not_stand_in_the_files(self):
        self.made("--fields", "user_id")
        text = self.disclosure.read_text()
        self.assertIn("u-full", text)
        for hidden in ("203.0.113.7", "portal", "Mozilla", "north"):
            self.assertNotIn(hidden, text)
        self.assertEqual(0, self.check())

    def test_any_bit_of_the_proof_changed_proves_nothing(self):
        self.made()
        before = self.tlog.read_bytes()
        for place in range(0, len(before), 7):
            changed = bytearray(before)
            changed[place] ^= 1
            self.tlog.write_bytes(bytes(changed))
            self.assertIn(self.check(), (1, 3), place)

    def test_bits_of_base64_that_stand_for_nothing_are_not_free(self):
        """The last letter before a padding has some: decoded loosely, a proof would have more spellings than one."""
        self.made()
        before = self.tlog.read_bytes()
        padded = [place for place in range(1, len(before)) if before[place:place + 1] == b"=" != before[place - 1:place]]
        self.assertLess(3, len(padded))
        for place in padded:
            letter = before[place - 1:place].decode()
            twin = next(chr(number) for number in range(33, 127) if chr(number) != letter and
                        base64.b64decode(f"AA{letter}=") == self.loose(f"AA{chr(number)}="))
            self.tlog.write_bytes(before[:place - 1] + twin.encode() + before[place:])
            self.assertEqual(3, self.check(), (place, letter, twin))

    @staticmethod
    def loose(text):
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            return None

    def test_any_value_disclosed_otherwise_proves_nothing(self):
        self.made()
        before = json.loads(self.disclosure.read_text())
        for number in range(len(before["fields"])):
            changed = json.loads(json.dumps(before))
            field = changed["fields"][number]
            for name in {"salt", "commitment"} & field.keys():
                field[name] = field[name][:-1] + ("0" if field[name][-1] != "0" else "1")
            self.write_disclosure(changed)
            self.assertEqual(1, self.check(), number)

    def test_a_field_left_out_or_added_proves_nothing(self):
        self.made()
        before = json.loads(self.disclosure.read_text())
        shorter, longer = {**before, "fields": before["fields"][:-1]}, {**before, "fields": [
            *before["fields"], {"t": 26, "commitment": "00" * 32}]}
        for changed in (shorter, longer, {**before, "fields": before["fields"][::-1]}, {**before, "format": "other@v1"}):
            self.write_disclosure(changed)
            self.assertIn(self.check(), (1, 3))

    def test_the_beginning_of_another_epoch_proves_nothing(self):
        self.made()
        shown = json.loads(self.disclosure.read_text())
        shown["open"], shown["note"] = base64.b64encode(self.last.open).decode(), self.last.note
        self.write_disclosure(shown)
        self.assertEqual(1, self.check())

    def test_without_trust_and_with_the_trust_of_others(self):
        self.made()
        done = command.run("verify", "--proof", self.tlog)
        self.assertEqual(2, done.returncode, done.stdout + done.stderr)
        trust = self.folder / "trust"
        trust.write_text(SigningKey("stranger.example.com/enrol", bytes(range(32))).verifier + "\n")
        self.assertEqual(1, self.check("--trust", trust))
        trust.write_text("# nobody\n")
        self.assertEqual(3, self.check("--trust", trust))

    def test_an_edited_row_is_not_proved_and_leaves_no_file(self):
        for store in ("postgres", "mongodb"):
            self.set_column("full-1", "service", "edited") if store == "postgres" else self.set_field("full-1", service="edited")
        done = self.prove()
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertFalse(self.tlog.exists() or self.disclosure.exists())

    def test_a_conflict_is_proved_by_its_hash(self):
        row = self.row("twice-1", table="auth_log_conflicts")
        done = self.prove("twice-1", "--content-hash", row["content_hash"].hex())
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual(0, self.check())
        self.assertIn("other", self.disclosure.read_text())

    def test_nothing_is_put_over_a_file_that_is_there(self):
        self.made()
        before = self.tlog.read_bytes()
        self.assertNotEqual(0, self.prove("plain-1").returncode)
        self.assertEqual(before, self.tlog.read_bytes())


if __name__ == "__main__":
    unittest.main()
