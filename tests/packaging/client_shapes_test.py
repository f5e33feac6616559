"""The shape in which each client is published, read by the tool of its language; and what every `send` has in common."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import paths  # pylint: disable=unused-import  # It makes the next ones importable.
from client_tools import CLIENTS, ENVIRONMENT, LANGUAGES

TYPES = pathlib.Path(__file__).with_name("client_types")


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, **options)


class Shapes(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="twinlog-shapes-")))

    def succeed(self, *command, **options):
        done = run(*command, **options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_every_send_says_how_it_is_used_and_refuses_another_use(self):
        for language in LANGUAGES:
            send = CLIENTS / language / "send"
            with self.subTest(language):
                said = self.succeed(send, "--help")
                for word in ("SOCKET", "--queue", "--when-full", "--seconds", "--backoff-most-ms", "--answers", "Exit codes"):
                    self.assertIn(word.lstrip("-").lower(), said.lower())
                for words in ((), ("/x", "--no-such-option"), ("/x", "--when-full", "sometimes"), ("/x", "--queue"),
                              ("/x", "--queue", "many"), ("/x", "--seconds", "long")):
                    done = run(send, *words, stdin=subprocess.DEVNULL)
                    self.assertEqual((done.returncode, done.stdout), (2, ""), words)
                    self.assertRegex(done.stderr, "SOCKET|--when-full")

    def test_every_send_leaves_the_source_tree_as_it_is(self):
        status = ("git", "-C", str(CLIENTS), "status", "--porcelain", "--ignored", "--", ".")
        before = self.succeed(*status)
        for language in LANGUAGES:
            done = run(CLIENTS / language / "send", self.folder / "absent.sock", stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.succeed(*status), before)

    def test_python_becomes_a_wheel_that_is_imported_from_where_it_is_installed(self):
        shutil.copytree(CLIENTS / "python", self.folder / "source")
        self.succeed(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target",
                     self.folder / "site", self.folder / "source")
        said = self.succeed(sys.executable, "-c", "import twinlog_client, twinlog_logging; print(twinlog_client.__file__)",
                            cwd=self.folder / "site")
        self.assertEqual(said.strip(), str(self.folder / "site/twinlog_client.py"))

    def test_go_vet_and_gofmt_have_nothing_to_say(self):
        self.succeed("go", "vet", "./...", cwd=CLIENTS / "go")
        self.assertEqual(self.succeed("gofmt", "-l", CLIENTS / "go"), "")

    def test_node_is_packed_installed_and_typed(self):
        packed = json.loads(self.succeed("npm", "pack", "--json", "--pack-destination", self.folder, cwd=CLIENTS / "javascript"))[0]
        self.assertEqual({file["path"] for file in packed["files"]}, {"package.json", "twinlog-client.d.mts", "twinlog-client.mjs"})
        for name in ("package.json", "package-lock.json", "use.mts"):
            shutil.copy(TYPES / name, self.folder)
        self.succeed("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=self.folder)
        module = self.folder / "node_modules" / "twinlog-client"
        module.mkdir()
        self.succeed("tar", "-xzf", self.folder / packed["filename"], "-C", module, "--strip-components=1")
        self.succeed("node_modules/.bin/tsc", "--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "use.mts", cwd=self.folder)
        said = self.succeed("node", "--input-type=module", "-e", 'import { uuid7 } from "twinlog-client"; console.log(uuid7());', cwd=self.folder)
        self.assertRegex(said, "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n$")

    def test_cpp_is_clean_under_strict_warnings_and_formatted(self):
        sources = [CLIENTS / "cpp" / name for name in ("twinlog_client.hpp", "twinlog_event.hpp", "twinlog_json.hpp", "send.cc")]
        self.succeed("clang-format-14", "--dry-run", "--Werror", *sources)
        self.succeed("g++", "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror", sources[-1])


if __name__ == "__main__":
    unittest.main()
