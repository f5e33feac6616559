"""Erasure and retention: what was ordered is no finding, what looks like it and was not ordered is one."""
import unittest

import command
import forger
import forger_rows
import ledger_scene
from forger_epoch import MINUTE
from keeper_case import KeeperCase
from ledger_case import LATER, STORES, LedgerCase


class Erased(KeeperCase):
    def erase(self, fields="ip,user_agent", log_id="full-1"):
        keeper = self.order("erase", "--tenant", "acme", "--log-id", log_id, "--fields", fields, "--request", "case 17")
        self.assertEqual(0, keeper.stop(), keeper.log_text()[-2000:])
        return keeper

    def test_with_its_leaf_is_no_finding_and_the_value_is_nowhere(self):
        self.erase()
        row = self.row("full-1")
        self.assertEqual((None, None, None, None), (row["ip"], row["user_agent"], row["record_key"], row["content_hash"]))
        self.assertIsNotNone(row["salts"])
        self.assertIsNone(self.document("full-1").get("ip"))
        self.assert_clean()
        for store in STORES:
            self.assert_clean(stores=(store,))

    def test_a_name_takes_its_account_along_and_the_rest_is_clean(self):
        self.erase("user_id,username")
        self.assertIsNone(self.row("full-1")["account"])
        self.assert_clean()

    def test_without_its_leaf_is_an_edit(self):
        """The attacker writes the salts as an erasure would, and no leaf orders it."""
        versions = {row["log_id"]: row for row, _ in self.pg.leaves()}
        content = forger_content(versions["plain-1"])
        key = bytes(self.row("plain-1")["record_key"])
        salts = b""
        for name, value in content.items():
            number = forger.NUMBERS[name]
            salt = forger.salt(key, number)
            gone = name == "event_type"
            tail = forger.commitment(number, salt, forger.value_bytes(name, value)) if gone else salt
            salts += bytes([number, gone]) + tail
        for name, value in (("record_key", None), ("content_hash", None), ("salts", salts), ("event_type", "")):
            self.set_column("plain-1", name, value)
        self.assert_found("MODIFIED", 1, store="postgres", log_id="plain-1")

    def test_a_value_put_back(self):
        self.erase()
        self.set_column("full-1", "ip", "203.0.113.7")
        self.assert_found("MODIFIED", 1, store="postgres", log_id="full-1")

    def test_another_field_erased_under_cover_of_the_order(self):
        self.erase("ip")
        self.set_column("full-1", "user_agent", None)
        self.assert_found("MODIFIED", 1, store="postgres", log_id="full-1")

    def test_an_order_for_one_store_alone_leaves_the_other_to_be_seen(self):
        """The erased value still lies in the other store: somebody put the document back."""
        before = self.document("full-1")
        self.erase()
        self.db.auth_logs.replace_one({"_id": before["_id"]}, before)
        # For a while after the order its erasure may be under way; the account row alone tells at once.
        self.assert_found({"MODIFIED", "STATE_MISMATCH"}, 1, store="mongodb", log_id="full-1")
        self.assert_found("MODIFIED", 1, "--now", LATER, store="mongodb", log_id="full-1")

    def test_the_leaf_of_an_erasure_deleted(self):
        self.erase()
        leaves = self.sql("SELECT epoch_id, leaf_index, leaf FROM ledger_leaves WHERE tenant_id IS NULL")
        order = next(row for row in leaves if row["leaf"][4] == forger.ERASE)
        self.sql("DELETE FROM ledger_leaves WHERE epoch_id = %s AND leaf_index = %s", order["epoch_id"], order["leaf_index"])
        self.assert_found("MISSING", 1, store="postgres", leaf_index=order["leaf_index"])

    def test_a_repeat_of_what_was_erased_is_no_finding_and_brings_nothing_back(self):
        self.erase()
        agent = self.scene.new_agent("auth-repeat", self.postgres_uri, self.mongodb_uri)
        self.scene.run_once(agent, [ledger_scene.full("full-1", 50)])
        self.assertIsNone(self.row("full-1")["ip"])
        self.assert_clean()

    def test_erased_rows_are_proved_by_their_commitments(self):
        self.erase()
        path = self.folder / "proof"
        done = command.run("prove", "--tenant", "acme", "--log-id", "full-1", "--postgres", self.postgres_uri, "--mongodb",
                           self.mongodb_uri, "--out", path)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        checked = command.run("verify", "--proof", f"{path}.tlog-proof", "--trust", self.scene.trust)
        self.assertEqual(0, checked.returncode, checked.stdout + checked.stderr)


def erased(row, raw, field):
    """The row of an event as an erasure of that field leaves it; `raw` is its leaf."""
    salts = b""
    for name in sorted(set(row) & set(forger.NUMBERS), key=forger.NUMBERS.get):
        number = forger.NUMBERS[name]
        salt = forger.salt(row["record_key"], number)
        tail = forger.commitment(number, salt, forger.value_bytes(name, row[name])) if name == field else salt
        salts += bytes([number, name == field]) + tail
    left = {name: value for name, value in row.items() if name not in (field, "record_key", "content_hash")}
    return left | {"salts": salts} if "has_conflict" in row else left | {"salts": salts, "content_hash": forger.leaf_hash(raw)}


class PassedOff(LedgerCase):
    """Two versions of one id, erased long after both arrived, by an epoch of the test's own."""

    def versions(self):
        """(epoch, the conflict's row as it is left, its leaf)"""
        epoch = self.forged()
        for agent in ("first", "second"):
            epoch.event(log_id="twice", user_agent=agent)
        record, conflict = epoch.kept[-2][2], epoch.kept[-1][2]
        del epoch.kept[-2:]
        del conflict["has_conflict"]
        record["has_conflict"] = True
        left = [erased(row, epoch.raws[row["leaf_index"]], "user_agent") for row in (record, conflict)]
        epoch.heartbeat()
        epoch.heartbeat()
        epoch.step(20 * MINUTE)
        epoch.own(forger.ERASE, {0x22: bytes([forger.NUMBERS["user_agent"]]), 0x29: forger.ranges((epoch.epoch_id.bytes, 1, 2))})
        epoch.kept += [("auth_logs", STORES, left[0]), ("auth_log_conflicts", STORES, left[1])]
        epoch.close()
        self.write(epoch)
        self.assert_clean()
        return epoch, left[1], epoch.raws[2]

    def test_a_conflict_of_what_was_erased_passed_off_as_a_repeat_of_it(self):
        """A repeat of an erased record is a leaf alone, without key and salts; so the attacker makes one of the conflict."""
        epoch, conflict, leaf = self.versions()
        bare = {name: conflict[name] for name in ("epoch_id", "leaf_index", "tenant_id", "log_id", "tenant_seq")} | {"leaf": leaf}
        self.sql("DELETE FROM auth_log_conflicts WHERE log_id = 'twice'")
        self.set_column("twice", "has_conflict", False)
        self.insert("ledger_leaves", bare)
        self.assert_found("MODIFIED", 1, store="postgres", origin=epoch.origin, leaf_index=2, log_id="twice")
        self.db.auth_log_conflicts.delete_one({"log_id": "twice"})
        self.set_field("twice", has_conflict=False)
        self.db.ledger_leaves.insert_one(forger_rows.as_document("ledger_leaves", bare))
        for store in STORES:
            self.assert_found("MODIFIED", 1, store=store, origin=epoch.origin, leaf_index=2, log_id="twice")


class Pruned(KeeperCase):
    def prune(self):
        keeper = self.order("prune", "--before", LATER, "--policy", "scene", "--apply")
        self.assertEqual(0, keeper.stop(), keeper.log_text()[-2000:])

    def test_with_their_leaf_is_no_finding(self):
        self.prune()
        self.assertEqual([], self.sql("SELECT 1 FROM auth_logs WHERE log_id = 'plain-1'"))
        self.assert_clean()

    def test_a_row_that_no_leaf_names_deleted_under_cover_of_it(self):
        keeper = self.order("prune", "--before", LATER, "--policy", "scene", "--apply")
        keeper.send_lines([ledger_scene.line("younger", 1)])
        keeper.wait_delivered()
        self.assertEqual(0, keeper.stop())
        self.delete_row("younger")
        self.assert_found("MISSING", 1)

    def test_a_plan_changes_nothing(self):
        self.order("prune", "--before", LATER, "--policy", "scene").stop()
        self.assertEqual([{"log_id": "plain-1"}], self.sql("SELECT log_id FROM auth_logs WHERE log_id = 'plain-1'"))
        self.assert_clean()


def forger_content(row):
    return {name: row[name] for name in forger.FIELDS if row.get(name) is not None and name != "repaired"}


if __name__ == "__main__":
    unittest.main()
