"""README's tour, to the letter: every command of it is run in one shell, in a folder of the test's own."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness

FOLDER = "/tmp/tour"
PATIENCE = 900  # Seconds for the whole tour; a cold compiler cache builds for minutes.
# Jobs have numbers as in a terminal, and a command that fails is told with what it was.
PRELUDE = r"""
set -m
trap 'printf "\nFAILED %s: %s\n" "$?" "$BASH_COMMAND"' ERR
"""
DONE = "the tour is at its end"


def tour():
    text = (harness.ROOT / "README.md").read_text()
    section = re.search(r"^## Ten minutes.*?(?=^## )", text, re.M | re.S).group()
    return re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)


class Tour(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="twinlog-tour-")
        subprocess.run(["chmod", "755", self.folder], check=True)  # PostgreSQL runs as another user.
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def walk(self, blocks):
        """What the shell printed while it ran the blocks, each of them between two marks."""
        script = PRELUDE + "".join(f"printf '\\nBLOCK {number}\\n'\n{block}" for number, block in enumerate(blocks))
        script = script.replace(FOLDER, self.folder) + f"echo '{DONE}'\n"
        shell = subprocess.Popen(["bash", "-c", script], cwd=harness.ROOT, stdin=subprocess.DEVNULL, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(self.stop_what_is_left)
        return shell.communicate(timeout=PATIENCE)[0]

    def stop_what_is_left(self):
        """Whoever still works in the folder of this test, with its whole job."""
        for process in harness.processes_naming(self.folder + "/"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(os.getpgid(process), signal.SIGKILL)

    def test_every_command_of_the_tour_does_what_the_readme_says(self):
        blocks = tour()
        said = self.walk(blocks)
        self.assertIn(DONE, said)
        parts = re.split(r"^BLOCK \d+\n", said, flags=re.M)[1:]
        self.assertEqual(len(parts), len(blocks))
        broken = next(number for number, block in enumerate(blocks) if "kill %1" in block)
        failed = {number for number, part in enumerate(parts) if "FAILED" in part}
        # The one command that is meant to find something wrong.
        self.assertEqual(failed, {broken}, said)
        self.assertEqual(re.findall(r"FAILED (\d+): (.*)", parts[broken]),
                         [("1", f"twinlog status --config {self.folder}/twinlog.toml")], said)
        self.assertIn("degraded", parts[broken])
        self.assertIn("postgres", parts[broken])
        self.assertRegex(parts[broken + 1], r"\n +6\n", said)  # Every event is in PostgreSQL in the end.
        harness.wait_until(lambda: not harness.processes_naming(self.folder + "/"), "nothing is left running")


if __name__ == "__main__":
    unittest.main()
