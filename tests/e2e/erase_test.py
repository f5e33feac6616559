"""`twinlog erase` on a running agent: what it refuses, what it does, and what the spool keeps."""
import unittest

import command
import forger
import ledger_scene
from keeper_case import KeeperCase
from ledger_case import STORES


class Erase(KeeperCase):
    def erase(self, keeper, *words, fields="ip,user_agent", request="case 17"):
        return command.run("erase", "--tenant", "acme", "--fields", fields, "--request", request, *words, "--config",
                           keeper.config)

    def test_an_account_in_both_stores_and_nothing_to_be_found_afterwards(self):
        keeper = self.keeper()
        account = self.row("full-1")["account"]
        before = self.sql("SELECT count(*) AS n FROM auth_logs WHERE tenant_id = 'acme' AND account = %s", account)[0]["n"]
        self.assertGreater(before, 0)
        done = self.erase(keeper, "--account", account, fields="user_id,username,ip")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("erased. PostgreSQL: ", done.stdout + done.stderr)
        left = self.sql("SELECT 1 FROM auth_logs WHERE tenant_id = 'acme' AND account = %s", account)
        self.assertEqual([], left)
        self.assertEqual(0, self.db.auth_logs.count_documents({"tenant_id": "acme", "account": account}))
        self.assertEqual(0, keeper.stop(), keeper.log_text()[-2000:])
        self.assert_clean()

    def test_the_same_order_twice_changes_nothing_more(self):
        keeper = self.keeper()
        for _ in range(2):
            done = self.erase(keeper, "--log-id", "full-1")
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertEqual(0, keeper.stop(), keeper.log_text()[-2000:])
        self.assert_clean()

    def test_what_the_agent_just_took_is_erased_in_its_spool_too(self):
        keeper = self.keeper()
        value = "erase-me-from-the-spool"
        self.assertEqual("stored", keeper.send_lines([ledger_scene.line("fresh", 1, user_agent=value)])[0]["status"])
        self.assertTrue(self.files_with(keeper, value))
        done = self.erase(keeper, "--log-id", "fresh")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIsNone(self.row("fresh")["user_agent"])
        self.assertEqual([], self.files_with(keeper, value))
        self.assertEqual(0, keeper.stop(), keeper.log_text()[-2000:])
        self.assert_clean()

    def test_what_a_store_refused_and_somebody_discarded_is_not_waited_for(self):
        keeper = self.keeper()
        self.sql("ALTER TABLE auth_logs ADD CONSTRAINT no_such_agent CHECK (user_agent IS DISTINCT FROM 'refused') NOT VALID")
        keeper.send_lines([ledger_scene.line("refused-1", 1, user_agent="refused")])
        keeper.wait_delivered()
        done = self.erase(keeper, "--log-id", "refused-1")
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertIn("as dead letters", done.stderr)
        done = command.run("spool", "dead-letters", "discard", "--id", "acme/refused-1", "--yes", "--reason", "test data",
                           "--config", keeper.config)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        done = self.erase(keeper, "--log-id", "refused-1")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIsNone(self.document("refused-1").get("user_agent"))
        self.assertEqual(0, keeper.stop(), keeper.log_text()[-2000:])
        self.assert_found("DEAD_LETTER", 2, store="postgres")

    def files_with(self, agent, value):
        """Of its spool."""
        return [path for path in agent.spool.rglob("*") if path.is_file() and value.encode() in path.read_bytes()]

    def test_what_is_no_order_is_a_usage_error(self):
        keeper = self.keeper()
        for words, fields in (("--log-id", "tenant_id"), ("--log-id", "log_id,ip"), ("--log-id", "colour")):
            done = self.erase(keeper, words, "full-1", fields=fields)
            self.assertEqual(2, done.returncode, done.stdout + done.stderr)
        self.assertEqual(2, self.erase(keeper, "--log-id", "full-1", request="x" * 65).returncode)
        self.assertEqual(2, self.erase(keeper).returncode)
        self.assert_no_erasure()

    def assert_no_erasure(self):
        for row in self.sql("SELECT leaf FROM ledger_leaves WHERE tenant_id IS NULL"):
            self.assertNotEqual(forger.ERASE, row["leaf"][4])

    def test_without_the_address_of_a_keeper_it_says_so_and_writes_no_leaf(self):
        agent = self.scene.new_agent("auth-no-keeper", self.postgres_uri, self.mongodb_uri).start()
        done = self.erase(agent, "--log-id", "full-1")
        self.assertEqual(1, done.returncode, done.stdout)
        for store in STORES:
            self.assertIn(f"stores.{store}.keeper_uri", done.stderr)
        self.assertEqual(0, agent.stop(), agent.log_text()[-2000:])
        self.assert_no_erasure()

    def test_no_record_is_no_success(self):
        done = self.erase(self.keeper(), "--log-id", "nobody")
        self.assertEqual(1, done.returncode, done.stdout)
        self.assertIn("no store has a record", done.stderr)
        self.assert_no_erasure()


if __name__ == "__main__":
    unittest.main()
