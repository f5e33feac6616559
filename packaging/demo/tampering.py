"""Somebody with all rights in PostgreSQL changes the past, `twinlog verify` names it, and one event is proved to an outsider."""
import subprocess
import time

import psycopg

from demo.report import heading, say
from demo.servers import BINARY

PROVABLE_SECONDS = 60
ANOTHER_ADDRESS = "198.51.100.200"
MOST_LINES = 25
SET_ADDRESS = "UPDATE auth_logs SET ip = %s WHERE tenant_id = %s AND log_id = %s"


class LedgerError(Exception):
    """The ledger does not say what it must."""


def run(*arguments):
    """(exit code, what was said)"""
    done = subprocess.run([BINARY, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=120)
    return done.returncode, done.stdout


def shown_command(arguments):
    say(f"   $ twinlog {' '.join(map(str, arguments))}")


def show_output(code, said):
    lines = said.rstrip().splitlines()
    for line in lines[:MOST_LINES]:
        say(f"     {line}")
    if len(lines) > MOST_LINES:
        say(f"     ... and {len(lines) - MOST_LINES} lines more")
    say(f"     exit code {code}")


class Tampering:
    """One guess at alice's password, and where what is shown of it lies."""

    def __init__(self, play):
        self.play, self.stack = play, play.stack
        self.guess = next(event for event in play.sent
                          if event["event_type"] == "login_failed" and event.get("username") == "alice")
        self.key = (self.guess["tenant_id"], self.guess["log_id"])
        self.proof = self.stack.private / "proof"
        self.verify = ("verify", "--config", self.stack.config, "--trust", self.stack.trust)
        self.prove = ("prove", "--config", self.stack.config, "--tenant", self.key[0], "--log-id", self.key[1],
                      "--fields", "username,ip", "--out", self.proof)

    def wait_until_provable(self):
        """A leaf is proved once a checkpoint over it lies in the stores; until then `prove` says that it has to wait."""
        deadline = time.monotonic() + PROVABLE_SECONDS
        while (answer := run(*self.prove))[0] != 0:
            if answer[0] != 2 or time.monotonic() > deadline:
                raise LedgerError(f"{self.key[1]} cannot be proved: {answer[1].strip()}")
            time.sleep(0.2)

    def set_address(self, address):
        shown = SET_ADDRESS.replace("%s", "'{}'").format(address, *self.key)
        say(f"   $ psql {self.play.postgres_shown} -c \"{shown}\"")
        with psycopg.connect(self.play.postgres, connect_timeout=10) as connection:
            changed = connection.execute(SET_ADDRESS, [address, *self.key]).rowcount
        if changed != 1:
            raise LedgerError(f"PostgreSQL changed {changed} rows and not one")

    def expect_verdict(self, wanted, *names):
        shown_command(self.verify)
        code, said = run(*self.verify)
        show_output(code, said)
        if code != wanted or any(name not in said for name in names):
            raise LedgerError(f"verify was to end with {wanted}" + (f" and to name {' and '.join(names)}" if names else ""))

    def show(self):
        self.wait_until_provable()
        say("   The administrator of PostgreSQL, who may do anything there, puts the blame on another address:")
        self.set_address(ANOTHER_ADDRESS)
        self.expect_verdict(1, "MODIFIED", self.key[1])
        say("   ... and puts back what was there:")
        self.set_address(self.guess["ip"])
        self.expect_verdict(0)

    def show_proof(self):
        heading("One event, for somebody who has neither the databases nor twinlog")
        shown_command(self.prove)
        check = ("verify", "--proof", f"{self.proof}.tlog-proof", "--trust", self.stack.trust)
        shown_command(check)
        code, said = run(*check)
        show_output(code, said)
        if code != 0:
            raise LedgerError("the proof does not hold")
        say("   Go's and sigstore's code check the same two files: docs/LEDGER.md has the commands, tests/verifiers the programs.")


def show(play):
    heading("6/6 Change the past, and be caught")
    if not play.are_private:
        say("   Left out: it would change a row, and these stores are yours. Without the two variables it is shown.")
        return
    tampering = Tampering(play)
    tampering.show()
    tampering.show_proof()
