"""Every exit code of every command: 0 fine, 1 a finding or failure, 2 usage, 3 no agent (status), 78 configuration."""
import os
import signal
import socket
import subprocess
import unittest

import harness
from wire import event

FINE, FINDING, USAGE, NO_AGENT, CONFIGURATION = 0, 1, 2, 3, 78
COMMANDS = ("agent", "init", "check", "migrate", "send", "status", "wait", "drain", "spool", "try")
CONFIGURED = ("agent", "check", "migrate")
EXPECTED_HELP = {"send": ["--socket"], "spool": ["status", "export"]}


def run(*words, **options):
    options = {"env": {**os.environ, **options.pop("environment", {})}, **options}
    return subprocess.run([harness.BINARY, *map(str, words)], capture_output=True, text=True, check=False, timeout=120,
                          **options)


class ExitCodes(unittest.TestCase):
    def absent(self, extra="", environment=None):
        """An agent whose stores are away."""
        port = harness.free_port()
        return self.kept(harness.Agent(f"postgresql://postgres@127.0.0.1:{port}/audit",
                                       f"mongodb://127.0.0.1:{port}/audit", extra, environment))

    def kept(self, closable):
        self.addCleanup(closable.close)
        return closable

    def assert_exit(self, code, done, *words):
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stdout + done.stderr)

    # --- 0

    def test_help_is_0_for_the_program_and_every_command(self):
        self.assert_exit(FINE, run("--help"), *COMMANDS)
        self.assert_exit(FINE, run("--version"), "twinlog ")
        for command in COMMANDS:
            self.assert_exit(FINE, run(command, "--help"), *EXPECTED_HELP.get(command, ["--config"]))

    def test_check_of_a_valid_file_is_0_and_needs_no_store(self):
        self.assert_exit(FINE, run("check", "--config", self.absent().config), "is valid")

    def test_an_unknown_variable_of_the_environment_is_only_a_warning(self):
        done = run("check", "--config", self.absent().config, environment={"TWINLOG_PORT": "tcp://10.0.0.1:9464"})
        self.assert_exit(FINE, done, "warning", "TWINLOG_PORT")

    def test_sigterm_and_sigint_are_0_when_nothing_is_left(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.assertEqual(self.absent().start().stop(number), FINE)

    # --- 0 or 1

    def test_what_is_left_is_0_on_a_durable_volume_and_1_on_an_ephemeral_one(self):
        for volume, code in (("durable", FINE), ("ephemeral", FINDING)):
            agent = self.absent(environment={"TWINLOG_SPOOL_VOLUME": volume, "TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms"})
            agent.start().send_lines([event("left")])
            self.assertEqual(agent.stop(), code, volume)
            self.assertIn("left=1", agent.log_text())

    def test_an_agent_that_cannot_start_is_1_and_says_why(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for variable in ("TWINLOG_INTAKE_HTTP_LISTEN", "TWINLOG_ADMIN_LISTEN"):
                done = run("agent", "--config", self.absent().config, environment={variable: address})
                self.assert_exit(FINDING, done, address, "in use")
        agent = self.absent()
        agent.spool.write_text("a file")
        self.assert_exit(FINDING, run("agent", "--config", agent.config), str(agent.spool))
        missing = run("agent", "--config", self.absent().config,
                      environment={"TWINLOG_INTAKE_UNIX_PATH": "/no/such/folder/events.sock"})
        self.assert_exit(FINDING, missing, "/no/such/folder")

    def test_c0_is_refused_and_c1_and_bidi_controls_are_escaped_in_the_log(self):
        shown = {"\u0001": (CONFIGURATION, "\\x01"), "\u001f": (CONFIGURATION, "\\x1f"), "\u0085": (FINDING, "\\u0085"),
                 "\u009f": (FINDING, "\\u009f"), "\u202e": (FINDING, "\\u202e"), "\u2066": (FINDING, "\\u2066")}
        for character, (code, escaped) in shown.items():
            done = run("agent", "--config", self.absent().config,
                       environment={"TWINLOG_SPOOL_PATH": f"/dev/null/{character}/spool"})
            self.assert_exit(code, done, f"/dev/null/{escaped}")
            self.assertNotIn(character, done.stdout + done.stderr)

    def test_check_and_migrate_are_1_where_a_store_does_not_answer(self):
        agent = self.absent()
        self.assert_exit(FINDING, run("check", "--config", agent.config, "--stores"), "postgres: PROBLEM",
                         "mongodb: PROBLEM")
        self.assert_exit(FINDING, run("migrate", "--config", agent.config), "FAILED")

    def test_check_is_1_until_migrate_is_0_and_then_0(self):
        postgres, documents = (self.kept(harness.StoreServer(kind)) for kind in ("postgres", "mongo-java-server"))
        agent = self.kept(harness.Agent(postgres.new_database(), documents.new_database()))
        self.assert_exit(FINDING, run("check", "--config", agent.config, "--stores"), "migrate")
        for _ in range(2):
            self.assert_exit(FINE, run("migrate", "--config", agent.config))
        self.assert_exit(FINE, run("check", "--config", agent.config, "--stores"))

    def test_send_is_0_when_all_was_taken_and_1_when_anything_was_rejected_or_nobody_listens(self):
        agent = self.absent().start()
        lines = (event("a") + b"\n" + event("b") + b"\n" + event("a") + b"\n").decode()
        self.assert_exit(FINE, run("send", "--socket", agent.socket, input=lines))
        self.assert_exit(FINE, run("send", "--socket", agent.socket, input=""))
        self.assert_exit(FINDING, run("send", "--socket", agent.socket, input=lines + "not json\n"))
        self.assert_exit(FINDING, run("send", "--socket", agent.folder / "nobody.sock", input=lines), "nobody.sock")

    def test_status_tells_an_agent_that_is_not_well_from_one_that_is_not_there(self):
        agent = self.absent()
        self.assert_exit(NO_AGENT, run("status", "--config", agent.config), "no agent answers")
        agent.start()
        harness.wait_until(lambda: '"degraded"' in agent.probe("/healthz")[1], "it is degraded")
        self.assert_exit(FINDING, run("status", "--config", agent.config), "DEGRADED")

    # --- 2

    def test_a_wrong_command_line_is_2_and_shows_the_usage(self):
        for words in ([], ["nonsense"], ["--config", "/x"], ["agent", "--bogus"], ["check", "extra"],
                      ["migrate", "--config"], ["send", "--socket"], ["send", "a", "b"]):
            self.assert_exit(USAGE, run(*words, input=""), "twinlog: ")
        self.assert_exit(USAGE, run("send", "/no/such/file.ndjson"), "/no/such/file.ndjson")
        self.assert_exit(USAGE, run("send", "--socket", "/" + "x" * 108, input=""), "107")

    # --- 78

    def test_a_wrong_configuration_is_78_for_every_command_and_nothing_is_started(self):
        mistakes = {"unknown": '[spool]\ncolour = "blue"\n', "type": "[spool]\npath = 1\n",
                    "value": '[retry]\nfirst = "31s"\n', "unset": '[agent]\nname = "${NO_SUCH_VARIABLE}"\n',
                    "syntax": "[agent\n", "repeated": '[agent]\nname = "a"\nname = "b"\n'}
        for name, text in mistakes.items():
            agent = self.absent()
            stores = f'[stores.postgres]\nuri = "{agent.postgres}"\n[stores.mongodb]\nuri = "{agent.mongodb}"\n'
            agent.config.write_text(text + stores)
            for command in CONFIGURED:
                with self.subTest(f"{name} {command}"):
                    self.assert_exit(CONFIGURATION, run(command, "--config", agent.config), str(agent.config),
                                     "1 mistake(s)", "nothing was started")
            self.assertFalse(agent.spool.exists())

    def test_a_missing_file_and_a_wrong_variable_are_78(self):
        self.assert_exit(CONFIGURATION, run("agent", "--config", "/no/such/twinlog.toml"), "/no/such/twinlog.toml")
        wrong = {"TWINLOG_SPOOL_MAX_BYTES": "much", "TWINLOG_RETRY_FIRST": "never"}
        self.assert_exit(CONFIGURATION, run("check", "--config", self.absent().config, environment=wrong), *wrong,
                         "2 mistake(s)")

    def test_both_addresses_are_all_that_is_required(self):
        agent = self.absent()
        agent.config.write_text("")
        self.assert_exit(CONFIGURATION, run("check", "--config", agent.config), "stores.postgres.uri",
                         "stores.mongodb.uri", "2 mistake(s)")
        addresses = {"TWINLOG_STORES_POSTGRES_URI": agent.postgres, "TWINLOG_STORES_MONGODB_URI": agent.mongodb}
        self.assert_exit(FINE, run("check", "--config", agent.config, environment=addresses))


if __name__ == "__main__":
    unittest.main()
