#!/usr/bin/python3
"""Writes seeded events, tame and hostile, one a line, to standard output.

    tests/oracle/generate.py [--seed N] [--events N] [--tenants N] [--accounts N]

8 tenants, 3 organisations, 1,500 accounts (fewer make them hot) known by id, by name or by both; some lines have no
log_id, some repeat a line, some bring other content under a known id, some are refused, and many hold
what an attacker would type.
"""
import argparse
import json
import random
import sys

TENANTS = 8
ORGANISATIONS = ["north", "south", "overseas", None]
ACCOUNTS = 1500
START_MS = 1_700_000_000_000
HOSTILE = ["Robert'); DROP TABLE auth_logs;--", "nul\u0000byte", "bell\u0007", "\ud800lone", "\u202eright to left", "ﬁﬀ",
           "İstanbul", "ΣΊΣΥΦΟΣ", "ß", "e\u0301", "  padded\u00a0", "x" * 300, "😀" * 80, "{\"a\":1}", "$where", "a.b",
           "%24", "\\", "\"", "line\nbreak", "${HOME}", "<script>", "\u0085", "\ufeff", "Bearer abcdefghijklmnOP0", "",
           "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlc2lnbmF0dXJl"]
ADDRESSES = ["192.0.2.7", "192.0.2.7:443", "[2001:DB8::1]:8443", "2001:db8:0:0:0:0:0:2", "::ffff:198.51.100.4",
             "fe80::1%eth0", "not an address", "010.1.2.3", "999.1.1.1", "host.example", "", None, "::", "1.2.3"]
METADATA = [{"app": "web"}, {"a.b": 1, "$gt": {"": None}, "%": [1, [2, []]]}, {"n": 1e21, "m": -0.0, "k": 12345678901234567890},
            {"password": "hunter2", "deep": {"apiToken": "t", "ok_token": True}}, {"f": [0.1, 1e-7, 5e-324, 1.7976931348623157e308]},
            {"big": "x" * 9000}, {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": 1}}}}}}}}, {"s": "Basic dXNlcjpwYXNz"}, 7, "text"]


def account(generator, event, accounts):
    number = generator.randrange(accounts)
    known_by = number % 3
    if known_by != 1:
        event["user_id"] = f"u{number}"
    if known_by != 0:
        event["username"] = f"User{number}@Example.org" if generator.random() < 0.5 else f"user{number}@example.org"


def lockout_members(generator, event):
    kind = event["event_type"]
    if generator.random() < 0.4:
        event["failed_login_attempts"] = generator.choice([0, 1, 2, 5, 2**31 - 1, -1, 2**31, 3.0, "4"])
    if kind in ("login_failed", "account_locked") and generator.random() < (0.1 if kind == "login_failed" else 0.8):
        event["account_locked_until"] = generator.choice(
            [event["occurred_at"] + 1_800_000, "9999-12-31T00:00:00Z", "2024-02-30T00:00:00Z", 99999999999999999, "soon"])
        event["lock_kind"] = generator.choice(["temporary", "permanent", "none", "eternal"])
        event["lock_reason"] = generator.choice(["too many failures", "x" * 65, HOSTILE[1]])
    if kind == "lockout_reset":
        event["actor_id"], event["reset_reason"] = "admin-1", "asked by phone"


def decorate(generator, event):
    """What senders send besides, and what they should not."""
    if generator.random() < 0.3:
        event["ip"] = generator.choice(ADDRESSES)
    if generator.random() < 0.2:
        event["user_agent"] = generator.choice(HOSTILE)
    if generator.random() < 0.1:
        event["username"] = generator.choice(HOSTILE)
    if generator.random() < 0.2:
        event["channel"] = generator.choice(["web", "mobile", "api", "fax", 3])
    if generator.random() < 0.2:
        event["metadata"] = generator.choice(METADATA)
    if generator.random() < 0.1:
        event[generator.choice(["source", "account", "session_id", "received_at", "repaired", "X-Auth-Token", "a.b"])] = \
            generator.choice([{"system": "sshd"}, "v", 5, ["a", ["b"]], None])
    if generator.random() < 0.02:
        event["occurred_at"] = generator.choice(["2023-11-14T22:13:20.123456789+02:00", "2016-12-31T23:59:60Z",
                                                 "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", -1,
                                                 1_700_000_000, 1_700_000_000.25])
    if generator.random() < 0.01:
        event["organization_id"] = event.pop("organisation_id", None) or "alias"


def refusable(generator, event):
    """One of the few things that are refused."""
    name, value = generator.choice([("tenant_id", "a b"), ("tenant_id", None), ("event_type", "Login"), ("log_id", "/"),
                                    ("occurred_at", "yesterday"), ("organisation_id", "x" * 129), ("schema_version", 2)])
    event[name] = value


def make_event(generator, number, tenants, accounts):
    event = {"tenant_id": f"tenant-{generator.randrange(tenants)}", "log_id": f"event-{number}",
             "event_type": generator.choices(["login_failed", "login_success", "account_locked", "lockout_reset", "logout",
                                              "mfa.failed_2"], [50, 20, 6, 5, 15, 4])[0],
             "occurred_at": START_MS + generator.randrange(0, 40) * 250 + generator.randrange(3) * 86_400_000}
    organisation = generator.choice(ORGANISATIONS)
    if organisation:
        event["organisation_id"] = organisation
    account(generator, event, accounts)
    lockout_members(generator, event)
    decorate(generator, event)
    if generator.random() < 0.05:
        del event["log_id"]
    if generator.random() < 0.02:
        refusable(generator, event)
    return event


def lines(seed, count, tenants=TENANTS, accounts=ACCOUNTS):
    generator = random.Random(seed)
    sent = []
    for number in range(count):
        chance = generator.random()
        if sent and chance < 0.05:
            event = generator.choice(sent)  # A repeat; without an id it is an event of its own.
        elif sent and chance < 0.10:
            event = {**generator.choice(sent), "user_agent": f"other content {number}"}  # A conflict, where it has an id.
        else:
            event = make_event(generator, number, tenants, accounts)
        sent.append(event)
        text = json.dumps(event, ensure_ascii=generator.random() < 0.5)
        yield text.encode("utf-8", "surrogatepass" if generator.random() < 0.5 else "replace")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--tenants", type=int, default=TENANTS)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    options = parser.parse_args()
    for line in lines(options.seed, options.events, options.tenants, options.accounts):
        sys.stdout.buffer.write(line + b"\n")


if __name__ == "__main__":
    main()
