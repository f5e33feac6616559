"""More hostile events by hand: times, addresses, session ids, secrets. Adds to hostile_events.CASES."""
from hostile_events import KEY, R, START, case, moved, named, whole

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
# The first half of SHA-256 over "t", NUL and the id, or its canonical JSON.
SESSION_ABC = "7f215208fc0517530f34d11943d410df"
SESSION_5 = "ce92acc7ab2cd3a12efc1cd464bcdac7"
SESSION_OBJECT = "6a5caa233486a6875e6ca6cced9109cc"  # {"a":2,"b":1}
SESSION_LIST = "4d9ccc1b9cd02aee849cf894e8277889"  # ["abc"]

# --- Times

for typed, micros in [
        ('"2024-02-29T12:00:00.1234567+01:00"', 1_709_204_400_123_456),
        ('"2016-12-31 23:59:60z"', 1_483_228_799_999_999),
        ('"2016-12-31t23:59:60.5-00:00"', 1_483_228_799_999_999), ('"0001-01-01T00:00:00Z"', -62_135_596_800_000_000),
        ('"9999-12-31T23:59:59.99999999999Z"', 253_402_300_799_999_999), ('"1969-12-31T23:59:59.9999999Z"', -1),
        ("-100000000000", -100_000_000_000_000), ("1.7e12", START), ("1700000000000.0", START), ("-62135596800000", -62_135_596_800_000_000),
        ("253402300799999", 253_402_300_799_999_000), ("100000000000", 100_000_000_000_000),
        ('"2023-11-14T22:13:20+23:59"', 1_699_913_660_000_000)]:
    whole(f"occurred at {typed}",
          '{"tenant_id":"t","log_id":"@ID@","event_type":"login_failed","occurred_at":%s}' % typed, occurred_at=micros)

for typed, micros in [("1700000000", START), ("1700000000.0", START), ("1700000000.1234567", START + 123_456),
                      ("-1", -1_000_000), ("0", 0), ("-0", 0), ("1.5", 1_500_000), ("-0.0000001", -1),
                      ("99999999999", 99_999_999_999_000_000), ("17e8", START)]:
    whole(f"occurred at {typed} seconds",
          '{"tenant_id":"t","log_id":"@ID@","event_type":"login_failed","occurred_at":%s}' % typed, occurred_at=micros,
          repaired=["occurred_at"])

# --- Addresses

for typed, kept in [
        ("192.0.2.7:443", "192.0.2.7"), ("[2001:DB8::1]:8443", "2001:db8::1"), ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:1", "fe80::1"), ("::ffff:198.51.100.4", "198.51.100.4"),
        ("::FFFF:C633:6404", "198.51.100.4"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("::1.2.3.4", "::102:304"), ("::", "::"), ("0.0.0.0", "0.0.0.0"),
        ("2001:0db8:0:0:0:0:0:2", "2001:db8::2"), (" 192.0.2.7", "192.0.2.7"), ("  [::1]:443  ", "::1"),
        ("2001:db8:1:2:3:4:5:6:443", "2001:db8:1:2:3:4:5:6"), ("1::3:4:5:6:7:8:65535", "1:0:3:4:5:6:7:8"),
        ("::ffff:198.51.100.4:443", "198.51.100.4"), ("2001:db8::1:443", "2001:db8::1:443")]:
    case(f"the address {typed}", f'"ip":"{typed}"', ip=kept)
for typed in ("010.1.2.3", "999.1.1.1", "1.2.3", "0x7f.0.0.1", "2130706433", "1.2.3.4.5", "192.0.2.7 1",
              "1:2:3:4:5:6:7:8:65536", "1:2:3:4:5:6:7:8:9:10", "192.0.2.7,10.0.0.1",
              "192.0.2.7, 10.0.0.1",
              "fe80::1%", "[::1", "::1]", "[::1]:99999", "192.0.2.7:", "192.0.2.7:-1", "1::2::3", "192.0.2.7/32",
              "localhost",
              "192.0.2.7%eth0", "١٩٢.0.2.7", ":", "[]", "unknown'; --"):
    case(f"no address, {typed}", f'"ip":"{typed}"', remote_host=typed)
case("an address with a NUL behind it", r'"ip":"192.0.2.7\u0000"', remote_host=f"192.0.2.7{R}",
     repaired=["remote_host"])
case("an address that is a token", f'"ip":"{JWT}"', remote_host="[redacted:jwt]", repaired=["remote_host"])

# --- Session ids, never kept

case("a session id", '"session_id":"abc"', session_ref=SESSION_ABC)
case("a session id that is a number", '"session_id":5', session_ref=SESSION_5)
case("a session id that is an object", '"session_id":{"b":1,"a":2}', session_ref=SESSION_OBJECT)
case("session ids at every depth",
     '"metadata":{"session_id":"abc","a":[{"session_id":["abc"]},{"session_id":null}]},"session_id":"abc"',
     metadata={"session_id": f"sref:{SESSION_ABC}", "a": [{"session_id": f"sref:{SESSION_LIST}"}, {"session_id": None}]},
     session_ref=SESSION_ABC)
case("a session id by a usual name", '"sessionId":"abc","metadata":{"JSESSIONID":"abc","x":{"session-id":"abc"}}',
     metadata={"JSESSIONID": f"sref:{SESSION_ABC}", "x": {"session-id": f"sref:{SESSION_ABC}"}}, session_ref=SESSION_ABC)
moved("a session id beside a reference", '"session_id":"abc","session_ref":"r"', {"session_id": f"sref:{SESSION_ABC}"},
      session_ref="r")
moved("a session id beside a reference of the wrong type", '"session_id":"abc","session_ref":5', {"session_ref": 5},
      "session_ref",
      session_ref=SESSION_ABC)

# --- Secrets by the name of their key

SECRET_KEYS = ["password", "Passwd", "PWD", "userPassword", "x-auth-token", "refresh.token", "refresh_token_", "OTP",
               "set-cookie",
               "Authorization", "clientSecret", "client_secret", "ApiKey", "X-API-KEY", "x.api.key", "sshPrivateKey",
               "private_key",
               "apiOTP", "old--password", ".secret"]
SECRET_KEYS += ["password_confirmation", "password1", "new_password2", "user[password]", "moderatorPW", "passphrase", "totp",
                "totp_code", "tokens", "api_keys", "pass word", "cookies", "token2", "apitoken", "PASSWORDS"]
OPEN_KEYS = ["passwordHint", "token_type", "country_code", "secretary", "keyApi", "spin"]
for key in SECRET_KEYS:
    moved(f"the unknown member {key}", f'"{key}":"hunter2"', {key: KEY})
case("keys that are near a secret's", '"metadata":{%s}' % ",".join(f'"{key}":"open"' for key in OPEN_KEYS),
     metadata=dict.fromkeys(OPEN_KEYS, "open"))
moved("secrets of every type at every depth",
      '"metadata":{"password":{"a":"hunter2"},"l":[[{"token":["hunter2"]}],{"o":{"otp":123456,"pwd":""}}],'
      '"k":{"secret":12345678901234567890}}',
      {"password": KEY, "l": [[{"token": KEY}], {"o": {"otp": KEY, "pwd": KEY}}], "k": {"secret": KEY}})
case("what is no secret under a secret's key",
     '"metadata":{"has_password":true,"token":null,"otp":false,"cookie":"2024-01-01T00:00:00Z"}',
     metadata={"has_password": True, "token": None, "otp": False, "cookie": "2024-01-01T00:00:00Z"})
case("outcomes and counts under a secret's key",
     '"metadata":{"otp":"failed","password":"Expired","failed_password":3,"pwd":"/home/bob"}',
     metadata={"otp": "failed", "password": "Expired", "failed_password": 3, "pwd": "/home/bob"})
moved("what is only nearly a time", '"metadata":{"token":"2024-02-30T00:00:00Z","otp":1704067200000}',
      {"token": KEY, "otp": KEY})
moved("a secret key with what is no text", rb'"metadata":{"a\u0000.password":"hunter2","password\u0000":"hunter"}',
      {f"a{R}.password": KEY, f"password{R}": KEY})
moved("a secret whose name is taken", '"password":"hunter2","metadata":{"password":"hunter3"}',
      {"password": KEY, "password_": KEY})

# --- Secrets by their shape

for rule, typed, kept in [
        ("key", f"token={JWT}; next", "token=[redacted:key]; next"), ("jwt", f"{JWT}.a.b", "[redacted:jwt]"),
        ("jwt", f"a{JWT} {JWT}", "a[redacted:jwt] [redacted:jwt]"),
        ("bearer", "  bEaReR   abcDEF0123456789 def", "  bEaReR   [redacted:bearer] def"),
        ("bearer", "got: Bearer abcDEF0123456789=, ok", "got: Bearer [redacted:bearer], ok"),
        ("basic", "Basic dXNlcjpwYXNz", "Basic [redacted:basic]"),
        ("basic", "use basic dXNlcjpwYXNz!", "use basic [redacted:basic]!"),
        ("header", "Cookie: SID=abc", "Cookie: [redacted:header]"), ("url", "https://b:x@h/", "https://b:[redacted:url]@h/"),
        ("token", "ghp_abcDEF0123456789", "[redacted:token]"), ("session", "/a;jsessionid=1A", "/a;jsessionid=[redacted:session]"),
        ("pem", "key: -----BEGIN RSA PRIVATE KEY-----MIIB", "key: [redacted:pem]")]:
    case(f"{rule} in {typed[:40]} as a user agent", f'"user_agent":"{typed}"', user_agent=kept, repaired=["user_agent"])
for typed in ("eyJab.c.d", "eyJabcdef.c", "the bearer certificate was", "use basic authentication please",
              "xBearer abcDEF0123456789", "Bearer ", "Basic User 1", "Bearer token expired", "eyJabcd..",
              "-----BEGIN CERTIFICATE-----MIIB", "password=expired",
              "----BEGIN X", "eyJ hbGci.a.b"):
    case(f"no secret, {typed}", f'"user_agent":"{typed}"', user_agent=typed)
case("a token as every name",
     f'"user_id":"{JWT}","username":"Basic dXNlcjpwYXNz","failure_reason":"Bearer abcDEF0123456789"',
     user_id="[redacted:jwt]", username="Basic [redacted:basic]", failure_reason="Bearer [redacted:bearer]",
     account="id:[redacted:jwt]", repaired=["failure_reason", "user_id", "username"])
named("a name that only begins like a secret", "Basic User 1", "Basic User 1", "basic user 1")
moved("tokens as keys and in lists",
      f'"metadata":{{"{JWT}":1,"l":["x","Bearer abcDEF0123456789",["{JWT}"]]}},"Basic dXNlcjpwYXNz":2',
      {"[redacted:jwt]": 1, "l": ["x", "Bearer [redacted:bearer]", ["[redacted:jwt]"]], "Basic [redacted:basic]": 2})
moved("two unknown tokens, which get one name", f'"{JWT}":1,"{JWT}x":2', {"[redacted:jwt]": 1, "[redacted:jwt]_": 2})
moved("eleven unknown tokens", ",".join(f'"{JWT}{number}":{number}' for number in range(10, 21)),
      {"[redacted:jwt]" + tail: number for number, tail in
       zip(range(10, 21), ["", *("_" * count for count in range(1, 9)), "________1", "________2"], strict=True)})
case("a token that is cut before it could be seen", '"user_agent":"%s%s"' % ("x" * 1020, JWT),
     user_agent="x" * 1020 + "[red",
     repaired=["user_agent"])
case("a token in escapes", r'"user_agent":"\u0065yJhbGciOiJIUzI1NiJ9\u002eeyJz\u002Ec2ln"', user_agent="[redacted:jwt]",
     repaired=["user_agent"])
moved("a key in escapes", r'"metadata":{"\u0070asswor\u0064":"hunter2"}', {"password": KEY})
