"""The adapters for Spring Security and Keycloak: built by Maven against the published jars, and run with their real classes and a
real agent whose stores are away. What is not tried here: Keycloak's server around its listener."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import uuid

import paths  # pylint: disable=unused-import  # It makes the next ones importable.
import client_tools
import harness

JAVA = client_tools.CLIENTS / "java"
PROGRAMS = pathlib.Path(__file__).with_name("adapters")


class Adapters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="twinlog-adapters-")))
        shutil.copytree(JAVA, cls.folder / "java")  # Maven writes beside the sources.
        goals = ["package", "dependency:copy-dependencies", "-DincludeScope=provided", f"-DoutputDirectory={cls.folder}/jars"]
        done = subprocess.run(["mvn", "--quiet", "--batch-mode", "--strict-checksums", "--file", cls.folder / "java/adapters/pom.xml",
                               "-Dmaven.test.skip=true", *goals], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout[-3000:] + done.stderr[-1000:])
        cls.jars = [*cls.folder.glob("java/**/target/*.jar"), *cls.folder.glob("jars/*.jar")]
        cls.agent = client_tools.new_agent()
        cls.addClassCleanup(cls.agent.close)
        cls.agent.start()

    def run_program(self, name):
        """The events that the spool has of the program's tenant, and what it has of them word by word."""
        tenant = "t" + uuid.uuid4().hex
        classpath = os.pathsep.join(map(str, [self.folder, *self.jars]))
        for command in (["javac", "-d", self.folder, "-cp", classpath, PROGRAMS / f"{name}.java"],
                        ["java", "-cp", classpath, name, self.agent.socket, tenant]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = subprocess.run([harness.BINARY, "spool", "export", "--config", self.agent.config], capture_output=True, text=True, check=True)
        lines = [line for line in done.stdout.splitlines() if tenant in line]
        self.assertNotIn("PLANTED", "".join(lines))
        return [json.loads(line) for line in lines]

    def assert_members(self, event, **members):
        self.assertEqual({name: event.get(name) for name in members}, members)

    def test_spring_securitys_logins_are_recorded_each_once(self):
        found = self.run_program("SpringLogins")
        events = {(event["event_type"], event["username"]): event for event in found}
        self.assertEqual(len(found), 5)
        self.assertEqual(set(events), {("login_success", "alice"), ("login_failed", "alice"), ("login_failed", "locked"),
                                       ("login_failed", "nobody"), ("logout", "alice")})
        self.assert_members(events["login_success", "alice"], service="shop", ip="192.0.2.9", failure_reason=None)
        self.assert_members(events["login_failed", "alice"], failure_reason="bad_credentials", failure_code="BadCredentialsException")
        self.assert_members(events["login_failed", "locked"], failure_reason="locked", failure_code="LockedException")
        self.assert_members(events["login_failed", "nobody"], failure_reason="bad_credentials")

    def test_keycloaks_events_are_recorded_each_once(self):
        found = self.run_program("KeycloakEvents")
        events = {event["log_id"]: event for event in found}
        self.assertEqual(len(found), len(events))
        self.assertEqual({log_id: event["event_type"] for log_id, event in events.items()},
                         {"event-0": "login_success", "event-1": "login_failed", "event-2": "account_locked", "event-3": "account_locked",
                          "event-5": "logout", "event-6": "lockout_reset"})
        self.assert_members(events["event-0"], user_id="user-1", username="alice", ip="192.0.2.9", service="shop", auth_method="openid-connect",
                            metadata={"keycloak_type": "LOGIN", "auth_type": "code"}, occurred_at="2025-11-24T08:00:01.000000Z")
        self.assertRegex(events["event-0"]["session_ref"], "^[0-9a-f]{32}$")
        self.assert_members(events["event-1"], failure_reason="invalid_user_credentials")
        self.assert_members(events["event-2"], lock_kind="temporary")
        self.assert_members(events["event-3"], lock_kind="permanent")
        self.assert_members(events["event-6"], user_id="user-1", actor_id="admin-1", ip="192.0.2.10", reset_reason="administrator")


if __name__ == "__main__":
    unittest.main()
