"""A host's month through the agent into PostgreSQL and FerretDB, compared by the oracle; and whatever file is given besides."""
import unittest

import psycopg
import pymongo

import harness


class RealInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.StoreServer("postgres")
        cls.addClassCleanup(cls.postgres.close)
        cls.ferretdb = harness.StoreServer("ferretdb")
        cls.addClassCleanup(cls.ferretdb.close)
        cls.events = harness.host_month()
        cls.lines = harness.lines_of(cls.events)

    def agent(self, extra=""):
        agent = harness.Agent(self.postgres.new_database(), self.ferretdb.new_database(), extra)
        self.addCleanup(agent.close)
        return agent.start()

    def send_both_ways(self, agent):
        half = len(self.lines) // 2
        return agent.send_lines(self.lines[:half]) + agent.post_lines(self.lines[half:])

    def assert_equal_to_contract(self, agent):
        code, text = harness.compare(agent, self.events)
        self.assertEqual(code, 0, text)

    def test_all_events_reach_both_stores_and_a_repeat_is_answered_duplicate(self):
        agent = self.agent()
        self.assertEqual(harness.statuses(self.send_both_ways(agent)), {"stored": len(self.lines)})
        agent.wait_delivered(300)
        self.assert_equal_to_contract(agent)
        self.assertEqual(harness.statuses(self.send_both_ways(agent)), {"duplicate": len(self.lines)})
        agent.wait_delivered()
        self.assert_equal_to_contract(agent)
        self.planted_differences(agent)

    def planted_differences(self, agent):
        with psycopg.connect(agent.postgres) as connection:
            connection.execute("UPDATE account_lockouts SET failed_login_attempts = failed_login_attempts + 1 "
                               "WHERE account = (SELECT min(account) FROM account_lockouts)")
        self.assert_different(agent, "postgres account")
        with psycopg.connect(agent.postgres) as connection:
            connection.execute("UPDATE account_lockouts SET failed_login_attempts = failed_login_attempts - 1 "
                               "WHERE account = (SELECT min(account) FROM account_lockouts)")
        self.assert_equal_to_contract(agent)
        with pymongo.MongoClient(agent.mongodb) as client:
            client.get_default_database().auth_logs.delete_one({})
        self.assert_different(agent, "mongodb")

    def assert_different(self, agent, words):
        code, text = harness.compare(agent, self.events)
        self.assertEqual(code, 1, text)
        self.assertIn("DIFFERENT: " + words, text)

    def test_after_a_trim_a_repeat_is_stored_and_nothing_doubles(self):
        agent = self.agent('keep_delivered = "0s"')
        self.assertEqual(harness.statuses(self.send_both_ways(agent)), {"stored": len(self.lines)})
        agent.wait_delivered(300)
        harness.wait_until(lambda: agent.metric("twinlog_spool_records ") == 0, "the spool is trimmed")
        self.assertEqual(harness.statuses(self.send_both_ways(agent)), {"stored": len(self.lines)})
        agent.wait_delivered(300)
        self.assert_equal_to_contract(agent)
        self.assertEqual(agent.metric('twinlog_store_records_total{result="duplicate",store="postgres"}'), len(self.lines))
        self.assertEqual(agent.metric('twinlog_store_records_total{result="duplicate",store="mongodb"}'), len(self.lines))


class OwnInput(unittest.TestCase):
    def test_a_file_that_was_given_is_the_same_in_both_stores(self):
        if not harness.OWN_EVENTS:
            print("\n### NOT RUN ON EVENTS BESIDES THE GENERATED ONES: tests/run --events FILE would ###")
            return
        postgres, ferretdb = harness.StoreServer("postgres"), harness.StoreServer("ferretdb")
        agent = harness.Agent(postgres.new_database(), ferretdb.new_database())
        with harness.closing(postgres, ferretdb, agent):
            lines = harness.lines_of(harness.OWN_EVENTS)
            agent.start().send_lines(lines)
            agent.wait_delivered(300)
            code, text = harness.compare(agent, harness.OWN_EVENTS)
        self.assertEqual(code, 0, text)
        print(f"\n### RUN ON {len(lines)} EVENTS OF {harness.OWN_EVENTS}, TOO ###")


if __name__ == "__main__":
    unittest.main()
