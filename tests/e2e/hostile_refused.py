"""What is refused, by hand: the bytes, and the answer's field and reason word for word."""
NOT_JSON = ("", "not a JSON object")
ID = "must be a string of 1 to 128 of the characters A-Z a-z 0-9 . _ : ~ - and no token"
TYPE = "must be a string of a lower-case letter and at most 63 more of a-z 0-9 _ ."
TIME = "must be an RFC 3339 time with zone, or epoch milliseconds or seconds"
RANGE = "is outside of the years 0001 to 9999"
TWICE = "this member comes more than once"
VERSION = "only schema_version 1 is known"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

GOOD = '{"tenant_id":"t","log_id":"x","event_type":"logout","occurred_at":0}'

REFUSED = []  # (what, bytes, (field, reason), whether it is JSON)


def refused(what, raw, field, reason):
    REFUSED.append((what, raw.encode() if isinstance(raw, str) else raw, (field, reason), True))


def not_json(what, raw):
    REFUSED.append((what, raw.encode() if isinstance(raw, str) else raw, NOT_JSON, False))


def member(name, typed, reason, field=None):
    """A good event but for one member."""
    members = {"tenant_id": '"t"', "log_id": '"x"', "event_type": '"logout"', "occurred_at": "0", name: typed}
    raw = "{" + ",".join(f'"{key}":{value}' for key, value in members.items() if value is not None) + "}"
    refused(f"{name} {typed and typed[:40]}", raw, field or name, reason)


not_json("text behind the event", GOOD + "x")
not_json("two events", GOOD + GOOD)
not_json("a comma behind it", GOOD + ",")
not_json("a byte order mark", b"\xef\xbb\xbf" + GOOD.encode())
not_json("UTF-16", GOOD.encode("utf-16-le"))
not_json("a comment", GOOD.replace(",", ",/* */", 1))
not_json("a comma before the end", GOOD[:-1] + ",}")
not_json("single quotes", GOOD.replace('"', "'"))
not_json("a bare key", GOOD.replace('"tenant_id"', "tenant_id"))
not_json("no end", GOOD[:-1])
not_json("a stray bracket", GOOD[:-1] + "]")
not_json("the end twice", GOOD + "}")
not_json("an open text", '{"tenant_id":"t')
not_json("an escape that JSON does not know", GOOD.replace('"t"', r'"\x41"'))
not_json("half an escape", GOOD.replace('"t"', r'"\u12"'))
not_json("a control character between members", GOOD.replace(",", ",\x0b", 1))
not_json("a NUL behind it", GOOD + "\0")
not_json("no-break space around", "\u00a0" + GOOD)
not_json("a number as key", GOOD.replace('"log_id"', "1e5"))
not_json("a key without value", '{"tenant_id"}')
not_json("only white space", " \t ")
not_json("NUL bytes", b"\0\0\0\0")
not_json("a form", "tenant_id=t&event_type=logout")
for number in ("01", "+1", ".5", "1.", "0x10", "NaN", "Infinity", "-", "1e", "1e+", "--1", "1_000", "٣"):
    not_json(f"the number {number}", GOOD.replace(":0}", f":{number}}}"))
for value in ("null", "true", "5", '"text"', "1e400", '"%s"' % JWT):
    refused(f"{value[:20]} alone", value, *NOT_JSON)
refused("an empty object", "{}", "tenant_id", "is missing and the agent has no default tenant")

refused("a known member twice", GOOD[:-1] + ',"log_id":"x"}', "log_id", TWICE)
refused("tenants twice", '{"tenant_id":"a","tenant_id":"b","event_type":"x","occurred_at":0}', "tenant_id", TWICE)
refused("an unknown member twice, once in escapes", GOOD[:-1] + r',"x":1,"\u0078":2}', "x", TWICE)
refused("null twice", GOOD[:-1] + ',"x":null,"x":null}', "x", TWICE)
refused("names that mending makes equal", GOOD[:-1] + r',"a\u0000":1,"a\u0001":2}', "a\ufffd", TWICE)
refused("a long name twice", GOOD[:-1] + ',"%s":1,"%s":2}' % ("n" * 100, "n" * 100), "n" * 64, TWICE)
refused("a token as a name twice", GOOD[:-1] + f',"{JWT}":1,"{JWT}":2}}', "[redacted:jwt]", TWICE)
refused("the first repeated name counts", GOOD[:-1] + ',"b":1,"b":1,"a":1,"a":1}', "a", TWICE)

for typed in ('"a b"', '"a/b"', '"a\\u0000"', '"é"', '"%s"' % ("x" * 129), "5", "[]", '{"$gt":""}', f'"{JWT}"',
              '"../etc"', '"a\\nb"', '"%"'):
    member("tenant_id", typed, ID)
    member("log_id", typed, ID)
member("tenant_id", "null", "is missing and the agent has no default tenant")
member("tenant_id", '""', "is missing and the agent has no default tenant")
member("organisation_id", '"o o"', ID)
member("organization_id", '"o o"', ID, field="organisation_id")
for typed in ('"Login"', '"login failed"', '"1x"', '"_x"', '"login_failed\\u0000"', '"a%s"' % ("x" * 64), "7", '"é"',
              '{"$ne":1}', '"a-b"'):
    member("event_type", typed, TYPE)
member("event_type", "null", "is missing")
member("event_type", '""', "is missing")
member("occurred_at", None, "is missing")
member("occurred_at", "null", "is missing")
for typed in ('"yesterday"', '"2024-02-30T00:00:00Z"', '"2023-02-29T00:00:00Z"', '"2024-01-01T00:00:00"',
              '"2024-01-01"', '"2024-01-01T24:00:00Z"',
              '"2024-01-01T00:00:61Z"', '"2024-01-01T00:60:00Z"', '"2024-13-01T00:00:00Z"',
              '"2024-01-01T00:00:00+24:00"', '"1700000000000"',
              '" 2024-01-01T00:00:00Z"', '"2024-01-01T00:00:00Z\\u0000"', '"2024-01-01T00:00:00.Z"',
              '"24-01-01T00:00:00Z"',
              "true", "[]", '{"$date":"2024-01-01T00:00:00Z"}', '"٢٠٢٤-01-01T00:00:00Z"', '"-001-01-01T00:00:00Z"'):
    member("occurred_at", typed, TIME)
for typed in ('"0001-01-01T00:00:00+00:01"', '"9999-12-31T23:59:59-00:01"', '"0000-12-31T23:59:59Z"', "-62135596800001",
              "253402300800000", "1700000000000.5", "-99999999999", "253402300800.5",
              "1e400", "-1e400", "9223372036854775807", '"+10000-01-01T00:00:00Z"', "9" * 400):
    member("occurred_at", typed, RANGE)
for typed in ("2", '"1"', "1.5", "true", '""', "[1]"):
    member("schema_version", typed, VERSION)
