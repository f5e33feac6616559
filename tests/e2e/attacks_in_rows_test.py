"""Attacks of an outsider with all rights on a store and the source of the agent at hand: within rows and documents."""
import unittest

import bson
from ledger_case import LedgerCase

NULLED = ("tenant_seq", "ingress", "peer_uid", "peer_gid", "record_key")


class OddColumns(LedgerCase):
    def expect_named(self, log_id="full-1", verdict="MODIFIED"):
        self.assert_found(verdict, 1, store="postgres", log_id=log_id)

    def test_a_time_without_end_once_the_constraint_is_gone(self):
        self.sql("ALTER TABLE auth_logs DROP CONSTRAINT auth_logs_times_are_finite")
        for name in ("occurred_at", "received_at", "effective_at", "account_locked_until"):
            with self.subTest(name):
                before = self.row("full-1")[name]
                self.sql(f"UPDATE auth_logs SET {name} = 'infinity' WHERE log_id = 'full-1'")
                self.expect_named()
                self.set_column("full-1", name, before)

    def test_a_netmask_at_an_address(self):
        self.set_column("full-1", "ip", "203.0.113.7/24")
        self.expect_named()

    def test_an_array_of_two_dimensions_and_one_that_begins_at_zero(self):
        for text in ("{{metadata,username}}", "[0:0]={metadata}", "{}", "{NULL}"):
            with self.subTest(text):
                self.set_column("full-1", "repaired", text)
                self.expect_named()

    def test_another_spelling_of_the_same_number_of_metadata(self):
        """jsonb keeps every digit, so that this is what people are shown from then on."""
        for text in ("1.000", "1.0", "1e0"):
            with self.subTest(text):
                self.sql("UPDATE auth_logs SET metadata = jsonb_set(metadata, '{a,0}', %s::jsonb) WHERE log_id = 'full-1'", text)
                if text == "1e0":  # What PostgreSQL itself makes the 1 of.
                    self.assert_clean()
                else:
                    self.expect_named()

    def test_a_number_of_metadata_that_no_double_can_be(self):
        for text in ("1e400", "-1e400", "1e-400", "1.0000000000000000001e0", "9007199254740993"):
            with self.subTest(text):
                self.sql("UPDATE auth_logs SET metadata = jsonb_set(metadata, '{a,1}', %s::jsonb) WHERE log_id = 'full-1'", text)
                self.expect_named()

    def test_another_normal_form_of_a_name(self):
        """What looks the same to people is not the same; the account goes by the folded name."""
        for text in ("Fu\u0301ll", "full", "Full ", "Fu\u200bll", "\uff26ull"):
            with self.subTest(ascii(text)), self.edited("full-1", "username", text):
                self.expect_named()

    def test_columns_emptied_to_look_as_from_before_the_ledger(self):
        """The line that the trust file draws for old rows covers none that has a leaf."""
        for name in NULLED:
            self.set_column("plain-1", name, None)
        trust = self.folder / "trust"
        trust.write_text(self.scene.trust.read_text() + "unproved before 2030-01-01T00:00:00Z\n")
        self.assert_found({"MISSING", "MODIFIED", "FOREIGN"}, 1, "--trust", trust, trust=False, store="postgres")

    def test_one_of_the_columns_of_the_leaf_emptied(self):
        for name in ("tenant_seq", "ingress", "record_key"):
            with self.subTest(name), self.edited("plain-1", name, None):
                self.assert_found({"MISSING", "MODIFIED", "FOREIGN"}, 1, store="postgres")

    def test_a_leaf_index_out_of_all_bounds(self):
        for number in (-1, -2**63, 2**63 - 1, 2**32 + self.row("plain-1")["leaf_index"]):
            with self.subTest(number), self.edited("plain-1", "leaf_index", number):
                self.assert_found({"MODIFIED", "FOREIGN"}, 1, store="postgres", log_id="plain-1")

    def test_the_record_once_more_among_the_conflicts(self):
        self.sql("INSERT INTO auth_log_conflicts SELECT * FROM auth_logs WHERE log_id = 'plain-1'")
        self.sql("UPDATE auth_logs SET has_conflict = true WHERE log_id = 'plain-1'")
        self.expect_named("plain-1", {"FOREIGN", "MODIFIED"})

    def test_tenants_swapped_with_their_counters(self):
        one, other = self.row("plain-1"), self.row("other-1", tenant="globex")
        for name in ("tenant_seq", "leaf_index", "record_key"):
            self.set_column("plain-1", name, other[name])
            self.set_column("other-1", name, one[name], tenant="globex")
        self.expect_named("plain-1")
        self.expect_named("other-1")

    def test_two_counters_of_a_tenant_swapped(self):
        one, other = self.row("plain-1")["tenant_seq"], self.row("plain-2")["tenant_seq"]
        self.set_column("plain-1", "tenant_seq", other)
        self.set_column("plain-2", "tenant_seq", one)
        self.expect_named("plain-1")

    def test_salts_planted_on_a_row_that_was_never_erased(self):
        self.set_column("plain-1", "salts", bytes([1, 1]) + bytes(32))
        self.expect_named("plain-1")


class OddDocuments(LedgerCase):
    def replace(self, log_id, change):
        document = self.document(log_id)
        self.db.auth_logs.delete_one({"_id": document["_id"]})
        change(document)
        self.db.auth_logs.insert_one(document)

    def expect_each(self, log_id, changes, verdicts=("MODIFIED", "FOREIGN", "MISSING")):
        before = self.document(log_id)
        for label, change in changes.items():
            with self.subTest(label):
                self.replace(log_id, change)
                self.assert_found(set(verdicts), 1, store="mongodb")
                self.db.auth_logs.delete_many({"log_id": log_id})
                self.db.auth_logs.insert_one(dict(before))
        self.assert_clean()

    def test_a_value_of_another_type(self):
        """What a query still finds, and what another reader shows as the same."""
        self.expect_each("full-1", {
            "list for text": lambda document: document.update(username=[document["username"]]),
            "double for number": lambda document: document.update(leaf_index=float(document["leaf_index"]) + 0.5),
            "text for number": lambda document: document.update(leaf_index=str(document["leaf_index"])),
            "text for binary": lambda document: document.update(record_key=document["record_key"].hex()),
            "binary for text": lambda document: document.update(username=document["username"].encode()),
            "date alone": lambda document: document.pop("occurred_at_us"),
            "microseconds alone": lambda document: document.pop("occurred_at"),
            "null for what was sent": lambda document: document.update(username=None),
            "not a number": lambda document: document.update(failed_login_attempts=float("nan"))})

    def test_an_epoch_id_in_other_letters(self):
        self.expect_each("plain-1", {
            "upper case": lambda document: document.update(epoch_id=document["epoch_id"].upper()),
            "braces": lambda document: document.update(epoch_id="{" + document["epoch_id"] + "}"),
            "no hyphens": lambda document: document.update(epoch_id=document["epoch_id"].replace("-", "")),
            "binary": lambda document: document.update(epoch_id=bson.Binary(bytes.fromhex(
                document["epoch_id"].replace("-", "")), 4))})

    def test_an_id_that_is_not_the_key(self):
        self.expect_each("plain-1", {
            "object id": lambda document: document.update(_id=bson.ObjectId()),
            "document": lambda document: document.update(_id={"tenant_id": "acme", "log_id": "plain-1"}),
            "another text": lambda document: document.update(_id="acme//plain-1"),
            "binary": lambda document: document.update(_id=b"acme/plain-1")})

    def test_a_second_document_of_the_same_record_under_another_id(self):
        for label, name in (("object id", bson.ObjectId()), ("upper case", "ACME/plain-1"), ("space", "acme/plain-1 ")):
            with self.subTest(label):
                self.db.auth_logs.insert_one({**self.document("plain-1"), "_id": name})
                self.assert_found({"FOREIGN", "MODIFIED"}, 1, store="mongodb")
                self.db.auth_logs.delete_one({"_id": name})

    def test_a_second_document_that_contradicts_the_record(self):
        self.db.auth_logs.insert_one({**self.document("plain-1"), "_id": bson.ObjectId(), "service": "planted"})
        self.assert_found({"FOREIGN", "MODIFIED"}, 1, store="mongodb", log_id="plain-1")

    def test_a_key_of_metadata_in_a_coding_that_no_writer_uses(self):
        self.expect_each("full-1", {
            "coded letter": lambda document: document["metadata"].update({"%61": document["metadata"].pop("a")}),
            "another order and one more": lambda document: document["metadata"].update({"z": 1}),
            "text for number": lambda document: document["metadata"].update(n="0")})

    def test_a_record_put_among_the_conflicts(self):
        document = self.document("plain-1")
        self.db.auth_logs.delete_one({"_id": document["_id"]})
        document["_id"] = f"acme/plain-1/{bytes(document['content_hash']).hex()}"
        self.db.auth_log_conflicts.insert_one(document)
        self.assert_not_fine()


if __name__ == "__main__":
    unittest.main()
