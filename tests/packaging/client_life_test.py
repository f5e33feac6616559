"""What a client does where its process forks, ends or logs: small programs of each language with a real agent whose stores are away."""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import uuid

import paths  # pylint: disable=unused-import  # It makes the next ones importable.
import client_proxy
import client_tools
import harness

CLIENTS = client_tools.CLIENTS

FORK = """
import os, sys, threading
import twinlog_client
answers, client = [], None
client = twinlog_client.Client(sys.argv[1], on_answer=answers.append)
event = {"tenant_id": sys.argv[2], "event_type": "logout", "occurred_at": 1763971201000}
for number in range(500):
    client.record({**event, "log_id": f"before-{number}"})
children = []
for child in range(4):
    pid = os.fork()
    if pid == 0:
        answers.clear()
        own = [client.record({**event, "log_id": f"child-{child}-{number}"}) for number in range(100)]
        left = client.close(30)
        fine = left == 0 and sorted(a.log_id for a in answers) == sorted(own) and client.counts["stored"] == 100
        # Names of threads: the parent's one is not here, one of its own was.
        os._exit(0 if fine else 1)
    children.append(pid)
for number in range(500):
    client.record({**event, "log_id": f"after-{number}"})
codes = [os.waitpid(pid, 0)[1] for pid in children]
assert client.close(30) == 0
assert codes == [0, 0, 0, 0], codes
assert client.counts["stored"] == 1000 and len(answers) == 1000, client.counts
"""

ODD = """
import sys
import twinlog_client
class Wrong:
    def __str__(self):
        raise RuntimeError("PLANTED-WORD")
answers = []
client = twinlog_client.Client(sys.argv[1], on_answer=answers.append)
circle = {}
circle["itself"] = circle
odd = [circle, {"a": Wrong()}, {("a", "b"): 1}, 7, None, "", b"", "\\ud800", b"\\xff", {"tenant_id": sys.argv[2], "a": float("nan")}, "[" * 100_000]
for event in odd:
    client.record(event)
assert client.close(30) == 0
assert [answer.status for answer in answers] == ["rejected"] * len(odd), answers
assert "PLANTED" not in "".join(answer.reason for answer in answers)
"""

# A program that records and comes to its end; nothing else makes it wait.
ENDS = {
    "python": """
import sys
import twinlog_client
client = twinlog_client.Client(sys.argv[1])
for number in range(300):
    client.record({"tenant_id": sys.argv[2], "event_type": "logout", "occurred_at": 1763971201000, "log_id": f"e-{number}"})
""",
    "javascript": """
import { Client } from "CLIENTS/javascript/twinlog-client.mjs";
const client = new Client({ socket: process.argv[2] });
for (let number = 0; number < 300; number++) {
  client.record({ tenant_id: process.argv[3], event_type: "logout", occurred_at: 1763971201000, log_id: `e-${number}` });
}
""",
    "java": """
import dev.twinlog.client.*;
public class Ends {
    public static void main(String[] words) {
        Options options = new Options();
        options.socket = java.nio.file.Path.of(words[0]);
        Client client = new Client(options);
        for (int number = 0; number < 300; number++) {
            client.record(java.util.Map.of("tenant_id", words[1], "event_type", "logout", "occurred_at", 1763971201000L, "log_id", "e-" + number), null);
        }
    }
}
""",
    "go": """
package main

import (
	"fmt"
	"os"
	"time"

	"twinlog.dev/client"
)

func main() {
	c := client.New(client.Options{Socket: os.Args[1]})
	defer c.Close(5 * time.Second)
	for number := 0; number < 300; number++ {
		c.Record(map[string]any{"tenant_id": os.Args[2], "event_type": "logout", "occurred_at": 1763971201000,
			"log_id": fmt.Sprint("e-", number)}, nil)
	}
}
""",
    # And a child of fork, which takes nothing, touches nothing, and comes to its end.
    "cpp": """
#include <sys/wait.h>
#include "twinlog_client.hpp"
int main(int, char** words) {
  twinlog_client::Options options;
  options.socket = words[1];
  twinlog_client::Client client(options);
  const auto event = [&](const std::string& id) {
    return twinlog_client::Event().set("tenant_id", words[2]).set("event_type", "logout").set("occurred_at", std::int64_t{1763971201000})
        .set("log_id", id).text();
  };
  for (int number = 0; number < 300; ++number) {
    client.record(event("e-" + std::to_string(number)));
    if (number == 150) {
      const pid_t child = ::fork();
      if (child == 0) {
        return client.record(event("of-the-child")) || client.flush(std::chrono::seconds(5)) != 0 ? 1 : 0;
      }
      int status = 0;
      if (::waitpid(child, &status, 0) != child || status != 0) {
        return 9;
      }
    }
  }
}
""",
}

LOGS = """
import logging, sys
import twinlog_client, twinlog_logging
handler = twinlog_logging.AuthEventHandler(twinlog_client.Client(sys.argv[1]), tenant_id=sys.argv[2], service="shop")
log = logging.getLogger("shop.auth")
log.addHandler(handler)
log.warning("login of %s failed with PLANTED-WORD", "alice", extra={"auth_event": {
    "event_type": "login_failed", "username": "alice", "ip": "192.0.2.7", "failure_reason": "wrong password", "metadata": {"form": "main"}}})
log.warning("no event of ours")
log.error("locked", extra={"auth_event": {"event_type": "account_locked", "user_id": "u1", "lock_kind": "permanent", "occurred_at": 1763971201000,
                                          "service": "admin", "object": object}})
log.error("wrong", extra={"auth_event": {"event_type": "Not A Word"}})
"""


class Life(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.agent = client_tools.new_agent()
        cls.addClassCleanup(cls.agent.close)
        cls.agent.start()

    def setUp(self):
        self.tenant = "t" + uuid.uuid4().hex
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="twinlog-life-")))

    def run_program(self, *command, path=None, environment=None):
        done = subprocess.run([*command, str(path or self.agent.socket), self.tenant], capture_output=True, text=True, timeout=120,
                              check=False, env={**client_tools.ENVIRONMENT, **(environment or {})})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def program(self, name, text):
        path = self.folder / name
        path.write_text(text.replace("CLIENTS", str(CLIENTS)))
        return path

    def run_python(self, text, path=None):
        return self.run_program(sys.executable, "-B", self.program("program.py", text), path=path,
                                environment={"PYTHONPATH": str(CLIENTS / "python")})

    def events(self):
        done = subprocess.run([harness.BINARY, "spool", "export", "--config", self.agent.config], capture_output=True, check=True)
        return [event for event in map(json.loads, done.stdout.splitlines()) if event["tenant_id"] == self.tenant]

    def assert_all_300(self):
        self.assertEqual(sorted(event["log_id"] for event in self.events()), sorted(f"e-{number}" for number in range(300)))

    def test_children_of_fork_have_a_client_of_their_own_and_each_event_is_there_once(self):
        self.run_python(FORK)
        counted = collections.Counter(event["log_id"] for event in self.events())
        names = {f"{part}-{number}" for part in ("before", "after") for number in range(500)}
        names |= {f"child-{child}-{number}" for child in range(4) for number in range(100)}
        self.assertEqual(counted, collections.Counter(names))

    def test_a_fork_while_answers_are_on_their_way_leaves_the_parents_connection_alone(self):
        proxy = client_proxy.Hold(self.agent.socket, 1000)  # All before the fork are on their way, or will be, without an answer.
        self.addCleanup(proxy.close)
        text = FORK.replace("for child in range(4)", "for child in range(0)").replace("[0, 0, 0, 0]", "[]").replace(
            "children = []", "children = []\nif os.fork() == 0: os._exit(0)\nos.wait()")
        self.run_python(text, proxy.path)
        self.assertEqual(proxy.connections, 1)
        self.assertEqual(len(self.events()), 1000)

    def test_python_raises_nothing_into_a_login_whatever_it_is_given(self):
        self.run_python(ODD)
        self.assertEqual(self.events(), [])

    def test_python_flushes_at_exit(self):
        self.run_python(ENDS["python"])
        self.assert_all_300()

    def test_node_flushes_where_nothing_else_is_to_be_done(self):
        self.run_program("node", self.program("ends.mjs", ENDS["javascript"]))
        self.assert_all_300()

    def test_java_flushes_at_exit(self):
        sources = sorted((CLIENTS / "java/src/main/java/dev/twinlog/client").glob("*.java"))
        subprocess.run(["javac", "-d", self.folder, *sources, self.program("Ends.java", ENDS["java"])], check=True)
        self.run_program("java", "-cp", self.folder, "Ends")
        self.assert_all_300()

    def test_go_flushes_at_close(self):
        (self.folder / "go.mod").write_text("module example.test/ends\n\ngo 1.21\n\nrequire twinlog.dev/client v0.3.0\n\n"
                                            f"replace twinlog.dev/client => {CLIENTS}/go\n")
        self.program("main.go", ENDS["go"])
        subprocess.run(["go", "build", "-o", "ends", "."], cwd=self.folder, env=client_tools.ENVIRONMENT, check=True)
        self.run_program(self.folder / "ends")
        self.assert_all_300()

    def test_cpp_flushes_in_its_destructor_and_a_child_of_fork_touches_nothing(self):
        source = self.program("ends.cc", ENDS["cpp"])
        subprocess.run(["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-pthread", "-I", CLIENTS / "cpp", "-o", self.folder / "ends", source],
                       check=True)
        self.run_program(self.folder / "ends")
        self.assert_all_300()

    def test_the_logging_handler_records_what_carries_an_event_and_nothing_of_the_message(self):
        said = self.run_python(LOGS)
        events = {event["event_type"]: event for event in self.events()}
        self.assertEqual(set(events), {"login_failed", "account_locked"})
        failed, locked = events["login_failed"], events["account_locked"]
        for name, value in {"username": "alice", "ip": "192.0.2.7", "failure_reason": "wrong password", "service": "shop",
                            "metadata": {"form": "main", "logger": "shop.auth", "level": "WARNING"}}.items():
            self.assertEqual(failed[name], value)
        self.assertEqual((locked["service"], locked["lock_kind"], locked["occurred_at"]),
                         ("admin", "permanent", "2025-11-24T08:00:01.000000Z"))
        self.assertNotIn("PLANTED-WORD", json.dumps(failed))
        self.assertRegex(said, "event [0-9a-f-]{36} was rejected: event_type: ")


if __name__ == "__main__":
    unittest.main()
