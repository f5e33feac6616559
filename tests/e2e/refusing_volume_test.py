"""A volume over its quota, and one that the kernel has made read-only: nothing is acked, health says why, what waits is
delivered, and all is well again when the cause is gone."""
import json
import random
import shutil
import unittest

import psycopg

import harness
import small_volume
import two_servers


def event(number):
    return json.dumps({"tenant_id": "acme", "log_id": f"e{number}", "event_type": "login_failed",
                       "occurred_at": 1_700_000_000_000 + number, "user_id": "u1",
                       "user_agent": random.Random(number).randbytes(600).hex()}).encode()


class RefusingVolume(two_servers.TwoServersCase):
    def start_on(self, volume):
        self.addCleanup(volume.close)
        self.kept, self.next_number = set(), 0
        if not self.postgres.process:
            self.postgres.start()
        self.agent = harness.Agent(self.postgres.new_database(), self.documents.new_database(), "",
                                   {"TWINLOG_SPOOL_PATH": str(volume.path / "spool"), "TWINLOG_RETRY_MOST": "1s"})
        self.addCleanup(self.agent.close)
        self.agent.start()
        self.postgres.stop()
        self.send_until("stored", 100)

    def send(self, count):
        numbers = range(self.next_number, self.next_number + count)
        self.next_number += count
        answers = self.agent.send_lines([event(number) for number in numbers])
        self.kept |= {f"e{number}" for number, answer in zip(numbers, answers) if answer["status"] == "stored"}
        return harness.statuses(answers)

    def send_until(self, status, count):
        harness.wait_until(lambda: self.send(count) == {status: count}, f"every event is answered {status}")

    def assert_busy_and_says(self, words):
        self.send_until("busy", 10)
        harness.wait_until(lambda: self.agent.probe("/readyz")[0] == 503, "the probe turns red")
        harness.wait_until(lambda: words in self.agent.probe("/healthz")[1], f"health says {words}")
        self.assertIsNone(self.agent.process.poll(), "the agent died")

    def assert_delivers_what_waits(self):
        if not self.postgres.process:
            self.postgres.start()
        self.agent.wait_delivered(60)
        with psycopg.connect(self.agent.postgres) as connection:
            ids = [row[0] for row in connection.execute("SELECT log_id FROM auth_logs")]
        self.assertLessEqual(self.kept, set(ids))
        self.assertEqual(len(ids), len(set(ids)))

    def assert_well_again(self):
        self.send_until("stored", 1)
        harness.wait_until(lambda: self.agent.probe("/readyz")[0] == 200, "the probe is green again")

    @unittest.skipUnless(small_volume.has_file_system("btrfs") and shutil.which("mkfs.btrfs"),
                         "a quota that binds root needs btrfs and its tools")
    def test_a_quota_that_is_used_up_is_busy_until_it_is_raised(self):
        volume = small_volume.QuotaVolume(256)
        self.start_on(volume)
        volume.limit_to(volume.used_bytes() + (2 << 20))
        self.assert_busy_and_says("quota")
        self.assert_delivers_what_waits()
        volume.limit_to("none")
        self.assert_well_again()
        self.assert_delivers_what_waits()

    @unittest.skipUnless(small_volume.has_file_system("ext4"), "an ext4 of one's own needs root and loop devices")
    def test_a_volume_that_the_kernel_made_read_only_is_busy_until_a_mended_one_is_in_its_place(self):
        volume = small_volume.SmallVolume(64)
        self.start_on(volume)
        volume.become_read_only()
        self.assert_busy_and_says("Read-only file system")
        self.assert_delivers_what_waits()
        volume.replace_with_mended_copy()
        self.assert_well_again()
        self.assert_delivers_what_waits()


if __name__ == "__main__":
    unittest.main()
