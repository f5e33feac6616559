"""`twinlog epoch retire`: it ends what is gone, and refuses to be used to cut a tail off."""
import unittest

import command
import forger
from forger_epoch import MINUTE
from ledger_case import STORES, LedgerCase


class Retired(LedgerCase):
    def retire(self, epoch, *words):
        """The command, with the configuration of an agent that does not run."""
        agent = self.scene.new_agent("auth-keeper", self.postgres_uri, self.mongodb_uri)
        text = agent.config.read_text()
        for store in STORES:
            address = getattr(self, f"{store}_uri")
            text = text.replace(f'uri = "{address}"', f'uri = "{address}"\nkeeper_uri = "{address}"')
        agent.config.write_text(text)
        return command.run("epoch", "retire", "--origin", epoch.origin, "--reason", "node lost", "--config", agent.config,
                           *words)

    def lost(self, **more):
        epoch = self.forged(**more)
        epoch.event()
        epoch.heartbeat()
        return self.write(epoch)

    def test_a_lost_epoch_is_listed_and_fine(self):
        epoch = self.lost()
        self.assert_found("STALE", 2, origin=epoch.origin)
        done = self.retire(epoch)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assert_found("RETIRED", 0, origin=epoch.origin)
        text = self.sql("SELECT retired FROM ledger_epochs WHERE epoch_id = %s", epoch.epoch_id)[0]["retired"]
        self.assertEqual(forger.retirement(epoch.origin, epoch.size, epoch.root(), "node lost", self.scene.enrolment), text)
        self.assertEqual(text, self.db.ledger_epochs.find_one({"_id": str(epoch.epoch_id)})["retired"])

    def test_it_says_what_it_declares_and_what_no_checkpoint_covers(self):
        epoch = self.lost()
        done = self.retire(epoch)
        self.assertIn(f"declares {epoch.size} leaves, up to leaf {epoch.size - 1}, ", done.stdout)
        self.assertIn("all of them lie under a checkpoint", done.stdout)
        other = self.forged()
        other.event()
        other.heartbeat()
        covered = other.size
        other.event()
        other.event()
        self.write(other)
        done = self.retire(other)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn(f"declares {covered + 2} leaves, up to leaf {covered + 1}, ", done.stdout)
        self.assertIn(f"the last 2 leaves, from leaf {covered} on, under no checkpoint", done.stdout)
        self.assert_found("RETIRED", 0, origin=other.origin)

    def expect_refusal(self, epoch, *words):
        done = self.retire(epoch, *words)
        self.assertEqual(1, done.returncode, done.stdout + done.stderr)
        self.assertIsNone(self.sql("SELECT retired FROM ledger_epochs WHERE epoch_id = %s", epoch.epoch_id)[0]["retired"])

    def test_an_epoch_that_may_be_alive_is_not_retired(self):
        started = self.forged().now + 25 * MINUTE
        self.expect_refusal(self.lost(started=started))

    def test_a_tail_that_was_cut_off_is_not_retired_where_the_archive_knows_more(self):
        epoch = self.lost()
        note = epoch.notes[-1][1]
        size = epoch.size - 1
        for table, name in (("ledger_leaves", "leaf_index"), ("ledger_checkpoints", "size")):
            self.sql(f"DELETE FROM {table} WHERE epoch_id = %s AND {name} >= %s", epoch.epoch_id, size)
            self.db[table].delete_many({"epoch_id": str(epoch.epoch_id), name: {"$gte": size}})
        kept = b"".join(epoch.hashes()[:size])
        self.sql("UPDATE ledger_tiles SET leaf_count = %s, hashes = %s WHERE epoch_id = %s", size, kept, epoch.epoch_id)
        tile = self.db.ledger_tiles.find_one_and_delete({"epoch_id": str(epoch.epoch_id)})
        self.db.ledger_tiles.insert_one({**tile, "_id": f"{epoch.epoch_id}/0/{size}", "leaf_count": size, "hashes": kept})
        archive = self.folder / "archive"
        archive.write_text(f"checkpoint {forger.base64.b64encode(note.encode()).decode()}\n")
        self.expect_refusal(epoch, "--checkpoints", archive)

    def test_a_record_that_does_not_give_its_own_checkpoint_is_not_retired(self):
        epoch = self.lost()
        for hands in (self.pg, self.docs):
            hands.set_hash(epoch.epoch_id, 1, bytes(32))
        self.expect_refusal(epoch)

    def test_an_origin_that_is_not_there(self):
        epoch = self.forged()
        self.assertNotEqual(0, self.retire(epoch).returncode)


if __name__ == "__main__":
    unittest.main()
