"""From one sent line to the content that must be kept, from contract section 3 and ledger/FORMAT.md alone."""
import hashlib
import itertools
import json
import math
import re

import canonical
import fold
import shapes

IDENTIFIER = re.compile(r"[A-Za-z0-9._:~-]{1,128}\Z")
EVENT_TYPE = re.compile(r"[a-z][a-z0-9_.]{0,63}\Z")
TEXT_LIMITS = {"user_id": 128, "username": 256, "actor_id": 128, "user_agent": 1024, "service": 128, "auth_method": 64,
               "failure_reason": 64, "failure_code": 64, "session_ref": 128, "request_id": 128, "lock_reason": 64,
               "reset_reason": 64}
OTHER_NAMES = {"tenant_id", "log_id", "event_type", "occurred_at", "organisation_id", "organization_id", "ip", "channel",
               "session_id", "failed_login_attempts", "account_locked_until", "lock_kind", "metadata", "schema_version"}
KNOWN = OTHER_NAMES | TEXT_LIMITS.keys()
CHANNELS = {"web", "mobile", "api", "desktop", "cli", "service", "other"}
EVENT_BYTES_MOST, METADATA_BYTES_MOST, METADATA_DEPTH_MOST = 1 << 20, 8192, 8
SENT = "\U000F1234"  # Stands for a U+FFFD that the sender wrote, so that one made by mending can be told from it.


class Refused(Exception):
    """One of the few things that the contract refuses; the member is the argument."""


class Number(str):
    """A number as it was spelled."""

    def integer(self):
        """The integer that it stands for, or None."""
        if not re.search("[.eE]", self):
            return int(self)
        value = float(self)
        if math.isinf(value):
            return 10**400 if value > 0 else -(10**400)
        return int(value) if value == int(value) else None

    def is_in_range(self):
        return not math.isinf(float(self)) if re.search("[.eE]", self) else abs(int(self)) <= 2**53

    def plain(self):
        return float(self) if re.search("[.eE]", self) else int(self)


class Members(list):
    """An object's members in the order and number they were sent."""


def mend(text):
    """What no strict parser takes becomes U+FFFD: C0 and lone surrogates in strings, raw or escaped."""
    token = re.compile(r'"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u([0-9a-fA-F]{4})|\\([bfnrt])|\\.|'
                       r"[\x00-\x1f]", re.S)
    is_inside = False

    def repaired(found):
        nonlocal is_inside
        if found[0] == '"':
            is_inside = not is_inside
        elif is_inside and (found[2] or len(found[0]) == 1):
            return "\ufffd"
        elif is_inside and found[1] and (int(found[1], 16) < 0x20 or 0xD800 <= int(found[1], 16) < 0xE000):
            return "\ufffd"
        return found[0]

    return token.sub(repaired, text)


def parse(raw):
    marked = re.sub(rb"\\u[fF]{3}[dD]", SENT.encode(), raw.replace("\ufffd".encode(), SENT.encode()))
    try:
        value = json.loads(mend(marked.decode("utf-8", "replace")), object_pairs_hook=Members, parse_int=Number,
                           parse_float=Number, parse_constant=lambda _: (_ for _ in ()).throw(ValueError()))
    except (ValueError, RecursionError):
        raise Refused("") from None
    if not isinstance(value, Members):
        raise Refused("")
    return value


def sent_text(text):
    return text.replace(SENT, "\ufffd")


def is_text(value):
    return isinstance(value, str) and not isinstance(value, Number)


def cut(text, most_bytes):
    return text.encode()[:most_bytes].decode("utf-8", "ignore")


def depth(value):
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(depth, children), default=0)


def free_name(name, taken):
    tails = itertools.chain(("_" * count for count in range(9)), ("_" * 8 + str(number) for number in itertools.count(1)))
    return next(name + tail for tail in tails if name + tail not in taken)


def read_time(value):
    if isinstance(value, Number):
        number = value.integer()
        return None if number is None else shapes.ranged(number * 1000)
    return shapes.rfc3339(value) if is_text(value) else None


class Cleaner:
    """Redaction, session hashes and number range on values; `is_changed` tells whether anything was repaired."""

    def __init__(self, tenant):
        self.tenant, self.is_changed = tenant, False

    def text(self, text):
        cleaned = shapes.redacted(sent_text(text))
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
        if shapes.is_secret_key(sent_text(name)) and value is not None and not isinstance(value, bool) and not is_time:
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


class Reader:
    def __init__(self, members, default_tenant):
        names = [sent_text(name) for name, _ in members]
        if len(set(names)) < len(names):
            raise Refused("repeated")
        self.members = {sent_text(name): (name, value) for name, value in members}
        self.content, self.repaired, self.movers = {}, set(), []
        self.default_tenant, self.cleaner = default_tenant, None

    def get(self, name):
        value = self.members.get(name, (name, None))[1]
        return None if is_text(value) and value == "" and name != "schema_version" else value

    def identifier(self, name):
        value = self.get(name)
        if value is not None and (not is_text(value) or not IDENTIFIER.match(value) or shapes.redacted(value) != value):
            raise Refused(name)
        return value

    def identity(self):
        version = self.get("schema_version")
        if version is not None and not (isinstance(version, Number) and version.integer() == 1):
            raise Refused("schema_version")
        tenant = self.identifier("tenant_id") or self.default_tenant
        if not tenant:
            raise Refused("tenant_id")
        self.cleaner = Cleaner(tenant)
        both = self.get("organisation_id") is not None and self.get("organization_id") is not None
        found = {"tenant_id": tenant, "log_id": self.identifier("log_id"),
                 "organisation_id": self.identifier("organisation_id" if self.get("organisation_id") is not None
                                                    else "organization_id")}
        self.content.update({name: value for name, value in found.items() if value})
        if both:
            self.movers.append("organization_id")
        event_type, occurred_at = self.get("event_type"), read_time(self.get("occurred_at"))
        if not is_text(event_type) or not EVENT_TYPE.match(event_type):
            raise Refused("event_type")
        if not isinstance(occurred_at, int):
            raise Refused("occurred_at")
        self.content.update(event_type=event_type, occurred_at=occurred_at)

    def wrong(self, name):
        self.movers.append(name)
        self.repaired.add(name)

    def kept_text(self, name, value, most_bytes):
        self.cleaner.is_changed = False
        whole = self.cleaner.text(value)
        self.content[name] = cut(whole, most_bytes)
        if self.cleaner.is_changed or self.content[name] != whole:
            self.repaired.add(name)

    def texts(self):
        for name, most_bytes in TEXT_LIMITS.items():
            value = self.get(name)
            if value is not None and not is_text(value):
                self.wrong(name)
            elif value is not None:
                self.kept_text(name, value, most_bytes)
        session = self.get("session_id")
        if session is not None and "session_ref" in self.content:
            self.movers.append("session_id")
        elif session is not None:
            self.content["session_ref"] = self.cleaner.session(session)

    def address(self):
        value = self.get("ip")
        if value is None:
            return
        if not is_text(value):
            self.wrong("ip")
        elif shapes.address(sent_text(value)):
            self.content["ip"] = shapes.address(sent_text(value))
        else:
            self.kept_text("remote_host", value, 253)

    def listed(self):
        """Values that are kept as they are or moved whole."""
        attempts, until = self.get("failed_login_attempts"), read_time(self.get("account_locked_until"))
        number = attempts.integer() if isinstance(attempts, Number) else None
        good = {
            "channel": self.get("channel") if is_text(self.get("channel")) and self.get("channel") in CHANNELS else None,
            "failed_login_attempts": number if number is not None and 0 <= number < 2**31 else None,
            "account_locked_until": shapes.LATEST if until == shapes.BEYOND else None if until == shapes.BEFORE else until,
            "lock_kind": self.get("lock_kind") if self.get("lock_kind") in ("temporary", "permanent") else None,
        }
        for name, value in good.items():
            if value is not None:
                self.content[name] = value
            elif self.get(name) is not None and not (name == "lock_kind" and self.get(name) == "none"):
                self.wrong(name)

    def metadata(self):
        sent = self.get("metadata")
        if sent is not None and not isinstance(sent, Members):
            self.movers.append("metadata")
            sent = None
        self.movers += [name for name, (_, value) in self.members.items() if name not in KNOWN and value is not None]
        if sent is None and not self.movers:
            return
        self.cleaner.is_changed = False
        kept = self.cleaner.value(sent) if sent is not None else {}
        moved = [self.cleaner.member(*self.members[name]) for name in sorted(self.movers, key=str.encode)]
        for name, value in sorted(moved, key=lambda item: item[0].encode()):
            kept[free_name(name, kept)] = value
        text = canonical.value_text(kept).encode()
        is_over = len(text) > METADATA_BYTES_MOST or depth(kept) > METADATA_DEPTH_MOST
        self.content["metadata"] = {"_truncated": True, "bytes": len(text),
                                    "sha256": hashlib.sha256(text).hexdigest()} if is_over else kept
        if moved or is_over or self.cleaner.is_changed:
            self.repaired.add("metadata")

    def finish(self):
        folded = fold.fold_username(self.content.get("username", ""))
        if "user_id" in self.content:
            self.content["account"] = "id:" + self.content["user_id"]
        elif folded:
            self.content["account"] = "name:" + folded
        if self.repaired:
            self.content["repaired"] = sorted(self.repaired)
        return self.content


def normalise(line, default_tenant=""):
    """The content (without log_id where none was sent). Raises Refused."""
    if len(line) > EVENT_BYTES_MOST:
        raise Refused("")
    reader = Reader(parse(line), default_tenant)
    reader.identity()
    reader.texts()
    reader.address()
    reader.listed()
    reader.metadata()
    return reader.finish()
