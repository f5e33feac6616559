"""What lies in a store is edited: verify names the row, whatever was made to fit it."""
import datetime
import unittest
import uuid

import forger
from forger_keys import SigningKey
from ledger_case import STORES, LedgerCase

TEXTS = ("organisation_id", "user_id", "username", "actor_id", "user_agent", "channel", "service", "auth_method",
         "failure_reason", "failure_code", "session_ref", "request_id", "lock_reason", "reset_reason", "account", "event_type")
AN_HOUR = datetime.timedelta(hours=1)


class EditedRows(LedgerCase):
    def expect_edit(self, log_id, name, value):
        with self.subTest(name), self.edited(log_id, name, value):
            self.assert_found("MODIFIED", 1, store="postgres", tenant_id="acme", log_id=log_id)

    def test_a_record_as_it_was_written_is_clean(self):
        self.assert_clean()
        for store in STORES:
            self.assert_clean(stores=(store,))
        self.assertEqual(3, self.summary["epochs"])

    def test_any_text_column_edited_in_postgresql_is_named(self):
        for name in TEXTS:
            self.expect_edit("full-1", name, "edited")

    def test_any_other_column_of_the_content_edited_in_postgresql_is_named(self):
        row = self.row("full-1")
        for name, value in (("ip", "203.0.113.8"), ("failed_login_attempts", 4), ("metadata", '{"a": 1}'),
                            ("repaired", ["username"]), ("occurred_at", row["occurred_at"] - AN_HOUR),
                            ("account_locked_until", row["account_locked_until"] - AN_HOUR), ("lock_kind", "permanent"),
                            ("metadata", None), ("user_agent", None), ("remote_host", "put.example")):
            self.expect_edit("full-1", name, value)

    def test_any_derived_column_edited_in_postgresql_is_named(self):
        row = self.row("full-1")
        for name, value in (("effective_at", row["effective_at"] - AN_HOUR), ("agent", "auth-z"), ("has_conflict", True),
                            ("content_hash", bytes(32)), ("received_at", row["received_at"] - AN_HOUR)):
            self.expect_edit("full-1", name, value)

    def test_any_column_of_the_leaf_edited_in_postgresql_is_named(self):
        for name, value in (("tenant_seq", 77), ("ingress", 2), ("peer_uid", 78), ("peer_gid", 77), ("record_key", bytes(16)),
                            ("peer_uid", None)):
            self.expect_edit("full-1", name, value)

    def test_any_field_edited_in_the_document_store_is_named(self):
        before = self.document("full-1")
        for name, value in (("username", "edited"), ("metadata", {"a": 1}), ("occurred_at_us", before["occurred_at_us"] + 1),
                            ("occurred_at", before["occurred_at"] + AN_HOUR), ("agent", "auth-z"), ("has_conflict", True),
                            ("effective_at_us", before["effective_at_us"] + 1), ("content_hash", bytes(32)),
                            ("record_key", bytes(16)), ("ip", "203.0.113.8/24"), ("planted", "unknown field")):
            with self.subTest(name):
                self.set_field("full-1", **{name: value})
                self.assert_found("MODIFIED", 1, store="mongodb", tenant_id="acme", log_id="full-1")
                self.db.auth_logs.replace_one({"_id": before["_id"]}, before)
        self.assert_clean()

    def test_one_store_alone_names_an_edited_row_by_its_tile(self):
        self.set_column("plain-1", "service", "edited")
        self.set_field("plain-2", service="edited")
        self.assert_found("MODIFIED", 1, stores=("postgres",), log_id="plain-1")
        self.assert_found("MODIFIED", 1, stores=("mongodb",), log_id="plain-2")

    def test_an_edited_conflict_is_named(self):
        self.set_column("twice-1", "service", "edited", table="auth_log_conflicts")
        self.assert_found("MODIFIED", 1, store="postgres", log_id="twice-1")

    def test_one_bit_of_a_record_key_is_named(self):
        key = bytearray(self.row("plain-3")["record_key"])
        key[15] ^= 1
        self.set_column("plain-3", "record_key", bytes(key))
        self.assert_found("MODIFIED", 1, store="postgres", log_id="plain-3")


class EditedWithItsTile(LedgerCase):
    """The attacker knows the whole design but has no key."""

    def edit(self, store, log_id="plain-1"):
        if store == "postgres":
            self.set_column(log_id, "service", "edited")
            self.fit_content_hash(log_id)
            hands, leaf = self.pg, self.pg.leaf("acme", log_id)
        else:
            self.set_field(log_id, service="edited")
            content = {"tenant_id": "acme", "log_id": log_id, "event_type": "logout", "service": "edited",
                       "occurred_at": self.document(log_id)["occurred_at_us"]}
            self.set_field(log_id, content_hash=forger.content_hash(content))
            hands, leaf = self.docs, self.docs.leaf("acme", log_id)
        _, epoch_id, index, _, _ = forger.parse_leaf(leaf)
        hands.set_hash(uuid.UUID(bytes=epoch_id), index, forger.leaf_hash(leaf))
        return uuid.UUID(bytes=epoch_id), index

    def fit_content_hash(self, log_id):
        row = next(row for row, _ in self.pg.leaves() if row["log_id"] == log_id)
        content = {"tenant_id": "acme", "log_id": log_id, "event_type": "logout", "service": "edited",
                   "occurred_at": row["occurred_at"]}
        self.set_column(log_id, "content_hash", forger.content_hash(content))

    def test_in_the_only_store_at_hand_no_root_fits(self):
        for store in STORES:
            with self.subTest(store):
                self.edit(store)
                self.assert_found("ROOT_MISMATCH", 1, stores=(store,), origin=self.epoch_of("plain-1").origin)

    def test_in_one_of_two_stores_the_other_tells_which_is_true(self):
        _, index = self.edit("postgres")
        self.assert_found("MODIFIED", 1, store="postgres", log_id="plain-1", leaf_index=index)

    def test_in_the_document_store_of_two_postgresql_tells_which_is_true(self):
        _, index = self.edit("mongodb")
        self.assert_found("MODIFIED", 1, store="mongodb", log_id="plain-1", leaf_index=index)

    def test_in_both_alike_no_root_fits(self):
        for store in STORES:
            self.edit(store)
        self.assert_found("ROOT_MISMATCH", 1, origin=self.epoch_of("plain-1").origin)

    def test_all_of_it_computed_anew_with_another_key_is_a_bad_signature(self):
        origin = self.epoch_of("plain-1").origin
        stranger = SigningKey(origin, bytes(range(32)))
        for store, hands in zip(STORES, (self.pg, self.docs)):
            epoch_id, _ = self.edit(store)
            hands.sign_again(epoch_id, stranger)
        self.assert_found("BAD_SIGNATURE", 1, origin=origin)

    def test_one_bit_of_a_tile_is_named(self):
        epoch = self.epoch_of("plain-1")
        index = self.row("plain-1")["leaf_index"]
        changed = bytearray(epoch.hashes[index])
        changed[31] ^= 1
        self.pg.set_hash(epoch.id, index, bytes(changed))
        self.assert_found("MODIFIED", 1, store="postgres", origin=epoch.origin)

    def test_the_time_of_a_tile_and_of_a_checkpoint_edited(self):
        for table, name in (("ledger_tiles", "first_accept_at"), ("ledger_tiles", "last_accept_at"),
                            ("ledger_checkpoints", "accepted_at")):
            with self.subTest(name):
                self.sql(f"UPDATE {table} SET {name} = {name} - interval '1 hour' WHERE epoch_id = %s", self.first.id)
                self.assert_found("MODIFIED", 1, store="postgres", origin=self.first.origin)
                self.sql(f"UPDATE {table} SET {name} = {name} + interval '1 hour' WHERE epoch_id = %s", self.first.id)


class MovedRows(LedgerCase):
    def test_two_rows_that_change_places_are_both_named(self):
        one, other = self.row("plain-1"), self.row("plain-2")
        for name in ("leaf_index", "tenant_seq"):
            self.set_column("plain-1", name, other[name])
            self.set_column("plain-2", name, one[name])
        self.assert_found("MODIFIED", 1, store="postgres", log_id="plain-1")
        self.assert_found("MODIFIED", 1, store="postgres", log_id="plain-2")

    def test_a_row_moved_to_another_tenant(self):
        self.set_column("plain-1", "tenant_id", "globex")
        self.assert_found("MODIFIED", 1, store="postgres", tenant_id="globex", log_id="plain-1")

    def test_a_conflict_put_in_the_place_of_the_record(self):
        self.sql("CREATE TEMPORARY TABLE spare AS SELECT * FROM auth_logs WHERE log_id = 'twice-1'")
        self.delete_row("twice-1", stores=("postgres",))
        self.sql("INSERT INTO auth_logs SELECT * FROM auth_log_conflicts WHERE log_id = 'twice-1'")
        self.sql("DELETE FROM auth_log_conflicts WHERE log_id = 'twice-1'")
        self.sql("INSERT INTO auth_log_conflicts SELECT * FROM spare")
        self.sql("UPDATE auth_log_conflicts SET has_conflict = true")
        self.sql("UPDATE auth_logs SET has_conflict = true WHERE log_id = 'twice-1'")
        self.assert_found("CONFLICT_ORDER", 1, store="postgres", tenant_id="acme", log_id="twice-1")

    def test_the_same_id_sent_again_with_other_content_is_kept_twice_and_is_no_finding(self):
        self.assertEqual([{"log_id": "twice-1"}], self.sql("SELECT log_id FROM auth_log_conflicts WHERE log_id = 'twice-1'"))
        self.assert_clean()


if __name__ == "__main__":
    unittest.main()
