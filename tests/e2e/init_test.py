"""`twinlog init`: from nothing to a configuration that an agent runs with."""
import pathlib
import tempfile
import tomllib
import unittest

import harness
from command import OnTerminal, run


class Init(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="twinlog-init-")
        self.addCleanup(folder.cleanup)
        self.config = pathlib.Path(folder.name, "twinlog.toml")

    def init(self, code, *words, **options):
        done = run("init", "--config", self.config, *words, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_the_file_names_both_addresses_and_is_not_for_everyone(self):
        absent = f"127.0.0.1:{harness.free_port()}/audit"
        done = self.init(1, "--postgres", f"postgresql://{absent}", "--mongodb", f"mongodb://{absent}")
        self.assertEqual(self.config.stat().st_mode & 0o007, 0)
        written = tomllib.loads(self.config.read_text())
        self.assertEqual(written, {"stores": {"postgres": {"uri": f"postgresql://{absent}"},
                                              "mongodb": {"uri": f"mongodb://{absent}"}}})
        self.assertIn("postgres: PROBLEM", done.stdout)
        self.assertIn("CREATE ROLE twinlog_reader", done.stdout)
        self.assertIn("IN ROLE twinlog_writer", done.stdout)

    def test_stores_that_are_ready_are_0_and_addresses_of_the_environment_are_not_written(self):
        postgres, documents = (harness.StoreServer(kind) for kind in ("postgres", "mongo-java-server"))
        self.addCleanup(postgres.close)
        self.addCleanup(documents.close)
        given = {"TWINLOG_STORES_POSTGRES_URI": postgres.new_database(),
                 "TWINLOG_STORES_MONGODB_URI": documents.new_database()}
        self.init(1, environment=given)
        self.assertEqual(tomllib.loads(self.config.read_text()), {"stores": {"postgres": {}, "mongodb": {}}})
        self.assertEqual(run("migrate", "--config", self.config, environment=given).returncode, 0)
        self.assertIn("is there already and was left as it is", self.init(0, environment=given).stdout)

    def test_on_a_terminal_an_address_that_nobody_gave_is_asked_for_until_it_is_one(self):
        absent = f"127.0.0.1:{harness.free_port()}/audit"
        terminal = OnTerminal("init", "--config", self.config, answers=True,
                              environment={"TWINLOG_STORES_MONGODB_URI": f"mongodb://{absent}"})
        self.addCleanup(terminal.close)
        harness.wait_until(lambda: "The address of PostgreSQL" in terminal.read(), "the question")
        terminal.write("mysql://db\n")
        harness.wait_until(lambda: "that is not" in terminal.read(), "that it is none")
        terminal.write(f"postgresql://{absent}\n")
        self.assertEqual(terminal.finish(), 1)
        self.assertNotIn("The address of the document store", terminal.text)
        self.assertEqual(tomllib.loads(self.config.read_text())["stores"],
                         {"postgres": {"uri": f"postgresql://{absent}"}, "mongodb": {}})

    def test_a_file_that_is_there_is_never_changed(self):
        self.config.write_text("[spool]\ncolour = 1\n")
        self.assertIn("spool.colour", self.init(78).stderr)
        self.assertEqual(self.config.read_text(), "[spool]\ncolour = 1\n")

    def test_an_address_that_is_none_is_2_and_a_place_that_is_none_is_1(self):
        self.assertIn("--mongodb is not an address", self.init(2, "--mongodb", "mongodb://db").stderr)
        self.assertFalse(self.config.exists())
        self.config = pathlib.Path("/no/such/folder/twinlog.toml")
        self.assertIn("/no/such/folder/twinlog.toml cannot be written: No such file", self.init(1).stderr)


if __name__ == "__main__":
    unittest.main()
