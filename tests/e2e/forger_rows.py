"""From what lies in a store to its leaf, and back into the tiles and checkpoints that must fit it: what an attacker with
every right on a store puts in place of what the agent wrote."""
import datetime
import pathlib
import sys
import uuid

import bson
import forger
import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
import stores  # noqa: E402

LEDGER_COLUMNS = ["tenant_seq", "ingress", "peer_uid", "peer_gid", "record_key", "epoch_id", "leaf_index"]
UTC = datetime.timezone.utc


def moment(micros):
    return stores.EPOCH + datetime.timedelta(microseconds=micros)


def leaf_of(content, place, accept_us):
    """`place` has the columns of LEDGER_COLUMNS; the leaf's bytes."""
    tags = forger.event_tags(place["tenant_seq"], place["ingress"], place["peer_uid"], place["peer_gid"],
                             forger.content_root(content, bytes(place["record_key"])))
    return forger.leaf(forger.EVENT, uuid.UUID(str(place["epoch_id"])).bytes, place["leaf_index"], accept_us, tags)


class PostgresForger:
    def __init__(self, uri):
        self.connection = psycopg.connect(uri, autocommit=True, row_factory=psycopg.rows.dict_row)

    def close(self):
        self.connection.close()

    def sql(self, statement, *values):
        cursor = self.connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else cursor.rowcount

    def leaves(self, table="auth_logs"):
        """[(row with its key and place, leaf)] of all rows that have one."""
        select = stores.postgres_select(table) if table == "auth_logs" else stores.postgres_select(table).replace(
            ", has_conflict", ", false AS has_conflict")
        select = select.replace(" FROM ", f", {', '.join(LEDGER_COLUMNS)} FROM ")
        found = []
        for row in self.sql(select + " WHERE record_key IS NOT NULL"):
            version = stores.postgres_version(row)
            found.append((row, leaf_of(version["event"], row, version["received_at"])))
        return found

    def leaf(self, tenant_id, log_id, table="auth_logs"):
        return next(leaf for row, leaf in self.leaves(table) if (row["tenant_id"], row["log_id"]) == (tenant_id, log_id))

    def hashes(self, epoch_id):
        """{index: hash} as the tiles have them."""
        found = {}
        for tile in self.sql("SELECT first_index, leaf_count, hashes FROM ledger_tiles WHERE epoch_id = %s", epoch_id):
            for number in range(tile["leaf_count"]):
                found[tile["first_index"] + number] = bytes(tile["hashes"][32 * number:32 * number + 32])
        return found

    def set_hash(self, epoch_id, index, hashed):
        self.sql("UPDATE ledger_tiles SET hashes = overlay(hashes placing %s from (32 * (%s - first_index) + 1)::int) "
                 "WHERE epoch_id = %s AND %s BETWEEN first_index AND first_index + leaf_count - 1",
                 hashed, index, epoch_id, index)

    def sign_again(self, epoch_id, key):
        """Every checkpoint over the tiles as they are now, by that key under the origin's name."""
        found = self.hashes(epoch_id)
        for row in self.sql("SELECT size, root, note FROM ledger_checkpoints WHERE epoch_id = %s", epoch_id):
            origin = forger.parse_note(row["note"])[0]
            root = forger.root([found[index] for index in range(row["size"])])
            body = forger.checkpoint_body(origin, row["size"], root)
            self.sql("UPDATE ledger_checkpoints SET root = %s, note = %s WHERE epoch_id = %s AND size = %s AND root = %s",
                     root, forger.note(body, key), epoch_id, row["size"], row["root"])


class DocumentForger:
    def __init__(self, database):
        self.database = database

    def leaf(self, tenant_id, log_id):
        document = self.database.auth_logs.find_one({"_id": f"{tenant_id}/{log_id}"})
        version = stores.document_version(document)
        place = {name: document.get(name) for name in LEDGER_COLUMNS}
        return leaf_of(version["event"], place, version["received_at"])

    def hashes(self, epoch_id):
        found = {}
        for tile in self.database.ledger_tiles.find({"epoch_id": str(epoch_id)}):
            for number in range(tile["leaf_count"]):
                found[tile["first_index"] + number] = bytes(tile["hashes"][32 * number:32 * number + 32])
        return found

    def set_hash(self, epoch_id, index, hashed):
        for tile in list(self.database.ledger_tiles.find({"epoch_id": str(epoch_id)})):
            place = index - tile["first_index"]
            if 0 <= place < tile["leaf_count"]:
                changed = bytearray(tile["hashes"])
                changed[32 * place:32 * place + 32] = hashed
                self.database.ledger_tiles.update_one({"_id": tile["_id"]}, {"$set": {"hashes": bytes(changed)}})

    def sign_again(self, epoch_id, key):
        found = self.hashes(epoch_id)
        for document in list(self.database.ledger_checkpoints.find({"epoch_id": str(epoch_id)})):
            origin = forger.parse_note(document["note"])[0]
            root = forger.root([found[index] for index in range(document["size"])])
            body = forger.checkpoint_body(origin, document["size"], root)
            self.database.ledger_checkpoints.delete_one({"_id": document["_id"]})
            document.update({"_id": f"{epoch_id}/{document['size']}/{root.hex()}", "root": root,
                             "note": forger.note(body, key)})
            self.database.ledger_checkpoints.insert_one(document)


def as_document(table, row):
    """A row of the forger's own, as the document store has it: texts for uuids, 64-bit integers, `_us` beside dates."""
    document = {"_id": document_id(table, row)}
    for name, value in row.items():
        if value is None:
            continue
        if isinstance(value, uuid.UUID):
            value = str(value)
        elif isinstance(value, datetime.datetime):
            document[name + "_us"] = bson.Int64(stores.micros(value))
        elif isinstance(value, int) and not isinstance(value, bool) and name not in ("leaf_count", "ingress"):
            value = bson.Int64(value)
        document[name] = value
    if table == "ledger_tiles" or table == "ledger_checkpoints":
        for name in ("first_accept_at", "last_accept_at", "accepted_at"):
            if name in document:
                document[name] = document[name].replace(microsecond=document[name].microsecond // 1000 * 1000)
    return document


def document_id(table, row):
    if table in ("auth_logs", "auth_log_conflicts"):
        name = f"{row['tenant_id']}/{row['log_id']}"
        return name if table == "auth_logs" else f"{name}/{row['content_hash'].hex()}"
    tail = {"ledger_epochs": (), "ledger_tiles": ("first_index", "leaf_count"), "ledger_leaves": ("leaf_index",),
            "ledger_checkpoints": ("size", "root")}[table]
    parts = [row[name].hex() if name == "root" else str(row[name]) for name in tail]
    return "/".join([str(row["epoch_id"]), *parts])
