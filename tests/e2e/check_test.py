"""`twinlog check`: what would keep the agent from starting is said beforehand, and nothing is changed by looking."""
import os
import pathlib
import socket
import unittest

import harness
from command import run

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


class Check(unittest.TestCase):
    def agent(self, extra="", environment=None):
        """One whose stores are away: check needs none."""
        absent = f"127.0.0.1:{harness.free_port()}/audit"
        agent = harness.Agent(f"postgresql://postgres@{absent}", f"mongodb://{absent}", extra, environment)
        self.addCleanup(agent.close)
        return agent

    def check(self, agent, code, *words, **options):
        done = run("check", "--config", agent.config, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stdout)
        return done

    def listening(self, family, address):
        listener = socket.socket(family)
        self.addCleanup(listener.close)
        listener.bind(address)
        listener.listen()
        return listener

    def test_what_can_start_is_0_and_each_part_is_named_and_nothing_is_made(self):
        agent = self.agent()
        before = sorted(path.name for path in agent.folder.iterdir())
        done = self.check(agent, 0, f"{agent.config}: the configuration is valid", f"spool: ok: {agent.spool} will be made",
                          f"socket: ok: {agent.socket} can be made", f"http: ok: 127.0.0.1:{agent.http} is free",
                          f"admin: ok: 127.0.0.1:{agent.admin} is free",
                          f"admin socket: ok: {agent.folder}/admin.sock can be made")
        self.assertNotIn("PROBLEM", done.stdout)
        self.assertEqual(sorted(path.name for path in agent.folder.iterdir()), before)
        agent.start()

    def test_what_the_spool_may_take_is_said_and_how_much_of_it_dead_letters_may(self):
        agent = self.agent()
        for share, words in ((None, "dead letters 51.2 MiB of that"), ("50%", "dead letters 256.0 MiB of that"),
                             ("7MiB", "dead letters 7.0 MiB of that")):
            environment = {"TWINLOG_SPOOL_MAX_BYTES": "512MiB",
                           **({"TWINLOG_SPOOL_DEAD_LETTERS_MAX": share} if share else {})}
            self.check(agent, 0, f"spool: ok: it may take 512.0 MiB, {words}", environment=environment)
        for share in ("0%", "91%", "1KiB", "512MiB", "ten"):
            done = run("check", "--config", agent.config, environment={"TWINLOG_SPOOL_MAX_BYTES": "512MiB",
                                                                       "TWINLOG_SPOOL_DEAD_LETTERS_MAX": share})
            self.assertEqual(done.returncode, 78, done.stdout + done.stderr)
            self.assertIn("TWINLOG_SPOOL_DEAD_LETTERS_MAX", done.stderr)

    def test_while_the_agent_of_this_configuration_runs_all_is_well(self):
        agent = self.agent().start()
        done = self.check(agent, 0, f"spool: ok: {agent.spool} is held by the agent that runs here",
                          f"socket: ok: {agent.socket} is served by", f"http: ok: 127.0.0.1:{agent.http} is served by")
        self.assertNotIn("PROBLEM", done.stdout)
        agent.stop()
        self.check(agent, 0, f"spool: ok: {agent.spool} can be opened")

    def test_another_agent_on_the_spool_the_ports_or_the_sockets_is_a_problem_of_each(self):
        running = self.agent().start()
        other = self.agent(environment={})
        self.check(other, 1, f"spool: PROBLEM: {running.spool} is held by another process",
                   environment={"TWINLOG_SPOOL_PATH": str(running.spool)})
        self.check(other, 1, f"socket: PROBLEM: {running.socket}: in use",
                   environment={"TWINLOG_INTAKE_UNIX_PATH": str(running.socket)})
        self.check(other, 1, f"http: PROBLEM: cannot listen on 127.0.0.1:{running.http}: Address already in use",
                   "set intake.http.listen", environment={"TWINLOG_INTAKE_HTTP_LISTEN": f"127.0.0.1:{running.http}"})

    def test_a_port_of_a_stranger_is_a_problem_and_a_dead_socket_file_is_not(self):
        agent = self.agent()
        self.listening(socket.AF_INET, ("127.0.0.1", agent.admin))
        self.listening(socket.AF_UNIX, str(agent.socket)).close()
        self.check(agent, 1, f"admin: PROBLEM: cannot listen on 127.0.0.1:{agent.admin}",
                   f"socket: ok: {agent.socket} is a dead process's socket and will be replaced")

    def test_places_that_cannot_be_written_to_are_problems_with_what_to_set(self):
        agent = self.agent()
        (agent.folder / "file").write_text("")
        done = self.check(agent, 1, "spool: PROBLEM: ", "Not a directory", "set spool.path",
                          "socket: PROBLEM: ", "set intake.unix.path",
                          "http: PROBLEM: ", "something that is not a socket is there",
                          environment={"TWINLOG_SPOOL_PATH": f"{agent.folder}/file/spool",
                                       "TWINLOG_INTAKE_UNIX_PATH": "/no/such/folder/events.sock",
                                       "TWINLOG_INTAKE_HTTP_LISTEN": f"unix:{agent.folder}/file"})
        self.assertIn("/no/such/folder cannot be made", done.stdout)

    def test_it_is_checked_as_the_user_who_calls(self):
        agent = self.agent()
        agent.folder.chmod(0o755)
        agent.config.chmod(0o644)
        self.check(agent, 1, f"spool: PROBLEM: {agent.spool} cannot be made or written to ({agent.folder}: Permission denied)",
                   "checked as user 65534: run it as the user that runs the agent", before=NOBODY)

    def test_files_of_secrets_are_read_and_their_content_is_tried_and_never_shown(self):
        agent = self.agent()
        secrets = {name: pathlib.Path(agent.folder, name) for name in ("uri", "password", "token")}
        variables = {"TWINLOG_STORES_POSTGRES_URI_FILE": str(secrets["uri"]),
                     "TWINLOG_STORES_MONGODB_PASSWORD_FILE": str(secrets["password"]),
                     "TWINLOG_INTAKE_HTTP_BEARER_TOKEN_FILE": str(secrets["token"])}
        self.check(agent, 1, f"secrets: PROBLEM: the secret file {secrets['uri']} cannot be read: No such file",
                   "(stores.postgres.uri_file)", "(stores.mongodb.password_file)", "(intake.http.bearer_token_file)",
                   environment=variables)
        secrets["uri"].write_text("host=db password=Heron-7")
        secrets["password"].write_text("Heron-7\n\n")
        secrets["token"].write_text("\n")
        done = self.check(agent, 1, "is not an address that starts with postgresql://", "holds more than one line",
                          "is empty", environment=variables)
        self.assertNotIn("Heron", done.stdout + done.stderr)
        secrets["uri"].write_text(agent.postgres + "\n")
        for name in ("password", "token"):
            secrets[name].write_text("Heron-7\n")
        self.check(agent, 0, "secrets: ok: 3 files can be read", environment=variables)

    def test_a_pipe_in_place_of_a_file_is_a_mistake_and_no_waiting(self):
        agent = self.agent()
        pipe = agent.folder / "pipe"
        os.mkfifo(pipe)
        self.check(agent, 1, "it is a pipe", environment={"TWINLOG_STORES_POSTGRES_PASSWORD_FILE": str(pipe)})
        done = run("check", "--config", pipe)
        self.assertEqual(done.returncode, 78)
        self.assertIn("it is a pipe", done.stderr)

    def test_secrets_that_everybody_may_read_are_warnings_of_check_and_of_the_agents_log(self):
        token = {"TWINLOG_INTAKE_HTTP_BEARER_TOKEN_FILE": ""}
        agent = self.agent(environment=token)
        token_file = agent.folder / "token"
        token_file.write_text("Heron-7")
        token_file.chmod(0o644)
        token["TWINLOG_INTAKE_HTTP_BEARER_TOKEN_FILE"] = str(token_file)
        agent.environment.update(token)
        warning = f"the file of intake.http.bearer_token_file {token_file} has mode 0644"
        self.assertIn(f"twinlog: warning: {warning}", self.check(agent, 0, environment=token).stderr)
        agent.start()
        self.assertIn(f" warning config_warning: {warning}", agent.log_text())
        token_file.chmod(0o600)
        self.assertEqual(self.check(agent, 0, environment=token).stderr, "")

    def test_the_variable_twinlog_config_names_the_file_where_the_command_line_does_not(self):
        agent, other = self.agent(), self.agent()
        named = {"TWINLOG_CONFIG": str(agent.config)}
        done = run("check", environment=named)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertIn(f"{agent.config}: the configuration is valid", done.stdout)
        self.assertIn(str(other.config), run("check", "--config", other.config, environment=named).stdout)
        self.assertIn(f"{agent.folder}/admin.sock", run("status", environment=named).stderr)
        self.assertEqual(run("status", environment={"TWINLOG_CONFIG": "/no/such.toml"}).returncode, 78)


if __name__ == "__main__":
    unittest.main()
