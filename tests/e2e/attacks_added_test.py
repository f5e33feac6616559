"""Rows that no agent accepted: each is FOREIGN, however it explains itself."""
import datetime
import json
import unittest

import bson
import forger
from ledger_case import LedgerCase

A_DAY = datetime.timedelta(days=1)


class AddedRows(LedgerCase):
    def copy_row(self, **changes):
        """A row of its own that is like plain-1 but for these columns."""
        row = {**self.row("plain-1"), "log_id": "planted", **changes}
        content = {"tenant_id": row["tenant_id"], "log_id": row["log_id"], "event_type": row["event_type"],
                   "occurred_at": int(self.sql("SELECT extract(epoch FROM %s::timestamptz) * 1000000 AS us",
                                               row["occurred_at"])[0]["us"])}
        row["content_hash"] = forger.content_hash(content)
        self.insert("auth_logs", row)
        return row

    def test_a_copy_in_the_place_of_another(self):
        self.copy_row()
        self.assert_found("FOREIGN", 1, store="postgres", tenant_id="acme", log_id="planted")

    def test_one_beyond_the_end_of_its_epoch(self):
        self.copy_row(leaf_index=self.first.size, tenant_seq=99)
        self.assert_found("FOREIGN", 1, store="postgres", log_id="planted")

    def test_one_far_beyond_the_end_of_the_newest_epoch(self):
        self.copy_row(epoch_id=self.last.id, leaf_index=self.last.size + 1000, tenant_seq=99)
        self.assert_found("FOREIGN", 1, store="postgres", log_id="planted")

    def test_one_as_from_before_the_ledger(self):
        self.copy_row(**dict.fromkeys(("tenant_seq", "ingress", "peer_uid", "peer_gid", "record_key")),
                      received_at=self.row("plain-1")["received_at"] - A_DAY)
        self.assert_found("FOREIGN", 1, store="postgres", log_id="planted")

    def test_one_of_an_epoch_that_nobody_knows(self):
        self.copy_row(epoch_id=self.other_id())
        self.assert_found("FOREIGN", 1, store="postgres", log_id="planted")

    def test_one_in_the_document_store(self):
        document = {**self.document("plain-1"), "_id": "acme/planted", "log_id": "planted"}
        document["content_hash"] = forger.content_hash({
            "tenant_id": "acme", "log_id": "planted", "event_type": "logout", "occurred_at": document["occurred_at_us"]})
        self.db.auth_logs.insert_one(document)
        self.assert_found("FOREIGN", 1, store="mongodb", log_id="planted")

    def test_one_in_the_place_of_a_leaf_of_the_agents_own(self):
        own = self.sql("SELECT leaf_index FROM ledger_leaves WHERE epoch_id = %s LIMIT 1", self.first.id)[0]["leaf_index"]
        self.copy_row(leaf_index=own, tenant_seq=99)
        self.assert_found({"FOREIGN", "MODIFIED"}, 1, store="postgres", log_id="planted")

    def test_a_conflict_that_nobody_sent(self):
        row = {**self.row("plain-1"), "service": "planted", "has_conflict": True, "content_hash": bytes(range(32))}
        self.insert("auth_log_conflicts", row)
        self.set_column("plain-1", "has_conflict", True)
        self.assert_found({"FOREIGN", "MODIFIED"}, 1, store="postgres", log_id="plain-1")

    def test_rows_from_before_the_ledger_are_accepted_only_as_many_as_the_trust_file_says(self):
        row = self.copy_row(**dict.fromkeys(("tenant_seq", "ingress", "peer_uid", "peer_gid", "record_key")),
                            epoch_id=self.other_id(), leaf_index=1, received_at=self.row("plain-1")["received_at"] - A_DAY)
        self.db.auth_logs.insert_one({
            "_id": "acme/planted", **{name: row[name] for name in ("tenant_id", "log_id", "event_type", "agent")},
            "content_hash": row["content_hash"], "epoch_id": str(row["epoch_id"]), "leaf_index": bson.Int64(1),
            "has_conflict": False, **self.times(row)})
        line = row["received_at"] + datetime.timedelta(seconds=1)
        drawn = f"unproved before {line.astimezone(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')}"
        for words, code in ((drawn + " 1", 0), (drawn, 0), (drawn + " 0", 1)):
            with self.subTest(words):
                trust = self.folder / "trust"
                trust.write_text(self.scene.trust.read_text() + words + "\n")
                got, _ = self.verify("--trust", trust, trust=False)
                self.assertEqual(code, got, self.said)

    def times(self, row):
        found = {}
        for name in ("occurred_at", "received_at", "effective_at"):
            found[name] = row[name].replace(microsecond=row[name].microsecond // 1000 * 1000)
            found[name + "_us"] = bson.Int64(int(self.sql("SELECT extract(epoch FROM %s::timestamptz) * 1000000 AS us",
                                                          row[name])[0]["us"]))
        return found


class EditedAccounts(LedgerCase):
    def expect_mismatch(self, store, **place):
        return self.assert_found("STATE_MISMATCH", 1, store=store, tenant_id="acme", **place)

    def test_a_lock_that_is_lifted_by_hand(self):
        self.sql("UPDATE account_lockouts SET lock_kind = 'none' WHERE account = 'id:u9'")
        self.expect_mismatch("postgres")

    def test_any_shown_column(self):
        for name, value in (("failed_login_attempts", 0), ("account_locked_until", None), ("lock_reason", "edited"),
                            ("last_failed_at", None), ("organisation_id", "south"), ("log_id", "win-1")):
            with self.subTest(name):
                before = self.sql("SELECT * FROM account_lockouts WHERE account = 'id:u-full'")[0]
                self.assertNotEqual(value, before[name])
                self.sql(f"UPDATE account_lockouts SET {name} = %s WHERE account = 'id:u-full'", value)
                self.expect_mismatch("postgres")
                self.sql(f"UPDATE account_lockouts SET {name} = %s WHERE account = 'id:u-full'", before[name])
        self.assert_clean()

    def test_a_row_deleted(self):
        self.sql("DELETE FROM account_lockouts WHERE account = 'id:u9'")
        self.expect_mismatch("postgres")

    def test_a_row_inserted(self):
        self.sql("INSERT INTO account_lockouts SELECT tenant_id, 'id:planted', failed_login_attempts, account_locked_until, "
                 "lock_kind, lock_reason, last_failed_at, last_success_at, last_locked_at, last_reset_at, organisation_id, "
                 "log_id, effective_at, fold_state FROM account_lockouts WHERE account = 'id:u9'")
        self.expect_mismatch("postgres")

    def test_fold_state_alone(self):
        self.sql("UPDATE account_lockouts SET fold_state = (SELECT fold_state FROM account_lockouts WHERE account = 'id:u1') "
                 "WHERE account = 'id:u9'")
        self.expect_mismatch("postgres")

    def test_a_count_lowered_in_column_and_fold_state_alike(self):
        """Both fit each other: only the events tell."""
        row = self.sql("SELECT fold_state, failed_login_attempts FROM account_lockouts WHERE account = 'id:u2'")[0]
        state, before, after = bytes(row["fold_state"]), (3).to_bytes(8, "big"), (1).to_bytes(8, "big")
        self.assertEqual((3, 1), (row["failed_login_attempts"], state.count(before)))
        self.sql("UPDATE account_lockouts SET fold_state = %s, failed_login_attempts = 1 WHERE account = 'id:u2'",
                 state.replace(before, after))
        self.expect_mismatch("postgres")

    def test_a_document_edited_and_one_deleted(self):
        before = self.db.account_lockouts.find_one({"_id": "acme/id:u9"})
        self.db.account_lockouts.update_one({"_id": "acme/id:u9"}, {"$set": {"lock_kind": "none"}})
        self.expect_mismatch("mongodb")
        self.db.account_lockouts.delete_one({"_id": before["_id"]})
        self.expect_mismatch("mongodb")

    def test_a_lock_lifted_under_the_cover_of_a_row_on_its_way(self):
        """The epoch lives, so that something unproved may be on its way; this row is not of it."""
        alive = self.forged(started=self.now_micros())
        alive.heartbeat()
        self.write(alive)
        row = {**self.row("reset-1"), "log_id": "planted", "epoch_id": alive.epoch_id, "leaf_index": alive.size + 3,
               "user_id": "u9", "account": "id:u9", "tenant_seq": 0, "content_hash": bytes(range(32))}
        self.insert("auth_logs", row)
        self.sql("UPDATE account_lockouts SET lock_kind = 'none' WHERE account = 'id:u9'")
        self.assert_found({"FOREIGN", "STATE_MISMATCH"}, 1, store="postgres", tenant_id="acme")

    def now_micros(self):
        return int(self.sql("SELECT extract(epoch FROM now()) * 1000000 AS us")[0]["us"]) - 2_000_000


class Untrusted(LedgerCase):
    def test_no_trust_file_is_unknown_key_and_nothing_else(self):
        code, findings = self.verify(trust=False)
        self.assertEqual((2, {"UNKNOWN_KEY"}), (code, {each["verdict"] for each in findings}), self.said)

    def test_without_trust_an_edit_is_named_all_the_same(self):
        self.set_column("plain-1", "service", "edited")
        self.assert_found("MODIFIED", 1, trust=False, log_id="plain-1")

    def test_what_a_person_has_judged_is_left_out_of_the_exit_code_and_still_shown(self):
        self.set_column("plain-1", "service", "edited")
        _, findings = self.verify()
        known = self.folder / "known"
        known.write_text("".join(json.dumps(each) + "\n" for each in findings))
        finding = self.assert_found("MODIFIED", 0, "--known", known, log_id="plain-1")
        self.assertTrue(finding["known"])
        known.write_text(self.said)  # As verify itself printed them, summary and all.
        self.assert_found("MODIFIED", 0, "--known", known, log_id="plain-1")
        self.set_column("plain-2", "service", "edited")
        self.assert_found("MODIFIED", 1, "--known", known, log_id="plain-2")

    def test_what_is_no_finding_is_no_known_one(self):
        known = self.folder / "known"
        for text in ("plain-1\n", "[]\n", '{"verdict":"NONE"}\n', '{"verdict":"MODIFIED","leaf_index":-1}\n',
                     '{"verdict":"MODIFIED","store":"elsewhere"}\n', '{"verdict":"MODIFIED","detail":7}\n'):
            with self.subTest(text):
                known.write_text(text)
                code, findings = self.verify("--known", known)
                self.assertEqual((3, []), (code, findings), self.said)
                self.assertIn("line 1", self.said)


if __name__ == "__main__":
    unittest.main()
