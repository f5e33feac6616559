"""Reads everything that both stores hold into one shape, each through its own public driver."""
import datetime
import ipaddress
import json
import uuid

import psycopg
import pymongo

TEXT_FIELDS = ["tenant_id", "log_id", "event_type", "organisation_id", "user_id", "username", "actor_id", "remote_host",
               "user_agent", "channel", "service", "auth_method", "failure_reason", "failure_code", "session_ref",
               "request_id", "lock_kind", "lock_reason", "reset_reason", "account"]
ACCOUNT_TEXT = ["organisation_id", "lock_kind", "lock_reason", "log_id"]
ACCOUNT_TIMES = ["account_locked_until", "last_failed_at", "last_success_at", "last_locked_at", "last_reset_at",
                 "effective_at"]
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def micros(moment):
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return (moment - EPOCH) // datetime.timedelta(microseconds=1)


class Contents:
    """What one store holds: `records` and `conflicts` are lists of {"event", "hash", "effective_at", "received_at",
    "has_conflict"}, `accounts` is {(tenant, account): shown fields}."""

    def __init__(self, name):
        self.name, self.records, self.conflicts, self.accounts = name, [], [], {}


# --- PostgreSQL

MICROS_SQL = "(extract(epoch from {0}) * 1000000)::bigint AS {0}"  # Exact: extract() gives numeric since version 14.


def postgres_select(table):
    times = ", ".join(MICROS_SQL.format(c) for c in ("occurred_at", "account_locked_until", "received_at", "effective_at"))
    return (f"SELECT {', '.join(TEXT_FIELDS)}, host(ip) AS ip, failed_login_attempts, metadata::text AS metadata, "
            f"to_jsonb(repaired) AS repaired, encode(content_hash, 'hex') AS hash, {times}, has_conflict FROM {table}")


def postgres_version(row):
    event = {name: row[name] for name in [*TEXT_FIELDS, "ip", "failed_login_attempts", "occurred_at",
                                          "account_locked_until", "repaired"] if row[name] is not None}
    if "ip" in event:  # PostgreSQL shows ::102:304 as ::1.2.3.4.
        event["ip"] = str(ipaddress.ip_address(event["ip"]))
    if row["metadata"] is not None:
        event["metadata"] = json.loads(row["metadata"])
    if not event.get("repaired"):
        event.pop("repaired", None)
    return {"event": event, "hash": row["hash"], "effective_at": row["effective_at"],
            "received_at": row["received_at"], "has_conflict": row["has_conflict"]}


def read_postgres(uri):
    found = Contents("postgres")
    with psycopg.connect(uri, row_factory=psycopg.rows.dict_row) as connection:
        found.records = [postgres_version(row) for row in connection.execute(postgres_select("auth_logs"))]
        conflict_select = postgres_select("auth_log_conflicts").replace(", has_conflict", ", false AS has_conflict")
        found.conflicts = [postgres_version(row) for row in connection.execute(conflict_select)]
        times = ", ".join(MICROS_SQL.format(name) for name in ACCOUNT_TIMES)
        for row in connection.execute(f"SELECT tenant_id, account, failed_login_attempts, {', '.join(ACCOUNT_TEXT)}, "
                                      f"{times} FROM account_lockouts"):
            found.accounts[row.pop("tenant_id"), row.pop("account")] = row
    return found


# --- Document store

def decode_key(key):
    """`%`, `.` and a leading `$` are percent-encoded in keys, the empty key is `%` (docs/STORES.md)."""
    if key == "%":
        return ""
    return key.replace("%2E", ".").replace("%2e", ".").replace("%24", "$").replace("%25", "%")


def decode_keys(value):
    if isinstance(value, dict):
        return {decode_key(key): decode_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decode_keys(item) for item in value]
    return value


def document_version(document):
    event = {name: document[name] for name in [*TEXT_FIELDS, "ip", "failed_login_attempts"]
             if document.get(name) is not None}
    for name in ("occurred_at", "account_locked_until"):
        if document.get(name + "_us") is not None:
            event[name] = int(document[name + "_us"])
    if "failed_login_attempts" in event:
        event["failed_login_attempts"] = int(event["failed_login_attempts"])
    if document.get("metadata") is not None:
        event["metadata"] = decode_keys(document["metadata"])
    if document.get("repaired"):
        event["repaired"] = list(document["repaired"])
    return {"event": event, "hash": bytes(document["content_hash"]).hex(),
            "effective_at": int(document["effective_at_us"]), "received_at": int(document["received_at_us"]),
            "has_conflict": bool(document.get("has_conflict", False))}


def read_mongodb(uri):
    found = Contents("mongodb")
    with pymongo.MongoClient(uri, serverSelectionTimeoutMS=10000) as client:
        database = client.get_default_database()
        found.records = [document_version(document) for document in database.auth_logs.find()]
        found.conflicts = [document_version(document) for document in database.auth_log_conflicts.find()]
        for document in database.account_lockouts.find():
            row = {name: document.get(name) for name in ["failed_login_attempts", *ACCOUNT_TEXT]}
            row["failed_login_attempts"] = int(row["failed_login_attempts"])
            for name in ACCOUNT_TIMES:
                value = document.get(name + "_us")
                row[name] = None if value is None else int(value)
            found.accounts[document["tenant_id"], document["account"]] = row
    return found


def is_generated_id(log_id, occurred_at):
    """A UUIDv7 whose first 48 bits are occurred_at in milliseconds (docs/EVENTS.md)."""
    try:
        parsed = uuid.UUID(log_id)
    except ValueError:
        return False
    return str(parsed) == log_id and parsed.version == 7 and parsed.int >> 80 == (occurred_at // 1000) % 2**48
