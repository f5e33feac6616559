"""The health page when something is wrong with the agent's own side: spool, volume, clock, ways in; what it warns of;
and its form in every phase. Conditions are made with real parts; numbers equal what the test counts itself."""
import glob
import os
import random
import signal
import subprocess
import time
import unittest


import harness
import health_page
import health_scene
import postgres_server
import small_volume

SPOOL_BYTES = 24 << 20
SMALL_SPOOL = f'max_bytes = "{SPOOL_BYTES}B"\nkeep_delivered = "0s"\ncompression = "none"'
EVENT_BYTES = 6000
# The page rounds down to whole seconds, is measured once a second, and tables come and go meanwhile.
TIME_TO_FULL_SHARE = 0.35
CLOCK_SECONDS = 0.5  # Both ways of a question to a store on a busy machine.
FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")


class Health(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = postgres_server.PostgresServer(fsync="off", log_line_prefix="%d %e ")
        cls.addClassCleanup(cls.server.close)
        cls.server.do(f"CREATE ROLE {health_scene.WRITER} LOGIN")
        cls.documents = harness.StoreServer("mongo-java-server")
        cls.addClassCleanup(cls.documents.close)

    def setUp(self):
        if not self.server.process:
            self.server.start()
        self.scene = health_scene.Scene(self)

    def wait_for(self, component, state, *cause):
        """The page that says so of the component."""
        def is_said(page):
            found = health_page.component(page, component)
            return found["state"] == state and all(word in found["diagnosis"] for word in cause)
        return self.scene.wait_page(is_said, f"{component} is {state}: {cause}")

    def assert_helps(self, page, component, *words):
        found = health_page.component(page, component)
        for word in words:
            self.assertIn(word, found["action"])

    def assert_well(self):
        self.assertEqual(self.scene.wait_well()["state"], "ok")

    # --- the spool

    def lines(self, count, event_type="login_failed"):
        """Events that do not compress, so that the spool fills as fast as the numbers say."""
        return [self.scene.event(event_type=event_type, metadata={"x": random.randbytes(EVENT_BYTES // 2).hex()})
                for _ in range(count)]

    def fill(self, event_type):
        while "stored" in self.scene.offer(lines=self.lines(100, event_type)):
            self.assertLess(len(self.scene.raw), 100_000, "the spool never fills")

    def assert_spool(self, page, state, *cause):
        found = health_page.component(page, "spool")
        self.assertEqual(found["state"], state)
        for word in cause:
            self.assertIn(word, found["diagnosis"])

    def fill_until(self, event_type, condition):
        """Fills until the page says so; the database's own flushes may make room again for a moment."""
        def is_said(page):
            if not condition(page):
                self.fill(event_type)
                while "stored" in self.scene.offer(lines=[self.scene.event(event_type=event_type) for _ in range(20)]):
                    pass  # The gap that is left is smaller than the events before.
            return condition(page)
        return self.scene.wait_page(is_said, f"the spool is full of {event_type}")

    def assert_size_is_that_of_the_folder(self):
        """`du` of a folder that is at rest."""
        def is_equal():
            page = self.scene.page()
            done = subprocess.run(["du", "--apparent-size", "--bytes", "--separate-dirs", self.scene.spool_path()],
                                  capture_output=True, text=True, check=True)
            folder = os.stat(self.scene.spool_path()).st_size
            return page["spool"]["size_bytes"] == int(done.stdout.split()[0]) - folder
        harness.wait_until(is_equal, "the size on the page is what du says")

    def test_a_spool_over_90_percent_and_then_full_says_which_events_are_refused_whom_it_waits_for_and_what_to_raise(self):
        self.scene.start(extra=SMALL_SPOOL)
        self.scene.deliver()
        self.server.stop()
        page = self.fill_until("logout", lambda page: page["spool"]["only_base_types"] and not page["spool"]["full"])
        self.assert_spool(page, "degraded", "90 %", "PostgreSQL")
        self.assertIn("logout", health_page.component(page, "spool")["impact"])
        self.assert_helps(page, "spool", "spool.max_bytes", "PostgreSQL")
        self.assert_size_is_that_of_the_folder()
        page = self.fill_until("login_failed", lambda page: page["spool"]["full"] and
                               page["spool"]["full_in_seconds"] == 0 and page["spool"]["writable"])
        self.assert_spool(page, "failing", "Full", "PostgreSQL")
        self.assertEqual(page["state"], "failing")
        self.assertTrue(page["summary"].startswith("spool"), page["summary"])
        self.assertIn("refused", health_page.component(page, "spool")["impact"])
        self.assert_helps(page, "spool", "spool.max_bytes", "PostgreSQL")
        self.assertEqual(page["spool"]["max_bytes"], SPOOL_BYTES)
        self.assertEqual(page["spool"]["waiting"], self.scene.missing("postgres"))
        self.assert_size_is_that_of_the_folder()
        self.scene.check_backlog_sampled("postgres")
        self.server.start()
        self.assert_well()

    def test_the_time_to_full_is_what_the_growth_of_the_folder_says(self):
        self.scene.start(extra=SMALL_SPOOL.replace(str(SPOOL_BYTES), str(20 * SPOOL_BYTES)))
        self.scene.deliver()
        self.server.stop()
        began, size = time.monotonic(), self.scene.spool_bytes()
        while time.monotonic() < began + 8:  # A rate needs time to be one.
            self.scene.offer(lines=self.lines(20))
        page = self.scene.page()
        passed, now = time.monotonic() - began, self.scene.spool_bytes()
        expected = (20 * SPOOL_BYTES * 0.95 - now) / ((now - size) / passed)
        self.assertLess(abs(page["spool"]["full_in_seconds"] - expected), expected * TIME_TO_FULL_SHARE + 1,
                        (page["spool"], expected))

    # --- the volume

    @unittest.skipUnless(small_volume.can_mount(), "mounting a small file system needs root and loop devices")
    def test_a_full_volume_is_named_with_its_path_and_what_frees_it(self):
        volume = small_volume.SmallVolume(32)
        self.addCleanup(volume.close)
        self.scene.start(extra='keep_delivered = "0s"', environment={"TWINLOG_SPOOL_PATH": str(volume.path / "spool")})
        self.assertIn("spool_volume_small", health_page.warnings(self.scene.page()))
        self.scene.deliver()
        volume.fill()
        self.fill("login_failed")
        page = self.wait_for("disk", "failing", "volume", "full", str(volume.path))
        self.assertEqual(page["state"], "failing")
        self.assertTrue(page["summary"].startswith("disk"), page["summary"])
        self.assert_helps(page, "disk", "df -h", "du ", str(volume.path))
        self.scene.wait_page(lambda page: abs(page["spool"]["volume_free_bytes"] - volume.free_bytes()) <= 1 << 20,
                             "what is free is what the volume says, measured every second")
        volume.empty()
        self.assert_well()

    def test_an_ephemeral_volume_is_a_warning_and_changes_no_state(self):
        self.scene.start(environment={"TWINLOG_SPOOL_VOLUME": "ephemeral"})
        self.scene.deliver()
        page = self.scene.wait_well()
        self.assertEqual((page["state"], page["spool"]["volume"]), ("ok", "ephemeral"))
        warning = health_page.warnings(page)["spool_volume_ephemeral"]
        self.assertIn("lost", warning["words"])
        self.assertIn("spool.path", warning["action"])

    # --- warnings about the stores

    def test_a_store_that_is_turned_off_is_a_warning_and_counts_as_well(self):
        self.scene.start(environment={"TWINLOG_STORES_MONGODB_ENABLED": "false"})
        self.scene.send()
        page = self.scene.wait_well()
        self.assertEqual(page["state"], "ok")
        self.assertEqual({health_page.component(page, f"{kind}_mongodb")["state"] for kind in ("store", "courier")},
                         {"off"})
        self.assertFalse(health_page.store(page, "mongodb")["enabled"])
        warning = health_page.warnings(page)["store_disabled"]
        self.assertIn("no second copy", warning["words"])
        self.assertIn("stores.mongodb.enabled", warning["action"])

    def test_conflicts_are_a_warning_with_the_number_that_both_stores_hold(self):
        self.scene.start()
        self.scene.deliver()
        first = self.scene.event(log_id=health_scene.MARK + "-same")
        others = [self.scene.event(log_id=health_scene.MARK + "-same") for _ in range(7)]
        self.scene.send(lines=[first, *others])
        page = self.scene.wait_page(lambda page: all(store["conflicts"] == 7 for store in page["stores"]), "7 conflicts")
        self.assertEqual([self.scene.count_rows()[1], self.scene.count_documents()[1]], [7, 7])
        self.assertEqual(self.scene.wait_well()["state"], "ok")
        warnings = [each for each in page["warnings"] if each["name"] == "conflicts"]
        self.assertEqual(len(warnings), 2)
        for warning in warnings:
            self.assertIn("7 events", warning["words"])
            self.assertIn("auth_log_conflicts", warning["action"])

    # --- the clock

    @unittest.skipUnless(FAKETIME, "libfaketime is not installed")
    def test_a_clock_that_is_off_is_named_with_the_offset_and_a_correct_one_is_well(self):
        clock = self.scene.server.folder / "clock"
        clock.write_text("+0")
        self.scene.start(environment={"LD_PRELOAD": FAKETIME[0], "FAKETIME_TIMESTAMP_FILE": str(clock),
                                      "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        self.scene.deliver()
        self.assert_well()
        for offset in (-90, 30, 1):
            with self.subTest(offset=offset):
                self.scene.agent.stop()
                clock.write_text(f"{offset:+}")
                self.scene.agent.start()
                self.check_clock(offset)
        self.scene.agent.stop()
        clock.write_text("+0")
        self.scene.agent.start()
        self.assert_well()

    def check_clock(self, offset):
        def is_measured(page):
            return all(store["clock_offset_seconds"] is not None for store in page["stores"])
        page = self.scene.wait_page(is_measured, "the clocks are compared")
        for store in page["stores"]:
            self.assertLess(abs(store["clock_offset_seconds"] + offset), CLOCK_SECONDS, store)
        clock = health_page.component(page, "clock")
        self.assertEqual(clock["state"], "degraded" if abs(offset) > 2 else "ok", clock)
        if abs(offset) > 2:
            self.assertIn("ahead of" if offset < 0 else "behind", clock["diagnosis"])
            self.assertIn(f"{abs(offset)} s", clock["diagnosis"])
            self.assertIn("this host's own clock", clock["diagnosis"])
            self.assert_helps(page, "clock", "timedatectl", "NTP")
            self.assertEqual(page["state"], "degraded")

    # --- the ways in

    def test_a_socket_file_that_was_removed_or_replaced_is_named_and_a_restart_makes_it_anew(self):
        self.scene.start()
        for replace in (False, True):
            with self.subTest(replace=replace):
                self.scene.deliver()
                self.assert_well()
                self.scene.agent.socket.unlink()
                if replace:
                    self.scene.agent.socket.touch()
                page = self.wait_for("intake_socket", "failing", str(self.scene.agent.socket), "removed or replaced")
                self.assertIn(f"127.0.0.1:{self.scene.agent.http}", health_page.component(page, "intake_socket")["impact"])
                self.assert_helps(page, "intake_socket", "systemctl restart twinlog")
                self.assertEqual(set(health_page.states(page)), {"intake_socket"})
                self.scene.agent.stop()
                self.scene.agent.socket.unlink(missing_ok=True)
                self.scene.agent.start()
                self.assert_well()

    # --- phases

    def test_the_page_has_its_form_while_the_agent_stops_with_a_store_that_holds_it(self):
        self.scene.start()
        self.scene.deliver()
        with self.server.admin(self.scene.database) as blocker, blocker.transaction():
            blocker.execute("LOCK TABLE auth_logs IN ACCESS EXCLUSIVE MODE")
            self.scene.send()
            self.assertEqual(self.scene.page()["phase"], "running")
            self.scene.agent.process.send_signal(signal.SIGTERM)
            page = self.scene.wait_page(lambda page: page["phase"] == "stopping", "the agent stops")
            self.assertEqual(page["state"], "failing")  # It takes nothing.
            self.assertIn("asked to stop", health_page.component(page, "intake_socket")["diagnosis"])
            self.assertEqual(health_page.store(page, "postgres")["backlog_events"], 20)
        self.assertEqual(self.scene.agent.process.wait(60), 0)

    @unittest.skipUnless(small_volume.can_mount(), "mounting a small file system needs root and loop devices")
    def test_the_page_has_its_form_while_the_spool_is_opened_from_a_disk_that_hangs(self):
        volume = small_volume.SmallVolume(32)
        self.addCleanup(volume.close)
        self.scene.make_agent(environment={"TWINLOG_SPOOL_PATH": str(volume.path / "spool")})
        subprocess.run(["/usr/sbin/fsfreeze", "--freeze", volume.path], check=True)
        try:
            self.scene.agent.start(wait=False)
            harness.wait_until(lambda: health_page.read(self.scene.agent), "the page is there")
            page = self.scene.wait_page(lambda page: page["phase"] == "starting", "the agent starts")
            self.assertEqual(page["state"], "failing")
            self.assertIn(str(volume.path), health_page.component(page, "spool")["diagnosis"])
        finally:
            subprocess.run(["/usr/sbin/fsfreeze", "--unfreeze", volume.path], check=True)
        self.assert_well()


if __name__ == "__main__":
    unittest.main()
