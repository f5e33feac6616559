"""A document store that is not primary, steps down, or gets no majority, at each command of a flush: the flush is sent again,
nothing is lost, nothing doubles, and the accounts are right.

The servers at hand know no elections. A real one answers every command; the proxy refuses one in its place, or changes what
its reply says of what was done.
"""
import unittest

import two_servers
from frame_proxy import Fault
from lost_reply_test import BATCH, NEEDED, Patient

WRITES = ("insert", "update", "delete")
CODES = {Fault.NOT_PRIMARY: "10107", Fault.STEPPED_DOWN: "11602", Fault.UNCONFIRMED: "64"}


def errors(agent):
    lines = [line for line in agent.probe("/metrics")[1].splitlines()
             if line.startswith("twinlog_store_errors_total{") and 'store="mongodb"' in line]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


class StepDown(two_servers.TwoServersCase):
    def at_each_command(self, fault, commands=lambda label: True):
        patient = Patient(self.postgres, self.documents)
        self.addCleanup(patient.close)
        patient.agent.wait_delivered()
        patient.one_flush("mongodb")
        labels = list(patient.proxies["mongodb"].replies)
        self.assertLessEqual(NEEDED["mongodb"], set(labels))
        for number, label in enumerate(labels, 1):
            if commands(label):
                with self.subTest(fault=fault.name, command=f"{number} {label}"):
                    before = errors(patient.agent)
                    self.assertEqual(sum(patient.one_flush("mongodb", number, fault).values()), BATCH)
                    self.assertEqual(patient.proxies["mongodb"].fired, label)
                    self.assertGreater(errors(patient.agent), before)
        self.assertIn(f" code={CODES[fault]} ", patient.agent.log_text())
        patient.compare(self)

    def test_a_server_that_is_not_primary_at_any_command_gets_the_flush_again(self):
        self.at_each_command(Fault.NOT_PRIMARY)

    def test_a_server_that_steps_down_at_any_command_may_have_done_it_and_gets_the_flush_again(self):
        self.at_each_command(Fault.STEPPED_DOWN)

    def test_what_a_majority_did_not_confirm_at_any_write_is_sent_again(self):
        self.at_each_command(Fault.UNCONFIRMED, lambda label: label.startswith(WRITES))


if __name__ == "__main__":
    unittest.main()
