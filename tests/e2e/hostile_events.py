"""Hostile events by hand: the bytes that are sent, and word for word what both stores must hold of them.

No code of the agent and none of the oracle works these out. `@ID@` in the bytes stands for the log id, which is another
one for every way in."""
import dataclasses
import hashlib

R = "\N{REPLACEMENT CHARACTER}"
START = 1_700_000_000_000_000
LATEST = 253_402_300_799_999_999
KEY = "[redacted:key]"


@dataclasses.dataclass
class Case:
    name: str
    raw: bytes
    fields: dict  # Beside the four that every event has.
    document: dict | None = None  # The document store's own metadata, with its encoded keys.


CASES = []


def whole(name, raw, document=None, **fields):
    CASES.append(Case(name, raw.encode() if isinstance(raw, str) else raw, fields, document))


def case(name, members, document=None, **fields):
    """A failed login with these members besides."""
    raw = members.encode() if isinstance(members, str) else members
    whole(name, b'{"tenant_id":"t","log_id":"@ID@","event_type":"login_failed","occurred_at":1700000000000,%s}' % raw,
          document, **fields)


def named(name, typed, username, account=None, is_repaired=False):
    """A username: the JSON text between the quotes, what is kept, and the folded name if it is another."""
    raw = typed.encode() if isinstance(typed, str) else typed
    fields = {"username": username, "account": f"name:{username if account is None else account}"}
    case(name, b'"username":"%s"' % raw, **{key: value for key, value in fields.items() if value != "name:"},
         **({"repaired": ["username"]} if is_repaired else {}))


def moved(name, members, metadata, *repaired, document=None, **fields):
    """Members that end in the metadata."""
    case(name, members, document, metadata=metadata, repaired=sorted(["metadata", *repaired]), **fields)


def mark(canonical):
    """What stands for a value that was too much."""
    return {"_truncated": True, "bytes": len(canonical), "sha256": hashlib.sha256(canonical.encode()).hexdigest()}


def truncated(name, members, metadata, **fields):
    """Metadata over a limit, of which this is kept."""
    case(name, members, metadata=metadata, repaired=["metadata"], **fields)


def around(value, levels):
    """The value as the innermost `a` of so many objects."""
    return around({"a": value}, levels - 1) if levels else value


# --- Bytes that are no UTF-8, and characters that no store takes

for what, sent, kept in [
        ("a lone continuation byte", b"a\x80b", f"a{R}b"), ("an overlong slash", b"\xc0\xaf", R * 2),
        ("an overlong slash of three bytes", b"\xe0\x80\xaf", R * 3), ("of four", b"\xf0\x80\x80\xaf", R * 4),
        ("an encoded surrogate", b"\xed\xa0\x80x", f"{R * 3}x"), ("CESU-8", b"\xed\xa0\xbd\xed\xb8\x80", R * 6),
        ("a code point beyond Unicode", b"\xf4\x90\x80\x80", R * 4), ("bytes that never occur", b"\xff\xfe\xf8", R * 3),
        ("a cut sequence of three", b"\xe2\x82x", f"{R}x"), ("a cut sequence at the end", b"x\xf0\x9f\x98", f"x{R}"),
        ("two cut sequences", b"\xe2\x82\xf0\x9f", R * 2), ("a raw NUL", b"ann\0", f"ann{R}"),
        ("a raw tab", b"a\tb", f"a{R}b"), ("a raw unit separator", b"a\x1fb", f"a{R}b"),
        ("an escaped NUL", r"ann\u0000root", f"ann{R}root"), ("the other escapes", r"\b\f\n\r\t\u001f", R * 6),
        ("a lone high surrogate", r"\ud83d!", f"{R}!"), ("a lone low one", r"\udE00!", f"{R}!"),
        ("a pair the wrong way round", r"\ude00\ud83d", R * 2), ("a high one before a pair", r"\ud83d\ud83d\ude00",
                                                                 f"{R}😀"),
        ("a high one before an escape", r"\ud83d\u0062", f"{R}b")]:
    named(f"{what} in a username", sent, kept, is_repaired=True)

for what, sent, kept, account in [
        ("an escaped pair", r"\uD83D\uDE00", "😀", None), ("a replacement character that was sent", r"\ufffd", R, None),
        ("noncharacters", "\ufffe\U0010ffff", "\ufffe\U0010ffff", None), ("DEL and C1", "\x7f\x9f|", "\x7f\x9f|", None),
        ("a bidi override", r"\u202eevil", "\u202eevil", None), ("zero-width space", "a\u200b", "a\u200b", None),
        ("a byte order mark inside", "\ufeffann", "\ufeffann", None), ("line separators", "a\u2028b", "a\u2028b", None),
        ("an escaped quote and backslash", r"\"\\\/", '"\\/', None), ("ligatures", "ﬁﬀ", "ﬁﬀ", "fiff"),
        ("a sharp s", "STRAßE", "STRAßE", "strasse"), ("a capital sharp s", "ẞ", "ẞ", "ss"),
        ("a dotted capital I", "İstanbul", "İstanbul", "i\u0307stanbul"), ("sigmas", "ΣΊΣΥΦΟΣ", "ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("a combining accent", "E\u0301", "E\u0301", "é"), ("the Kelvin sign", "\u212aarl", "\u212aarl", "karl"),
        ("an n with apostrophe", "\u0149", "\u0149", "\u02bcn"), ("a small Cherokee letter", "\uab70", "\uab70",
                                                                  "\u13a0"),
        ("white space around", " Ann\u00a0\u3000\x85", " Ann\u00a0\u3000\x85", "ann"),
                                  ("only white space", "\u2003 ", "\u2003 ", ""),
        ("SQL", "Robert'); DROP TABLE auth_logs;--", "Robert'); DROP TABLE auth_logs;--",
         "robert'); drop table auth_logs;--"),
        ("the end of a COPY", r"\\.", "\\.", None), ("COPY's null", r"\\N", "\\N", "\\n"),
                                  ("markup", "<script>&amp;", "<script>&amp;", None),
        ("a look-up", "${jndi:ldap://x/a}", "${jndi:ldap://x/a}", None), ("a format", "%s%n%1$s", "%s%n%1$s", None),
        ("JSON", r"\",\"$set\":{\"a\":1}", '","$set":{"a":1}', None), ("an array literal", "{NULL,\\\"a\\\"}",
                                                                       '{NULL,"a"}', '{null,"a"}')]:
    named(f"{what} as a username", sent, kept, account)

# --- Text that is too long

def marked(front, whole_text):
    """A name or id over its limit: its front, and a mark of the whole."""
    return f"{front}~{hashlib.sha256(whole_text.encode()).hexdigest()[:32]}"


named("257 bytes of username", "x" * 257, marked("x" * 223, "x" * 257), is_repaired=True)
named("256 bytes of username", "x" * 256, "x" * 256)
named("65 characters of four bytes", "😀" * 65, marked("😀" * 55, "😀" * 65), is_repaired=True)
named("a limit inside of a character", "x" * 222 + "é" * 18, marked("x" * 222, "x" * 222 + "é" * 18), is_repaired=True)
named("100 escaped NULs, which grow", r"\u0000" * 100, marked(R * 74, R * 100), is_repaired=True)
for last in ("anna", "ben"):
    long_id = "ou=staff," * 14 + "uid=" + last
    case(f"the long id of {last}", f'"user_id":"{long_id}"', user_id=marked(long_id[:95], long_id),
         account="id:" + marked(long_id[:95], long_id), repaired=["user_id"])
case("every other text over its limit",
     ",".join(f'"{name}":"{"y" * 2000}"' for name in ("user_id", "actor_id", "user_agent", "service", "auth_method",
                                                     "failure_reason", "failure_code", "session_ref", "request_id",
                                                     "lock_reason", "reset_reason", "ip")),
     user_id=marked("y" * 95, "y" * 2000), actor_id="y" * 128, user_agent="y" * 1024, service="y" * 128, auth_method="y" * 64,
     failure_reason="y" * 64, failure_code="y" * 64, session_ref="y" * 128, request_id="y" * 128, lock_reason="y" * 64,
     reset_reason="y" * 64, remote_host="y" * 253, account="id:" + marked("y" * 95, "y" * 2000),
     repaired=["actor_id", "auth_method", "failure_code", "failure_reason", "lock_reason", "remote_host", "request_id",
               "reset_reason", "service", "session_ref", "user_agent", "user_id"])

# --- Values of the wrong type, outside of their list, or of no use

for member in ("user_id", "username", "actor_id", "user_agent", "service", "failure_reason", "session_ref", "ip",
               "channel"):
    moved(f"a number as {member}", f'"{member}":5', {member: 5}, member)
moved("an operator as user_id", '"user_id":{"$ne":null}', {"user_id": {"$ne": None}}, "user_id",
      document={"user_id": {"%24ne": None}})
moved("an array as ip", '"ip":["192.0.2.1"]', {"ip": ["192.0.2.1"]}, "ip")
moved("false as user_agent", '"user_agent":false', {"user_agent": False}, "user_agent")
moved("a channel in capitals", '"channel":"WEB"', {"channel": "WEB"}, "channel")
for typed, value in (("-1", -1), ("2147483648", 2**31), ("3.5", 3.5), ("true", True), ("[3]", [3]), ('"3"', "3")):
    moved(f"{typed} attempts", f'"failed_login_attempts":{typed}', {"failed_login_attempts": value},
          "failed_login_attempts")
moved("1e400 attempts", '"failed_login_attempts":1e400', {"failed_login_attempts": "1e400"}, "failed_login_attempts")
for attempts, number in (("3.0", 3), ("5e0", 5), ("-0", 0), ("2147483647", 2**31 - 1)):
    case(f"{attempts} attempts, which is an integer", f'"failed_login_attempts":{attempts}',
         failed_login_attempts=number)
moved("a lock until soon", '"account_locked_until":"soon"', {"account_locked_until": "soon"}, "account_locked_until")
moved("a lock until the year 0", '"account_locked_until":"0000-12-31T23:59:59Z"',
      {"account_locked_until": "0000-12-31T23:59:59Z"}, "account_locked_until")
for typed in ("infinity", "Infinity"):
    case(f"a lock until {typed}", f'"account_locked_until":"{typed}"', account_locked_until=LATEST)
moved("a lock until -infinity", '"account_locked_until":"-infinity"', {"account_locked_until": "-infinity"},
      "account_locked_until")
case("a lock until a number of seconds", '"account_locked_until":1700000000', account_locked_until=START,
     repaired=["account_locked_until"])
case("a lock beyond all years", '"account_locked_until":99999999999999999', account_locked_until=LATEST)
case("a lock of five digits' years", '"account_locked_until":"+12345-01-01T00:00:00Z"', account_locked_until=LATEST)
case("a lock kind of none", '"lock_kind":"none"')
moved("a lock kind in capitals", '"lock_kind":"NONE"', {"lock_kind": "NONE"}, "lock_kind")
for text, value in (("7", 7), ('"text"', "text"), ("[]", []), ("false", False)):
    moved(f"metadata that is {text}", f'"metadata":{text}', {"metadata": value})
case("null everywhere", ",".join(f'"{name}":null' for name in (
    "user_id", "username", "ip", "channel", "metadata", "session_id", "session_ref", "failed_login_attempts",
                                                               "lock_kind",
    "account_locked_until", "schema_version", "organisation_id", "organization_id", "password", "unknown", "account")))
case("nothing everywhere", ",".join(f'"{name}":""' for name in (
    "user_id", "username", "ip", "channel", "metadata", "session_id", "session_ref", "failed_login_attempts",
                                                                "lock_kind",
    "account_locked_until", "organisation_id", "organization_id")))
case("null and nothing in metadata", '"metadata":{"a":null,"b":"","c":{},"d":[]}',
     metadata={"a": None, "b": "", "c": {}, "d": []})
moved("an unknown empty text", '"x":""', {"x": ""})

# --- Members that are not the sender's, and collisions

moved("what only the agent may say",
      '"account":"id:root","agent":"me","content_hash":"00","effective_at":1,"epoch_id":"e","has_conflict":true,'
      '"leaf_index":1,"received_at":"2024-01-01T00:00:00Z","remote_host":"h","repaired":["x"],"user_id":"u1"',
      {"account": "id:root", "agent": "me", "content_hash": "00", "effective_at": 1, "epoch_id": "e",
       "has_conflict": True,
       "leaf_index": 1, "received_at": "2024-01-01T00:00:00Z", "remote_host": "h", "repaired": ["x"]},
      user_id="u1", account="id:u1")
moved("a mover whose name is taken", '"x":1,"metadata":{"x":2}', {"x": 2, "x_": 1})
moved("a mover whose second name is taken", '"x_":3,"x":1,"metadata":{"x":2}', {"x": 2, "x_": 1, "x__": 3})
moved("a mover between taken names", '"x":1,"metadata":{"x":2,"x_":3,"x__":4}', {"x": 2, "x_": 3, "x__": 4, "x___": 1})
moved("a wrong value whose name is taken", '"username":5,"metadata":{"username":"m"}',
      {"username": "m", "username_": 5},
      "username")
moved("names of prototypes", '"__proto__":{"a":1},"constructor":2,"toString":3',
      {"__proto__": {"a": 1}, "constructor": 2, "toString": 3})
moved("names that a store would take for its own",
      '"_id":1,"id":2,"ctid":3,"$where":"sleep(9)","a.b":4,"":5,"%":6,"%2E":7,"$":8,".":9,"a$b":10',
      {"_id": 1, "id": 2, "ctid": 3, "$where": "sleep(9)", "a.b": 4, "": 5, "%": 6, "%2E": 7, "$": 8, ".": 9,
       "a$b": 10},
      document={"_id": 1, "id": 2, "ctid": 3, "%24where": "sleep(9)", "a%2Eb": 4, "%": 5, "%25": 6, "%252E": 7,
                "%24": 8, "%2E": 9, "a$b": 10})
case("extended JSON",
     '"metadata":{"d":{"$date":"2024-01-01T00:00:00Z"},"n":{"$numberLong":"5"},'
     '"o":[{"$oid":"507f1f77bcf86cd799439011"}]}',
     document={"d": {"%24date": "2024-01-01T00:00:00Z"}, "n": {"%24numberLong": "5"},
               "o": [{"%24oid": "507f1f77bcf86cd799439011"}]},
     metadata={"d": {"$date": "2024-01-01T00:00:00Z"}, "n": {"$numberLong": "5"},
               "o": [{"$oid": "507f1f77bcf86cd799439011"}]})
case("a forged mark of truncation", '"metadata":{"_truncated":true,"bytes":1}',
     metadata={"_truncated": True, "bytes": 1})
moved("keys with what is no text", rb'"metadata":{"a\u0000":1,"\ud800":2,"c' + b"\xff" + rb'":3}',
      {f"a{R}": 1, R: 2, f"c{R}": 3})
moved("a repeated key in metadata", '"metadata":{"a":1,"b":{"c":[{"d":1,"d":2}]},"a":{"z":0},"a":3}',
      {"a": 3, "b": {"c": [{"d": 2}]}})
moved("keys that mending makes equal", r'"metadata":{"a\u0001":1,"a\u0002":2}', {f"a{R}": 2})
moved("both spellings of organisation", '"organization_id":"b","organisation_id":"a"', {"organization_id": "b"},
      organisation_id="a")
case("the other spelling", '"organization_id":"o~1"', organisation_id="o~1")

# --- Numbers in metadata

case("numbers at the limits",
     '"metadata":{"a":9007199254740992,"b":-9007199254740992,"c":1.7976931348623157e308,"d":5e-324,"e":1E+2,"f":-0,'
     '"g":-0.0,"h":1.0,"i":0.1}',
     metadata={"a": 2**53, "b": -(2**53), "c": 1.7976931348623157e308, "d": 5e-324, "e": 100, "f": 0, "g": 0, "h": 1,
               "i": 0.1})
moved("numbers beyond the limits",
      '"metadata":{"a":9007199254740993,"b":-9007199254740993,"c":1.7976931348623159e308,"d":-1e400,'
      '"e":1e99999999999999999999,"f":18446744073709551616}',
      {"a": "9007199254740993", "b": "-9007199254740993", "c": "1.7976931348623159e308", "d": "-1e400",
       "e": "1e99999999999999999999",
       "f": "18446744073709551616"})
case("numbers that are nearly nothing",
     f'"metadata":{{"a":1e-400,"b":-1e-99999999999999999999,"c":0e99999999,"d":0.{"0" * 400}1}}',
     metadata={"a": 0, "b": 0, "c": 0, "d": 0})
moved("400 digits", f'"metadata":{{"a":{"9" * 400}}}', {"a": "9" * 400})
moved("an unknown number beyond the limits", '"n":12345678901234567890', {"n": "12345678901234567890"})

# --- Depth and size

case("metadata of depth 8", '"metadata":' + '{"a":' * 8 + "1" + "}" * 8,
     metadata={"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}})
truncated("metadata of depth 9", '"metadata":' + '{"a":' * 9 + "1" + "}" * 9, around(mark('{"a":{"a":1}}'), 7))
truncated("an unknown member of depth 8", '"m":' + "[" * 8 + "]" * 8, {"m": [[[[[[mark("[[]]")]]]]]]})
truncated("100,000 levels", '"metadata":{"m":' + "[" * 100_000 + "]" * 100_000 + "}",
          {"m": [[[[[[mark("[" * 99_994 + "]" * 99_994)]]]]]]})
case("metadata of 8,192 bytes", '"metadata":{"a":"%s"}' % ("x" * 8184), metadata={"a": "x" * 8184})
truncated("metadata of 8,193 bytes", '"metadata":{"a":"%s"}' % ("x" * 8185), {"a": mark('"%s"' % ("x" * 8185))})
truncated("a long address beside what matters", '"device":"d-7","metadata":{"risk":"high","uri":"%s","r":{"l":"%s","h":"h"}}' %
          ("y" * 9000, "z" * 8500), {"device": "d-7", "risk": "high", "uri": mark('"%s"' % ("y" * 9000)),
                                     "r": {"l": mark('"%s"' % ("z" * 8500)), "h": "h"}})
truncated("a name of 9,000 bytes", '"%s":1' % ("n" * 9000), mark('{"%s":1}' % ("n" * 9000)))
truncated("50,000 members", '"metadata":{%s}' % ",".join(f'"{n}":{n}' for n in range(10_000, 60_000)),
          mark("{%s}" % ",".join(f'"{n}":{n}' for n in range(10_000, 60_000))))
truncated("truncated secrets, redacted before they are hashed",
          '"metadata":{"a":{"l":[%s],"password":"hunter2"}}' % ",".join(["1"] * 4500),
          {"a": {"l": mark("[%s]" % ",".join(["1"] * 4500)), "password": "[redacted:key]"}})
