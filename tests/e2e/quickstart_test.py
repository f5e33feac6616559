"""README command one, run again: what it shows, what it says when the stores differ, and that it cleans up after itself."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import psycopg
import pymongo

import harness

QUICKSTART = harness.ROOT / "packaging/quickstart"
DELETE_RECORD = 'psql -q "$TWINLOG_STORES_POSTGRES_URI" -c "DELETE FROM auth_logs WHERE event_type = \'account_locked\'"'
DELETE_ACCOUNT = (f"{harness.ROOT}/build/python/bin/python -c 'import os, pymongo; pymongo.MongoClient("
                  "os.environ[\"TWINLOG_STORES_MONGODB_URI\"]).get_default_database().account_lockouts.delete_one("
                  "{\"account\": \"name:alice\"})'")


class Quickstart(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.mkdtemp(prefix="twinlog-qs-")
        os.chmod(self.temporary, 0o711)
        self.addCleanup(shutil.rmtree, self.temporary, ignore_errors=True)

    def command(self, *arguments, **variables):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TWINLOG_STORES")}
        return {"args": [QUICKSTART, "--yes", *arguments], "env": {**environment, "TMPDIR": self.temporary, **variables},
                "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}

    def run_quickstart(self, *arguments, **variables):
        done = subprocess.run(**self.command(*arguments, **variables), check=False, timeout=300)
        return done.returncode, done.stdout

    def assert_nothing_left(self):
        harness.wait_until(lambda: not harness.processes_naming(self.temporary), "nothing runs any more")
        self.assertEqual(os.listdir(self.temporary), [])

    def test_it_shows_that_both_stores_hold_the_same_and_leaves_nothing_behind(self):
        code, said = self.run_quickstart()
        self.assertEqual(code, 0, said)
        self.assertIn("Both stores hold the same.", said)
        self.assertRegex(said, r"shop +records +23 +23\n")
        self.assertRegex(said, r"bank +records +10 +10\n")
        self.assertEqual(re.findall(r"locked now +(\w+) +(\w+)", said), [("yes", "yes"), ("no", "no")], said)
        self.assertRegex(said, r"failed_login_attempts +10 +10\n")
        self.assertRegex(said, r"\$ \S+/twinlog status --config \S+\n +OK +All is well")
        self.assert_nothing_left()

    def test_a_row_changed_by_sql_is_named_put_back_and_an_event_is_proved(self):
        code, said = self.run_quickstart()
        self.assertEqual(code, 0, said)
        caught, _, mended = said.partition("puts back what was there")
        changed = re.search(r"UPDATE auth_logs SET ip = '198.51.100.200' WHERE tenant_id = 'shop' AND log_id = '([^']+)'", caught)
        self.assertTrue(changed, said)
        self.assertRegex(caught, rf"MODIFIED +.*{re.escape(changed[1])}")
        self.assertIn("exit code 1\n", caught)
        self.assertEqual(re.findall(r"exit code (\d)", mended), ["0", "0"], said)
        self.assertIn("tests/verifiers", mended)

    def test_a_record_deleted_in_one_store_is_named_and_ends_it_with_one(self):
        code, said = self.run_quickstart("--pause-before-compare", DELETE_RECORD)
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r"record \S+ of shop is in the document store and not in PostgreSQL")
        self.assertNotIn("Both stores hold the same", said)
        self.assert_nothing_left()

    def test_an_account_deleted_in_the_document_store_is_named_and_ends_it_with_one(self):
        code, said = self.run_quickstart("--pause-before-compare", DELETE_ACCOUNT)
        self.assertEqual(code, 1, said)
        self.assertIn("account name:alice of shop is in PostgreSQL and not in the document store", said)

    def test_kept_it_goes_on_until_its_stop_command(self):
        code, said = self.run_quickstart("--keep")
        self.assertEqual(code, 0, said)
        stop = said.rstrip().splitlines()[-1].strip()
        self.addCleanup(subprocess.run, ["bash", "-c", f"[[ ! -x {stop} ]] || {stop}"], check=False, capture_output=True)
        address = re.search(r'psql "(\S+)" -c', said).group(1)
        with psycopg.connect(address) as connection:
            self.assertEqual(connection.execute("SELECT count(*) FROM auth_logs").fetchone()[0], 33)
        self.assertEqual(len(harness.processes_naming(f"{self.temporary}/")), 5)
        subprocess.run([stop], check=True, capture_output=True, timeout=60)
        self.assert_nothing_left()

    def test_an_interrupt_stops_everything(self):
        process = subprocess.Popen(**self.command("--pause-before-compare", "sleep 120"))
        lines = iter(process.stdout.readline, "")
        self.assertTrue(any("first running: sleep 120" in line for line in lines))
        process.send_signal(signal.SIGINT)
        said = "".join(lines)
        self.assertEqual(process.wait(60), 130, said)
        process.stdout.close()
        self.assert_nothing_left()

    def test_stores_of_the_callers_own_are_used_and_keep_what_was_there(self):
        postgres, documents = harness.StoreServer("postgres"), harness.StoreServer("mongo-java-server")
        self.addCleanup(postgres.close)
        self.addCleanup(documents.close)
        addresses = {"TWINLOG_STORES_POSTGRES_URI": postgres.new_database(),
                     "TWINLOG_STORES_MONGODB_URI": documents.new_database()}
        for runs in (1, 2):
            code, said = self.run_quickstart(**addresses)
            self.assertEqual(code, 0, said)
            self.assertIn("Left out: it would change a row, and these stores are yours", said)
            self.assertNotIn("UPDATE auth_logs", said)
            with psycopg.connect(addresses["TWINLOG_STORES_POSTGRES_URI"]) as connection:
                self.assertEqual(connection.execute("SELECT count(*) FROM auth_logs").fetchone()[0], 33 * runs)
            with pymongo.MongoClient(addresses["TWINLOG_STORES_MONGODB_URI"]) as client:
                self.assertEqual(client.get_default_database().auth_logs.count_documents({}), 33 * runs)
        self.assert_nothing_left()

    def test_a_wrong_command_line_ends_with_two_and_the_usage(self):
        code, said = self.run_quickstart("--keeep")
        self.assertEqual(code, 2)
        self.assertIn("packaging/quickstart [--yes]", said)


if __name__ == "__main__":
    unittest.main()
