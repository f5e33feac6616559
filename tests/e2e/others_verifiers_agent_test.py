"""Go's and sigstore's code accept what a running agent signs and `twinlog prove` writes, and nothing of it with a bit changed."""
import base64
import hashlib
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import psycopg

import harness
import verifiers

NAME = "audit.example.com/twinlog/enrol/others"
LEDGER = """
[ledger]
origin = "audit.example.com/twinlog"
enrolment_key_file = "{key}"
checkpoint_every = "1s"
"""
TAG_VERIFIER = 0x31


def run(*arguments):
    return subprocess.run([harness.BINARY, *arguments], capture_output=True, text=True, check=True, timeout=60).stdout


def tag_of(leaf, wanted):
    place = 40
    while place < len(leaf):
        length = int.from_bytes(leaf[place + 1:place + 5], "big")
        if leaf[place] == wanted:
            return leaf[place + 5:place + 5 + length]
        place += 5 + length
    raise KeyError(wanted)


def tree_root(hashes):
    if len(hashes) == 1:
        return hashes[0]
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree_root(hashes[:middle]) + tree_root(hashes[middle:])).digest()


def consistency_from_one(hashes):
    """What leads from the tree of the first leaf to that of all: the right-hand neighbour at each height."""
    if len(hashes) == 1:
        return []
    middle = 1 << (len(hashes) - 1).bit_length() - 1
    return [*consistency_from_one(hashes[:middle]), tree_root(hashes[middle:])]


class OthersVerifiersOfAnAgent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        verifiers.build()
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-others-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        key = cls.folder / "secret.key"
        (cls.folder / "enrolment.key").write_text(run("keygen", "--name", NAME, "--out", key))
        postgres, documents = harness.StoreServer("postgres"), harness.StoreServer("ferretdb")
        cls.addClassCleanup(postgres.close)
        cls.addClassCleanup(documents.close)
        cls.agent = harness.Agent(postgres.new_database(), documents.new_database(), extra=LEDGER.format(key=key))
        cls.addClassCleanup(cls.agent.close)
        cls.agent.start()
        cls.agent.send_lines([json.dumps({"tenant_id": "acme", "log_id": f"e-{n}", "event_type": "login_failed",
                                          "occurred_at": "2025-11-24T08:00:01Z", "username": "alice", "ip": "192.0.2.7",
                                          "metadata": {"b": 1.5, "a": "\u00e4"}}).encode() for n in range(20)])
        cls.agent.wait_delivered()
        cls.served = cls.agent.probe("/checkpoint")
        cls.stopped_with = cls.agent.stop()
        cls.write_notes()
        run("prove", "--config", cls.agent.config, "--tenant", "acme", "--log-id", "e-7", "--fields", "username,metadata",
            "--out", cls.folder / "event")

    @classmethod
    def write_notes(cls):
        with psycopg.connect(cls.agent.postgres) as connection:
            epoch, opened, first = connection.execute("SELECT epoch_id, open, note FROM ledger_epochs").fetchone()
            newest = connection.execute("SELECT note FROM ledger_checkpoints WHERE epoch_id = %s ORDER BY size DESC LIMIT 1",
                                        [epoch]).fetchone()[0]
            hashes = {}
            for place, tile in connection.execute("SELECT first_index, hashes FROM ledger_tiles WHERE epoch_id = %s", [epoch]):
                hashes.update((place + n, tile[32 * n:32 * n + 32]) for n in range(len(tile) // 32))
        size = int(newest.split("\n")[1])
        path = consistency_from_one([hashes[index] for index in range(size)])
        for name, text in (("size-1.note", first), ("newest.note", newest),
                           ("epoch.key", tag_of(opened, TAG_VERIFIER).decode() + "\n"),
                           ("consistency", "".join(base64.b64encode(node).decode() + "\n" for node in path))):
            (cls.folder / name).write_bytes(text.encode())

    def test_they_accept_what_the_agent_signed(self):
        for question in verifiers.questions(self.folder):
            question.assert_holds(self)
        self.assertEqual(self.stopped_with, 0)

    def test_they_accept_nothing_with_a_bit_changed(self):
        for question in verifiers.questions(self.folder):
            with self.subTest(command=question.command, file=question.files[question.changed].name):
                question.assert_no_bit_may_change(self)

    def test_the_proof_shows_what_was_asked_for(self):
        said = verifiers.questions(self.folder)[5].assert_holds(self)
        for line in ('log_id = "e-7"', 'username = "alice"', 'metadata = {"a":"\u00e4","b":1.5}'):
            self.assertIn(line, said)
        self.assertNotIn("192.0.2.7", said)

    def test_the_admin_endpoint_serves_a_checkpoint(self):
        status, note = self.served
        self.assertEqual(status, 200)
        (self.folder / "served.note").write_text(note)
        keys = [self.folder / "epoch.key", *([self.folder / "enrolment.key"] if note.split("\n")[1] == "1" else [])]
        code, said = verifiers.ask(verifiers.GO, "checkpoint", self.folder / "served.note", *keys)
        self.assertEqual(code, 0, said)


if __name__ == "__main__":
    unittest.main()
