"""A synchronous standby that is gone: the server keeps what was committed to itself and does not answer the COMMIT."""
import os
import unittest

import field
import harness

WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


class SynchronousStandby(field.FieldCase):
    def setUp(self):
        super().setUp()
        self.primary = self.cluster(synchronous_commit="local")
        self.standby = self.primary.make_standby("second_copy")
        self.primary.set_option("synchronous_standby_names", "second_copy")
        self.agent_ = self.agent(self.primary).start()
        self.send(self.agent_)
        self.assert_arrived_once(self.agent_)
        self.standby.stop()
        self.send(self.agent_)
        harness.wait_until(lambda: self.primary.one(WAITS) == 1, "the COMMIT waits for the standby")

    def test_a_commit_that_waits_too_long_is_sent_again_and_nothing_doubles_when_the_wait_is_lifted(self):
        agent = self.agent_
        self.wait_held(agent, "did not confirm the commit in time", "synchronous_standby_names",
                       "reaction=reconnect_smaller")
        # The server does not notice that nobody listens any more: the old transaction keeps its rows, and a smaller batch
        # would wait for them no less.
        self.wait_held(agent, "code=55P03", "reaction=retry ", "tried again as it is")
        self.assertEqual(self.primary.one(WAITS), 1)
        self.send(agent)
        self.primary.set_option("synchronous_standby_names", None)
        self.assert_arrived_once(agent)
        self.assertEqual(self.primary.one(WAITS), 0)

    def test_a_wait_that_is_cancelled_is_not_taken_for_a_commit(self):
        agent = self.agent_
        sent = len(self.sent)
        for _ in range(2):
            self.primary.do("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            self.wait_held(agent, "did not confirm the commit (rolled back, or the wait")
            harness.wait_until(lambda: self.primary.one(WAITS) == 1, "the batch is sent again")
        self.assertEqual(agent.metric('twinlog_store_pending_records{store="postgres"}'), sent - 30)
        self.standby.start()
        self.assert_arrived_once(agent)
        self.primary.wait_for_replay(self.standby)
        database = agent.postgres.rsplit("/", 1)[1]
        self.assertEqual(self.standby.one("SELECT count(*) FROM auth_logs", database=database),
                         self.primary.one("SELECT count(*) FROM auth_logs", database=database))

    if os.environ.get("TWINLOG_LONG"):
        def test_a_batch_that_takes_longer_than_a_flush_may_is_halved_until_it_fits(self):
            self.primary.set_option("synchronous_standby_names", None)
            agent = self.agent_
            agent.wait_delivered()
            database = agent.postgres.rsplit("/", 1)[1]
            # 540 records and 60 conflicts: 12 seconds each, within the time of a statement and together beyond a flush's.
            self.primary.do("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                            "PERFORM pg_sleep(TG_ARGV[0]::float); RETURN NEW; END $$",
                            *(f"CREATE TRIGGER slow BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION slow({seconds})"
                              for table, seconds in (("auth_logs", 0.022), ("auth_log_conflicts", 0.2))),
                            database=database)
            with self.primary.admin(database) as blocker, blocker.transaction():
                blocker.execute("LOCK TABLE auth_logs")
                self.send(agent, 600)
            self.wait_held(agent, "reaction=reconnect_smaller")
            harness.wait_until(lambda: agent.metric('twinlog_store_pending_records{store="postgres"}') < 600,
                               "smaller batches get through", 300)
            self.primary.do("DROP FUNCTION slow CASCADE", database=database)
            self.assert_arrived_once(agent)


if __name__ == "__main__":
    unittest.main()
