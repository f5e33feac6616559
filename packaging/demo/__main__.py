"""Plays a short incident through a running agent and shows that both stores hold the same.

Started by packaging/quickstart, which says what is promised; it has installed and built everything before.
"""
import argparse
import datetime
import os
import secrets
import signal
import subprocess
import sys
import time

import psycopg
import pymongo.errors

from demo import incident, look_around, readers, tampering
from demo.report import heading, is_locked, say, show_counts, show_state
from demo.senders import SendError, send_http, send_socket
from demo.servers import BINARY, Stack, StartError, last_lines
from demo.snapshot import differences, missing

DELIVERY_SECONDS = 60
POSTGRES_VARIABLE, DOCUMENTS_VARIABLE = "TWINLOG_STORES_POSTGRES_URI", "TWINLOG_STORES_MONGODB_URI"


class DeliveryError(Exception):
    """A store has not got everything in time, or cannot be read."""


class Play:
    """One run: its stack, its stores' addresses, its tenants, and what was sent so far."""

    def __init__(self, stack):
        self.stack = stack
        self.postgres = os.environ.get(POSTGRES_VARIABLE)
        self.documents = os.environ.get(DOCUMENTS_VARIABLE)
        self.are_private = not self.postgres and not self.documents
        # In somebody's own stores nothing may be mixed with what is there, nor with an earlier run.
        mark = "" if self.are_private else f"quickstart-{secrets.token_hex(4)}-"
        self.tenants = incident.Tenants(shop=f"{mark}shop", bank=f"{mark}bank")
        self.sent = []

    def start(self):
        heading("3/6 Start two stores and the agent")
        addresses = []
        for address, kind, store, variable in ((self.postgres, "postgres", readers.POSTGRES, POSTGRES_VARIABLE),
                                               (self.documents, "ferretdb", readers.DOCUMENTS, DOCUMENTS_VARIABLE)):
            if address:
                say(f"   {store}: yours, from {variable}")
                addresses.append((address, f'"${variable}"'))
            else:
                address = self.stack.start_store(kind)
                say(f"   {store}: a private {kind} at {address}")
                addresses.append((address, f'"{address}"'))
        (self.postgres, self.postgres_shown), (self.documents, self.documents_shown) = addresses
        self.stack.make_enrolment_key()
        self.stack.write_config(self.postgres, self.documents)
        self.stack.start_agent()
        say(f"   the agent: ready for events at http://127.0.0.1:{self.stack.http_port} and {self.stack.socket}")
        if not self.are_private:
            say(f"   in your stores this run writes only as tenants {' and '.join(self.tenants.all())}")

    def send(self, act):
        say(f"   {act.title} ({len(act.events)} by {act.way})")
        if act.way == incident.HTTP:
            statuses = send_http(self.stack.http_port, act.events)
            say("      " + ", ".join(f"{count} {status}" for status, count in sorted(statuses.items())))
        else:
            said = send_socket(BINARY, self.stack.socket, self.stack.private / "mobile.ndjson", act.events)
            say("      " + said.replace("\n", "\n      "))
        self.sent += act.events

    def read(self):
        try:
            return (readers.read_postgres(self.postgres, self.tenants.all()),
                    readers.read_documents(self.documents, self.tenants.all()))
        except (psycopg.Error, pymongo.errors.PyMongoError) as error:
            raise DeliveryError(f"a store cannot be read: {type(error).__name__}: {error}") from error

    def wait_for_delivery(self):
        """Asks the stores, not the agent, until each of them has every record and every account's newest event."""
        records = {(event["tenant_id"], event["log_id"]) for event in self.sent}
        accounts = incident.newest_by_account(self.sent)
        begin = time.monotonic()
        while True:
            snapshots = self.read()
            lines = [line for snapshot in snapshots for line in missing(snapshot, records, accounts)]
            if not lines:
                say(f"   both stores have all {len(records)} records")
                return snapshots
            if time.monotonic() - begin > DELIVERY_SECONDS:
                raise DeliveryError(f"not delivered within {DELIVERY_SECONDS} s:\n   " + "\n   ".join(lines[:10]))
            time.sleep(0.2)


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


def alice_findings(snapshots, key, should_be_locked):
    """Both stores may agree and still be wrong: what the incident must have led to is checked as well."""
    wanted = "locked" if should_be_locked else "not locked"
    lines = []
    for snapshot in snapshots:
        state = snapshot.accounts.get(key)
        if state is None:
            lines.append(f"{snapshot.store} has no state of alice")
        elif is_locked(state, utc_now()) != should_be_locked:
            lines.append(f"alice should be {wanted} now; {snapshot.store} says otherwise")
    return lines


STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_pause_command(command, play_):
    """Runs it with both addresses in its environment; interrupted, it ends with all that it started."""
    environment = {**os.environ, POSTGRES_VARIABLE: play_.postgres, DOCUMENTS_VARIABLE: play_.documents}
    # An interruption while the command is being started is kept until there is something to end.
    interruptions = []
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: interruptions.append(1))
    process = subprocess.Popen(command, shell=True, stdin=subprocess.DEVNULL, env=environment, start_new_session=True)
    try:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.default_int_handler)
        if interruptions:
            raise KeyboardInterrupt
        code = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if code != 0:
        raise subprocess.CalledProcessError(code, command)


def play(play_, pause_command):
    """Returns what is wrong in the end, as sentences."""
    script = incident.Script(utc_now(), play_.tenants)
    alice = (play_.tenants.shop, f"id:{script.alice['user_id']}")
    heading("4/6 Play a short incident through the agent; every answer means: on disk")
    phones = script.mobile_logins()
    for act in (script.web_logins(), phones, script.guessing(), script.repeated(phones)):
        play_.send(act)
    snapshots = play_.wait_for_delivery()
    say("   alice now, as each store tells it:")
    show_state(*snapshots, alice, utc_now())
    findings = alice_findings(snapshots, alice, should_be_locked=True)
    findings += differences(*snapshots)
    play_.send(script.unlock())
    play_.wait_for_delivery()

    heading("5/6 Compare the stores: every figure is read from them at this moment")
    if pause_command:
        say(f"   first running: {pause_command}")
        run_pause_command(pause_command, play_)
    snapshots = play_.read()
    show_counts(*snapshots, play_.tenants.all())
    say("   alice after the unlock:")
    show_state(*snapshots, alice, utc_now())
    return findings + alice_findings(snapshots, alice, should_be_locked=False) + differences(*snapshots)


def conclude(play_, findings):
    if findings:
        say("\nTHE STORES ARE NOT AS THEY SHOULD BE:")
        for line in findings[:20]:
            say(f"   {line}")
        if len(findings) > 20:
            say(f"   ... and {len(findings) - 20} more")
    else:
        say("\nBoth stores hold the same.")
        tampering.show(play_)
        heading("Look around yourself")
        look_around.show(play_)


def on_failure(stack, error):
    say(f"\nFAILED: {error}")
    if stack.log.exists():
        say(f"   the end of the agent's log, {stack.log}:\n{last_lines(stack.log)}")
    say(f"   everything is being stopped; {stack.folder} is left for you to look at")


def run(arguments):
    stack = Stack(arguments.keep)
    is_left_running = is_folder_wanted = False
    try:
        play_ = Play(stack)
        play_.start()
        findings = play(play_, arguments.pause_before_compare)
        conclude(play_, findings)
        if arguments.keep:
            heading("Left running")
            look_around.show_kept(play_, stack.write_stop_script())
            is_left_running = True
        return 1 if findings else 0
    except (StartError, SendError, DeliveryError, tampering.LedgerError, subprocess.SubprocessError, OSError) as error:
        is_folder_wanted = True
        on_failure(stack, error)
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted; stopping everything")
        return 130
    finally:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if not is_left_running:
            stack.stop()
            if not is_folder_wanted:
                stack.remove_folder()


def main():
    parser = argparse.ArgumentParser(prog="packaging/quickstart")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--pause-before-compare", metavar="COMMAND")
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
