"""From one sent line to the content that must be kept, from docs/EVENTS.md and ledger/FORMAT.md alone."""
import hashlib
import itertools
import re

import canonical
import fold
import metadata_limits
import redaction
import secret_keys
import shapes
from sent import Members, Number, Refused, is_text, parse, sent_text

IDENTIFIER = re.compile(r"[A-Za-z0-9._:~-]{1,128}\Z")
EVENT_TYPE = re.compile(r"[a-z][a-z0-9_.]{0,63}\Z")
TEXT_LIMITS = {"user_id": 128, "username": 256, "actor_id": 128, "user_agent": 1024, "service": 128, "auth_method": 64,
               "failure_reason": 64, "failure_code": 64, "session_ref": 128, "request_id": 128, "lock_reason": 64,
               "reset_reason": 64}
OTHER_NAMES = {"tenant_id", "log_id", "event_type", "occurred_at", "organisation_id", "organization_id", "ip", "channel",
               "session_id", "failed_login_attempts", "account_locked_until", "lock_kind", "metadata", "schema_version"}
KNOWN = OTHER_NAMES | TEXT_LIMITS.keys()
AGENT_NAMES = {"content_hash", "repaired", "remote_host"}  # What a record that is sent again carries besides.
CHANNELS = {"web", "mobile", "api", "desktop", "cli", "service", "other"}
EVENT_BYTES_MOST = 1 << 20


def cut(text, most_bytes):
    return text.encode()[:most_bytes].decode("utf-8", "ignore")


def free_name(name, taken):
    tails = itertools.chain(("_" * count for count in range(9)), ("_" * 8 + str(number) for number in itertools.count(1)))
    return next(name + tail for tail in tails if name + tail not in taken)


def within(name, text):
    """A text field within its limit; those that make an account keep a mark of the whole."""
    most = TEXT_LIMITS.get(name, 253)
    if len(text.encode()) <= most or name not in ("user_id", "username"):
        return cut(text, most)
    return cut(text, most - 33) + "~" + hashlib.sha256(text.encode()).hexdigest()[:32]


def read_time(value):
    """(time, whether it was in seconds)"""
    if isinstance(value, Number):
        return shapes.epoch(value)
    return shapes.rfc3339(value) if is_text(value) else None, False


class Reader:
    def __init__(self, members, default_tenant):
        names = [sent_text(name) for name, _ in members]
        if len(set(names)) < len(names):
            raise Refused("repeated")
        self.members = {sent_text(name): (name, value) for name, value in members}
        self.content, self.repaired, self.movers = {}, set(), []
        self.default_tenant, self.cleaner, self.kept_host = default_tenant, None, None
        self.session_name = self.take_session_id()

    def get(self, name):
        value = self.members.get(name, (name, None))[1]
        return None if is_text(value) and value == "" and name != "schema_version" else value

    def take_session_id(self):
        """The member that stands for session_id: itself, or the first by name of another spelling; empty ones are absent."""
        others = sorted((name for name in self.members if name not in KNOWN and secret_keys.key_kind(name) == "session"),
                        key=str.encode)
        for name in [name for name in others if self.get(name) is None]:
            del self.members[name]
        present = [name for name in ["session_id", *others] if self.get(name) is not None]
        return present[0] if present else "session_id"

    def identifier(self, name):
        value = self.get(name)
        if value is not None and (not is_text(value) or not IDENTIFIER.match(value) or redaction.redacted(value) != value):
            raise Refused(name)
        return value

    def identity(self):
        version = self.get("schema_version")
        if version is not None and not (isinstance(version, Number) and version.integer() == 1):
            raise Refused("schema_version")
        tenant = self.identifier("tenant_id") or self.default_tenant
        if not tenant:
            raise Refused("tenant_id")
        self.cleaner = redaction.Cleaner(tenant)
        both = self.get("organisation_id") is not None and self.get("organization_id") is not None
        found = {"tenant_id": tenant, "log_id": self.identifier("log_id"),
                 "organisation_id": self.identifier("organisation_id" if self.get("organisation_id") is not None
                                                    else "organization_id")}
        self.content.update({name: value for name, value in found.items() if value})
        if both:
            self.movers.append("organization_id")
        event_type, (occurred_at, is_in_seconds) = self.get("event_type"), read_time(self.get("occurred_at"))
        if not is_text(event_type) or not EVENT_TYPE.match(event_type):
            raise Refused("event_type")
        if not isinstance(occurred_at, int):
            raise Refused("occurred_at")
        self.content.update(event_type=event_type, occurred_at=occurred_at)
        if is_in_seconds:
            self.repaired.add("occurred_at")

    def wrong(self, name):
        self.movers.append(name)
        self.repaired.add(name)

    def kept_text(self, name, value):
        self.cleaner.is_changed = False
        clean = redaction.redacted_name if name in ("user_id", "username") else redaction.redacted
        whole = self.cleaner.text(value, clean)
        kept = within(name, whole)
        if self.cleaner.is_changed or kept != whole:
            self.repaired.add(name)
        while clean(kept) != kept:  # What is cut may look like a secret that the whole did not.
            kept = cut(clean(kept), TEXT_LIMITS.get(name, 253))
        self.content[name] = kept

    def texts(self):
        for name in TEXT_LIMITS:
            value = self.get(name)
            if value is not None and not is_text(value):
                self.wrong(name)
            elif value is not None:
                self.kept_text(name, value)
        session = self.get(self.session_name)
        if session is not None and "session_ref" in self.content:
            self.movers.append(self.session_name)
        elif session is not None:
            self.content["session_ref"] = self.cleaner.session(session)

    def address(self):
        if self.kept_host:
            self.kept_text("remote_host", self.kept_host)
        value = self.get("ip")
        if value is None:
            return
        if not is_text(value):
            self.wrong("ip")
        elif shapes.address(sent_text(value)):
            self.content["ip"] = shapes.address(sent_text(value))
        else:
            self.kept_text("remote_host", value)

    def listed(self):
        """Values that are kept as they are or moved whole."""
        attempts, until = self.get("failed_login_attempts"), self.get("account_locked_until")
        is_endless = is_text(until) and until.lower() == "infinity" and until.isascii()
        until, is_in_seconds = (shapes.BEYOND, False) if is_endless else read_time(until)
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
        if is_in_seconds and "account_locked_until" in self.content:
            self.repaired.add("account_locked_until")

    def metadata(self):
        sent = self.get("metadata")
        if sent is not None and not isinstance(sent, Members):
            self.movers.append("metadata")
            sent = None
        self.movers += [name for name, (_, value) in self.members.items()
                        if name not in KNOWN and name != self.session_name and value is not None]
        if sent is None and not self.movers:
            return
        self.cleaner.is_changed = False
        kept = self.cleaner.value(sent) if sent is not None else {}
        moved = [self.cleaner.member(*self.members[name]) for name in sorted(self.movers, key=str.encode)]
        for name, value in sorted(moved, key=lambda item: item[0].encode()):
            kept[free_name(name, kept)] = value
        self.content["metadata"] = metadata_limits.within_limits(kept)
        is_over = self.content["metadata"] != kept
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


def read(reader):
    reader.identity()
    reader.texts()
    reader.address()
    reader.listed()
    reader.metadata()
    return reader.finish()


def record_sent_again(members, default_tenant):
    """The record that a line of `spool export --for-sending` holds: what else it says has the hash that it names."""
    found = {sent_text(name): value for name, value in members if value is not None}
    added = found.keys() - KNOWN
    names, wanted = found.get("repaired"), found.get("content_hash")
    if not {"repaired", "content_hash"} <= added <= AGENT_NAMES or not is_text(wanted) or not isinstance(names, list) or \
            not names or not all(is_text(name) and name in KNOWN | {"remote_host"} for name in names) or \
            names != sorted(set(names)) or "log_id" not in found or ("remote_host" in added and found.get("ip")):
        return None
    reader = Reader([member for member in members if sent_text(member[0]) not in AGENT_NAMES], default_tenant)
    if is_text(found.get("remote_host")):
        reader.kept_host = found["remote_host"]
    content = {**read(reader), "repaired": [str(name) for name in names]}
    return content if hashlib.sha256(canonical.dump(content)).hexdigest() == wanted.lower() else None


def normalise(line, default_tenant=""):
    """The content (without log_id where none was sent). Raises Refused."""
    if len(line) > EVENT_BYTES_MOST:
        raise Refused("")
    members = parse(line)
    reader = Reader(members, default_tenant)
    return record_sent_again(members, default_tenant) or read(reader)
