"""The admin socket: its file, what it serves beside the public pages, and what it refuses."""
import http.client
import json
import os
import signal
import socket
import stat
import unittest

import harness
from wire import event


class OverSocket(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=harness.PATIENCE)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(agent, method, path, body=None):
    """(status, headers, text) of one request over the admin socket."""
    connection = OverSocket(agent.folder / "admin.sock")
    connection.request(method, path, body)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, response.headers, text


class AdminSocket(unittest.TestCase):
    def absent(self, environment=None):
        """An agent whose stores are away and that keeps what it has."""
        port = harness.free_port()
        environment = {"TWINLOG_SPOOL_VOLUME": "durable", "TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms", **(environment or {})}
        agent = harness.Agent(f"postgresql://postgres@127.0.0.1:{port}/audit", f"mongodb://127.0.0.1:{port}/audit", "",
                              environment)
        self.addCleanup(agent.close)
        return agent

    def test_the_socket_has_mode_0600_whatever_the_umask_and_goes_with_the_agent(self):
        agent = self.absent()
        agent.before_command = ["sh", "-c", 'umask 0; exec "$@"', "sh"]
        agent.start()
        path = agent.folder / "admin.sock"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(agent.stop(), 0)
        self.assertFalse(path.exists())

    def test_a_stale_file_is_replaced_and_a_live_one_is_not(self):
        agent = self.absent().start()
        agent.stop(signal.SIGKILL)
        self.assertTrue((agent.folder / "admin.sock").exists())
        agent.start()
        self.assertEqual(ask(agent, "GET", "/livez")[0], 200)
        second = self.absent({"TWINLOG_ADMIN_SOCKET": str(agent.folder / "admin.sock")}).start(wait=False)
        self.assertEqual(second.process.wait(harness.PATIENCE), 1)
        self.assertIn("in use by a live process", second.log_text())
        self.assertEqual(ask(agent, "GET", "/livez")[0], 200)

    def test_an_empty_path_turns_it_off_and_a_folder_that_cannot_be_made_ends_the_start(self):
        agent = self.absent({"TWINLOG_ADMIN_SOCKET": ""}).start()
        self.assertFalse((agent.folder / "admin.sock").exists())
        failed = self.absent({"TWINLOG_ADMIN_SOCKET": "/no/such/folder/admin.sock"}).start(wait=False)
        self.assertEqual(failed.process.wait(harness.PATIENCE), 1)
        self.assertIn("set admin.socket to a place", failed.log_text())

    def test_it_serves_every_page_of_the_public_port(self):
        agent = self.absent().start()
        for page in ("/livez", "/startupz", "/readyz", "/version", "/nothing"):
            public, (status, _, text) = agent.probe(page), ask(agent, "GET", page)
            self.assertEqual((status, text), public, page)
        self.assertIn("twinlog_build", ask(agent, "GET", "/metrics")[2])

    def test_commands_are_on_the_socket_only(self):
        agent = self.absent().start()
        for path in ("/drain", "/spool/status", "/spool/export"):
            self.assertEqual(agent.probe(path)[0], 404, path)
        connection = http.client.HTTPConnection("127.0.0.1", agent.admin, timeout=harness.PATIENCE)
        connection.request("POST", "/drain")
        self.assertEqual(connection.getresponse().status, 405)
        self.assertIsNone(json.loads(ask(agent, "GET", "/spool/status")[2])["drain_requested_at"])

    def test_unknown_paths_are_404_wrong_methods_405_bodies_413_and_wrong_queries_400(self):
        agent = self.absent().start()
        self.assertEqual(ask(agent, "GET", "/spool")[0], 404)
        for method, path, allow in (("GET", "/drain", "POST"), ("DELETE", "/drain", "POST"),
                                    ("POST", "/spool/export", "GET, HEAD"), ("POST", "/livez", "GET, HEAD")):
            status, headers, _ = ask(agent, method, path)
            self.assertEqual((status, headers["Allow"]), (405, allow), path)
        self.assertEqual(ask(agent, "POST", "/drain", b"{}")[0], 413)
        for query in ("after=", "after=-1", "after=x", "after=1x", "after=18446744073709551616", "before=1",
                      "members=secret"):
            self.assertEqual(ask(agent, "GET", f"/spool/export?{query}")[0], 400, query)

    def test_64_idle_connections_on_the_public_port_hold_no_command_up(self):
        agent = self.absent().start()
        held = [socket.create_connection(("127.0.0.1", agent.admin)) for _ in range(70)]
        self.addCleanup(lambda: [connection.close() for connection in held])
        self.assertEqual(ask(agent, "POST", "/drain")[0], 200)

    def test_a_drain_leaves_the_intake_open_and_the_probe_green_and_notes_the_first_request(self):
        agent = self.absent({"TWINLOG_RETRY_FIRST": "1s"}).start()
        agent.send_lines([event("a"), event("b")])
        status, _, text = ask(agent, "POST", "/drain")
        first = json.loads(text)
        # The first leaf is the agent's own: it begins the epoch.
        self.assertEqual((status, first["last_leaf"], first["last_event"], first["records"]), (200, 3, 3, 2))
        self.assertTrue(first["drain_requested_at"].endswith("Z"))
        self.assertIsNone(first["oldest_received_at"])  # A drain does not wait for the disk.
        self.assertEqual([store["waiting"] for store in first["stores"]], [2, 2])
        self.assertEqual(agent.send_lines([event("c")])[0]["status"], "stored")
        self.assertEqual(agent.probe("/readyz")[0], 200)
        again = json.loads(ask(agent, "POST", "/drain")[2])
        self.assertEqual((again["drain_requested_at"], again["last_event"]), (first["drain_requested_at"], 4))
        self.assertEqual(agent.log_text().count("drain_requested:"), 1)

    def test_a_drain_ends_the_backoff_at_once_and_events_that_come_in_do_not_make_it_spin(self):
        agent = self.absent({"TWINLOG_RETRY_FIRST": "10s", "TWINLOG_RETRY_MOST": "60s"}).start()
        failures = 'twinlog_store_consecutive_failures{store="mongodb"}'
        harness.wait_until(lambda: agent.metric(failures) == 1, "backoff of 10 s or less")
        ask(agent, "POST", "/drain")
        harness.wait_until(lambda: agent.metric(failures) == 2, "tried again")
        for number in range(200):
            agent.send_lines([event(f"n{number}")])
        self.assertLessEqual(agent.metric(failures), 3)

    def test_an_export_gives_pages_of_content_and_acceptance(self):
        agent = self.absent().start()
        agent.send_lines([event(f"e{number}", user_agent="x" * 1000) for number in range(2500)])
        after, leaves, pages = 0, [], 0
        while True:
            status, headers, text = ask(agent, "GET", f"/spool/export?after={after}")
            self.assertEqual((status, headers["Content-Type"]), (200, "application/x-ndjson"))
            self.assertLess(len(text), 4 << 20)
            lines = [json.loads(line) for line in text.splitlines()]
            if not lines:
                break
            leaves += [line["leaf_index"] for line in lines]
            after, pages = int(headers["Twinlog-Last-Leaf"]), pages + 1
            self.assertEqual(after, leaves[-1] + 1)  # The agent's own leaf, number 1, has the index 0.
        self.assertEqual(leaves, list(range(1, 2501)))
        self.assertGreater(pages, 1)


if __name__ == "__main__":
    unittest.main()
