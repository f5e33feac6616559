#!/usr/bin/python3
"""Writes the month of a made-up host that stands open to the Internet, as events of its sshd, one a line.

    tests/oracle/host_month.py [--seed N] [--statistics]

No line of it ever happened, but its shape is that of a real host's log: 24 days; guessers who come in bursts, through
lists of names or at one account, several attempts within a second and equal ones among them; names that are empty; an
owner who comes by key every day and logs out again; one account that is guessed 147 times by one address and then
opened; five failures of one account within 15 minutes lock it for 30, with a reset when they are over (both marked as
simulated, as sshd locks nobody). The members are those of a sender that sends more than the event has: `outcome`,
`source`, nulls. Every event has an id, made of time and number. The same seed gives the same bytes. --statistics
counts instead: events by type, ties within a second, equal lines, empty names.
"""
import argparse
import collections
import datetime
import hashlib
import json
import random
import sys

START = int(datetime.datetime(2025, 3, 27, 13, tzinfo=datetime.timezone.utc).timestamp())
DAYS, DAY = 24, 86_400
KNOWN = ["root", "deploy", "ubuntu", "backup", "alice", "bob", "carol", "dave"]
GUESSED = ["admin", "ubnt", "test", "pi", "oracle", "guest", "support", "user", "mysql", "ftp", "nagios", "git", "postgres",
           "1234", "jenkins", "ftpuser", "default", "operator", "www", "a", "info", "service", None, None, None, None]
OWNERS = {"ubuntu": "198.51.100.41", "backup": "198.51.100.77"}
THIEF, VICTIM, GUESSES_OF_THIEF = "203.0.113.17", "deploy", 147
LOCK_AFTER, WINDOW, LOCKED_FOR = 5, 15 * 60, 30 * 60
HOST = "ip-10-0-0-17"


def attempts_of_guessers(chance):
    """(time, name, address, process, port) of every failure, but the thief's."""
    for day in range(DAYS):
        for _ in range(chance.choice([3, 5, 6, 7, 9])):
            time = START + day * DAY + chance.randrange(DAY)
            address, process, port = f"192.0.2.{chance.randrange(1, 100)}", chance.randrange(1000, 30000), 0
            single = chance.choice(["root", "root", "root", "root", "alice", "admin", None]) if chance.random() < 0.7 else ""
            for _ in range(chance.choice([1, 2, 3, 6, 9])):
                name = chance.choice(GUESSED + KNOWN[:1] * 8) if single == "" else single
                process, port = process + chance.randrange(1, 4), chance.randrange(32768, 61000)
                # "message repeated N times": sshd tells several at once, all of one second and one connection.
                for _ in range(chance.choice([1, 1, 1, 2, 5]) if name in KNOWN else 1):
                    yield time, name, address, process, port
                time += chance.choice([0, 1, 2, 3, 3, 5, 40])


def attempts_of_the_thief(chance):
    time = START + 3 * DAY + 11_000
    for number in range(GUESSES_OF_THIEF):
        yield time, VICTIM, THIEF, 5000 + number // 5, 40_000 + number // 5
        time += chance.choice([0, 1, 2, 3, 5, 9])


def sessions(chance):
    """(time, name, address, method, seconds until the logout)"""
    for day in range(DAYS):
        for _ in range(chance.choice([4, 6, 9, 12, 14])):
            name = chance.choice(list(OWNERS))
            yield START + day * DAY + chance.randrange(DAY), name, OWNERS[name], "publickey", chance.randrange(1, 9000)


class Host:
    """Who has failed how often, and who is locked until when."""

    def __init__(self, seed):
        self.seed, self.events, self.failures, self.locked, self.attempts = seed, [], {}, {}, collections.Counter()

    def add(self, kind, time, name, address, process, **more):
        number = len(self.events)
        mark = hashlib.sha256(f"{self.seed}/{number}".encode()).hexdigest()
        stamp = f"{time * 1000:012x}"
        outcome = "failure" if kind == "login_failed" else "success"
        self.events.append({
            "log_id": f"{stamp[:8]}-{stamp[8:]}-8{mark[:3]}-a{mark[3:6]}-{mark[6:18]}", "schema_version": 1,
            "event_type": kind, "outcome": outcome, "tenant_id": "ec2-host", "occurred_at": shown(time), "username": name,
            "user_id": None, "ip": address, "user_agent": None, "channel": "other",
            "source": {"system": "sshd", "host": HOST, "pid": process, "line": number // 2}, **more})

    def fail(self, time, name, address, process, port):
        more = {"auth_method": "password", "metadata": {"src_port": port, "aggregated": port % 3 > 0}}
        if name not in KNOWN:
            self.add("login_failed", time, name, address, process, failure_reason="unknown_user", **more)
        elif self.locked.get(name, 0) > time:
            self.add("login_failed", time, name, address, process, failure_reason="account_locked",
                     failed_login_attempts=self.attempts[name], account_locked_until=shown(self.locked[name]), **more)
        else:
            recent = [earlier for earlier in self.failures.get(name, []) if earlier > time - WINDOW] + [time]
            self.failures[name], self.attempts[name] = recent, self.attempts[name] + 1
            self.add("login_failed", time, name, address, process, failure_reason="invalid_credentials",
                     failed_login_attempts=self.attempts[name], **more)
            if len(recent) >= LOCK_AFTER:
                self.lock(time, name, address, process)

    def lock(self, time, name, address, process):
        self.locked[name] = time + LOCKED_FOR
        self.add("account_locked", time, name, address, process, auth_method="password", failure_reason=None,
                 metadata={"simulated": True, "lock_reason": "max_attempts"}, lock_kind="temporary",
                 failed_login_attempts=self.attempts[name], account_locked_until=shown(self.locked[name]))

    def open_again(self, now):
        """The resets that have fallen due before now."""
        for name, until in sorted(self.locked.items(), key=lambda item: item[1]):
            if until <= now:
                del self.locked[name]
                self.failures[name], self.attempts[name] = [], 0
                self.add("lockout_reset", until, name, None, 1, auth_method="password", failure_reason=None,
                         metadata={"simulated": True, "reset_reason": "expired"}, failed_login_attempts=0,
                         account_locked_until=None, lock_kind="none")

    def enter(self, time, name, address, method):
        self.failures[name], self.attempts[name] = [], 0
        self.add("login_success", time, name, address, 2, auth_method=method, metadata={"src_port": 50_000 + time % 9999},
                 failed_login_attempts=0)


def shown(time):
    return datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def events(seed=1):
    """The month, in the order of time."""
    chance, host = random.Random(seed), Host(seed)
    steps = [(attempt[0], 1, host.fail, attempt) for attempt in attempts_of_guessers(chance)]
    theft = list(attempts_of_the_thief(chance))
    steps += [(attempt[0], 1, host.fail, attempt) for attempt in theft]
    visits = [*sessions(chance), (theft[-1][0] + LOCKED_FOR + 7, VICTIM, THIEF, "password", 600)]
    for time, name, address, method, seconds in visits:
        steps.append((time, 2, host.enter, (time, name, address, method)))
        end = time + seconds
        steps.append((end, 3, host.add, ("logout", end, name, None, 2)))
    for time, _, act, arguments in sorted(steps, key=lambda step: step[:2]):
        host.open_again(time)
        act(*arguments)
    host.open_again(START + 2 * DAYS * DAY)
    return host.events


def lines(seed=1):
    return [json.dumps(event, separators=(",", ":")).encode() for event in events(seed)]


def statistics(month):
    """What its shape is, in numbers."""
    seconds = collections.Counter(event["occurred_at"] for event in month)
    equal = collections.Counter(json.dumps({name: value for name, value in event.items() if name not in ("log_id", "source")},
                                           sort_keys=True) for event in month)
    return {"events": len(month), **collections.Counter(event["event_type"] for event in month),
            "share a second with another": sum(count for count in seconds.values() if count > 1),
            "most in a second": max(seconds.values()), "repeat an earlier one": sum(count - 1 for count in equal.values()),
            "without a name": sum(1 for event in month if not event["username"]),
            "names": len({event["username"] for event in month}), "addresses": len({event["ip"] for event in month})}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--statistics", action="store_true")
    options = parser.parse_args()
    if options.statistics:
        print(*(f"{count:6} {name}" for name, count in statistics(events(options.seed)).items()), sep="\n")
        return
    sys.stdout.buffer.write(b"".join(line + b"\n" for line in lines(options.seed)))


if __name__ == "__main__":
    main()
