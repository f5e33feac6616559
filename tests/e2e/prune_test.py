"""`twinlog prune` on a running agent: a plan, its execution, and what stays."""
import unittest

import command
import ledger_scene
from keeper_case import KeeperCase
from ledger_case import LATER


class Prune(KeeperCase):
    def prune(self, keeper, *words, before=LATER):
        return command.run("prune", "--before", before, "--policy", "scene", *words, "--config", keeper.config)

    def count(self, table="auth_logs"):
        return self.sql(f"SELECT count(*) AS n FROM {table}")[0]["n"], self.db[table].count_documents({})

    def test_all_that_is_old_goes_from_both_stores_and_verify_is_content(self):
        keeper = self.keeper()
        before = self.count()
        plan = self.prune(keeper)
        self.assertEqual(0, plan.returncode, plan.stdout + plan.stderr)
        self.assertIn(f"would prune {before[0]} records", plan.stdout)
        self.assertEqual(before, self.count())
        done = self.prune(keeper, "--apply")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn(f"pruned {before[0]} records", done.stdout)
        self.assertEqual((0, 0), self.count())
        self.assertEqual((0, 0), self.count("auth_log_conflicts"))
        again = self.prune(keeper, "--apply")
        self.assertIn("pruned 0 records", again.stdout)
        self.assertEqual(0, keeper.stop(), keeper.log_text()[-2000:])
        self.assert_clean()

    def test_what_one_store_lacks_stays_and_is_said(self):
        self.delete_row("plain-1", stores=("mongodb",))
        keeper = self.keeper()
        done = self.prune(keeper, "--apply")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("1 stays, as the stores do not have it alike", done.stdout)
        self.assertEqual("plain-1", self.row("plain-1")["log_id"])
        self.assertEqual(0, keeper.stop(), keeper.log_text()[-2000:])
        self.assert_found("MISSING", 1, store="mongodb", log_id="plain-1")

    def test_one_that_was_broken_off_between_the_stores_is_finished(self):
        """As a crash leaves it: the leaves are there, one store has pruned, the other has not."""
        rows = self.sql("SELECT * FROM auth_logs WHERE tenant_id = 'acme' AND log_id = 'plain-1'")
        keeper = self.keeper()
        self.assertEqual(0, self.prune(keeper, "--apply").returncode)
        self.insert("auth_logs", rows[0])
        done = self.prune(keeper, "--apply")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("pruned 1 record ", done.stdout)
        self.assertEqual((0, 0), self.count())
        self.assertEqual(0, keeper.stop(), keeper.log_text()[-2000:])
        self.assert_clean()

    def test_what_is_younger_stays(self):
        keeper = self.keeper()
        keeper.send_lines([ledger_scene.line("younger", 1)])
        keeper.wait_delivered()
        done = self.prune(keeper, "--apply", before="2020-01-01T00:00:00Z")
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertIn("pruned 0 records", done.stdout)
        self.assertEqual("younger", self.row("younger")["log_id"])
        self.assertEqual(0, keeper.stop(), keeper.log_text()[-2000:])
        self.assert_clean()

    def test_what_is_no_order_is_a_usage_error(self):
        done = self.prune(self.keeper(), before="yesterday")
        self.assertEqual(2, done.returncode, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
