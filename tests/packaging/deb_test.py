"""The Debian package: what is in it, what lintian says, and what installing, upgrading, removing and purging it do to a tree."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import tomllib
import unittest

import debian_tree
from debian_tree import said_by
from paths import PACKAGING, ROOT

import harness

WANTED = """
    etc/twinlog/twinlog.toml usr/bin/twinlog usr/lib/systemd/system/twinlog.service usr/lib/systemd/system/twinlog.socket
    usr/lib/sysusers.d/twinlog.conf usr/lib/tmpfiles.d/twinlog.conf usr/share/bash-completion/completions/twinlog
    usr/share/fish/vendor_completions.d/twinlog.fish usr/share/man/man1/twinlog.1.gz usr/share/man/man5/twinlog.toml.5.gz
    usr/share/zsh/vendor-completions/_twinlog
""".split()
DOCS = ("README.md", "SECURITY.md", "LOG_EVENTS.md", "METRICS.md", "EVENTS.md", "INTAKE.md", "LEDGER.md", "OPERATING.md", "STORES.md",
        "changelog.gz", "changelog.Debian.gz", "copyright", "twinlog.toml.example")


def version_of_source():
    return re.search(r"project\(twinlog VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


class Files(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.package = debian_tree.the_package()
        cls.symbols = next(cls.package.parent.glob("twinlog-dbgsym_*.deb"))
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-deb-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        said_by("dpkg-deb", "--extract", cls.package, cls.folder / "main")
        said_by("dpkg-deb", "--extract", cls.symbols, cls.folder / "symbols")

    def test_it_holds_what_it_should_and_nothing_else(self):
        tree = self.folder / "main"
        found = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
        self.assertEqual(found, {*WANTED, *(f"usr/share/doc/twinlog/{name}" for name in DOCS)})
        for path in tree.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o7777, 0o755 if path.is_dir() or path.parent.name == "bin" else 0o644, path)
        for name in ("twinlog.service", "twinlog.socket"):
            self.assertEqual((tree / "usr/lib/systemd/system" / name).read_text(), (PACKAGING / "systemd" / name).read_text())

    def test_its_version_is_that_of_the_source_and_of_the_changelog(self):
        self.assertEqual(said_by("dpkg-deb", "--field", self.package, "Version").strip(), f"{version_of_source()}-1")
        changes = said_by("dpkg-parsechangelog", "--all", "--file", self.folder / "main/usr/share/doc/twinlog/changelog.Debian.gz")
        versions = re.findall(r"^ twinlog \((\S+)\)", changes, re.M)
        expected = re.findall(r"^## \[(\d\S*)\] - ", (ROOT / "CHANGELOG.md").read_text(), re.M)
        self.assertEqual(versions, [f"{version}-1" for version in expected])
        self.assertEqual(versions[0], f"{version_of_source()}-1")

    def test_lintian_has_neither_errors_nor_warnings(self):
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", self.package, self.symbols], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_the_symbols_are_those_of_the_binary(self):
        def build_id(path):
            return re.search(r"Build ID: ([0-9a-f]+)", said_by("readelf", "--notes", path))[1]
        number = build_id(self.folder / "main/usr/bin/twinlog")
        symbols = self.folder / f"symbols/usr/lib/debug/.build-id/{number[:2]}/{number[2:]}.debug"
        self.assertEqual(build_id(symbols), number)
        self.assertIn(".debug_info", said_by("readelf", "--sections", "--wide", symbols))
        self.assertNotIn(".debug_info", said_by("readelf", "--sections", "--wide", self.folder / "main/usr/bin/twinlog"))

    if os.environ.get("TWINLOG_LONG"):  # The symbols take half a minute; the RPM is packed twice each time.
        def test_packed_again_both_are_the_same_to_the_byte(self):
            said_by(PACKAGING / "deb/build", self.folder / "again", "--binary-dir", debian_tree.binary_folder())
            for package in (self.package, self.symbols):
                self.assertEqual((self.folder / "again" / package.name).read_bytes(), package.read_bytes(), package.name)

    def test_the_configuration_is_the_example(self):
        text = (self.folder / "main/etc/twinlog/twinlog.toml").read_text()
        self.assertEqual(tomllib.loads(text), tomllib.loads((ROOT / "config/twinlog.toml.example").read_text()))
        self.assertIn("/etc/twinlog/credentials", text)

    def test_a_mistake_on_the_command_line_is_explained(self):
        for words, code, text in (([], 2, "build OUT"), (["--help"], 0, "build OUT"), (["--wrong"], 2, "build OUT"),
                                  ([self.folder / "out", "--binary-dir", self.folder], 1, "cmake --preset release")):
            done = subprocess.run([PACKAGING / "deb/build", *words], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, code, words)
            self.assertIn(text, done.stdout + done.stderr)
        self.assertFalse((self.folder / "out").exists())


@unittest.skipUnless(debian_tree.is_root(), "a tree to install in needs root: chroot and mmdebstrap")
class Installed(unittest.TestCase):
    def setUp(self):
        self.tree = debian_tree.Tree()
        self.addCleanup(self.tree.close)
        self.package = debian_tree.the_package()

    def install(self, package):
        return self.tree.run("dpkg", "--install", self.tree.put(package))

    def put_spool(self):
        """A file in the spool's folder, as an agent would leave one."""
        folder = self.tree.path("var/lib/twinlog/spool")
        folder.mkdir(parents=True)
        (folder / "CURRENT").write_text("MANIFEST-1\n")
        return folder / "CURRENT"

    def test_installed_it_has_users_folders_and_modes_and_runs(self):
        self.install(self.package)
        self.assertIn(f"twinlog {version_of_source()}", self.tree.run("twinlog", "--version"))
        self.assertEqual(self.tree.owner("/etc/twinlog/twinlog.toml"), "root:twinlog 640")
        self.assertEqual(self.tree.owner("/etc/twinlog/credentials"), "root:root 700")
        self.assertEqual(self.tree.owner("/run/twinlog"), "twinlog:twinlog 755")
        self.assertIn("twinlog-writers:", self.tree.run("getent", "group", "twinlog-writers"))
        self.assertRegex(self.tree.run("getent", "passwd", "twinlog"), r":/var/lib/twinlog:\S*nologin$")
        self.assertIn("the configuration is valid", subprocess.run(
            ["chroot", self.tree.folder, "twinlog", "check"], capture_output=True, text=True, check=False).stdout)
        # Nothing runs before the stores are named.
        self.assertEqual(list(self.tree.path("etc/systemd/system").rglob("twinlog.*")), [])

    def test_it_installs_where_proc_is_not_mounted(self):
        name = self.tree.put(self.package)
        said_by("chroot", self.tree.folder, "dpkg", "--install", name, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        self.assertEqual(self.tree.owner("/etc/twinlog/twinlog.toml"), "root:twinlog 640")

    def test_the_manual_is_read_without_a_warning(self):
        self.install(self.package)
        for words, texts in ((("1", "twinlog"), ("twinlog spool dead-letters replay", "--older-than", "MANIFEST")),
                             (("5", "twinlog.toml"), ("keep_delivered", 'name = ""', "TWINLOG_STORES_POSTGRES_URI"))):
            page = self.tree.run("man", "--warnings", "--pager=cat", *words)
            self.assertNotRegex(page, "troff|can't|cannot adjust")
            for text in texts[:2]:
                self.assertIn(text, page)
        self.assertEqual(self.tree.run("man", "--whatis", "twinlog"), "twinlog (1)          - agent that keeps the login record in two stores\n")

    def test_an_upgrade_keeps_what_the_administrator_changed(self):
        self.install(debian_tree.with_version(self.package, "0.0.9-1", self.tree.folder, older_configuration))
        configuration = self.tree.path("etc/twinlog/twinlog.toml")
        configuration.write_text(configuration.read_text().replace('level = "info"', 'level = "warn"'))
        self.tree.run("chown", "root:root", "/etc/twinlog/twinlog.toml")
        spool = self.put_spool()
        self.tree.run("dpkg", "--install", "--force-confdef", self.tree.put(self.package))
        self.assertIn('level = "warn"', configuration.read_text())
        self.assertEqual(self.tree.owner("/etc/twinlog/twinlog.toml"), "root:root 640")
        self.assertTrue(self.tree.path("etc/twinlog/twinlog.toml.dpkg-dist").exists())
        self.assertTrue(spool.exists())
        self.assertIn(f"twinlog {version_of_source()}", self.tree.run("twinlog", "--version"))

    def test_an_upgrade_changes_a_configuration_that_nobody_touched(self):
        self.install(debian_tree.with_version(self.package, "0.0.9-1", self.tree.folder, older_configuration))
        self.install(self.package)
        self.assertNotIn("an older one", self.tree.path("etc/twinlog/twinlog.toml").read_text())
        self.assertEqual(self.tree.owner("/etc/twinlog/twinlog.toml"), "root:twinlog 640")

    def test_removed_it_leaves_configuration_and_spool_and_purged_the_spool(self):
        self.install(self.package)
        spool = self.put_spool()
        said = self.tree.run("dpkg", "--remove", "twinlog")
        self.assertFalse(self.tree.path("usr/bin/twinlog").exists())
        self.assertTrue(self.tree.path("etc/twinlog/twinlog.toml").exists() and spool.exists(), said)
        said = self.tree.run("dpkg", "--purge", "twinlog")
        self.assertFalse(self.tree.path("etc/twinlog").exists())
        self.assertTrue(spool.exists())
        self.assertIn("the spool in /var/lib/twinlog is left as it is", said)
        left = self.tree.run("find", "/etc", "/usr", "/run", "/var/lib/dpkg", "-xdev", "-name", "*twinlog*").split()
        self.assertEqual(left, [])

    def test_a_purge_without_a_spool_leaves_nothing(self):
        self.install(self.package)
        self.tree.path("var/lib/twinlog").mkdir()
        said = self.tree.run("dpkg", "--purge", "twinlog")
        self.assertFalse(self.tree.path("var/lib/twinlog").exists(), said)


def older_configuration(tree):
    path = tree / "etc/twinlog/twinlog.toml"
    path.write_text(path.read_text() + "# an older one\n")
    os.utime(path, (0, 0))


if __name__ == "__main__":
    unittest.main()
