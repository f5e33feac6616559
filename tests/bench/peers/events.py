#!/usr/bin/python3
"""Writes N seeded events of about 450 bytes to a file: tests/bench/peers/events.py N FILE SEED"""
import datetime
import json
import random
import sys

START_MS = 1_767_225_600_000
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
          "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
          "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148")
KINDS = {"login_success": 70, "login_failed": 25, "account_locked": 3, "lockout_reset": 2}


def event(chance, number):
    ms = START_MS + number * 3
    digits = f"{ms:012x}7{chance.getrandbits(12):03x}{chance.getrandbits(62) | 2 << 62:016x}"
    kind = chance.choices(list(KINDS), KINDS.values())[0]
    return {"log_id": "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])),
            "tenant_id": f"tenant-{chance.randrange(10):02d}", "event_type": kind,
            "occurred_at": datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds"),
            "user_id": f"user-{chance.randrange(1000):04d}",
            "ip": ".".join(["10", *(str(chance.randrange(1, 255)) for _ in range(3))]), "user_agent": chance.choice(AGENTS),
            "channel": chance.choice(["web", "mobile", "api"]),
            "failed_login_attempts": 0 if kind == "login_success" else chance.randrange(1, 6),
            "metadata": {"device": f"{chance.getrandbits(96):024x}", "session": f"{chance.getrandbits(64):016x}",
                         "region": chance.choice(["eu-1", "us-2"])}}


def main():
    chance = random.Random(int(sys.argv[3]))
    with open(sys.argv[2], "w", encoding="ascii") as file:
        for number in range(int(sys.argv[1])):
            file.write(json.dumps(event(chance, number), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
