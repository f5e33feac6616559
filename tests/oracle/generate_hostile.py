#!/usr/bin/python3
"""Writes seeded events that are broken byte by byte and member by member, one a line, to standard output.

    tests/oracle/generate_hostile.py [--seed N] [--events N]

Each begins as an event of generate.py and has one to three things done to it. Most are still events, some are refused,
some are no JSON any more. The oracle judges them: normalise.py, compare.py.
"""
import argparse
import json
import random
import sys

import generate
import normalise

NAMES = sorted(normalise.KNOWN | {"account", "received_at", "repaired", "remote_host", "content_hash", "password",
                                  "X-Api-Key", "sessionId", "sid", "a.b",
                                  "$gt",
                                  "", "x", "x_", "eyJhIjoxfQ.eyJz.c2ln", "metadata_"})
OPTIONAL_NAMES = [name for name in NAMES if not name.endswith(("tenant_id", "log_id", "event_type", "occurred_at",
                                                               "version"))]
VALUES = [b"null", b"true", b"0", b"-0", b"-1", b"1e400", b"1e-400", b"9007199254740993", b"1.0", b"5e0", b"2147483648",
          b"01",
          b"NaN", b'""', b'"x"', b'" "', b'"none"', b'"permanent"', b'"web"', b'"2024-02-29T23:59:60.9999999Z"',
          b'"9999-12-31T23:59:59.9999999Z"', b'"10000-01-01T00:00:00Z"', b"253402300800000", b"99999999999999999",
          b"1700000000", b"1700000000.1234567", b"-1.5e-7", b"17e10", b"99999999999", b"1e20", b"-1.7e18", b'"infinity"',
          b'" 192.0.2.1 "', b'"1:2:3:4:5:6:7:8:9"', b'"::ffff:192.0.2.1:5"', b'"1::3:4:5:6:7:8:65536"', b'["username"]',
          b"[]",
          b"{}", b"[[[[[[[[1]]]]]]]]", b'{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}', b'{"$oid":"5"}',
          b'{"x":1,"x":2}',
          b'{"password":{"x":1},"otp":true,"session_id":"s","":null}', b'"Bearer abcDEF0123456789"', b'"x Basic dXNlcjpwYXNz y"',
          b'"eyJhIjoxfQ.eyJz.c2ln"', b'"-----BEGIN PRIVATE KEY-----MII"', b'"a=b&password=x&sid=y"', b'"{\\"pin\\":813204}"',
          b'"https://a:b@c/"', b'"Cookie: a=b"', b'"192.0.2.1:5"', b'"[fe80::1%e]:5"', b'"::1.2.3.4"',
          b'"1.2.3"',
          b'"\xc4\xb0\xe1\xba\x9e"', b'"' + b"\xf0\x9f\x98\x80" * 300 + b'"', b'"' + b"y" * 9000 + b'"']
PIECES = [b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xff", b"\0", b"\t", b"\x1f",
          b"\x7f",
          b"\xc2\x85", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\xef\xbf\xbd", b"\xef\xbf\xbe", rb"\u0000", rb"\ud800",
          rb"\uDC00", rb"\ud83d\ude00",
          rb"\ude00\ud83d", rb"\n", rb"\\", rb"\"", rb"\/", rb"\x", rb"\u12", b'"', b"{", b"}", b"[", b"]", b",", b":",
          b" ", b"e", b"."]


def add_member(generator, line):
    name = json.dumps(generator.choice(NAMES if generator.random() < 0.3 else OPTIONAL_NAMES)).encode()
    place = generator.choice([at for at in range(len(line)) if line[at:at + 1] in b"{"] or [0]) + 1
    return line[:place] + name + b":" + generator.choice(VALUES) + b"," + line[place:]


def replace_value(generator, line):
    colons = [at for at in range(len(line)) if line[at:at + 2] == b": "]
    if not colons:
        return line
    begin = generator.choice(colons) + 2
    end = min((at for at in (line.find(b", ", begin), line.find(b"}", begin)) if at >= 0), default=len(line))
    return line[:begin] + generator.choice(VALUES) + line[end:]


def insert_piece(generator, line):
    place = generator.randrange(len(line) + 1)
    return line[:place] + generator.choice(PIECES) + line[place:]


def insert_into_text(generator, line):
    """Behind the first character of some text, so that it mostly stays an event."""
    quotes = [at for at in range(len(line) - 1) if line[at:at + 1] == b'"' and line[at + 1:at + 2].isalnum()]
    place = generator.choice(quotes) + 2 if quotes else 0
    return line[:place] + generator.choice(PIECES[:26]) + line[place:]


def flip_byte(generator, line):
    place = generator.randrange(len(line))
    return line[:place] + bytes([line[place] ^ 1 << generator.randrange(8)]) + line[place + 1:]


def cut(generator, line):
    return line[:generator.randrange(1, len(line))]


MISCHIEF = [add_member, replace_value, insert_into_text, insert_piece, flip_byte, cut]
WEIGHTS = [30, 25, 36, 3, 5, 1]


def lines(seed, count):
    generator = random.Random(seed)
    for number, line in enumerate(generate.lines(seed, count)):
        for mischief in generator.choices(MISCHIEF, WEIGHTS, k=generator.randrange(1, 4)):
            line = mischief(generator, line or b"{}")
        line = line.replace(b"\n", b" ")
        yield line if line.strip(b"\r") else b"{%d}" % number


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=5000)
    options = parser.parse_args()
    for line in lines(options.seed, options.events):
        sys.stdout.buffer.write(line + b"\n")


if __name__ == "__main__":
    main()
