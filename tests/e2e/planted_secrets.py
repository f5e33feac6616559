"""Secrets to plant into events, requests and addresses, and a search for them in every form that could leak.

Every secret holds WORD (or, where it has to be a number, NUMBER) and its own number, so that one search finds all and a
finding says which it was. `SHOWN` stands where it may be kept: a search that does not find it there is no search."""
import base64
import json
import pathlib
import re
import struct

WORD = "Zx9Qv7Kp2Wm5"
SHOWN = "Yb8Rt4Hn6Lc3"
NUMBER = 7319462085731

KEYS = ["password", "Passwd", "PWD", "user-pwd", "clientSecret", "client_secret", "x.api.key", "API-Key", "apiToken",
        "refresh_token",
        "Authorization", "Set-Cookie", "otp", "login.otp", "sshPrivateKey", "private_key_"]
TEXTS = ["user_id", "username", "actor_id", "ip", "user_agent", "channel", "service", "auth_method", "failure_reason",
         "failure_code", "session_ref", "request_id", "account_locked_until", "lock_kind", "lock_reason",
         "reset_reason",
         "failed_login_attempts", "unknown", "account", "remote_host"]
# What the words of a shape stand for: a secret as it is, or as the password of `Basic`.
WHOLE_SHAPES = ["eyJhbGciOiJIUzI1NiJ9.{plain}.{plain}", "Bearer {plain}", "Basic {basic}", "ghp_{plain}{plain}"]
SHAPES = [*WHOLE_SHAPES, "  basic   {basic}", "-----BEGIN PRIVATE KEY----- {plain}",
          "see eyJhbGciOiJIUzI1NiJ9.{plain}.{plain} there", "curl -H 'Authorization: Bearer {plain}' x",
          "{{\"header\":\"Basic {basic}\"}}", "a\n-----BEGIN RSA PRIVATE KEY-----\n{plain}", "a=1&password={plain}&b=2",
          "{{\"password\":\"{plain}\"}}", "https://bob:{plain}@host/?token={plain}", "Cookie: SID={plain}"]
WHOLE_ALONE = ("user_id", "username")  # There a part of the text is no reason to change it: it may be somebody's name.


class Planter:
    """Makes secrets and events that hold them."""

    def __init__(self):
        self.count = 0

    def secret(self):
        self.count += 1
        return f"{WORD}{self.count:05}"

    def shaped(self, shape):
        secret = self.secret()
        return shape.format(plain=secret, basic=base64.b64encode(b"bob:" + secret.encode()).decode())

    def event(self, **members):
        self.count += 1
        event = {"tenant_id": "t", "log_id": f"planted-{self.count}", "event_type": "login_failed",
                 "occurred_at": 1_700_000_000_000, "user_agent": f"{SHOWN}{self.count:05}"}
        return {**event, **members}

    def values(self):
        """What may stand under a secret's key."""
        secret = self.secret()
        return [secret, {"a": secret}, [[secret]], {secret: 1}, NUMBER, {"a": [NUMBER]}, float(NUMBER)]

    def kept_events(self):
        """Events that are accepted, with secrets in all the places where redaction must find them."""
        for key in KEYS:
            for value in self.values():
                deep = {"a": [{"b": {key: value}}, [{key: value}]], key: value}
                yield self.event(**{key: value}, metadata=deep)
                yield self.event(metadata={"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": deep}}}}}}}, "x": [deep] * 3})
        for shape in SHAPES:
            for name in TEXTS:
                if name not in WHOLE_ALONE or shape in WHOLE_SHAPES:
                    yield self.event(**{name: self.shaped(shape)})
                yield self.event(**{name: [self.shaped(shape), {self.shaped(shape): self.shaped(shape)}]})
            yield self.event(metadata={self.shaped(shape): {self.shaped(shape): [self.shaped(shape)]},
                                       "padding": "x" * 9000})
            yield self.event(metadata=self.shaped(shape), organization_id="o", organisation_id="o")
            yield self.event(**{self.shaped(shape): 1}, user_agent="x" * 1010 + self.shaped(shape))
        for session in (self.secret(), [self.secret()], {self.secret(): self.secret()}, NUMBER):
            yield self.event(session_id=session, metadata={"session_id": session, "a": [{"session_id": session}]})
            yield self.event(session_id=session, session_ref="known")

    def kept_lines(self):
        """The same as bytes, and some that json.dumps would not write."""
        for number, event in enumerate(self.kept_events()):
            text = json.dumps(event, ensure_ascii=number % 2 == 0)
            yield text.encode()
            if number % 5 == 0:  # A conflict and a duplicate of it.
                yield text.replace(SHOWN, "other " + SHOWN).encode()
                yield text.encode()
        for key in (r"\u0070assword", r"pass\u0077ord", r"a\u0000-token"):
            plain = json.dumps(self.event()).encode()[:-1]
            yield plain + rb',"%s":"%s"}' % (key.encode(), self.secret().encode())
            yield plain + rb',"metadata":{"%s":{"a":"%s"}}}' % (key.encode(), self.secret().encode())
        yield json.dumps(self.event()).encode()[:-1] + rb',"username":"\u0065yJhbGciOiJIUzI1NiJ9.%s.x"}' % self.secret().encode()
        yield json.dumps(self.event()).encode()[:-1] + b',"service":"\xff\0 Bearer\x20 %s"}' % self.secret().encode()

    def refused_lines(self):
        """Nothing of these may be kept or told, wherever it stands."""
        secret = self.secret()
        token = f"eyJhbGciOiJIUzI1NiJ9.{secret}.{secret}"
        good = json.dumps(self.event(username=secret, user_agent=secret, metadata={"a": secret})).encode()
        for broken in ({"tenant_id": secret + " x"}, {"tenant_id": token}, {"log_id": token}, {"event_type": secret},
                       {"occurred_at": secret}, {"occurred_at": NUMBER * 1000}, {"organisation_id": f"Bearer {secret}"},
                       {"schema_version": secret}, {"schema_version": NUMBER}):
            yield json.dumps(self.event(user_agent=secret, **broken)).encode()
        yield good[:-1] + b',"%s":1,"%s":2}' % (token.encode(), token.encode())
        yield good[:-1] + b',"log_id":"%s"}' % secret.encode()
        for line in (good[:-1], good + b"x", good.replace(b":", b"="), b'"%s"' % secret.encode(), secret.encode(),
                     b"[%s" % good, b"\0" + good, good[:60] + b"\\x" + good[60:],
                     b"Authorization: Bearer " + secret.encode()):
            yield line


def base64_forms(word):
    """The part of base64 that does not depend on what stands around, for the three places where a group can begin."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + word).decode()
        begin = -(-before * 8 // 6) if before == 0 else (before * 8 + 5) // 6
        yield whole[begin:len(whole.rstrip("=")) - (1 if (before + len(word)) % 3 else 0)].encode()


def forms(word):
    text = word.encode()
    yield from (text, text.lower(), text.upper(), word.encode("utf-16-le"), word.encode("utf-16-be"),
                word.encode("utf-32-le"))
    yield from (text.hex().encode(), text.hex().upper().encode(), text[::-1])
    yield from base64_forms(text)
    yield from (re.sub(b"..", rb"%\g<0>", text.hex().encode()), re.sub(b"..", rb"%\g<0>", text.hex().upper().encode()))
    yield b"".join(b"\\u%04x" % byte for byte in text)


def number_forms(number):
    yield from (str(number).encode(), b"7.319462085731e", b"7.319462085731E")
    yield from (struct.pack(layout, number) for layout in ("<q", ">q", "<d", ">d"))


SECRETS = re.compile(b"|".join(re.escape(form) for form in [*forms(WORD), *number_forms(NUMBER)]))
CONTROLS = re.compile(b"|".join(re.escape(form) for form in forms(SHOWN)))


def findings(pattern, places):
    """[(place, bytes around)] of every place, a pair of name and bytes, in which the pattern occurs."""
    found = []
    for name, content in places:
        match = pattern.search(content)
        if match:
            found.append((name, content[max(0, match.start() - 60):match.end() + 60]))
    return found


def files_under(folder):
    for path in sorted(pathlib.Path(folder).rglob("*")):
        try:
            if path.is_file():
                yield str(path), path.read_bytes()
        except FileNotFoundError:
            pass  # Files of a live database come and go.
