"""Whole epochs of the forger's own: an agent as the description has it, with keys that the test holds, into both stores.

What a real agent does only after an accident (a clone that goes on signing, a spool whose hashes are gone, a store that
refuses) is told in the ledger by such an epoch; so is what an attacker invents.
"""
import os
import struct
import time
import uuid

import forger
import forger_rows
from forger_keys import SigningKey

AGENT = {"agent": "auth-forged", "node": "n1", "pod": "p1", "version": "0.1.0"}
MINUTE = 60_000_000
BOTH = ("postgres", "mongodb")


def new_epoch_id(micros):
    random = int.from_bytes(os.urandom(10), "big")
    number = (micros // 1000) << 80 | 7 << 76 | (random >> 64 & 0xFFF) << 64 | 2 << 62 | random & (2**62 - 1)
    return uuid.UUID(int=number)


class ForgedEpoch:
    """Leaves are added, checkpoints signed; then write() puts all of it into the stores that are named."""

    def __init__(self, enrolment, prefix="audit.example.com/twinlog/auth-forged", **more):
        """`more`: started (microseconds), reason, previous, ended, seen, key (one that signs in the epoch's place)."""
        self.now = more.pop("started", time.time_ns() // 1000 - 30 * MINUTE)
        self.epoch_id = more.pop("epoch_id", None) or new_epoch_id(self.now)
        self.origin = f"{prefix}/{self.epoch_id}"
        self.key = more.pop("key", None) or SigningKey(self.origin, os.urandom(32))
        self.raws, self.kept, self.seqs, self.notes = [], [], {}, []
        tags = forger.open_tags(self.origin, self.key, self.now, AGENT, **more)
        self.opened = forger.leaf(forger.OPEN, self.epoch_id.bytes, 0, self.now, tags)
        self.raws.append(self.opened)
        body = forger.checkpoint_body(self.origin, 1, forger.root(self.hashes()))
        signers = [self.key] if enrolment is None else [self.key, enrolment]
        self.first_note = forger.note(body, *signers)

    def hashes(self):
        return [forger.leaf_hash(raw) for raw in self.raws]

    @property
    def size(self):
        return len(self.raws)

    def root(self, size=None):
        return forger.root(self.hashes()[:size or self.size])

    def step(self, micros=1000):
        self.now += micros
        return self.now

    def own(self, kind, tags):
        """One of the agent's own leaves; its index."""
        raw = forger.leaf(kind, self.epoch_id.bytes, self.size, self.step(), tags)
        self.kept.append(("ledger_leaves", BOTH, {"epoch_id": self.epoch_id, "leaf_index": self.size, "leaf": raw}))
        self.raws.append(raw)
        return self.size - 1

    def counts(self):
        return forger.numbers(sum(forger.parse_leaf(raw)[0] == forger.EVENT for raw in self.raws), 0, 0, 0, 0)

    def word(self, confirmed=None):
        confirmed = confirmed if confirmed is not None else (self.size, self.size)
        previous = max([1, *(size for size, _ in self.notes)])
        return {0x40: forger.numbers(previous), 0x41: self.counts(), 0x42: forger.numbers(*confirmed),
                0x43: forger.numbers(max(0, self.now - forger.parse_leaf(self.opened)[3]))}

    def heartbeat(self, due=None, seen=(), **more):
        tags = {**self.word(more.get("confirmed")), 0x44: struct.pack(">q", due or self.now + 10 * MINUTE)}
        if seen:
            tags[0x37] = forger.trees(*seen)
        index = self.own(forger.HEARTBEAT, tags)
        self.sign()
        return index

    def close(self, confirmed=None):
        self.own(forger.CLOSE, {0x2B: b"\x01", **self.word(confirmed)})
        self.sign()
        return self

    def gap(self, first, last, reason=2, store=None, code=b"121"):
        tags = {0x29: forger.ranges((self.epoch_id.bytes, first, last)), 0x2A: bytes([reason])}
        if store:
            tags[0x2C] = bytes([1 + BOTH.index(store)])
        if code:
            tags[0x2D] = code
        return self.own(forger.GAP, tags)

    def event(self, tenant_id="acme", stores=BOTH, **fields):
        """An event of a type that speaks to no account; its index. `stores` are those that have its row."""
        accepted, key = self.step(), os.urandom(16)
        content = {"tenant_id": tenant_id, "log_id": fields.pop("log_id", f"forged-{uuid.uuid4()}"),
                   "event_type": "logout", "occurred_at": accepted - 5000, **fields}
        seq = self.seqs[tenant_id] = self.seqs.get(tenant_id, -1) + 1
        place = {"epoch_id": self.epoch_id, "leaf_index": self.size, "tenant_seq": seq, "ingress": 1, "peer_uid": 1000,
                 "peer_gid": 1000, "record_key": key}
        row = {**content, **place, "received_at": forger_rows.moment(accepted), "has_conflict": False,
               "effective_at": forger_rows.moment(min(accepted, content["occurred_at"])), "agent": AGENT["agent"],
               "content_hash": forger.content_hash(content),
               "occurred_at": forger_rows.moment(content["occurred_at"])}
        self.kept.append(("auth_logs", stores, row))
        self.raws.append(forger_rows.leaf_of(content, place, accepted))
        return self.size - 1

    def sign(self, size=None, key=None):
        """A checkpoint over the first leaves; its note."""
        size = size or self.size
        note = forger.note(forger.checkpoint_body(self.origin, size, self.root(size)), key or self.key)
        self.notes.append((size, note))
        return note

    def rows(self, store):
        """[(table, row)] in an order that any store takes."""
        found = [(table, row) for table, stores, row in self.kept if store in stores]
        begun = forger.parse_leaf(self.opened)[3]
        found.append(("ledger_tiles", {
            "epoch_id": self.epoch_id, "first_index": 0, "leaf_count": self.size, "hashes": b"".join(self.hashes()),
            "first_accept_at": forger_rows.moment(begun), "last_accept_at": forger_rows.moment(self.now)}))
        found.append(("ledger_epochs", {"epoch_id": self.epoch_id, "origin": self.origin, "open": self.opened,
                                        "note": self.first_note}))
        for size, note in self.notes:
            found.append(("ledger_checkpoints", {
                "epoch_id": self.epoch_id, "size": size, "root": forger.parse_note(note)[2], "note": note,
                "accepted_at": forger_rows.moment(forger.parse_leaf(self.raws[size - 1])[3])}))
        return found

    def write(self, postgres=None, database=None):
        """`postgres` is a PostgresForger, `database` one of pymongo."""
        for table, row in self.rows("postgres") if postgres else ():
            names = ", ".join(row)
            postgres.sql(f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(row))})", *row.values())
        for table, row in self.rows("mongodb") if database is not None else ():
            database[table].insert_one(forger_rows.as_document(table, row))
        return self
