"""Who gets in: the socket file and its mode, peer credentials, socket activation, bearer tokens, HTTP on a path."""
import contextlib
import json
import os
import pathlib
import shutil
import stat
import sys
import tempfile
import unittest

import harness
import wire
from wire import Wire, event, send_as

OTHER, FOREIGN, TEAM = 12001, 12002, 12100  # uids and gids that nobody has


class Access(unittest.TestCase):
    def agent(self, extra="", **environment):
        absent = harness.free_port()
        agent = harness.Agent(f"postgresql://postgres@127.0.0.1:{absent}/audit", f"mongodb://127.0.0.1:{absent}/audit",
                              extra, {"TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms", **environment})
        self.addCleanup(agent.close)
        agent.folder.chmod(0o755)  # Other users must be able to come near the socket.
        return agent

    def wire(self, address):
        peer = Wire(address)
        self.addCleanup(peer.close)
        return peer

    def first_wire(self, path):
        """To a path where systemd is about to listen: it binds it first, and refuses until it listens."""
        def connected():
            try:
                return Wire(path)
            except (FileNotFoundError, ConnectionRefusedError):
                return None
        peer = harness.wait_until(connected, "systemd listens")
        self.addCleanup(peer.close)
        return peer

    def assert_refuses_to_start(self, agent, *words):
        agent.start(wait=False)
        self.assertEqual(agent.process.wait(harness.PATIENCE), 1)
        for word in words:
            self.assertIn(word, agent.log_text())

    # --- the socket file

    def test_the_socket_file_has_its_mode_whatever_the_umask_and_goes_with_the_agent(self):
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        for mode in (None, "0600", "0666", "0660"):
            agent = self.agent(**({"TWINLOG_INTAKE_UNIX_MODE": mode} if mode else {})).start()
            found = agent.socket.stat().st_mode
            self.assertTrue(stat.S_ISSOCK(found))
            self.assertEqual(stat.S_IMODE(found), int(mode or "0660", 8))
            agent.stop()
            self.assertFalse(agent.socket.exists())

    def test_the_mode_decides_who_may_connect_where_no_peers_are_listed(self):
        agent = self.agent(TWINLOG_INTAKE_UNIX_MODE="0660").start()
        os.chown(agent.socket, 0, TEAM)
        self.assertEqual(send_as(OTHER, OTHER, [], agent.socket, event("stranger")), "PermissionError")
        self.assertIn("stored", send_as(OTHER, TEAM, [], agent.socket, event("member")))
        self.assertIn("stored", send_as(FOREIGN, OTHER, [TEAM], agent.socket, event("second-group")))

    def test_the_socket_of_a_killed_agent_is_replaced(self):
        agent = self.agent().start()
        agent.stop(9)
        self.assertTrue(agent.socket.exists())
        agent.start()
        self.assertEqual(agent.send_lines([event("after")])[0]["status"], "stored")

    def test_the_socket_of_a_live_agent_is_not_touched(self):
        first, second = self.agent().start(), self.agent()
        second.environment["TWINLOG_INTAKE_UNIX_PATH"] = str(first.socket)
        self.assert_refuses_to_start(second, str(first.socket), "live process")
        self.assertEqual(first.send_lines([event("still")])[0]["status"], "stored")

    def test_what_is_no_socket_is_refused_and_stays(self):
        agent = self.agent()
        agent.socket.write_text("precious")
        self.assert_refuses_to_start(agent, "not a socket")
        self.assertEqual(agent.socket.read_text(), "precious")

    def test_without_a_path_there_is_no_socket_and_http_serves_alone(self):
        agent = self.agent(TWINLOG_INTAKE_UNIX_PATH="").start()
        self.assertFalse(agent.socket.exists())
        self.assertEqual(agent.post(event("http"))[0], 200)

    def test_without_a_listen_address_there_is_no_http_and_the_socket_serves_alone(self):
        agent = self.agent(TWINLOG_INTAKE_HTTP_LISTEN="").start()
        with self.assertRaises(ConnectionRefusedError):
            Wire(agent.http)
        self.assertEqual(agent.send_lines([event("line")])[0]["status"], "stored")

    # --- peer credentials

    def test_listed_uids_and_gids_get_in_and_nobody_else(self):
        agent = self.agent(TWINLOG_INTAKE_UNIX_MODE="0666", TWINLOG_INTAKE_UNIX_ALLOW_UIDS=f"7,{OTHER}",
                           TWINLOG_INTAKE_UNIX_ALLOW_GIDS=f"8,{TEAM}").start()
        taken = {"a listed uid": (OTHER, FOREIGN, []), "a listed gid": (FOREIGN, TEAM, []),
                 "a listed second group": (FOREIGN, FOREIGN, [5, TEAM]), "the other listed uid": (7, FOREIGN, []),
                 "the other listed gid": (FOREIGN, 8, [])}
        refused = {"a stranger": (FOREIGN, FOREIGN, []), "root": (0, 0, []),
                   "a uid that is a listed gid": (TEAM, 1, []),
                   "a gid that is a listed uid": (FOREIGN, OTHER, [7])}
        for name, (user, group, groups) in taken.items():
            with self.subTest(name):
                self.assertIn('"stored"', send_as(user, group, groups, agent.socket, event(name.replace(" ", "-"))))
        self.assertEqual(agent.metric("twinlog_ingest_peers_refused_total"), 0)
        for name, (user, group, groups) in refused.items():
            with self.subTest(name):
                self.assertEqual(send_as(user, group, groups, agent.socket, event(name.replace(" ", "-"))), "")
        self.assertEqual(agent.metric("twinlog_ingest_peers_refused_total"), len(refused))
        self.assertEqual(wire.cut(agent), 0, "no limit has closed them")
        harness.wait_until(lambda: " peer_refused: " in agent.log_text(), "the log tells of it")
        self.assertRegex(agent.log_text(), r" warning peer_refused: .* uid=\d+ gid=\d+ count=\d+")
        self.assertEqual(agent.metric('twinlog_ingest_events_total{result="stored",transport="unix"}'), len(taken))

    def test_a_list_of_uids_alone_lets_no_group_in(self):
        agent = self.agent(TWINLOG_INTAKE_UNIX_MODE="0666", TWINLOG_INTAKE_UNIX_ALLOW_UIDS=str(OTHER)).start()
        self.assertEqual(send_as(FOREIGN, TEAM, [OTHER], agent.socket, event("group")), "")
        self.assertIn('"stored"', send_as(OTHER, TEAM, [], agent.socket, event("user")))

    # --- socket activation

    def activated(self, agent, *listen):
        """Starts the agent through systemd's own tool on these addresses."""
        tool = shutil.which("systemd-socket-activate")
        self.assertTrue(tool, "systemd-socket-activate is missing: install the package systemd")
        words = [tool, *(f"--listen={address}" for address in listen)]
        own = {name: value for name, value in agent.environment.items() if name.startswith("TWINLOG_")}
        words += [f"--setenv={name}={value}" for name, value in own.items()]
        agent.before_command = words
        agent.start(wait=False)

    def test_activated_sockets_are_served_and_their_files_stay(self):
        agent = self.agent()
        given = agent.folder / "given.sock"
        self.activated(agent, given, f"127.0.0.1:{agent.http}")
        early = self.first_wire(given).send(event("early") + b"\n")  # This starts the agent, and is not lost.
        self.assertEqual(early.line()["status"], "stored")
        self.assertEqual(agent.post(event("http"))[0], 200)
        harness.wait_until(lambda: " started: " in agent.log_text(), "the log says so")
        self.assertRegex(agent.log_text(), rf" started: .*socket={given} http=127.0.0.1:{agent.http} ")
        self.assertFalse(agent.socket.exists())
        self.assertEqual(agent.stop(), 0)
        self.assertTrue(given.exists())

    def test_an_activated_path_serves_http_where_the_settings_say_so(self):
        agent = self.agent()
        path = agent.folder / "http.sock"
        agent.environment["TWINLOG_INTAKE_HTTP_LISTEN"] = f"unix:{path}"
        self.activated(agent, path)
        self.assertEqual(self.first_wire(path).send(wire.post(event("http"))).response()[0], 200)
        self.assertEqual(agent.send_lines([event("line")])[0]["status"], "stored")

    def test_descriptors_meant_for_another_process_are_left_alone(self):
        agent = self.agent(LISTEN_FDS="1", LISTEN_PID="1").start()
        self.assertEqual(agent.send_lines([event("line")])[0]["status"], "stored")

    def test_an_activated_descriptor_that_does_not_listen_is_refused(self):
        agent = self.agent(LISTEN_FDS="1")
        agent.before_command = [sys.executable, "-c", "import os, socket, sys\n"
                                "pair = socket.socketpair(); os.dup2(pair[0].fileno(), 3)\n"
                                "os.set_inheritable(3, True)\n"
                                "os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.argv[1], sys.argv[1:])\n"]
        self.assert_refuses_to_start(agent, "not a listening")

    # --- bearer token

    def status(self, agent, authorization, body=None):
        fields = [f"Authorization: {authorization}"] if authorization is not None else []
        with contextlib.closing(Wire(agent.http)) as peer:
            return peer.send(wire.post(body or event("token"), fields=fields)).response()[0]

    def with_token(self, content):
        folder = self.enterContext(contextlib.closing(TokenFolder()))
        folder.put(content)
        return folder, self.agent(TWINLOG_INTAKE_HTTP_BEARER_TOKEN_FILE=str(folder.path))

    def test_only_the_whole_token_opens_and_neither_prefix_nor_more(self):
        _, agent = self.with_token("Tr0ub4dor-and-3\n")
        agent.start()
        for right in ("Bearer Tr0ub4dor-and-3", "bearer Tr0ub4dor-and-3", "BEARER Tr0ub4dor-and-3"):
            self.assertEqual(self.status(agent, right), 200, right)
        wrong = ["Bearer Tr0ub4dor-and-", "Bearer Tr0ub4dor-and-33", "Bearer tr0ub4dor-and-3", "Bearer ", "Bearer",
                 "Tr0ub4dor-and-3", "Basic Tr0ub4dor-and-3", "Bearer  Tr0ub4dor-and-3", "", None,
                 "Bearer Tr0ub4dor-and-3, Bearer Tr0ub4dor-and-3", "Bearer " + "x" * 10_000]
        for authorization in wrong:
            with self.subTest(authorization):
                self.assertEqual(self.status(agent, authorization), 401)
        self.assertEqual(agent.metric('twinlog_ingest_http_requests_total{code="401"}'), len(wrong))
        self.assertNotIn("Tr0ub4dor", agent.log_text() + agent.probe("/metrics")[1])

    def test_the_token_is_read_anew_when_its_file_changes_in_whatever_way(self):
        folder, agent = self.with_token("first")
        agent.start()
        self.assertEqual(self.status(agent, "Bearer first"), 200)
        for change, token in ((folder.put, "2nd.."), (folder.replace, "third"), (folder.swing_link, "fourth")):
            change(token)
            self.assertEqual(self.status(agent, f"Bearer {token}"), 200, token)
            self.assertEqual(self.status(agent, "Bearer first"), 401, token)

    def assert_comes_again_later(self, agent, authorization):
        """503 and when to try again: for most clients 401 is final, and the event would be gone."""
        with contextlib.closing(Wire(agent.http)) as peer:
            fields = [f"Authorization: {authorization}"]
            status, fields, body = peer.send(wire.post(event("token"), fields=fields)).response()
        self.assertEqual((status, json.loads(body)["status"]), (503, "busy"))
        self.assertIn(fields["retry-after"], ("1", "2"))

    def test_while_its_token_cannot_be_read_senders_are_told_to_come_again_and_the_socket_is_served(self):
        folder, agent = self.with_token("")
        agent.start()
        for change in (lambda: None, folder.remove, lambda: folder.path.mkdir()):
            change()
            self.assert_comes_again_later(agent, "Bearer first")
            self.assertIn(agent.send_lines([event("line")])[0]["status"], ("stored", "duplicate"))
        folder.path.rmdir()
        folder.put("first")
        self.assertEqual(self.status(agent, "Bearer first"), 200)
        self.assertEqual(self.status(agent, "Bearer second"), 401)
        folder.put("")
        self.assert_comes_again_later(agent, "Bearer first")
        folder.put("second")
        self.assertEqual(self.status(agent, "Bearer second"), 200)

    # --- HTTP on a path

    def test_http_is_served_on_a_path_with_the_mode_peers_and_token_of_the_settings(self):
        folder, agent = self.with_token("secret-1")
        path = agent.folder / "http.sock"
        agent.environment |= {"TWINLOG_INTAKE_HTTP_LISTEN": f"unix:{path}", "TWINLOG_INTAKE_UNIX_MODE": "0606",
                              "TWINLOG_INTAKE_UNIX_ALLOW_UIDS": "0"}
        agent.start()
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o606)
        request = wire.post(event("http"), fields=["Authorization: Bearer secret-1"])
        self.assertEqual(self.wire(path).send(request).response()[0], 200)
        self.assertEqual(self.wire(path).send(wire.post(event("none"))).response()[0], 401)
        self.assertEqual(send_as(FOREIGN, FOREIGN, [], path, b"GET / HTTP/1.0\r\n\r"), "")
        self.assertEqual(agent.metric("twinlog_ingest_peers_refused_total"), 1)
        agent.stop()
        self.assertFalse(path.exists())


class TokenFolder:
    """A token file as Kubernetes mounts it: token -> ..data/token, ..data -> a folder that is swung over."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-token-"))
        self.path, self.number = self.folder / "token", 0

    def close(self):
        shutil.rmtree(self.folder)

    def put(self, content):
        self.path.write_text(content)

    def replace(self, content):
        new = self.folder / "new"
        new.write_text(content)
        new.rename(self.path)

    def swing_link(self, content):
        target = self.folder / f"..{content}"
        target.mkdir()
        (target / "token").write_text(content)
        link = self.folder / "..data"
        link.symlink_to(target.name)
        new = self.folder / "new"
        new.symlink_to("..data/token")
        new.rename(self.path)

    def remove(self):
        self.path.unlink()


if __name__ == "__main__":
    unittest.main()
