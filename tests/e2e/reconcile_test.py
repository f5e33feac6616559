"""What one store lost comes back from the other one, and only what is proven; the rest is named."""
import re
import unittest
import uuid

import command
import forger_rows
import harness
import ledger_scene
from ledger_case import STORES, LedgerCase

CONFIGURATION = """
[agent]
name = "auth-test"
[stores.postgres]
uri = "{postgres}"
[stores.mongodb]
uri = "{mongodb}"
[spool]
path = "{folder}/spool"
volume = "durable"
"""
NOTHING = "nothing is lacking in either store"


class ReconcileCase(LedgerCase):
    def reconcile(self, *words):
        config = self.folder / "twinlog.toml"
        config.write_text(CONFIGURATION.format(postgres=self.postgres_uri, mongodb=self.mongodb_uri, folder=self.folder))
        done = command.run("reconcile", "--config", config, "--trust", self.scene.trust, *words)
        self.said = done.stdout + done.stderr
        return done.returncode

    def assert_mended(self, *said, before=True):
        """It is seen, mended, and nothing is left to be done; `verify` has nothing to say."""
        if before:
            self.assertEqual(1, self.reconcile(), self.said)
        self.assertEqual(0, self.reconcile("--repair"), self.said)
        for words in said:
            self.assertIn(words, self.said)
        self.assert_same_again()
        self.assert_clean()

    def assert_same_again(self):
        for words in ((), ("--repair",)):
            self.assertEqual(0, self.reconcile(*words), self.said)
            self.assertIn(NOTHING, self.said)
            self.assertNotIn("put back", self.said)
            self.assertNotIn("made again", self.said)

    def rows(self, table="auth_logs"):
        return self.sql(f"SELECT * FROM {table} ORDER BY epoch_id, leaf_index")

    def documents(self, table="auth_logs"):
        return sorted(self.db[table].find(), key=lambda each: each["_id"])

    def delete_rows(self, condition, *values):
        self.assertLess(0, self.sql(f"DELETE FROM auth_logs WHERE {condition}", *values))


class Rows(ReconcileCase):
    def test_stores_that_agree(self):
        self.assert_same_again()

    def test_rows_deleted_in_postgresql(self):
        before = self.rows()
        self.delete_rows("log_id LIKE 'plain-%%' OR log_id = 'full-1'")
        self.assert_mended("put back into postgres: 7 events")
        self.assertEqual(before, self.rows())

    def test_documents_deleted(self):
        before = self.documents()
        self.db.auth_logs.delete_many({"log_id": {"$regex": "^(plain-|full-1)"}})
        self.assert_mended("put back into mongodb: 7 events")
        self.assertEqual(before, self.documents())

    def test_some_in_each(self):
        self.delete_row("plain-1", stores=("postgres",))
        self.delete_row("plain-2", stores=("mongodb",))
        self.assert_mended("put back into postgres: 1 event", "put back into mongodb: 1 event")

    def test_a_conflict_in_postgresql(self):
        self.sql("DELETE FROM auth_log_conflicts WHERE log_id = 'twice-1'")
        self.set_column("twice-1", "has_conflict", False)
        self.assert_mended("1 event")
        self.assertTrue(self.row("twice-1")["has_conflict"])

    def test_a_conflict_in_the_document_store(self):
        self.db.auth_log_conflicts.delete_many({"log_id": "twice-1"})
        self.set_field("twice-1", has_conflict=False)
        self.assert_mended("1 event")
        self.assertTrue(self.document("twice-1")["has_conflict"])

    def test_a_record_that_comes_back_to_its_conflict(self):
        for store in STORES:
            with self.subTest(store):
                self.delete_row("twice-1", stores=(store,))
                self.assert_mended("1 event")
        self.assertTrue(self.row("twice-1")["has_conflict"] and self.document("twice-1")["has_conflict"])

    def test_a_further_acceptance(self):
        self.assertEqual(1, self.sql("DELETE FROM ledger_leaves WHERE log_id = 'again-1'"))
        self.assert_mended("1 event")
        self.assertEqual(1, self.db.ledger_leaves.delete_many({"log_id": "again-1"}).deleted_count)
        self.assert_mended("1 event")

    def test_a_record_and_its_further_acceptance(self):
        self.sql("DELETE FROM ledger_leaves WHERE log_id = 'again-1'")
        self.delete_row("again-1", stores=("postgres",))
        self.assert_mended("2 events")


class Ledger(ReconcileCase):
    def test_leaves_of_agents(self):
        before = self.rows("ledger_leaves")
        self.sql("DELETE FROM ledger_leaves WHERE tenant_id IS NULL")
        self.assert_mended("leaves of agents")
        self.assertEqual(before, self.rows("ledger_leaves"))

    def test_tiles(self):
        self.sql("DELETE FROM ledger_tiles WHERE epoch_id = %s", self.first.id)
        self.db.ledger_tiles.delete_many({"epoch_id": str(self.second.id)})
        self.assert_mended("put back into postgres: 1 tile", "put back into mongodb: 1 tile")

    def test_the_tail_of_an_epoch_checkpoints_too(self):
        for store in STORES:
            with self.subTest(store):
                self.cut_epoch(self.last, self.row("last-2")["leaf_index"], (store,))
                self.assert_mended("checkpoint")

    def test_a_whole_epoch(self):
        for store in STORES:
            with self.subTest(store):
                self.drop_epoch(self.last, (store,))
                self.assert_mended("beginning of an epoch")

    def test_a_store_set_back_to_an_older_copy(self):
        kept = self.postgres_uri
        self.postgres_uri = self.scene.copy_postgres(self.scene.older_postgres)
        self.addCleanup(self.scene.drop, self.postgres_uri, self.mongodb_uri)
        self.assert_mended("put back into postgres", "beginnings of epochs", "made again")
        self.postgres_uri, self.mongodb_uri = kept, self.scene.copy_documents(self.scene.older_documents)
        self.assert_mended("put back into mongodb", "beginnings of epochs", "made again")

    def test_an_emptied_store(self):
        for table in ("auth_logs", "auth_log_conflicts", "account_lockouts", "ledger_epochs", "ledger_tiles",
                      "ledger_leaves", "ledger_checkpoints", "twinlog_agents"):
            self.db[table].delete_many({})
        self.assert_mended("put back into mongodb", "made again")


class Accounts(ReconcileCase):
    def shown(self):
        return self.sql("SELECT * FROM account_lockouts ORDER BY tenant_id, account")

    def test_rows_of_accounts_in_postgresql(self):
        before = self.shown()
        self.sql("UPDATE account_lockouts SET failed_login_attempts = 99 WHERE account = 'id:u1'")
        self.sql("UPDATE account_lockouts SET fold_state = '\\x01' WHERE account = 'id:u2'")
        self.sql("DELETE FROM account_lockouts WHERE account = 'id:u9'")
        self.assert_mended("made again from their events: 3 accounts")
        self.assertEqual(before, self.shown())

    def test_documents_of_accounts(self):
        accounts = self.db.account_lockouts
        self.assertEqual(1, accounts.update_one({"_id": "acme/id:u1"}, {"$set": {"failed_login_attempts": 99}}).matched_count)
        self.assertEqual(1, accounts.update_one({"_id": "acme/id:u2"}, {"$set": {"fold_state": b"\x01"}}).matched_count)
        self.assertEqual(1, accounts.delete_one({"_id": "acme/id:u9"}).deleted_count)
        self.assert_mended("made again from their events: 3 accounts")

    def test_an_account_that_no_event_speaks_to_is_named_and_stays(self):
        row = self.sql("SELECT * FROM account_lockouts WHERE account = 'id:u9'")[0]
        self.insert("account_lockouts", row | {"account": "id:nobody"})
        self.assertEqual(1, self.reconcile("--repair"), self.said)
        self.assertIn("no event speaks to", self.said)
        self.assertEqual(1, len(self.sql("SELECT 1 FROM account_lockouts WHERE account = 'id:nobody'")))

    def test_rows_and_their_accounts_together(self):
        self.delete_rows("log_id LIKE 'guess-%%'")
        self.sql("DELETE FROM account_lockouts WHERE account = 'id:u2'")
        self.assert_mended("put back into postgres: 3 events", "made again")


class Changed(ReconcileCase):
    """Named, and neither written over nor copied."""

    def assert_left(self, *names, words=()):
        self.assertEqual(1, self.reconcile("--repair"), self.said)
        for name in names:
            self.assertIn(name, self.said)
        for each in words:
            self.assertIn(each, self.said)

    def test_a_changed_row_stays_as_it_is(self):
        self.set_column("plain-1", "user_agent", "someone else")
        before = self.rows()
        self.assert_left("plain-1", words=["MODIFIED"])
        self.assertNotIn("put back", self.said)
        self.assertEqual(before, self.rows())
        self.delete_row("plain-1", stores=("postgres",))  # As the docs have it: kept as evidence, removed, repaired.
        self.assert_mended("1 event")

    def test_a_changed_row_is_not_copied(self):
        self.set_column("plain-1", "user_agent", "someone else")
        self.delete_row("plain-1", stores=("mongodb",))
        self.assert_left("plain-1")
        self.assertIsNone(self.document("plain-1"))

    def test_derived_columns_that_were_changed_are_not_copied(self):
        self.set_column("plain-1", "agent", "auth-z")
        self.delete_row("plain-1", stores=("mongodb",))
        self.assert_left("plain-1", words=["derived columns"])
        self.assertIsNone(self.document("plain-1"))

    def test_nothing_is_put_beside_what_was_changed(self):
        """The conflict is lacking, and its record is not what was signed: beside it, the conflict would hide that."""
        self.set_column("twice-1", "user_agent", "someone else")
        self.sql("DELETE FROM auth_log_conflicts WHERE log_id = 'twice-1'")
        self.assert_left("twice-1", words=["evidence"])
        self.assertEqual([], self.sql("SELECT 1 FROM auth_log_conflicts WHERE log_id = 'twice-1'"))

    def test_a_row_that_was_moved_to_another_place(self):
        self.set_column("plain-1", "leaf_index", 4711)
        before = self.rows()
        self.assert_left("plain-1")
        self.assertEqual(before, self.rows())

    def test_a_row_whose_ledger_columns_were_taken_away(self):
        self.sql("UPDATE auth_logs SET record_key = NULL, tenant_seq = NULL, ingress = NULL, peer_uid = NULL, peer_gid = NULL "
                 "WHERE log_id = 'plain-1'")
        leaves = self.rows("ledger_leaves")
        self.assert_left("plain-1")
        self.assertEqual(leaves, self.rows("ledger_leaves"))

    def test_no_account_is_made_of_what_was_changed(self):
        self.set_column("guess-1", "user_agent", "someone else")
        self.sql("UPDATE account_lockouts SET failed_login_attempts = 99 WHERE account = 'id:u2'")
        self.assert_left("guess-1", words=["STATE_MISMATCH", "not what was signed"])
        self.assertEqual(99, self.sql("SELECT failed_login_attempts AS n FROM account_lockouts WHERE account = 'id:u2'")[0]["n"])

    def test_what_nobody_has_is_named(self):
        self.delete_row("plain-1")
        self.assert_left("MISSING")

    def test_the_rest_is_mended_all_the_same(self):
        self.set_column("plain-1", "user_agent", "someone else")
        self.delete_row("plain-2", stores=("postgres",))
        self.assert_left("plain-1", words=["put back into postgres: 1 event"])
        self.assertIsNotNone(self.row("plain-2"))


class Logins(ReconcileCase):
    def test_the_login_of_the_agents_is_enough(self):
        name = "w" + uuid.uuid4().hex[:8]
        self.sql(f"CREATE ROLE {name} LOGIN IN ROLE twinlog_writer")
        self.addCleanup(self.sql, f"DROP ROLE {name}")
        owner = self.postgres_uri
        self.delete_rows("log_id LIKE 'guess-%%' OR log_id = 'twice-1'")
        self.sql("DELETE FROM ledger_leaves WHERE epoch_id = %s", self.last.id)
        self.sql("DELETE FROM account_lockouts WHERE account = 'id:u2'")
        self.sql("UPDATE account_lockouts SET failed_login_attempts = 99 WHERE account = 'id:u1'")
        self.postgres_uri = re.sub("//[^@/]*@", f"//{name}@", owner)
        self.assertNotEqual(owner, self.postgres_uri)
        self.assertEqual(0, self.reconcile("--repair"), self.said)
        self.postgres_uri = owner
        self.assert_clean()

    def test_a_reader_is_told_what_it_lacks(self):
        name = "r" + uuid.uuid4().hex[:8]
        self.sql(f"CREATE ROLE {name} LOGIN IN ROLE twinlog_reader")
        self.addCleanup(self.sql, f"DROP ROLE {name}")
        self.postgres_uri = re.sub("//[^@/]*@", f"//{name}@", self.postgres_uri)
        self.assertEqual(3, self.reconcile("--repair"), self.said)

    def test_one_store_alone_is_refused(self):
        config = self.folder / "one.toml"
        config.write_text(CONFIGURATION.format(postgres=self.postgres_uri, mongodb=self.mongodb_uri, folder=self.folder)
                          .replace("[spool]", "enabled = false\n[spool]"))
        done = command.run("reconcile", "--config", config)
        self.assertEqual((3, ""), (done.returncode, done.stdout), done.stderr)


class BesideAnAgent(ReconcileCase):
    """An agent writes on in the epoch that is mended."""

    def setUp(self):
        super().setUp()
        self.pg.close()
        self.postgres_uri, self.mongodb_uri = self.scene.server.new_database(), self.scene.documents.new_database()
        self.agent = self.scene.new_agent("auth-alive", self.postgres_uri, self.mongodb_uri)
        self.agent.start()
        self.pg = forger_rows.PostgresForger(self.postgres_uri)
        self.addCleanup(self.pg.close)
        self.db = self.scene.client[self.mongodb_uri.rsplit("/", 1)[1]]

    def send(self, *numbers):
        lines = [ledger_scene.line(f"alive-{n}", n, "login_failed", user_id="u1") for n in numbers]
        self.assertEqual({"stored"}, {answer["status"] for answer in self.agent.send_lines(lines)})
        self.agent.wait_delivered()

    def lacks_in_both(self):
        self.reconcile()
        return all(f"{store} lacks 3 events" in self.said for store in STORES)

    def test_what_a_living_epoch_lost_comes_back_and_it_goes_on(self):
        self.send(*range(10))
        self.sql("DELETE FROM auth_logs WHERE log_id IN ('alive-1', 'alive-2', 'alive-3')")
        self.db.auth_logs.delete_many({"log_id": {"$in": ["alive-4", "alive-5", "alive-6"]}})
        self.sql("DELETE FROM account_lockouts")
        self.db.account_lockouts.delete_many({})
        harness.wait_until(self.lacks_in_both, "both stores have confirmed what they lost")
        self.assertEqual(0, self.reconcile("--repair"), self.said)
        self.send(*range(10, 20))
        self.assertEqual(0, self.reconcile("--repair"), self.said)
        self.assertEqual(0, self.agent.stop(), self.agent.log_text()[-3000:])
        self.assert_clean()
        self.assertEqual(20, self.sql("SELECT failed_login_attempts AS n FROM account_lockouts")[0]["n"])
        self.assertEqual(20, self.db.account_lockouts.find_one()["failed_login_attempts"])


if __name__ == "__main__":
    unittest.main()
