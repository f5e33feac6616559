"""Attacks of an outsider on the ledger's own tables: tiles, leaves, notes, epochs."""
import struct
import unittest

import forger
import forger_rows
from forger_epoch import MINUTE
from forger_keys import SigningKey
from ledger_case import LATER, LedgerCase

STRANGER = bytes(range(9, 41))


class Tiles(LedgerCase):
    def tile(self, **changes):
        self.insert("ledger_tiles", {
            "epoch_id": self.first.id, "first_index": 0, "leaf_count": 2, "hashes": self.first.hashes[0] + bytes(32),
            "first_accept_at": forger_rows.moment(self.first.began), "last_accept_at": forger_rows.moment(self.first.began + 1),
            **changes})

    def expect_named(self):
        self.assert_found({"MODIFIED", "FOREIGN", "MISSING"}, 1, store="postgres")

    def test_one_that_overlaps_another_and_disagrees(self):
        self.tile()
        self.expect_named()

    def test_one_whose_end_overflows(self):
        for first, count in ((2**63 - 2, 2**31 - 1), (2**63 - 1, 1), (0, 2**31 - 1)):
            with self.subTest(first):
                self.tile(first_index=first, leaf_count=count)
                self.expect_named()
                self.sql("DELETE FROM ledger_tiles WHERE first_index = %s AND leaf_count = %s", first, count)

    def test_one_before_the_beginning_or_of_no_leaves(self):
        for first, count in ((-2, 2), (0, 0), (0, -2)):
            with self.subTest((first, count)):
                self.tile(first_index=first, leaf_count=count)
                self.expect_named()
                self.sql("DELETE FROM ledger_tiles WHERE first_index = %s AND leaf_count = %s", first, count)

    def test_one_that_is_shorter_than_it_says(self):
        self.tile(hashes=self.first.hashes[0] + bytes(31))
        self.expect_named()

    def test_one_beyond_the_last_leaf(self):
        self.tile(first_index=self.first.size, hashes=bytes(64))
        self.expect_named()

    def test_one_of_an_epoch_that_nobody_knows(self):
        self.tile(epoch_id=self.other_id())
        self.assert_not_fine()

    def test_one_cut_into_single_leaves_is_no_finding(self):
        """A retry may be cut otherwise, too."""
        times = self.sql("SELECT first_accept_at, last_accept_at FROM ledger_tiles WHERE epoch_id = %s LIMIT 1", self.first.id)[0]
        index = self.row("plain-1")["leaf_index"]
        at = self.row("plain-1")["received_at"]
        self.assertTrue(times)
        self.tile(first_index=index, leaf_count=1, hashes=self.first.hashes[index], first_accept_at=at, last_accept_at=at)
        self.assert_clean()


class Leaves(LedgerCase):
    def test_one_bit_of_a_leaf_of_the_agents_own(self):
        row = self.sql("SELECT leaf_index, leaf FROM ledger_leaves WHERE epoch_id = %s AND tenant_id IS NULL LIMIT 1",
                       self.first.id)[0]
        for place in (0, 4, 8, 31, 39, len(row["leaf"]) - 1):
            with self.subTest(place):
                changed = bytearray(row["leaf"])
                changed[place] ^= 1
                self.set_leaf(row["leaf_index"], bytes(changed))
                self.assert_found({"MODIFIED"}, 1, store="postgres")
        self.set_leaf(row["leaf_index"], row["leaf"])
        self.assert_clean()

    def set_leaf(self, index, raw):
        self.sql("UPDATE ledger_leaves SET leaf = %s WHERE epoch_id = %s AND leaf_index = %s", raw, self.first.id, index)

    def test_a_further_acceptance_moved_to_another_tenant_or_record(self):
        for name, value in (("tenant_id", "globex"), ("log_id", "plain-1"), ("tenant_seq", 77), ("record_key", bytes(16)),
                            ("record_key", None)):
            with self.subTest(name):
                before = self.sql(f"SELECT {name} FROM ledger_leaves WHERE tenant_id IS NOT NULL")[0][name]
                self.sql(f"UPDATE ledger_leaves SET {name} = %s WHERE tenant_id IS NOT NULL", value)
                self.assert_found({"MODIFIED", "MISSING"}, 1, store="postgres")
                self.sql(f"UPDATE ledger_leaves SET {name} = %s WHERE tenant_id IS NOT NULL", before)

    def test_a_leaf_planted_in_the_place_of_an_event(self):
        raw = forger.leaf(forger.GAP, self.first.id.bytes, self.row("plain-1")["leaf_index"], self.first.began + 1,
                          {0x29: forger.ranges((self.first.id.bytes, 1, 2)), 0x2A: b"\x02"})
        self.insert("ledger_leaves", {"epoch_id": self.first.id, "leaf_index": self.row("plain-1")["leaf_index"], "leaf": raw})
        self.assert_found({"FOREIGN", "MODIFIED"}, 1, store="postgres")

    def test_bytes_that_are_no_leaf(self):
        for raw in (b"", b"TWL1", bytes(40), b"TWL1" + bytes(70_000)):
            with self.subTest(len(raw)):
                self.insert("ledger_leaves", {"epoch_id": self.first.id, "leaf_index": self.first.size + 5, "leaf": raw})
                self.assert_not_fine()
                self.sql("DELETE FROM ledger_leaves WHERE leaf_index = %s", self.first.size + 5)


class Notes(LedgerCase):
    def setUp(self):
        super().setUp()
        self.newest = self.sql("SELECT * FROM ledger_checkpoints WHERE epoch_id = %s ORDER BY size DESC LIMIT 1", self.first.id)[0]

    def set_note(self, text):
        self.sql("UPDATE ledger_checkpoints SET note = %s WHERE epoch_id = %s AND size = %s", text, self.first.id,
                 self.newest["size"])

    def test_signatures_of_strangers_beside_the_true_one_harm_nothing_up_to_eight(self):
        body = self.newest["note"].partition("\n\n")[0] + "\n"
        stranger = SigningKey("stranger.example.com/witness", STRANGER)
        self.set_note(self.newest["note"] + stranger.line(body))
        self.assert_clean()
        self.set_note(self.newest["note"] + stranger.line(body) * 8)
        self.assert_found("BAD_SIGNATURE", 1, store="postgres")

    def test_another_spelling_of_the_same_note(self):
        note, size = self.newest["note"], self.newest["size"]
        for text in (note.replace(f"\n{size}\n", f"\n0{size}\n"), note.replace(f"\n{size}\n", f"\n+{size}\n"), note + "\n",
                     note.replace("\n", "\r\n"), note.replace("=\n\n", "\n\n"), note.replace("\u2014", "-"),
                     note.replace("\n\n", "\nextension\n\n"), "", note.upper()):
            with self.subTest(ascii(text)[:60]):
                self.set_note(text)
                self.assert_found("BAD_SIGNATURE", 1, store="postgres")

    def test_columns_that_are_not_what_the_note_says(self):
        for name, value in (("size", self.newest["size"] + 1), ("root", bytes(32)), ("size", 2**23 + 1), ("size", -1)):
            with self.subTest((name, value)):
                self.sql(f"UPDATE ledger_checkpoints SET {name} = %s WHERE epoch_id = %s AND note = %s", value, self.first.id,
                         self.newest["note"])
                self.assert_found({"MODIFIED", "BAD_SIGNATURE"}, 1, store="postgres")
                self.sql(f"UPDATE ledger_checkpoints SET {name} = %s WHERE epoch_id = %s AND note = %s", self.newest[name],
                         self.first.id, self.newest["note"])

    def test_a_note_of_one_epoch_under_another(self):
        self.insert("ledger_checkpoints", {**self.newest, "epoch_id": self.last.id})
        self.assert_found({"MODIFIED", "BAD_SIGNATURE"}, 1, store="postgres")

    def test_one_from_the_future(self):
        self.sql("UPDATE ledger_checkpoints SET accepted_at = '2099-01-01' WHERE epoch_id = %s AND size = %s", self.first.id,
                 self.newest["size"])
        self.assert_found("MODIFIED", 1, store="postgres")

    def test_all_checkpoints_of_the_newest_epoch_gone(self):
        self.sql("DELETE FROM ledger_checkpoints WHERE epoch_id = %s", self.last.id)
        self.db.ledger_checkpoints.delete_many({"epoch_id": str(self.last.id)})
        self.assert_found({"STALE", "PENDING", "MISSING"}, (1, 2), "--now", LATER, origin=self.last.origin)

    def test_two_epochs_change_their_beginnings(self):
        rows = {epoch.id: self.sql("SELECT origin, open, note FROM ledger_epochs WHERE epoch_id = %s", epoch.id)[0]
                for epoch in (self.first, self.last)}
        for one, other in ((self.first.id, self.last.id), (self.last.id, self.first.id)):
            self.sql("UPDATE ledger_epochs SET origin = %s, open = %s, note = %s WHERE epoch_id = %s", *rows[other].values(), one)
        self.assert_not_fine(stores=("postgres",))

    def test_the_name_of_an_epoch_alone(self):
        self.sql("UPDATE ledger_epochs SET origin = replace(origin, 'auth-a', 'auth-z') WHERE epoch_id = %s", self.first.id)
        self.assert_found({"MODIFIED", "BAD_SIGNATURE"}, 1, store="postgres")

    def test_a_note_that_a_stranger_plants_in_the_archive_is_not_demanded(self):
        stranger = self.forged(enrolment=None).close()
        archive = self.folder / "archive"
        encoded = forger.base64.b64encode(stranger.notes[-1][1].encode()).decode()
        archive.write_text(f"checkpoint {encoded}\n")
        found = self.assert_found("UNKNOWN_KEY", 2, "--checkpoints", archive)
        self.assertEqual((None, stranger.origin), (found["store"], found["origin"]))
        self.assertEqual({"UNKNOWN_KEY": 1}, self.summary["findings"])

    def test_notes_of_a_ledger_that_the_trust_file_does_not_speak_of_say_nothing_of_this_one(self):
        other = self.forged(enrolment=None, prefix="audit.elsewhere.example/twinlog/auth-forged").close()
        archive = self.folder / "archive"
        archive.write_text("".join(f"checkpoint {forger.base64.b64encode(note.encode()).decode()}\n"
                                   for note in (other.first_note, other.notes[-1][1])))
        self.assert_clean("--checkpoints", archive)

    def test_a_note_that_nobody_can_check_excuses_no_rows_and_no_notes_in_a_store(self):
        stranger = self.forged(enrolment=None).close()
        archive = self.folder / "archive"
        archive.write_text(f"checkpoint {forger.base64.b64encode(stranger.notes[-1][1].encode()).decode()}\n")
        self.insert("ledger_checkpoints", {"epoch_id": stranger.epoch_id, "size": 2, "root": bytes(32),
                                           "note": stranger.notes[-1][1], "accepted_at": forger_rows.moment(stranger.now)})
        self.assert_found("MISSING", 1, "--checkpoints", archive, origin=stranger.origin)
        self.sql("DELETE FROM ledger_checkpoints WHERE epoch_id = %s", stranger.epoch_id)
        self.insert("auth_logs", {**self.row("plain-1"), "log_id": "planted", "epoch_id": stranger.epoch_id})
        self.assert_found("FOREIGN", 1, "--checkpoints", archive, store="postgres", log_id="planted")

    def test_an_epoch_of_a_stranger_demands_nothing_by_its_word(self):
        witness = self.forged(enrolment=None, seen=[(self.other_id().bytes, 77, bytes(32))]).close()
        self.write(witness)
        self.assert_found("UNAUTHORISED_EPOCH", 1, origin=witness.origin)
        _, findings = self.verify()
        self.assertNotIn("MISSING", {each["verdict"] for each in findings}, self.said)


class BrokenRules(LedgerCase):
    """Leaves that are truly signed and break a rule: a thief of the enrolment key, or an agent with a fault."""

    def expect(self, verdict, build):
        epoch = self.forged()
        build(epoch)
        if epoch.size not in [size for size, _ in epoch.notes]:
            epoch.sign()
        self.write(epoch)
        self.assert_found(verdict, 1, origin=epoch.origin)

    def test_a_clock_that_goes_back(self):
        def build(epoch):
            epoch.event()
            epoch.now -= 2 * MINUTE
            epoch.event()
        self.expect("BAD_LEAF", build)

    def test_a_heartbeat_that_counts_wrong(self):
        def build(epoch):
            epoch.event()
            epoch.own(forger.HEARTBEAT, {**epoch.word(), 0x41: forger.numbers(7, 0, 0, 0, 0),
                                         0x44: struct.pack(">q", epoch.now + MINUTE)})
        self.expect("BAD_LEAF", build)

    def test_a_leaf_behind_close(self):
        def build(epoch):
            epoch.close()
            epoch.event()
        self.expect("BAD_LEAF", build)

    def test_a_second_open(self):
        def build(epoch):
            epoch.own(forger.OPEN, forger.parse_leaf(epoch.opened)[4])
        self.expect("BAD_LEAF", build)

    def test_an_unknown_type_or_tag(self):
        def odd_type(epoch):
            epoch.own(5, {})

        def odd_tag(epoch):
            epoch.own(forger.GAP, {0x29: forger.ranges((epoch.epoch_id.bytes, 0, 0)), 0x2A: b"\x01", 0x50: b""})
        for build in (odd_type, odd_tag):
            with self.subTest(build.__name__):
                self.expect("BAD_LEAF", build)

    def test_a_confirmation_of_leaves_that_are_not_there(self):
        def build(epoch):
            epoch.event()
            epoch.close(confirmed=(2**40, 2**40))
        self.expect("BAD_LEAF", build)

    def test_an_event_of_a_tenant_left_out_of_the_count(self):
        def build(epoch):
            epoch.event()
            epoch.seqs["acme"] += 1
            epoch.event()
            epoch.close()
        self.expect("TENANT_GAP", build)


class Revoked(LedgerCase):
    def trust_with(self, words):
        path = self.folder / "trust"
        path.write_text(self.scene.trust.read_text() + words + "\n")
        return path

    def test_what_a_revoked_key_authorised_counts_only_where_the_archive_has_its_beginning(self):
        trust = self.trust_with(f"revoked {self.scene.enrolment.name}")
        self.assert_found("UNAUTHORISED_EPOCH", 1, "--trust", trust, trust=False)
        code, _ = self.verify("--trust", trust, "--checkpoints", self.scene.archive, trust=False)
        self.assertEqual(0, code, self.said)

    def test_an_epoch_invented_with_a_stolen_key_is_not_in_the_archive(self):
        thief = self.forged().close()
        self.write(thief)
        trust = self.trust_with(f"revoked {self.scene.enrolment.name}")
        self.assert_found("UNAUTHORISED_EPOCH", 1, "--trust", trust, "--checkpoints", self.scene.archive, trust=False,
                          origin=thief.origin)


if __name__ == "__main__":
    unittest.main()
