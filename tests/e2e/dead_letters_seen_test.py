"""What a store refuses for good is seen by people: health, metrics, log and `twinlog status` say how much, since when and
why, and what helps; nothing of it shows what the events hold."""
import json
import random
import unittest

import pymongo

import harness
import health_page
import health_scene
import metrics_text
import shared_stores
from command import run

CHECK = "ALTER TABLE auth_logs ADD CONSTRAINT only_known_users CHECK (actor_id IS NULL)"
SMALL_SHARE = {"TWINLOG_SPOOL_DEAD_LETTERS_MAX": "1MiB"}


class DeadLettersSeen(shared_stores.SharedStores):
    def scene(self, environment=None):
        scene = health_scene.Scene(self)
        scene.start(environment=environment)
        scene.deliver()
        scene.wait_well()
        return scene

    def refused(self, scene, count, **members):
        return [scene.event(actor_id=f"{health_scene.MARK}-somebody", **members) for _ in range(count)]

    def wait_letters(self, scene, store, count):
        page = scene.wait_page(lambda page: health_page.store(page, store)["dead_letters"] == count and
                               all(each["backlog_events"] == 0 for each in page["stores"]), f"{count} dead letters")
        self.assertEqual(health_page.states(page), {f"dead_letters_{store}": "degraded"})
        return page, health_page.component(page, f"dead_letters_{store}")

    def assert_holds_no_content(self, scene, text):
        for word in (health_scene.MARK, health_scene.IP, "INSERT INTO", *scene.server_words()):
            self.assertNotIn(word, text)

    def test_what_postgresql_refuses_for_good_shows_everywhere_with_its_code_and_without_its_content(self):
        scene = self.scene()
        scene.server.do(CHECK, database=scene.database)
        lines = self.refused(scene, 3) + [scene.event() for _ in range(10)]
        scene.send(lines=lines)
        accounts = len({json.loads(line)["user_id"] for line in lines[:3]})
        page, letters = self.wait_letters(scene, "postgres", 3)
        self.assertEqual((scene.missing("postgres"), scene.missing("mongodb")), (3, 0))
        self.assertIn("PostgreSQL lacks 3 events", letters["impact"])
        self.assertIn(f"its state of {accounts} accounts may differ", letters["impact"])
        self.assertIn("SQLSTATE 23514, constraint only_known_users", letters["diagnosis"])
        for words in ("list", "replay --store postgres", "discard --id ... --yes --reason ..."):
            self.assertIn(f"`twinlog spool dead-letters {words} --config {scene.agent.config}`", letters["action"])
        self.assertIn("dead_letters_postgres: PostgreSQL refuses 3 events for good", page["summary"])
        shown = health_page.store(page, "postgres")
        self.assertEqual(shown["dead_letters_accounts"], accounts)
        self.check_time(shown["dead_letters_since"], scene)
        self.check_metrics(scene, shown, accounts)
        self.check_log(scene)
        self.check_status(scene)
        self.check_after_restart(scene, shown)
        self.check_replay(scene)

    def check_time(self, text, scene):
        before, after, _ = scene.sends[-1]
        self.assertLessEqual(int(before), health_page.time_of(text))  # The page tells whole seconds.
        self.assertLess(health_page.time_of(text), after + harness.PATIENCE)

    def check_metrics(self, scene, shown, accounts):
        page = metrics_text.scrape(scene.agent)
        for store, letters in (("postgres", 3), ("mongodb", 0)):
            self.assertEqual(page.value("twinlog_dead_letters", store=store), letters)
            self.assertEqual(page.value("twinlog_store_dead_letters_total", store=store), letters)
        self.assertEqual(page.value("twinlog_dead_letters_accounts", store="postgres"), accounts)
        self.assertEqual(page.value("twinlog_dead_letters_bytes", store="postgres"), shown["dead_letters_bytes"])
        self.assertGreater(shown["dead_letters_bytes"], 3 * 300)  # Each holds 600 random digits.
        self.assertEqual(int(page.value("twinlog_dead_letters_oldest_timestamp_seconds", store="postgres")),
                         health_page.time_of(shown["dead_letters_since"]))
        self.assertEqual(page.value("twinlog_dead_letters_oldest_timestamp_seconds", store="mongodb"), 0)
        self.assertEqual(page.value("twinlog_dead_letters_max_bytes"), (2 << 30) // 100 * 10)
        self.assert_holds_no_content(scene, page.text)

    def check_log(self, scene):
        lines = [line for line in scene.agent.log_text().splitlines() if " dead_letter: " in line]
        self.assertTrue(lines, scene.agent.log_text())
        for word in ("error", "store=postgres", "code=23514", "constraint=only_known_users", "where=records"):
            self.assertIn(word, lines[0])
        self.assert_holds_no_content(scene, scene.agent.log_text())

    def check_status(self, scene):
        done = run("status", "--config", scene.agent.config)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^DEGRADED  dead_letters_postgres: PostgreSQL refuses 3 events")
        self.assertRegex(done.stdout, r"(?m)^degraded  dead_letters_postgres\n          impact     All else is taken")
        self.assertRegex(done.stdout, r"(?m)^store     postgres  connected, 0 events waiting, 3 dead letters$")
        self.assertRegex(done.stdout, r"(?m)^store     mongodb   connected, 0 events waiting$")
        self.assert_holds_no_content(scene, done.stdout)

    def check_after_restart(self, scene, shown):
        scene.agent.stop()
        scene.agent.start()
        page, _ = self.wait_letters(scene, "postgres", 3)
        after = health_page.store(page, "postgres")
        for name in ("dead_letters_bytes", "dead_letters_accounts", "dead_letters_since"):
            self.assertEqual(after[name], shown[name])
        self.assertEqual(scene.agent.metric('twinlog_store_dead_letters_total{store="postgres"}'), 0)

    def check_replay(self, scene):
        """First in vain, then after the cause is gone."""
        def replayed(result):
            return scene.agent.metric(f'twinlog_dead_letters_replayed_total{{result="{result}",store="postgres"}}')

        replay = ("spool", "dead-letters", "replay", "--store", "postgres", "--config", scene.agent.config)
        done = run(*replay)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual((replayed("taken"), replayed("refused")), (0, 3))
        page, letters = self.wait_letters(scene, "postgres", 3)
        self.assertIn("it refused 3 once more", letters["diagnosis"])
        scene.server.do("ALTER TABLE auth_logs DROP CONSTRAINT only_known_users", database=scene.database)
        done = run(*replay)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual((replayed("taken"), replayed("refused")), (3, 3))
        page = scene.wait_well()
        self.assertEqual((page["state"], health_page.store(page, "postgres")["dead_letters"]), ("ok", 0))
        self.assertEqual(scene.missing("postgres"), 0)
        self.assertIn("dead_letters_replayed", scene.agent.log_text())
        self.assert_holds_no_content(scene, scene.agent.log_text())

    def test_what_the_document_store_refuses_for_good_is_that_stores_matter_alone(self):
        scene = self.scene()
        with pymongo.MongoClient(scene.mongodb) as client:
            client.get_default_database().auth_logs.create_index([("request_id", 1)], unique=True)
        scene.send(lines=[scene.event(request_id=f"{health_scene.MARK}-twice") for _ in range(2)])
        _, letters = self.wait_letters(scene, "mongodb", 1)
        self.assertIn("code 11000", letters["diagnosis"])
        self.assertEqual((scene.missing("postgres"), scene.missing("mongodb")), (0, 1))

    def test_a_store_is_held_loudly_when_their_share_is_used_up_and_goes_on_when_there_is_more(self):
        scene = self.scene(SMALL_SHARE)
        scene.server.do(CHECK, database=scene.database)
        lines = [line for number in range(200) for line in self.refused(
            scene, 1, metadata={"x": health_scene.MARK + random.Random(number).randbytes(3500).hex()})]
        scene.send(lines=lines)
        page = scene.wait_page(lambda page: health_page.states(page).get("dead_letters_postgres") == "failing",
                               "the store is held")
        letters = health_page.component(page, "dead_letters_postgres")
        self.assertEqual(page["state"], "failing")
        self.assertLessEqual(set(health_page.states(page)), {"dead_letters_postgres", "courier_postgres"})
        self.assertIn("Nothing more is delivered to PostgreSQL", letters["diagnosis"])
        self.assertIn("spool.dead_letters_max", letters["action"])
        self.assertLessEqual(health_page.store(page, "postgres")["dead_letters_bytes"], 1 << 20)
        harness.wait_until(lambda: scene.agent.metric('twinlog_store_pending_records{store="mongodb"}') == 0,
                           "the other store has everything")
        self.assertEqual(scene.agent.probe("/readyz")[0], 200)
        self.assertIn("have used up their share of the spool", scene.agent.log_text())
        self.assert_holds_no_content(scene, scene.agent.log_text())
        scene.agent.stop()
        scene.agent.environment["TWINLOG_SPOOL_DEAD_LETTERS_MAX"] = "10%"
        scene.agent.start()
        self.wait_letters(scene, "postgres", 200)
        self.assertEqual((scene.missing("postgres"), scene.missing("mongodb")), (200, 0))


if __name__ == "__main__":
    unittest.main()
