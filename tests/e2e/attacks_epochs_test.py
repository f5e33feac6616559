"""Epochs: forged, cloned, set back, lost, retired; and accidents, which are told and are no attack."""
import contextlib
import shutil
import signal
import unittest

import forger
import forger_rows
import ledger_scene
from forger_epoch import MINUTE
from forger_keys import SigningKey
from ledger_case import LATER, LedgerCase

STRANGER = bytes(range(7, 39))


class ForgedEpochs(LedgerCase):
    def forge(self, enrolment):
        epoch = self.forged(enrolment=enrolment)
        epoch.event(log_id="invented")
        self.write(epoch.close())
        return epoch

    def test_an_epoch_of_the_enrolment_key_is_as_good_as_a_real_one(self):
        """What makes the other tests mean something: the forger writes what an agent would."""
        self.forge(self.scene.enrolment)
        self.assert_clean()

    def test_with_a_fresh_key_that_nobody_signed(self):
        self.assert_found("UNAUTHORISED_EPOCH", 1, origin=self.forge(None).origin)

    def test_signed_by_a_stranger(self):
        stranger = SigningKey("stranger.example.com/enrol", STRANGER)
        self.assert_found("UNAUTHORISED_EPOCH", 1, origin=self.forge(stranger).origin)

    def test_under_the_name_of_the_enrolment_key(self):
        self.assert_found("UNAUTHORISED_EPOCH", 1, origin=self.forge(SigningKey(ledger_scene.ENROLMENT_NAME, STRANGER)).origin)

    def test_under_an_origin_that_the_trust_file_does_not_give_to_the_key(self):
        epoch = self.forged(prefix="other.example.com/twinlog/auth-forged").close()
        self.write(epoch)
        self.assert_found("UNAUTHORISED_EPOCH", 1, origin=epoch.origin)

    def test_one_bit_of_the_open_leaf_or_of_the_first_note(self):
        for name in ("open", "note"):
            with self.subTest(name):
                before = self.sql("SELECT open, note FROM ledger_epochs WHERE epoch_id = %s", self.first.id)[0][name]
                if name == "open":
                    changed = bytes(before[:-1]) + bytes([before[-1] ^ 1])
                else:
                    changed = before[:-10] + ("A" if before[-10] != "A" else "B") + before[-9:]
                self.sql(f"UPDATE ledger_epochs SET {name} = %s WHERE epoch_id = %s", changed, self.first.id)
                self.assert_found({"MODIFIED", "BAD_SIGNATURE"}, 1, store="postgres")
                self.sql(f"UPDATE ledger_epochs SET {name} = %s WHERE epoch_id = %s", before, self.first.id)
        self.assert_clean()


class Forks(LedgerCase):
    def test_a_process_cloned_with_its_key_signs_two_roots_for_a_size(self):
        epoch = self.forged()
        epoch.event()
        self.write(epoch.close())
        clone = forger.note(forger.checkpoint_body(epoch.origin, epoch.size, bytes(range(32))), epoch.key)
        row = {"epoch_id": epoch.epoch_id, "size": epoch.size, "root": bytes(range(32)), "note": clone,
               "accepted_at": forger_rows.moment(epoch.now)}
        self.insert_both("ledger_checkpoints", row)
        self.assert_found("FORK", 1, origin=epoch.origin)

    def test_the_other_half_of_a_fork_lies_in_the_archive_alone(self):
        epoch = self.forged()
        self.write(epoch.close())
        body = forger.checkpoint_body(epoch.origin, epoch.size, bytes(range(32)))
        self.assert_found("FORK", 1, "--checkpoints", self.archive_of(forger.note(body, epoch.key)), origin=epoch.origin)

    def archive_of(self, note):
        path = self.folder / "archive"
        encoded = forger.base64.b64encode(note.encode()).decode()
        path.write_text(f"2026-11-28T05:00:00Z info checkpoint {encoded}\n")
        return path

    def test_two_epochs_that_follow_one(self):
        ended = self.forged().close()
        self.write(ended)
        for _ in range(2):
            self.write(self.forged(previous=ended.epoch_id.bytes, reason=3, ended=(ended.size, ended.root())).close())
        self.assert_found("FORK", 1)

    def test_an_epoch_that_ended_before_what_was_signed(self):
        ended = self.forged()
        ended.event()
        self.write(ended.close())
        shorter = ended.size - 1
        self.write(self.forged(previous=ended.epoch_id.bytes, reason=3, ended=(shorter, ended.root(shorter))).close())
        self.assert_found("FORK", 1)

    def test_a_spool_set_back_under_a_real_agent(self):
        self.run_from_copy(lambda agent, copy: self.put_back(agent, copy), same_agent=True)

    def test_a_spool_cloned_to_a_second_real_agent(self):
        self.run_from_copy(lambda agent, copy: self.put_back(agent, copy), same_agent=False)

    def put_back(self, agent, copy):
        shutil.rmtree(agent.spool, ignore_errors=True)
        shutil.copytree(copy, agent.spool)

    def run_from_copy(self, put_back, same_agent):
        self.postgres_uri, self.mongodb_uri = self.scene.server.new_database(), self.scene.documents.new_database()
        agent = self.scene.new_agent("auth-clone", self.postgres_uri, self.mongodb_uri)
        self.scene.run_once(agent, [ledger_scene.line("before", 1)])
        copy = agent.folder / "copy"
        shutil.copytree(agent.spool, copy)
        self.scene.run_once(agent, [ledger_scene.line("after", 2)])
        other = agent if same_agent else self.scene.new_agent("auth-other", self.postgres_uri, self.mongodb_uri)
        put_back(other, copy)
        self.scene.run_once(other, [ledger_scene.line("again", 3)])
        self.assert_found("FORK", 1)


class LostSpools(LedgerCase):
    def lost(self):
        epoch = self.forged()
        epoch.event()
        epoch.heartbeat()
        return self.write(epoch)

    def retire(self, epoch, key, size=None):
        text = forger.retirement(epoch.origin, size or epoch.size, epoch.root(size), "node lost", key)
        self.sql("UPDATE ledger_epochs SET retired = %s WHERE epoch_id = %s", text, epoch.epoch_id)
        self.db.ledger_epochs.update_one({"_id": str(epoch.epoch_id)}, {"$set": {"retired": text}})

    def test_a_lost_disk_is_stale_past_its_due_time(self):
        self.assert_found("STALE", 2, origin=self.lost().origin)

    def test_a_silent_agent_before_its_due_time_is_alive(self):
        epoch = self.forged(started=self.lost().now + 25 * MINUTE)
        epoch.heartbeat()
        self.write(epoch)
        self.assert_found("STALE", 2)
        _, findings = self.verify()
        self.assertNotIn(epoch.origin, [each["origin"] for each in findings], self.said)

    def test_a_due_time_far_ahead_buys_no_silence(self):
        epoch = self.forged()
        epoch.heartbeat(due=epoch.now + 400 * 24 * 60 * MINUTE)
        self.write(epoch)
        self.assert_found("STALE", 2, origin=epoch.origin)

    def test_retired_with_the_enrolment_key(self):
        epoch = self.lost()
        self.retire(epoch, self.scene.enrolment)
        self.assert_found("RETIRED", 0, origin=epoch.origin)

    def test_a_retirement_by_a_stranger(self):
        epoch = self.lost()
        self.retire(epoch, SigningKey(ledger_scene.ENROLMENT_NAME, STRANGER))
        self.assert_found("BAD_SIGNATURE", 1, origin=epoch.origin)

    def test_a_retirement_by_the_key_of_the_epoch_itself(self):
        epoch = self.lost()
        self.retire(epoch, epoch.key)
        self.assert_found("BAD_SIGNATURE", 1, origin=epoch.origin)

    def test_the_retirement_of_another_epoch(self):
        one, other = self.lost(), self.lost()
        text = forger.retirement(one.origin, one.size, one.root(), "node lost", self.scene.enrolment)
        self.sql("UPDATE ledger_epochs SET retired = %s WHERE epoch_id = %s", text, other.epoch_id)
        self.assert_found("BAD_SIGNATURE", 1, store="postgres")

    def test_a_crash_after_which_the_same_spool_goes_on_is_no_finding(self):
        self.postgres_uri, self.mongodb_uri = self.scene.server.new_database(), self.scene.documents.new_database()
        agent = self.scene.new_agent("auth-crash", self.postgres_uri, self.mongodb_uri)
        agent.start()
        agent.send_lines([ledger_scene.line(f"crash-{n}", n) for n in range(20)])
        agent.wait_delivered()
        agent.stop(signal.SIGKILL)
        self.scene.run_once(agent, [ledger_scene.line("on", 30)])
        self.assert_clean("--now", LATER)
        with contextlib.closing(forger_rows.PostgresForger(self.postgres_uri)) as hands:
            crashed, following = ledger_scene.read_epochs(hands)
        self.assertEqual(crashed.id.bytes, following.tags[0x32])
        self.assertEqual(forger.numbers(crashed.size) + crashed.root(), following.tags[0x35])


class Accidents(LedgerCase):
    def test_a_true_dead_letter(self):
        epoch = self.forged()
        index = epoch.event(stores=("postgres",), log_id="refused")
        epoch.gap(index, index, store="mongodb")
        self.write(epoch.close())
        self.assert_found("DEAD_LETTER", 2, store="mongodb", origin=epoch.origin, leaf_index=index)

    def test_a_dead_letter_of_one_store_excuses_no_hole_in_the_other(self):
        epoch = self.forged()
        index = epoch.event(stores=("mongodb",), log_id="refused")
        epoch.gap(index, index, store="mongodb")
        self.write(epoch.close())
        self.assert_found("MISSING", 1, store="postgres", origin=epoch.origin, leaf_index=index)

    def test_a_dead_letter_that_came_after_all_is_no_finding(self):
        epoch = self.forged()
        index = epoch.event(log_id="replayed")
        epoch.gap(index, index, store="mongodb")
        self.write(epoch.close())
        self.assert_clean()

    def test_a_body_that_the_spool_lost(self):
        epoch = self.forged()
        index = epoch.event(stores=(), log_id="lost")
        epoch.gap(index, index, reason=1, code=None)
        self.write(epoch.close())
        self.assert_found("DECLARED_GAP", 2, origin=epoch.origin)

    def test_a_spool_whose_hashes_were_damaged(self):
        """The next OPEN names the epoch without its size, and a tail lies there that no checkpoint covers."""
        ended = self.forged()
        ended.heartbeat()
        ended.event(log_id="tail")
        self.write(ended)
        self.write(self.forged(previous=ended.epoch_id.bytes, reason=3).close())
        self.assert_found("DECLARED_GAP", 2)


if __name__ == "__main__":
    unittest.main()
