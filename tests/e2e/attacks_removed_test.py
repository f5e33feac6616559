"""Something is taken away, from one row to a whole epoch, and the hole is dressed up."""
import contextlib
import struct
import unittest

import forger
import forger_rows
import harness
import ledger_scene
from ledger_case import LATER, STORES, LedgerCase


class RemovedRows(LedgerCase):
    def test_a_row_deleted_in_one_store(self):
        index = self.row("plain-1")["leaf_index"]
        self.delete_row("plain-1", stores=("postgres",))
        self.assert_found("MISSING", 1, store="postgres", origin=self.first.origin, leaf_index=index)

    def test_a_document_deleted(self):
        index = self.row("plain-1")["leaf_index"]
        self.delete_row("plain-1", stores=("mongodb",))
        self.assert_found("MISSING", 1, store="mongodb", origin=self.first.origin, leaf_index=index)

    def test_a_row_deleted_in_both_stores_tile_and_all(self):
        self.delete_row("plain-1")
        self.assert_found("MISSING", 1, origin=self.first.origin)
        self.assert_found("MISSING", 1, stores=("mongodb",), store="mongodb")

    def test_a_conflict_deleted_and_the_flag_put_back(self):
        self.sql("DELETE FROM auth_log_conflicts WHERE log_id = 'twice-1'")
        self.set_column("twice-1", "has_conflict", False)
        self.assert_found("MISSING", 1, store="postgres", origin=self.second.origin)

    def test_a_further_acceptance_deleted(self):
        self.assertEqual(1, self.sql("DELETE FROM ledger_leaves WHERE log_id = 'again-1'"))
        self.assert_found("MISSING", 1, store="postgres", origin=self.last.origin)

    def test_a_leaf_of_the_agents_own_deleted(self):
        self.assertLess(0, self.sql("DELETE FROM ledger_leaves WHERE tenant_id IS NULL AND epoch_id = %s", self.first.id))
        self.assert_found("MISSING", 1, store="postgres", origin=self.first.origin)

    def test_a_tile_deleted(self):
        self.assertLess(0, self.sql("DELETE FROM ledger_tiles WHERE epoch_id = %s", self.first.id))
        self.assert_found("MISSING", 1, store="postgres", origin=self.first.origin)


class DressedHoles(LedgerCase):
    """A deletion that is made to look like what is no fault."""

    def hide(self, kind, tags, name="plain-1"):
        """The row goes and an unsigned leaf beyond the end of its epoch explains it."""
        row, epoch = self.row(name), self.epoch_of(name)
        self.delete_row(name)
        tags[0x29] = forger.ranges((epoch.id.bytes, row["leaf_index"], row["leaf_index"]))
        raw = forger.leaf(kind, epoch.id.bytes, epoch.size, forger_rows.stores.micros(row["received_at"]) + 10**9, tags)
        self.insert_both("ledger_leaves", {"epoch_id": epoch.id, "leaf_index": epoch.size, "leaf": raw})
        return {"origin": epoch.origin, "leaf_index": row["leaf_index"]}

    def test_as_a_dead_letter(self):
        self.assert_found("MISSING", 1, **self.hide(forger.GAP, {0x2A: b"\x02"}))

    def test_as_damage_of_the_spool(self):
        self.assert_found("MISSING", 1, **self.hide(forger.GAP, {0x2A: b"\x01"}))

    def test_as_retention(self):
        self.assert_found("MISSING", 1, **self.hide(forger.PRUNE, {0x2F: b"30 days"}))

    def test_as_a_further_acceptance_of_what_is_not_there(self):
        row = self.row("plain-1")
        leaf = self.pg.leaf("acme", "plain-1")
        self.delete_row("plain-1")
        self.insert_both("ledger_leaves", {name: row[name] for name in (
            "epoch_id", "leaf_index", "tenant_id", "log_id", "tenant_seq", "record_key")} | {"leaf": leaf})
        self.assert_found({"MISSING"}, 1, origin=self.first.origin, leaf_index=row["leaf_index"])

    def test_as_erased_and_repeated(self):
        """A further acceptance without a key is what a repeat of an erased record leaves."""
        row = self.row("plain-1")
        leaf = self.pg.leaf("acme", "plain-1")
        self.delete_row("plain-1")
        self.insert_both("ledger_leaves", {name: row[name] for name in (
            "epoch_id", "leaf_index", "tenant_id", "log_id", "tenant_seq")} | {"leaf": leaf})
        self.assert_found("MISSING", 1, origin=self.first.origin)


class HolesOfTheLiving(LedgerCase):
    """While an agent lives, something unsigned may be on its way; a hole in what it has counted already is not."""

    def test_a_confirmed_row_that_an_unsigned_leaf_calls_refused(self):
        alive = self.forged(started=int(self.sql("SELECT extract(epoch FROM now()) * 1000000 AS us")[0]["us"]) - 5_000_000)
        index = alive.event(stores=())
        alive.heartbeat()
        alive.heartbeat()
        alive.gap(index, index)  # No checkpoint over it: what anybody can write who can write into the stores.
        self.write(alive)
        for store in STORES:
            self.assert_found("MISSING", 1, store=store, origin=alive.origin, leaf_index=index)


class Truncated(LedgerCase):
    def cut_index(self):
        return self.row("last-2")["leaf_index"]

    def test_the_tail_in_postgresql_checkpoints_too(self):
        self.cut_epoch(self.last, self.cut_index(), ("postgres",))
        self.assert_found("MISSING", 1, store="postgres", origin=self.last.origin)

    def test_the_tail_in_the_document_store_checkpoints_too(self):
        self.cut_epoch(self.last, self.cut_index(), ("mongodb",))
        self.assert_found("MISSING", 1, store="mongodb", origin=self.last.origin)

    def test_the_tail_in_both_and_one_archived_line_is_left(self):
        self.cut_epoch(self.last, self.cut_index())
        self.assert_found("MISSING", 1, "--checkpoints", self.scene.archive, origin=self.last.origin)

    def test_the_tail_in_both_with_a_lone_leaf_to_hide_the_hole(self):
        close = self.sql("SELECT leaf_index, leaf FROM ledger_leaves WHERE epoch_id = %s ORDER BY leaf_index DESC LIMIT 1",
                         self.last.id)[0]
        self.cut_epoch(self.last, self.cut_index())
        self.insert_both("ledger_leaves", {"epoch_id": self.last.id, **close})
        self.assert_found("MISSING", 1, "--checkpoints", self.scene.archive, origin=self.last.origin)

    def test_the_tail_in_both_and_none_left_is_stale_past_the_due_time(self):
        self.cut_epoch(self.last, self.cut_index())
        self.assert_found("STALE", 2, "--now", LATER, origin=self.last.origin)

    def test_the_idle_tail_alone_is_stale_past_the_due_time(self):
        events = self.sql("SELECT max(leaf_index) AS last FROM auth_logs WHERE epoch_id = %s", self.last.id)[0]["last"]
        self.assertLess(events + 1, self.last.size)
        self.cut_epoch(self.last, events + 1)
        self.assert_found("STALE", 2, "--now", LATER, origin=self.last.origin)

    def test_the_tail_of_an_epoch_that_another_one_follows_is_missed_without_any_archive(self):
        self.cut_epoch(self.first, self.first.size - 2)
        self.assert_found({"MISSING", "ROOT_MISMATCH"}, 1, origin=self.first.origin)

    def test_a_store_restored_from_an_older_copy(self):
        for store in STORES:
            with self.subTest(store):
                kept = self.postgres_uri, self.mongodb_uri
                if store == "postgres":
                    self.postgres_uri = self.scene.older_postgres
                else:
                    self.mongodb_uri = self.scene.older_documents
                self.assert_found("MISSING", 1, store=store)
                self.postgres_uri, self.mongodb_uri = kept


class RemovedEpochs(LedgerCase):
    def test_one_that_is_followed_by_another(self):
        self.drop_epoch(self.first)
        named = struct.unpack(">Q", self.second.tags[0x35][:8])[0]
        self.assertEqual(self.first.size, named)
        self.assert_found("MISSING", 1)

    def test_the_last_one_that_only_the_archive_knows(self):
        self.drop_epoch(self.last)
        self.assert_found("MISSING", 1, "--checkpoints", self.scene.archive)

    def test_one_that_another_agent_saw(self):
        """A witness: an epoch that nothing follows, but another agent's leaf names."""
        seen = self.forged().close()
        witness = self.forged(seen=[(seen.epoch_id.bytes, seen.size, seen.root())]).close()
        self.write(seen)
        self.write(witness)
        self.assert_clean()
        for table in ("auth_logs", "ledger_leaves", "ledger_tiles", "ledger_checkpoints", "ledger_epochs"):
            self.sql(f"DELETE FROM {table} WHERE epoch_id = %s", seen.epoch_id)
            self.db[table].delete_many({"epoch_id": str(seen.epoch_id)})
        self.assert_found("MISSING", 1)

    def test_one_in_one_store_alone(self):
        self.drop_epoch(self.last, ("postgres",))
        self.assert_found("MISSING", 1, store="postgres")

    def test_a_real_agent_witnesses_what_it_finds_in_the_stores(self):
        """Two agents in stores of their own: the second one's leaves name the first one's tree."""
        postgres, mongodb = self.scene.server.new_database(), self.scene.documents.new_database()
        first = self.scene.new_agent("auth-seen", postgres, mongodb)
        self.scene.run_once(first, [ledger_scene.line("seen-1", 1)])
        with contextlib.closing(forger_rows.PostgresForger(postgres)) as hands:
            epoch = ledger_scene.read_epochs(hands)[0]
            second = self.scene.new_agent("auth-witness", postgres, mongodb, idle="2s").start()
            # What it has read by the time of a heartbeat, that heartbeat tells.
            harness.wait_until(lambda: epoch.id.bytes in self.witnessed(hands), "a leaf names it")
            size, root = self.witnessed(hands)[epoch.id.bytes]
            self.assertEqual(epoch.root(size), root)
            self.assertEqual(0, second.stop())

    def witnessed(self, hands):
        """Epoch -> (size, root) of the trees that leaves of agents name, as PostgreSQL has them by now."""
        raws = [row["leaf"] for row in hands.sql("SELECT leaf FROM ledger_leaves WHERE tenant_id IS NULL "
                                                 "UNION ALL SELECT open FROM ledger_epochs")]
        trees = [tree for raw in raws for tree in forger.parse_trees(forger.parse_leaf(bytes(raw))[4].get(0x37, b""))]
        return {epoch: (size, root) for epoch, size, root in trees}


if __name__ == "__main__":
    unittest.main()
