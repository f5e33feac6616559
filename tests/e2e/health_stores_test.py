"""The health page in each condition that can befall a store, made with real servers: it names component, cause and what
helps, its numbers equal what the test counts itself, and when the condition is over it says that all is well."""
import time
import unittest

import health_page
import health_scene
import shared_stores
from health_store_rows import ROWS, Row

MOST_BACKOFF_SECONDS = 0.5 + 0.1  # The next try may be planned while the page is being written.


class Stores(shared_stores.SharedStores):
    def check_row(self, row: Row):
        scene = health_scene.Scene(self, row.owner)
        story = row.story(scene)
        next(story)
        scene.deliver()
        scene.wait_well()
        next(story)
        if row.sends:
            scene.send(row.sends)
        page = scene.wait_page(lambda page: self.is_named(page, row), f"{row.component} says {row.cause}")
        self.check_component(page, row)
        self.check_other_components(page, row)
        if row.heals:
            scene.check_backlog(row.store, row.is_counted and row.code)
        next(story, None)
        if row.heals:
            self.check_healed(scene)
        else:
            self.check_incomplete(scene, row)

    @staticmethod
    def is_named(page, row):
        component = health_page.component(page, row.component)
        # The summary names the worst; what only passes beside it may still come first.
        is_first = row.component.split("_")[0] in page["summary"]
        diagnosis = component["diagnosis"].lower()
        return is_first and component["state"] == row.state and all(word.lower() in diagnosis for word in row.cause)

    def check_component(self, page, row):
        component = health_page.component(page, row.component)
        for word in row.help:
            self.assertIn(word, component["action"])
        self.assertIn("events", component["impact"].lower())
        error = health_page.store(page, row.store)["last_error"]
        if row.code:
            self.assertEqual(error["code"], row.code)
            self.assertLessEqual(health_page.store(page, row.store)["next_try_in_seconds"] or 0, MOST_BACKOFF_SECONDS)

    def check_other_components(self, page, row):
        """Nothing else is blamed, but what is a consequence; nobody is told that no event is taken."""
        self.assertLessEqual(set(health_page.states(page)), {f"store_{row.store}", f"courier_{row.store}", *row.also})
        self.assertEqual(page["state"], "degraded")

    def check_healed(self, scene):
        page = scene.wait_well()
        self.assertEqual(page["state"], "ok")
        for store in page["stores"]:
            self.assertEqual(scene.missing(store["name"]), 0)
            self.assertEqual((store["backlog_events"], store["last_error"]), (0, None))
            self.assertTrue(store["connected"])
            self.assertGreaterEqual(health_page.time_of(store["connected_since"]), scene.began - 1)
            self.assertLessEqual(health_page.time_of(store["connected_since"]), time.time() + 1)

    def check_incomplete(self, scene, row):
        """Only refilling it heals this: it stays over a restart."""
        page = scene.wait_well(but=[row.component])
        since = health_page.store(page, row.store)["incomplete_since"]
        self.assertGreater(scene.lost, 0)
        newest = scene.server.one("SELECT extract(epoch FROM max(effective_at)) FROM auth_logs WHERE leaf_index <= 10",
                                  database=scene.database)
        self.assertLessEqual(health_page.time_of(since), time.time())
        self.assertGreaterEqual(health_page.time_of(since), int(min(newest, scene.began)))
        scene.agent.stop()
        scene.agent.start()
        page = scene.wait_well(but=[row.component])
        self.assertEqual(health_page.store(page, row.store)["incomplete_since"], since)


def test_of(row):
    def test(self):
        self.check_row(row)
    return test


for each_row in ROWS:
    test_name = f"test_{each_row.story.__name__}_is_named_with_its_cause_and_what_helps"
    setattr(Stores, test_name, test_of(each_row))

if __name__ == "__main__":
    unittest.main()
