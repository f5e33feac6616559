"""One list of scenarios (client_scenarios.json) for all clients of packaging/clients, each through its own `send`, with a real
agent whose stores are away. What a client says is stored must be in the spool exactly once."""
import collections
import functools
import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest
import uuid

import paths  # pylint: disable=unused-import  # It makes the next ones importable.
import client_proxy
import harness
from client_tools import Send, new_agent

SCENARIOS = json.loads(pathlib.Path(__file__).with_name("client_scenarios.json").read_text())
# The tenant is the run, so that nothing of another run is in the way.
MEMBERS = '"tenant_id":"{RUN}","event_type":"login_failed","occurred_at":1763971201000,"user_id":"u1"'
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
LONG = os.environ.get("TWINLOG_LONG")


class Clients:
    """The scenarios; a class for each language below."""

    language = None

    @classmethod
    def setUpClass(cls):
        cls.agent = new_agent()
        cls.addClassCleanup(cls.agent.close)
        cls.agent.start()

    def lines_of(self, scenario, run):
        if "events" in scenario:
            # Half of them with ids of their own, half with ids that the client makes and must keep.
            pad = f',"metadata":{{"pad":"{"x" * scenario["pad"]}"}}' if "pad" in scenario else ""
            texts = [f'{{{MEMBERS}{pad}}}' if number % 2 else f'{{{MEMBERS}{pad},"log_id":"{run}-{number}"}}'
                     for number in range(scenario["events"])]
        else:
            words = {"{MEBIBYTE}": "x" * (1 << 20), "{HALF_A_MEBIBYTE}": "x" * (1 << 19), "{DEEP}": "[" * 100_000, "E,": MEMBERS + ",", "E}": MEMBERS + "}"}
            texts = [functools.reduce(lambda text, word: text.replace(word, words[word]), words, line) for line in scenario["lines"]]
        return [text.replace("{RUN}", run).encode() for text in texts]

    def proxy_for(self, scenario, agent):
        kind = scenario.get("between")
        if kind == "busy":
            seconds = scenario["busy_seconds"] * (10 if LONG else 1)
            return client_proxy.Busy(agent.socket, scenario["retry_after_ms"], seconds)
        if kind == "hold":
            return client_proxy.Hold(agent.socket, scenario["hold"])
        kinds = {"cut": client_proxy.Cut, "choke": client_proxy.Choke, "garbage": client_proxy.Garbage, "silent": client_proxy.Silent,
                 "absent": client_proxy.Absent}
        return kinds[kind](agent.socket) if kind in kinds else None

    def run_scenario(self, scenario, agent):
        run = f"{self.language}-{uuid.uuid4().hex[:12]}"
        lines = self.lines_of(scenario, run)
        proxy = self.proxy_for(scenario, agent)
        if proxy:
            self.addCleanup(proxy.close)
        began = time.time_ns() // 1_000_000
        send = Send(self.language, proxy.path if proxy else agent.socket, scenario.get("options", []))
        if scenario.get("between") == "restart":
            self.write_over_a_restart(send, lines, agent)
        else:
            self.write_all(send, lines, scenario, proxy)
        code, said = send.end()
        ended = time.time_ns() // 1_000_000
        self.check(scenario, send, code, said)
        self.check_spool(agent, run, send.answers, (began, ended))
        return lines, send, proxy

    def write_all(self, send, lines, scenario, proxy):
        try:
            send.write(lines)
        except BrokenPipeError:
            self.assertEqual(scenario["exit"], 3)  # It has given up, and said so.
        if isinstance(proxy, client_proxy.Silent):
            dropped = scenario["counts"]["dropped"]
            harness.wait_until(lambda: len(send.answers) == dropped, "it drops and does not wait")
            proxy.release()

    def write_over_a_restart(self, send, lines, agent):
        half = len(lines) // 2
        send.write(lines[:half])
        harness.wait_until(lambda: send.answers, "the first answer")
        agent.stop(signal.SIGKILL)
        send.write(lines[half:])
        agent.start()

    def check(self, scenario, send, code, said):
        self.assertEqual(code, scenario["exit"], said[-2000:])
        counted = collections.Counter(answer["status"] for answer in send.answers)
        for status in ("stored", "duplicate", "conflict", "rejected", "dropped"):
            self.assertEqual(send.counts[status], counted[status], status)
        self.assertEqual(len({answer["line"] for answer in send.answers}), len(send.answers), "a line is answered once")
        if "taken" in scenario:
            self.assertEqual(counted["stored"] + counted["duplicate"], scenario["taken"])
        for name, count in scenario.get("counts", {}).items():
            self.assertEqual(send.counts[name], count, name)
        if "dropped" in scenario:
            first, last = scenario["dropped"]
            dropped = sorted(answer["line"] for answer in send.answers if answer["status"] == "dropped")
            self.assertEqual(dropped, list(range(first, last + 1)))
        for words in scenario.get("said", ()):
            self.assertIn(words, said)
        said = re.sub(r"cannot connect to \S+:", "", said)  # The folder's name may have anything in it.
        self.assertNotIn("PLANTED-NAME", said)
        self.assertNotIn("u1", said)

    def check_spool(self, agent, run, answers, times):
        """What was said to be stored is there, each id once, and nothing else; an id of the client's own is a UUIDv7 of just now."""
        done = subprocess.run([harness.BINARY, "spool", "export", "--config", agent.config], capture_output=True, check=True)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        there = collections.Counter(event["log_id"] for event in events if event["tenant_id"] == run)
        taken = {answer["log_id"] for answer in answers if answer["status"] in ("stored", "duplicate")}
        # Each conflict is one version more under its id.
        versions = collections.Counter({log_id: 1 for log_id in taken})
        versions.update(answer["log_id"] for answer in answers if answer["status"] == "conflict")
        self.assertEqual(there, versions)
        for log_id in (log_id for log_id in taken if not log_id.startswith(run)):
            self.assertRegex(log_id, UUID7)
            made = int(log_id.replace("-", "")[:12], 16)
            self.assertTrue(times[0] <= made <= times[1], (made, times))


def scenario_test(scenario):
    def test(self):
        agent = self.agent
        if "agent" in scenario:
            agent = new_agent(**scenario["agent"])
            self.addCleanup(agent.close)
            agent.start()
        lines, send, proxy = self.run_scenario(scenario, agent)
        if scenario["name"] == "rejected":
            expected = [answer.get("error") for answer in self.agent.send_lines(lines)]
            got = {answer["line"]: {name: answer[name] for name in ("field", "reason")} for answer in send.answers
                   if answer["status"] == "rejected"}
            self.assertEqual(got, {number: error for number, error in enumerate(expected, 1) if error})
        elif scenario["name"] == "plain":
            self.assertEqual([answer["line"] for answer in send.answers], [1, 2, 3, 4, 5, 8])
            self.assertEqual(sum(bool(UUID7.fullmatch(answer["log_id"])) for answer in send.answers), 4)
        elif isinstance(proxy, client_proxy.Cut):
            self.assertEqual(proxy.next_cut, proxy.longest + 1)
            self.assertEqual(proxy.connections, proxy.next_cut + 1)
            self.assertGreater(proxy.longest, 60)
            self.assertGreater(send.counts["duplicate"], 0)
        elif isinstance(proxy, client_proxy.Busy):
            self.assertGreater(proxy.refused, 0)
            self.assertEqual(send.counts["busy"], proxy.refused)
            rounds = proxy.seconds / (scenario["retry_after_ms"] / 1000) + 1
            self.assertLessEqual(proxy.refused, rounds * scenario["events"])
            if scenario["events"] == 1:
                self.assertGreaterEqual(min(proxy.gaps), scenario["retry_after_ms"] / 1000)
        elif isinstance(proxy, client_proxy.Garbage):
            self.assertGreater(proxy.connections, len(proxy.ANSWERS))
        elif isinstance(proxy, client_proxy.Choke):
            self.assertEqual(proxy.connections, len(proxy.BYTES) + 1)
    test.__doc__ = scenario["why"]
    return test


for one in SCENARIOS:
    setattr(Clients, "test_" + re.sub(r"\W+", "_", one["name"]), scenario_test(one))


class Python(Clients, unittest.TestCase):
    language = "python"


class Go(Clients, unittest.TestCase):
    language = "go"


class Cpp(Clients, unittest.TestCase):
    language = "cpp"


class Javascript(Clients, unittest.TestCase):
    language = "javascript"


class Java(Clients, unittest.TestCase):
    language = "java"


if __name__ == "__main__":
    unittest.main()
