"""A spool that was cloned or set back to an older copy: an alarm, and what it takes from then on counts right."""
import json
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
        """Goes on for fifty events after the volume was copied, then takes the copy: the rest is forgotten."""
        self.start_agent()
        self.deliver(failures("a", 100))
        copy = self.agent.folder / "copy"
        self.agent.process.send_signal(signal.SIGSTOP)
        shutil.copytree(self.agent.spool, copy)
        self.agent.process.send_signal(signal.SIGCONT)
        forgotten = failures("b", 50) + success("b", 20)
        self.deliver(forgotten)
        # The agent signs the end of that epoch as it knows it: rows and tiles of the stores beyond are nobody's word.
        self.declared = {("FOREIGN", json.loads(line)["log_id"]) for line in forgotten} | {("FOREIGN", None)}
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

    def assert_other_epoch(self, prefix):
        """Where the store is ahead another epoch begins, so that no place in it can have been given out before."""
        with psycopg.connect(self.agent.postgres) as connection:
            epochs = {of: {epoch for epoch, in connection.execute(
                f"SELECT DISTINCT epoch_id FROM auth_logs WHERE log_id {of} LIKE %s", [prefix + "-%"])} for of in ("", "NOT")}
        self.assertTrue(epochs[""])
        self.assertEqual(epochs[""] & epochs["NOT"], set())

    def test_a_spool_that_was_set_back_is_an_alarm_and_counts_its_new_events_right(self):
        self.set_spool_back()
        self.agent.start()
        for store in STORES:
            harness.wait_until(lambda name=store: self.metric("position_ahead", name) == 1, f"the alarm of {store}")
        self.deliver(failures("c", 120))
        self.assert_as_sent(self.declared)
        self.assert_other_epoch("c")
        self.assertEqual(self.metric("rewinds_total", "postgres") + self.metric("rewinds_total", "mongodb"), 0)
        self.assertIn("store_position_ahead", self.agent.log_text())
        self.agent.stop(signal.SIGKILL)
        self.agent.start()
        self.deliver(failures("d", 10) + success("d", 5))
        self.assert_as_sent(self.declared)

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
        self.assert_other_epoch("c")

    def test_what_a_set_back_spool_took_before_it_saw_the_stores_counts_right_too(self):
        self.set_spool_back()
        self.start_without_stores(failures("c", 30))
        self.agent.start()
        self.agent.wait_delivered()
        self.deliver(failures("d", 10) + success("d", 5))
        self.assert_as_sent(self.declared)
        self.assert_other_epoch("d")

    def test_a_set_back_spool_that_took_more_than_it_lost_counts_right_though_no_position_tells(self):
        self.set_spool_back()
        self.start_without_stores(failures("c", 200))
        self.agent.start()
        self.agent.wait_delivered()
        self.deliver(failures("d", 10) + success("d", 5))
        self.assert_as_sent(self.declared)


if __name__ == "__main__":
    unittest.main()
