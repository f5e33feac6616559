"""Redaction, session ids and the limits of metadata as ledger/FORMAT.md describes them. No code of the agent."""
import hashlib
import re

import canonical
import shapes
from sent import Members, Number, is_text, sent_text

WORDS = {"password", "passwd", "pwd", "secret", "token", "authorization", "cookie", "otp"}
ENDINGS = ("private_key", "client_secret", "api_key")
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{4,}(\.[A-Za-z0-9_-]*){2,4}")
CREDENTIALS = {name: re.compile(rf"(?<![A-Za-z0-9])(?i:{name}) +([A-Za-z0-9._~+/=-]{{8,}})") for name in ("bearer", "basic")}
HUMPS = re.compile(r"(?<=[^A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
METADATA_BYTES_MOST, METADATA_DEPTH_MOST = 8192, 8


def is_secret_key(key):
    words = ["".join(c.lower() if c.isascii() else c for c in word)
             for word in re.split(r"[-_.]", HUMPS.sub("_", key)) if word]
    return bool(words) and (words[-1] in WORDS or "_".join(words).endswith(ENDINGS))


def secret_at(text, place):
    """(end, mark) of a secret that begins at this place, or nothing."""
    if text.startswith("-----BEGIN ", place):
        return len(text), "[redacted:pem]"
    for name, shape in CREDENTIALS.items():
        found = shape.match(text, place)
        if found and re.search("[^a-z]", found[1][1:]):
            return found.end(), f"[redacted:{name}]"
    found = JWT.match(text, place)
    return (found.end(), "[redacted:jwt]") if found else None


def redacted(text):
    for name in CREDENTIALS:
        if re.match(rf" *(?i:{name}) +[^ ]", text):
            return f"[redacted:{name}]"
    kept, place = [], 0
    while place < len(text):
        secret = secret_at(text, place)
        kept.append(secret[1] if secret else text[place])
        place = secret[0] if secret else place + 1
    return "".join(kept)


def depth(value):
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(depth, children), default=0)


def within_limits(kept):
    text = canonical.value_text(kept).encode()
    if len(text) <= METADATA_BYTES_MOST and depth(kept) <= METADATA_DEPTH_MOST:
        return kept
    return {"_truncated": True, "bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}


class Cleaner:
    """Redaction, session hashes and number range on values; `is_changed` tells whether anything was repaired."""

    def __init__(self, tenant):
        self.tenant, self.is_changed = tenant, False

    def text(self, text):
        cleaned = redacted(sent_text(text))
        self.is_changed = self.is_changed or "\ufffd" in text or cleaned != sent_text(text)
        return cleaned

    def session(self, value):
        text = sent_text(value) if is_text(value) else canonical.value_text(self.unredacted(value))
        return hashlib.sha256(self.tenant.encode() + b"\0" + text.encode()).hexdigest()[:32]

    def unredacted(self, value):
        if isinstance(value, Number):
            return value.plain() if value.is_in_range() else str(value)
        if isinstance(value, Members):
            return {sent_text(name): self.unredacted(item) for name, item in value}
        if isinstance(value, list):
            return [self.unredacted(item) for item in value]
        return sent_text(value) if isinstance(value, str) else value

    def member(self, name, value):
        if name == "session_id":
            return name, None if value is None else self.session(value)
        is_time = is_text(value) and shapes.rfc3339(sent_text(value)) is not None
        if is_secret_key(sent_text(name)) and value is not None and not isinstance(value, bool) and not is_time:
            self.is_changed = True
            return self.text(name), "[redacted:key]"
        return self.text(name), self.value(value)

    def value(self, value):
        if isinstance(value, Number):
            self.is_changed = self.is_changed or not value.is_in_range()
            return value.plain() if value.is_in_range() else str(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Members):
            cleaned = [self.member(name, item) for name, item in value]
            self.is_changed = self.is_changed or len(dict(cleaned)) < len(cleaned)
            return dict(cleaned)
        return [self.value(item) for item in value] if isinstance(value, list) else value
