"""The ledger once more, in Python and from its description alone: what somebody with both stores in his hands can compute.

Leaves, commitments, trees, proofs, notes and retirements are bytes here; forger_rows.py makes them from rows and documents,
forger_epoch.py writes whole epochs. It also reads what the agent wrote, to say where an attack took place.
"""
import base64
import hashlib
import json
import pathlib
import struct
import sys

import forger_keys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
import canonical  # noqa: E402

EVENT, OPEN, HEARTBEAT, ERASE, PRUNE, GAP, CLOSE = 1, 3, 4, 8, 9, 10, 11
FIELDS = ["tenant_id", "log_id", "event_type", "occurred_at", "organisation_id", "user_id", "username", "actor_id", "ip",
          "remote_host", "user_agent", "channel", "service", "auth_method", "failure_reason", "failure_code", "session_ref",
          "request_id", "failed_login_attempts", "account_locked_until", "lock_kind", "lock_reason", "reset_reason",
          "metadata", "account", "repaired"]
NUMBERS = {name: number for number, name in enumerate(FIELDS, 1)}
NOBODY = 0xFFFFFFFF


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# --- Leaves

def tlv(tag, value):
    return struct.pack(">BI", tag, len(value)) + value


def leaf(kind, epoch_id, index, accept_us, tags):
    """`tags` is {tag: bytes}; epoch_id is bytes."""
    head = b"TWL1" + bytes([kind, 0, 0, 0]) + epoch_id + struct.pack(">Qq", index, accept_us)
    return head + b"".join(tlv(tag, tags[tag]) for tag in sorted(tags))


def parse_leaf(raw):
    """(type, epoch_id, index, accept_us, {tag: value})"""
    assert raw[:4] == b"TWL1" and raw[5:8] == bytes(3)
    index, accept_us = struct.unpack(">Qq", raw[24:40])
    tags, place = {}, 40
    while place < len(raw):
        tag, length = struct.unpack(">BI", raw[place:place + 5])
        tags[tag] = raw[place + 5:place + 5 + length]
        place += 5 + length
    assert place == len(raw) and sorted(tags) == list(tags)
    return raw[4], raw[8:24], index, accept_us, tags


def event_tags(tenant_seq, ingress, uid, gid, root):
    uid, gid = (NOBODY if number is None else number for number in (uid, gid))
    return {0x06: struct.pack(">Q", tenant_seq), 0x07: struct.pack(">BII", ingress, uid, gid), 0x08: root}


def ranges(*parts):
    """Tag 29 of (epoch_id, first, last)."""
    return b"".join(epoch_id + struct.pack(">QQ", first, last) for epoch_id, first, last in parts)


def trees(*parts):
    """Tags 37 and 38 of (epoch_id, size, root)."""
    return b"".join(epoch_id + struct.pack(">Q", size) + root for epoch_id, size, root in parts)


def parse_trees(value):
    return [(value[at:at + 16], struct.unpack(">Q", value[at + 16:at + 24])[0], value[at + 24:at + 56])
            for at in range(0, len(value), 56)]


def numbers(*values):
    return struct.pack(f">{len(values)}Q", *values)


# --- Content

def salt(record_key, number):
    return forger_keys.aes_128_block(record_key, bytes(15) + bytes([number]))


def value_bytes(name, value):
    if name in ("occurred_at", "failed_login_attempts", "account_locked_until"):
        return struct.pack(">q", value)
    if name in ("metadata", "repaired"):
        return canonical.value_text(value).encode()
    return value.encode()


def commitment(number, salt_of_it, value):
    return sha256(b"TWC1", bytes([number]), salt_of_it, value)


def commitments(content, record_key):
    """{field number: commitment} of the fields that are there."""
    found = {}
    for name, value in content.items():
        number = NUMBERS[name]
        found[number] = commitment(number, salt(record_key, number), value_bytes(name, value))
    return found


def root_of_commitments(found):
    return sha256(b"TWR1", *(bytes([number]) + found[number] for number in sorted(found)))


def content_root(content, record_key):
    return root_of_commitments(commitments(content, record_key))


def content_hash(content):
    return hashlib.sha256(canonical.dump(content)).digest()


# --- The tree of RFC 6962

def leaf_hash(raw):
    return sha256(b"\x00", raw)


def split_of(size):
    return 1 << (size - 1).bit_length() - 1


def root(hashes):
    if not hashes:
        return sha256()
    if len(hashes) == 1:
        return hashes[0]
    middle = split_of(len(hashes))
    return sha256(b"\x01", root(hashes[:middle]), root(hashes[middle:]))


def inclusion(index, hashes):
    if len(hashes) == 1:
        return []
    middle = split_of(len(hashes))
    if index < middle:
        return [*inclusion(index, hashes[:middle]), root(hashes[middle:])]
    return [*inclusion(index - middle, hashes[middle:]), root(hashes[:middle])]


def root_by_inclusion(index, size, hashed, path):
    """The root that a path leads to; the path must have its length."""
    if size == 1:
        assert not path
        return hashed
    middle = split_of(size)
    if index < middle:
        return sha256(b"\x01", root_by_inclusion(index, middle, hashed, path[:-1]), path[-1])
    return sha256(b"\x01", path[-1], root_by_inclusion(index - middle, size - middle, hashed, path[:-1]))


def consistency(old, hashes, is_whole=True):
    if old == len(hashes):
        return [] if is_whole else [root(hashes)]
    middle = split_of(len(hashes))
    if old <= middle:
        return [*consistency(old, hashes[:middle], is_whole), root(hashes[middle:])]
    return [*consistency(old - middle, hashes[middle:], False), root(hashes[:middle])]


# --- Notes

def checkpoint_body(origin, size, tree_root):
    return f"{origin}\n{size}\n{base64.b64encode(tree_root).decode()}\n"


def note(body, *keys):
    return body + "\n" + "".join(key.line(body) for key in keys)


def parse_note(text):
    """(origin, size, root, {name: (keyid, signature)})"""
    body, _, lines = text.partition("\n\n")
    origin, size, encoded = body.split("\n")
    signatures = {}
    for line in lines.splitlines():
        _, name, packed = line.split(" ")
        raw = base64.b64decode(packed)
        signatures[name] = raw[:4], raw[4:]
    return origin, int(size), base64.b64decode(encoded), signatures


def retirement(origin, size, tree_root, reason, key):
    return note(f"twinlog.retired/v1\n{checkpoint_body(origin, size, tree_root)}{reason}\n", key)


def open_tags(origin, key, accept_us, agent, **more):
    """`more`: reason, previous (epoch_id), ended (size, root), seen (trees), due."""
    tags = {0x30: origin.encode(), 0x31: key.verifier.encode(), 0x34: bytes([more.get("reason", 1)]),
            0x36: json.dumps(agent, sort_keys=True, separators=(",", ":")).encode(),
            0x44: struct.pack(">q", more.get("due", accept_us + 600_000_000))}
    if "previous" in more:
        tags[0x32] = more["previous"]
    if "ended" in more:
        tags[0x35] = struct.pack(">Q", more["ended"][0]) + more["ended"][1]
    if "seen" in more:
        tags[0x37] = trees(*more["seen"])
    return tags
