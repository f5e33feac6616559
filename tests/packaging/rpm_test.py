"""The RPM: its files, scripts and needs as rpm reads them, and what installing, upgrading and erasing it do to a root."""
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

WANTED = """
    /etc/twinlog/twinlog.toml /usr/bin/twinlog /usr/lib/systemd/system/twinlog.service /usr/lib/systemd/system/twinlog.socket
    /usr/lib/sysusers.d/twinlog.conf /usr/lib/tmpfiles.d/twinlog.conf /usr/share/bash-completion/completions/twinlog
    /usr/share/fish/vendor_completions.d/twinlog.fish /usr/share/man/man1/twinlog.1.gz /usr/share/man/man5/twinlog.toml.5.gz
    /usr/share/zsh/site-functions/_twinlog
""".split()
DOCS = ("README.md", "SECURITY.md", "LICENSE", "LOG_EVENTS.md", "METRICS.md", "EVENTS.md", "INTAKE.md", "LEDGER.md", "OPERATING.md",
        "STORES.md", "changelog.gz", "twinlog.toml.example")
# Of other packages, too.
OWN_FOLDERS = ["/etc/twinlog", "/usr/share/doc/twinlog"]


def the_package():
    return next(debian_tree.packages("rpm").glob("twinlog-*.rpm"))


class Read(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.package = the_package()

    def query(self, *words):
        return said_by("rpm", "--query", "--package", *words, self.package)

    def test_it_holds_what_it_should_and_nothing_else(self):
        entries = re.findall(r"(\S+) (\S+) (\S+) (\S+)", self.query(
            "--queryformat", r"[%{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME} %{FILEFLAGS:fflags}- %{FILENAMES}\n]"))
        entries = [entry for entry in entries if not entry[3].startswith("/usr/lib/.build-id")]
        files = {name for mode, _, _, name in entries if not mode.startswith("d")}
        self.assertEqual(files, {*WANTED, *(f"/usr/share/doc/twinlog/{name}" for name in DOCS)})
        self.assertEqual([name for mode, _, _, name in entries if mode.startswith("d")], OWN_FOLDERS)
        for mode, owner, flags, name in entries:
            self.assertEqual(owner, "root:root", name)
            self.assertEqual(mode, "drwxr-xr-x" if name in OWN_FOLDERS else
                             "-rwxr-xr-x" if name == "/usr/bin/twinlog" else "-rw-r--r--", name)
            self.assertEqual("c" in flags and "n" in flags, name == "/etc/twinlog/twinlog.toml", (flags, name))

    def test_its_scripts_are_those_of_the_repository(self):
        said = self.query("--scripts")
        for kind, name in (("postinstall", "post"), ("preuninstall", "preun"), ("postuninstall", "postun")):
            self.assertIn(f"{kind} scriptlet (using /bin/sh):", said)
            self.assertIn((PACKAGING / "rpm" / name).read_text().strip(), said)
        self.assertEqual(said.count("scriptlet"), 3)

    def test_packed_again_it_is_the_same_to_the_byte(self):
        with tempfile.TemporaryDirectory() as again:
            said_by(PACKAGING / "rpm/build", again, "--binary-dir", debian_tree.binary_folder())
            self.assertEqual(pathlib.Path(again, self.package.name).read_bytes(), self.package.read_bytes())

    def test_it_says_what_it_is(self):
        version = re.search(r"project\(twinlog VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
        self.assertEqual(self.query("--queryformat", "%{NAME} %{VERSION} %{RELEASE} %{LICENSE}"), f"twinlog {version} 1 Apache-2.0")
        self.assertIn("It takes login events over a local socket", self.query("--queryformat", "%{DESCRIPTION}"))
        self.assertEqual(self.query("--queryformat", "%{PREFIXES}"), "(none)")  # The units name /usr.
        needs = self.query("--requires").split("\n")
        self.assertIn("systemd", needs)
        self.assertIn("libpq.so.5()(64bit)", needs)
        changes = self.query("--changelog")
        self.assertEqual(re.findall(r"^\* .* - (\S+)-1$", changes, re.M),
                         re.findall(r"^## \[(\d\S*)\] - ", (ROOT / "CHANGELOG.md").read_text(), re.M))


@unittest.skipUnless(debian_tree.is_root(), "rpm --root needs root")
class Installed(unittest.TestCase):
    def setUp(self):
        self.package = the_package()

    def rpm(self, root, *words):
        return said_by("rpm", "--root", root, *words)

    def test_in_an_empty_root_its_files_are_as_it_says(self):
        root = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-rpm-"))
        self.addCleanup(shutil.rmtree, root)
        # An empty root has no shell for scripts.
        self.rpm(root, "--noscripts", "--nodeps", "--install", self.package)
        self.assertEqual(self.rpm(root, "--query", "twinlog").strip(), self.package.stem)
        self.assertEqual(self.rpm(root, "--verify", "--nodeps", "twinlog"), "")
        self.assertEqual(tomllib.loads((root / "etc/twinlog/twinlog.toml").read_text()),
                         tomllib.loads((ROOT / "config/twinlog.toml.example").read_text()))
        self.assertIn("twinlog ", said_by(root / "usr/bin/twinlog", "--version"))
        self.rpm(root, "--noscripts", "--nodeps", "--erase", "twinlog")
        self.assertEqual([path for path in root.rglob("*twinlog*") if "var/lib/rpm" not in str(path)], [])

    def test_its_scripts_make_users_and_leave_configuration_and_spool(self):
        tree = debian_tree.Tree()
        self.addCleanup(tree.close)
        self.rpm(tree.folder, "--nodeps", "--install", self.package)
        self.assertEqual(tree.owner("/etc/twinlog/twinlog.toml"), "root:twinlog 640")
        self.assertIn("twinlog-writers:", tree.run("getent", "group", "twinlog-writers"))
        self.assertIn("the configuration is valid", subprocess.run(
            ["chroot", tree.folder, "twinlog", "check"], capture_output=True, text=True, check=False).stdout)
        self.assertEqual(self.rpm(tree.folder, "--verify", "--nodeps", "twinlog"), "")
        self.rpm(tree.folder, "--nodeps", "--reinstall", self.package)
        self.assertEqual(tree.owner("/etc/twinlog/twinlog.toml"), "root:twinlog 640")
        configuration = tree.path("etc/twinlog/twinlog.toml")
        configuration.write_text(configuration.read_text().replace('level = "info"', 'level = "warn"'))
        spool = tree.path("var/lib/twinlog/spool")
        spool.mkdir(parents=True)
        self.rpm(tree.folder, "--nodeps", "--reinstall", self.package)
        self.assertIn('level = "warn"', configuration.read_text())
        self.rpm(tree.folder, "--nodeps", "--erase", "twinlog")
        self.assertFalse(tree.path("usr/bin/twinlog").exists())
        self.assertIn('level = "warn"', tree.path("etc/twinlog/twinlog.toml.rpmsave").read_text())
        self.assertTrue(spool.is_dir())

    def test_a_mistake_on_the_command_line_is_explained(self):
        for words, code in (([], 2), (["--help"], 0), (["one", "two"], 2)):
            done = subprocess.run([PACKAGING / "rpm/build", *words], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, code, words)
            self.assertIn("packaging/rpm/build OUT", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
