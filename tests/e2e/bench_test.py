"""The benchmark itself: that it runs, that its table is whole, and that it notices what would make a figure lie."""
import re
import statistics
import subprocess
import sys
import unittest

import psycopg
import pymongo

import harness

sys.path.insert(0, str(harness.ROOT / "tests/bench"))
import bench  # noqa: E402
import figures  # noqa: E402

EVENTS = 40


def cells_of(text):
    """The rows of the Markdown tables, without heads and rules."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line] for line in lines if line[0].strip() != "what"]


def number(text):
    return float(text.replace(",", ""))


class QuickRun(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        page = harness.ROOT / "tests/bench/RESULTS.md"
        cls.page_before = page.read_bytes()
        cls.done = subprocess.run([harness.ROOT / "tests/bench/run", "--quick", "answers", "stores", "waiting"],
                                  capture_output=True, text=True, check=False, timeout=600)
        cls.page_after = page.read_bytes()
        cls.rows = {row[0]: row for row in cells_of(cls.done.stdout)}

    def test_every_part_checks_its_deliveries_and_ends_well(self):
        self.assertEqual(self.done.returncode, 0, self.done.stdout + self.done.stderr)
        self.assertNotIn("broke off", self.done.stdout)

    def test_each_row_has_a_unit_and_a_median_between_least_and_most(self):
        self.assertGreater(len(self.rows), 40)
        for name, (_, unit, median, least, most, _, _) in self.rows.items():
            with self.subTest(name):
                self.assertTrue(unit)
                self.assertLessEqual(number(least), number(median))
                self.assertLessEqual(number(median), number(most))
                if unit != "us/event":  # Of a quick run: less than a tick of the kernel's clock counts as none.
                    self.assertGreater(number(most), 0)

    def test_the_floors_of_the_issue_stand_in_the_table_with_a_verdict(self):
        floors = {"8 senders, 64 in flight each, couriers stopped": "at least 30,000",
                  "PostgreSQL alone / raw pipeline": "at least 0.60",
                  "both: CPU of the agent": "at most 40.0",
                  "1,000,000 waiting: memory after taking them": "at most 128.0",
                  "first start, makes the spool": "at most 500"}
        for name, floor in floors.items():
            self.assertEqual(self.rows[name][5], floor)
            self.assertIn(self.rows[name][6], ("met", "MISSED"))

    def test_the_page_is_written_only_when_asked_for(self):
        self.assertEqual(self.page_after, self.page_before)


class Page(unittest.TestCase):
    def test_every_command_on_the_page_is_one_that_the_benchmark_takes(self):
        commands = re.findall(r"`tests/bench/run ?([^`]*)`", (harness.ROOT / "tests/bench/RESULTS.md").read_text())
        self.assertGreater(len(commands), 4)
        for words in commands:
            # Options and parts are looked at before the file that is not there.
            done = subprocess.run([harness.ROOT / "tests/bench/run", *words.split(), "--events", "/not/there"],
                                  capture_output=True, text=True, check=False)
            self.assertIn("no file /not/there", done.stderr, words)


class ExactDelivery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        bench.build()
        cls.bench = bench.Bench(harness.host_month(), 1, 1)
        cls.addClassCleanup(cls.bench.close)

    def setUp(self):
        self.stores = {store: self.enterContext(self.bench.database(store)) for store in bench.AWAY}
        self.shape, self.run_id = bench.Shape(2, 4, EVENTS // 2), self.bench.new_run()
        self.agent = self.enterContext(self.bench.agent(self.stores)).start_connected()
        bench.speed("answers", self.agent.socket, self.bench.events, self.run_id, *self.shape.words())
        self.agent.wait_delivered(EVENTS)

    def demand_exact(self):
        bench.demand_exact(self.stores, self.run_id, self.shape)

    def test_what_was_sent_is_what_the_ids_of_the_run_say(self):
        self.demand_exact()
        self.agent.demand_spooled(EVENTS)

    def test_one_record_less_in_either_store_is_a_fault(self):
        with psycopg.connect(self.stores["postgres"]) as connection:
            connection.execute("DELETE FROM auth_logs WHERE ctid = (SELECT min(ctid) FROM auth_logs)")
        with self.assertRaisesRegex(bench.Fault, f"postgres holds {EVENTS - 1} records"):
            self.demand_exact()
        del self.stores["postgres"]
        with pymongo.MongoClient(self.stores["mongodb"]) as client:
            client.get_default_database()["auth_logs"].find_one_and_delete({})
        with self.assertRaisesRegex(bench.Fault, f"mongodb holds {EVENTS - 1} records"):
            self.demand_exact()

    def test_another_id_in_place_of_one_that_was_sent_is_a_fault(self):
        with psycopg.connect(self.stores["postgres"]) as connection:
            connection.execute("UPDATE auth_logs SET log_id = 'other' WHERE ctid = (SELECT min(ctid) FROM auth_logs)")
        with self.assertRaisesRegex(bench.Fault, f"{EVENTS - 1} of the {EVENTS} that were sent"):
            self.demand_exact()

    def test_events_that_were_not_sent_in_the_trial_are_a_fault_of_the_spool(self):
        with self.assertRaisesRegex(bench.Fault, f"the spool holds {EVENTS}"):
            self.agent.demand_spooled(EVENTS + 1)

    def test_an_answer_other_than_stored_ends_the_trial(self):
        with self.assertRaisesRegex(bench.Fault, "other than stored"):
            bench.speed("answers", self.agent.socket, self.bench.events, self.run_id, *self.shape.words())


class Table(unittest.TestCase):
    def test_a_row_shows_median_and_spread_and_judges_the_median(self):
        table = figures.Figures()
        values = [3, 1, 2, 9, 4]
        for value in values:
            table.add("rate", "events/s", value, 1, at_least=3.5)
            table.add("time", "ms", value, at_most=3)
        (_, _, *numbers, floor, verdict), slow = cells_of(table.table())
        self.assertEqual([number(cell) for cell in numbers], [statistics.median(values), min(values), max(values)])
        self.assertEqual((floor, verdict, slow[6]), ("at least 3.5", "MISSED", "met"))
        self.assertEqual(table.missed(), ["rate"])


if __name__ == "__main__":
    unittest.main()
