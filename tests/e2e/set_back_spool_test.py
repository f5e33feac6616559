"""A spool that was cloned or set back to an older copy: an alarm, and what it takes from then on counts right."""
import re
import shutil
import signal
import unittest

import psycopg
import pymongo

import harness
from forgetting_case import STORES, ForgettingCase, failures, success


class SetBackSpool(ForgettingCase):
    def set_spool_back(self):
        """Goes on for fifty events after a copy of the spool was made, then takes the copy: the rest is forgotten."""
        self.start_agent()
        self.deliver(failures("a", 100))
        self.agent.stop()
        copy = self.agent.folder / "copy"
        shutil.copytree(self.agent.spool, copy)
        self.agent.start()
        self.deliver(failures("b", 50) + success("b", 20))
        self.agent.stop(signal.SIGKILL)
        shutil.rmtree(self.agent.spool)
        shutil.copytree(copy, self.agent.spool)

    def start_without_stores(self, lines):
        absent = f"127.0.0.1:{harness.free_port()}"
        config = self.agent.config.read_text()
        addresses = [re.search("127.0.0.1:[0-9]+", address)[0] for address in (self.agent.postgres, self.agent.mongodb)]
        cut = config
        for address in addresses:
            cut = cut.replace(address, absent)
        self.agent.config.write_text(cut)
        self.agent.start()
        self.send(lines)
        self.agent.stop(signal.SIGKILL)
        self.agent.config.write_text(config)

    def assert_leaves_above(self, leaf, prefix):
        with psycopg.connect(self.agent.postgres) as connection:
            least = connection.execute("SELECT min(leaf_index) FROM auth_logs WHERE log_id LIKE %s",
                                       [prefix + "-%"]).fetchone()[0]
        self.assertGreater(least, leaf)

    def test_a_spool_that_was_set_back_is_an_alarm_and_counts_its_new_events_right(self):
        self.set_spool_back()
        self.agent.start()
        for store in STORES:
            harness.wait_until(lambda name=store: self.metric("position_ahead", name) == 1, f"the alarm of {store}")
        self.deliver(failures("c", 120))
        self.assert_as_sent()
        self.assert_leaves_above(151, "c")
        self.assertEqual(self.metric("rewinds_total", "postgres") + self.metric("rewinds_total", "mongodb"), 0)
        self.assertIn("store_position_ahead", self.agent.log_text())
        self.agent.stop(signal.SIGKILL)
        self.agent.start()
        self.deliver(failures("d", 10) + success("d", 5))
        self.assert_as_sent()

    def test_a_higher_position_under_a_running_agent_is_an_alarm_and_delivery_goes_on(self):
        self.start_agent()
        self.deliver(failures("a", 40))
        with psycopg.connect(self.agent.postgres) as connection:
            connection.execute("UPDATE twinlog_agents SET last_leaf_index = last_leaf_index + 1000")
        with pymongo.MongoClient(self.agent.mongodb) as client:
            client.get_default_database().twinlog_agents.update_many({}, {"$inc": {"last_leaf_index": 1000}})
        self.deliver(failures("b", 20) + success("b", 10))
        for store in STORES:
            self.assertEqual(self.metric("position_ahead", store), 1)
            self.assertEqual(self.metric("rewinds_total", store), 0)
        self.assert_as_sent()
        self.deliver(failures("c", 20))
        self.assert_as_sent()
        self.assert_leaves_above(1040, "c")

    def test_what_a_set_back_spool_took_before_it_saw_the_stores_counts_right_too(self):
        self.set_spool_back()
        self.start_without_stores(failures("c", 30))
        self.agent.start()
        self.agent.wait_delivered()
        self.deliver(failures("d", 10) + success("d", 5))
        self.assert_as_sent()
        self.assert_leaves_above(151, "d")

    def test_a_set_back_spool_that_took_more_than_it_lost_counts_right_though_no_position_tells(self):
        self.set_spool_back()
        self.start_without_stores(failures("c", 200))
        self.agent.start()
        self.agent.wait_delivered()
        self.deliver(failures("d", 10) + success("d", 5))
        self.assert_as_sent()


if __name__ == "__main__":
    unittest.main()
