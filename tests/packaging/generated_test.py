"""What is made from the binary's help: it says all that the help says, and the shells complete with it."""
import gzip
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import tomllib
import unittest

from paths import PACKAGING, ROOT

import harness


def help_of(*words):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWINLOG_")}
    return subprocess.run([harness.BINARY, "help", *words], capture_output=True, text=True, check=True, env=environment).stdout


def commands(*words):
    """(words, the help's page) of all commands, read apart from how the generator reads them."""
    page = help_of(*words)
    yield words, page
    listed = re.search(r"^Subcommands:\n((?:  .*\n)+)", page, re.M)
    for line in listed[1].splitlines() if listed else []:
        if re.match(r"  \S", line):
            yield from commands(*words, line.split()[0])


def options_of(page):
    listed = re.search(r"^Options:\n((?:  .*\n)+)", page, re.M)
    return re.findall(r"^  (?:-\w,)?(--[\w-]+)", listed[1], re.M)


class Generated(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-generated-"))
        cls.home = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-home-"))
        for folder in (cls.folder, cls.home):
            cls.addClassCleanup(shutil.rmtree, folder)
        # The environment changes defaults that the help names; it is not to get into a package.
        subprocess.run([PACKAGING / "package/generate", "--maintainer", "A Tester <tester@twinlog.invalid>", harness.BINARY, cls.folder],
                       check=True, env={**os.environ, "TWINLOG_CONFIG": "/nowhere/of-the-test.toml"})
        cls.commands = [(words, page) for words, page in commands() if words != ("help",)]

    def page(self, name):
        """A page of the manual without roff's escapes."""
        text = gzip.decompress((self.folder / name).read_bytes()).decode()
        for escape, character in (("\\-", "-"), ("\\(aq", "'"), ("\\(ga", "`"), ("\\(ti", "~"), ("\\(ha", "^"), ("\\&", ""),
                                  ("\\fB", ""), ("\\fR", ""), ("\\e", "\\")):
            text = text.replace(escape, character)
        return text

    def test_the_help_was_read(self):
        self.assertGreater(len(self.commands), 20)
        self.assertIn(("spool", "dead-letters", "replay"), [words for words, _ in self.commands])

    def test_the_manual_says_all_that_the_help_says(self):
        lines = set(self.page("twinlog.1.gz").splitlines())
        for _, page in self.commands:
            _, _, text = page.partition("\n\n\n")
            self.assertLessEqual(set(filter(None, text.splitlines())), lines)
            for option in options_of(page):
                self.assertTrue(any(line.startswith((option, "-h," + option)) for line in lines), option)
        self.assertNotIn("of-the-test", self.page("twinlog.1.gz"))

    def test_the_manual_has_every_key_its_default_and_its_variable(self):
        page = self.page("twinlog.toml.5.gz")
        example = (ROOT / "config/twinlog.toml.example").read_text()
        keys = 0
        for section, header in re.findall(r"^(\[([\w.]+)\])$", example, re.M):
            part = page.partition(f'.SS "{section}"')[2].partition(".SS")[0]
            settings = tomllib.loads(example)
            for name in header.split("."):
                settings = settings[name]
            for key in (key for key, value in settings.items() if not isinstance(value, dict)):
                keys += 1
                written = re.search(rf"(?m)^\[{re.escape(header)}\]\n(?:\w.*\n)*?({key} = .*?) +# (.*)$", example)
                self.assertIn(f"\n{written[1].strip()}\n{written[2].strip()}\n", part)
                self.assertIn(f"\n.I TWINLOG_{header}_{key}".replace(".", "_").upper().replace("\n_I", "\n.I"), part)
        self.assertGreater(keys, 50)

    def test_the_same_binary_makes_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as other:
            subprocess.run([PACKAGING / "package/generate", "--maintainer", "A Tester <tester@twinlog.invalid>", harness.BINARY, other],
                           check=True)
            for path in self.folder.iterdir():
                self.assertEqual(path.read_bytes(), pathlib.Path(other, path.name).read_bytes(), path.name)

    def test_a_binary_that_is_not_there_is_explained(self):
        done = subprocess.run([PACKAGING / "package/generate", "--maintainer", "x", "/nowhere", self.folder], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("cmake --build", done.stderr)

    def below(self, words):
        depth = len(words) + 1
        return {other[-1] for other, _ in self.commands if len(other) == depth and other[:-1] == words} | (
            {"help"} if not words else set())

    def bash(self, *words):
        script = ('source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _twinlog; printf "%s\\n" "${COMPREPLY[@]}"')
        said = subprocess.run(["bash", "--norc", "-c", script, self.folder / "twinlog.bash", "twinlog", *words], cwd=self.folder,
                              capture_output=True, text=True, check=True)
        self.assertEqual(said.stderr, "")
        return set(said.stdout.split())

    def test_bash_knows_every_command_option_and_choice(self):
        for words, page in self.commands:
            self.assertEqual(self.bash(*words, "--"), set(options_of(page)), words)
            if below := self.below(words):
                self.assertEqual(self.bash(*words, ""), below | set(options_of(page)))
            else:
                self.assertIn("twinlog.zsh", self.bash(*words, "twin"))
        self.assertEqual(self.bash("verify", "--store", ""), {"postgres", "mongodb"})
        self.assertEqual(self.bash("send", "--socket", "twinlog.z"), {"twinlog.zsh"})
        self.assertEqual(self.bash("help", "spool", "dead-letters", ""), self.below(("spool", "dead-letters")))

    def fish(self, line):
        said = subprocess.run(["fish", "--no-config", "--command", f"source {self.folder}/twinlog.fish; complete -C '{line}'"],
                              cwd=self.folder, capture_output=True, text=True, check=True, env={**os.environ, "HOME": str(self.home)})
        return {each.split("\t")[0] for each in said.stdout.splitlines()}

    @unittest.skipUnless(shutil.which("fish"), "FISH IS NOT TESTED: it is not installed; run packaging/install-deps --tests")
    def test_fish_knows_every_command_option_and_choice(self):
        for words, page in self.commands:
            line = " ".join(["twinlog", *words])
            self.assertEqual(self.fish(f"{line} --"), set(options_of(page)), words)
            if below := self.below(words):
                self.assertEqual(self.fish(f"{line} "), below)
        self.assertEqual(self.fish("twinlog verify --store "), {"postgres", "mongodb"})
        self.assertIn("twinlog.zsh", self.fish("twinlog send twin"))
        self.assertEqual(self.fish("twinlog help spool dead-letters "), self.below(("spool", "dead-letters")))

    def typed(self, command, setup, keys):
        """What a function in twinlog's place is called with when these keys are typed into an interactive shell."""
        number, terminal = pty.fork()
        if number == 0:
            os.chdir(self.folder)
            os.execvpe(command[0], command, {"PATH": os.environ["PATH"], "HOME": str(self.home), "TERM": "dumb", "LC_ALL": "C.UTF-8"})
        try:
            os.write(terminal, f"{setup}; twinlog() {{ echo got=\"$*\"=; }}; PS1='rea''dy> '\n".encode())
            self.hear(terminal, r"ready> ")
            os.write(terminal, keys.encode())
            return self.hear(terminal, r"got=([^=\r\n]*)=\r?\n")[1]
        finally:
            os.close(terminal)
            os.kill(number, 9)
            os.waitpid(number, 0)

    def hear(self, terminal, pattern):
        heard, deadline = "", time.monotonic() + harness.PATIENCE
        while not (found := re.search(pattern, heard)):
            readable, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
            self.assertTrue(readable, f"never heard {pattern} in {heard!r}")
            heard += os.read(terminal, 4096).decode(errors="replace")
        return found

    def test_keys_typed_into_bash_are_completed(self):
        self.assertEqual(self.typed(["bash", "--norc", "--noprofile", "-i"], "source ./twinlog.bash",
                                    "twinlog sp\tdead\trep\t--st\tpost\t\n"), "spool dead-letters replay --store post")
        self.assertEqual(self.typed(["bash", "--norc", "--noprofile", "-i"], "source ./twinlog.bash",
                                    "twinlog verify --store post\t twinlog.z\t\n"), "verify --store postgres twinlog.zsh")

    @unittest.skipUnless(shutil.which("zsh"), "ZSH IS NOT TESTED: it is not installed; run packaging/install-deps --tests")
    def test_keys_typed_into_zsh_are_completed(self):
        setup = "mkdir -p ~/functions && cp twinlog.zsh ~/functions/_twinlog && fpath=(~/functions $fpath) && autoload -U compinit && compinit -u -D"
        for keys, words in (("sp\tdead\trepl\t--time\t", "spool dead-letters replay --timeout"),
                            ("verify --store post\t", "verify --store postgres"), ("send twinlog.f\t", "send twinlog.fish"),
                            ("help ep\tret\t", "help epoch retire"), ("keyg\t--na\t", "keygen --name")):
            self.assertEqual(self.typed(["zsh", "-f", "-i"], setup, f"twinlog {keys}\n").strip(), words)


if __name__ == "__main__":
    unittest.main()
