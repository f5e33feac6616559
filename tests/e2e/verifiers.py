"""Others' verifiers (tests/verifiers), and what must hold of whatever they are given: it passes, and with a bit changed nowhere."""
import pathlib
import subprocess
import tempfile

import harness

BUILT = harness.ROOT / "build/verifiers"
GO, NODE = [BUILT / "verifiers"], ["node", BUILT / "check.js"]
# node takes a while to start: it is asked about some of the bytes, Go about all.
EVERY = {id(GO): 1, id(NODE): 9}


def build():
    subprocess.run([harness.ROOT / "tests/verifiers/build"], check=True, capture_output=True)


def ask(program, *arguments):
    """(exit code, what was said)"""
    done = subprocess.run([*program, *arguments], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


class Question:
    """One call of a verifier, and the place of the file among its arguments that is to be changed."""

    def __init__(self, program, command, files, changed):
        self.program, self.command, self.files, self.changed = program, command, files, changed

    def assert_holds(self, case):
        code, said = ask(self.program, self.command, *self.files)
        case.assertEqual(code, 0, said)
        return said

    def assert_no_bit_may_change(self, case):
        content = self.files[self.changed].read_bytes()
        case.assertGreater(len(content), 32)
        with tempfile.TemporaryDirectory() as folder:
            changed = pathlib.Path(folder) / "changed"
            files = [*self.files[:self.changed], changed, *self.files[self.changed + 1:]]
            for place in range(0, len(content), EVERY[id(self.program)]):
                bit = 1 << place % 8
                changed.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1:])
                code, said = ask(self.program, self.command, *files)
                case.assertEqual(code, 1, f"byte {place}, bit {bit:02x} of {self.files[self.changed].name}: {said}")


def questions(folder):
    """Everything that can be asked about the files of a folder like tests/verifiers/golden."""
    first, newest, epoch, enrolment, path, proof, disclosure = (folder / name for name in (
        "size-1.note", "newest.note", "epoch.key", "enrolment.key", "consistency", "event.tlog-proof",
        "event.disclosure.json"))
    both = [first, newest, path, epoch, enrolment]
    return [Question(GO, "checkpoint", [first, epoch, enrolment], 0), Question(GO, "checkpoint", [newest, epoch], 0),
            *(Question(GO, "consistency", both, changed) for changed in range(3)),
            *(Question(GO, "proof", [proof, disclosure, enrolment], changed) for changed in (0, 1)),
            Question(NODE, "checkpoint", [first, epoch, enrolment], 0), Question(NODE, "checkpoint", [newest, epoch], 0),
            Question(NODE, "proof", [proof, epoch], 0)]
