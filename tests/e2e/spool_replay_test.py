"""`twinlog spool replay`: the spool of an agent that does not come back, delivered by another machine with the stores' addresses."""
import json
import os
import shutil
import unittest

import psycopg

import field
import harness
import two_servers
from command import run

COUNT = 40


def lines(name="e", forbidden=frozenset()):
    return field.failures(name, COUNT, forbidden, actor="somebody")


class SpoolReplay(two_servers.TwoServersCase):
    def setUp(self):
        self.there = harness.Agent(self.postgres.new_database(), self.documents.new_database(), environment=dict(field.QUICK))
        self.addCleanup(self.there.close)
        done = run("migrate", "--config", self.there.config)
        self.assertEqual(done.returncode, 0, done.stderr)

    def orphan(self, events):
        """The folder of a spool whose agent was killed while both stores were away."""
        port = harness.free_port()
        gone = harness.Agent(f"postgresql://postgres@127.0.0.1:{port}/audit", f"mongodb://127.0.0.1:{port}/audit")
        self.addCleanup(gone.close)
        gone.start()
        self.assertEqual(harness.statuses(gone.send_lines(events)), {"stored": len(events)})
        gone.process.kill()
        gone.process.wait()
        folder = self.there.folder / "orphaned"
        shutil.copytree(gone.spool, folder)
        return folder

    def replay(self, folder, *words, code=0):
        done = run("spool", "replay", "--config", self.there.config, "--path", folder, *words)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def waiting(self, folder):
        done = run("spool", "status", "--json", "--path", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [store["waiting"] for store in json.loads(done.stdout)["stores"]]

    def rows(self, statement="SELECT count(*) FROM auth_logs"):
        with psycopg.connect(self.there.postgres) as connection:
            return connection.execute(statement).fetchall()

    def test_both_stores_get_everything_and_the_record_is_proved(self):
        folder = self.orphan(lines())
        said = self.replay(folder)
        self.assertIn("both stores have everything", said)
        self.assertEqual(self.rows(), [(COUNT,)])
        self.assertEqual(self.waiting(folder), [0, 0])
        self.assertEqual(self.rows("SELECT count(*) FROM twinlog_agents WHERE closed_at IS NULL"), [(0,)])
        self.assertEqual(harness.verify(self.there)[0], 0)
        self.assertIn("both stores have everything", self.replay(folder))  # Nothing waits any more.
        self.assertEqual(self.rows(), [(COUNT,)])

    def test_what_a_store_that_is_away_did_not_get_stays_and_goes_on_next_time(self):
        folder = self.orphan(lines())
        self.postgres.stop()
        self.addCleanup(lambda: self.postgres.process or self.postgres.start())
        said = self.replay(folder, "--timeout", "2s", code=1)
        self.assertIn(f"left={COUNT}", said)
        self.postgres.start()
        self.replay(folder)
        self.assertEqual(self.rows(), [(COUNT,)])
        self.assertEqual(harness.verify(self.there)[0], 0)

    def test_a_dead_letter_that_is_left_is_a_failure_that_names_it(self):
        with psycopg.connect(self.there.postgres, autocommit=True) as connection:
            connection.execute("ALTER TABLE auth_logs ADD CONSTRAINT no_actors CHECK (actor_id IS NULL)")
        folder = self.orphan(lines(forbidden={3, 17}))
        said = self.replay(folder, code=1)
        self.assertIn("dead_letters_left", said)
        self.assertIn("count=2", said)
        self.assertEqual(self.rows(), [(COUNT - 2,)])

    def test_a_spool_that_lost_a_file_of_its_own_is_put_together_and_delivered(self):
        folder = self.orphan(lines())
        (folder / "CURRENT").unlink()
        self.replay(folder)
        self.assertEqual(self.rows(), [(COUNT,)])

    def test_where_no_spool_is_none_is_made(self):
        folder = self.there.folder / "nothing"
        self.assertIn(f"there is no spool in {folder}", self.replay(folder, code=1))
        self.assertFalse(folder.exists())

    def test_the_spool_of_a_running_agent_is_left_alone(self):
        self.there.start()
        said = self.replay(self.there.spool, code=1)
        self.assertIn("an agent has the spool", said)
        self.assertIsNone(self.there.process.poll())

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a folder to somebody else")
    def test_the_spool_of_another_user_is_left_to_that_one(self):
        folder = self.orphan(lines())
        os.chown(folder, 65534, 65534)
        self.assertIn("run this as that user", self.replay(folder, code=1))
        self.assertEqual(self.rows(), [(0,)])

    def test_a_time_that_is_none_is_wrong_usage(self):
        for words in ("0s", "soon"):
            self.assertIn("--timeout is", self.replay(self.there.spool, "--timeout", words, code=2))


if __name__ == "__main__":
    unittest.main()
