"""`cmake --install`, and how the tree is built by others: no preset, another compiler, a release."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import harness
from command import run

BUILD = harness.BINARY.parent


def said_by(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True, **options).stdout


class Install(unittest.TestCase):
    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="twinlog-install-")
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def test_binary_example_and_docs_lie_where_a_package_wants_them(self):
        root = self.folder()
        said_by("cmake", "--install", BUILD, "--prefix", "/usr", env={**os.environ, "DESTDIR": str(root)})
        docs = root / "usr/share/doc/twinlog"
        wanted = {root / "usr/bin/twinlog", *(docs / name for name in (
            "twinlog.toml.example", "README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "LOG_EVENTS.md", "METRICS.md"))}
        found = {path for path in root.rglob("*") if path.is_file()}
        self.assertLessEqual(wanted, found)
        self.assertEqual({path for path in found - wanted if path.parent != docs or path.suffix != ".md"}, set())
        self.assertEqual((root / "usr/bin/twinlog").read_bytes(), harness.BINARY.read_bytes())
        self.assertEqual((root / "usr/bin/twinlog").stat().st_mode & 0o777, 0o755)
        for path in found - {root / "usr/bin/twinlog"}:
            self.assertEqual(path.stat().st_mode & 0o777, 0o644, path)

    def test_the_installed_binary_runs_and_takes_the_installed_example(self):
        root = self.folder()
        said_by("cmake", "--install", BUILD, "--prefix", root)
        self.assertEqual(said_by(root / "bin/twinlog", "--version"), run("--version").stdout)
        example = root / "share/doc/twinlog/twinlog.toml.example"
        done = subprocess.run([root / "bin/twinlog", "check", "--config", example], capture_output=True, text=True, check=False)
        self.assertIn("the configuration is valid", done.stdout, done.stderr)

    def test_a_warning_is_an_error_in_our_presets_only(self):
        presets = json.loads((harness.ROOT / "CMakePresets.json").read_text())["configurePresets"]
        self.assertEqual(next(each for each in presets if each["name"] == "base")["cacheVariables"]["TWINLOG_WERROR"], "ON")
        for options, expected in (([], False), (["-DTWINLOG_WERROR=ON"], True)):
            folder = self.folder()
            said_by("cmake", "-S", harness.ROOT, "-B", folder, "-G", "Ninja", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *options)
            flags = (folder / "compile_commands.json").read_text()
            self.assertEqual("-Werror" in flags, expected)
            self.assertIn("-Wall", flags)

    def test_assertions_of_libraries_stay_in_every_build_type(self):
        for kind in ("Release", "RelWithDebInfo", "MinSizeRel"):
            folder = self.folder()
            said_by("cmake", "-S", harness.ROOT, "-B", folder, "-G", "Ninja", f"-DCMAKE_BUILD_TYPE={kind}",
                    "-DTWINLOG_TESTS=OFF", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON")
            flags = (folder / "compile_commands.json").read_text()
            self.assertNotIn("NDEBUG", flags, kind)
            self.assertIn("-D_FORTIFY_SOURCE=2", flags, kind)

    def test_the_changelog_has_the_version_of_the_build(self):
        version = re.search(r"^twinlog (\S+)", run("--version").stdout)[1]
        log = (harness.ROOT / "CHANGELOG.md").read_text()
        self.assertRegex(log, rf"(?m)^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$")
        self.assertIn("Apache License", (harness.ROOT / "LICENSE").read_text())


if __name__ == "__main__":
    unittest.main()
