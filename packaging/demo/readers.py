"""Reads both stores directly, with their own clients and nothing of twinlog's."""
import psycopg
import pymongo

from demo.snapshot import STATE_FIELDS, STATE_TIMES, Snapshot

POSTGRES, DOCUMENTS = "PostgreSQL", "the document store"


def read_postgres(uri, tenants):
    """An empty snapshot while the agent has not created its tables yet."""
    found = Snapshot(POSTGRES)
    times = ", ".join(f"(extract(epoch FROM {name}) * 1000000)::bigint" for name in STATE_TIMES)
    with psycopg.connect(uri, connect_timeout=10) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        if connection.execute("SELECT to_regclass('account_lockouts')").fetchone()[0] is None:
            return found
        for tenant, log_id, content in connection.execute(
                "SELECT tenant_id, log_id, encode(content_hash, 'hex') FROM auth_logs WHERE tenant_id = ANY(%s)",
                [tenants]):
            found.records[tenant, log_id] = content
        for tenant, count in connection.execute(
                "SELECT tenant_id, count(*) FROM auth_log_conflicts WHERE tenant_id = ANY(%s) GROUP BY tenant_id",
                [tenants]):
            found.conflicts[tenant] = count
        for tenant, account, *values in connection.execute(
                f"SELECT tenant_id, account, {', '.join(STATE_FIELDS)}, {times} FROM account_lockouts"
                " WHERE tenant_id = ANY(%s)", [tenants]):
            found.accounts[tenant, account] = dict(zip(STATE_FIELDS + STATE_TIMES, values))
    return found


def read_documents(uri, tenants):
    found = Snapshot(DOCUMENTS)
    with pymongo.MongoClient(uri, serverSelectionTimeoutMS=10_000) as client:
        database = client.get_default_database()
        mine = {"tenant_id": {"$in": tenants}}
        for record in database.auth_logs.find(mine, {"tenant_id": 1, "log_id": 1, "content_hash": 1}):
            found.records[record["tenant_id"], record["log_id"]] = bytes(record["content_hash"]).hex()
        for tenant in tenants:
            found.conflicts[tenant] = database.auth_log_conflicts.count_documents({"tenant_id": tenant})
        for state in database.account_lockouts.find(mine):
            values = {name: state.get(name) for name in STATE_FIELDS}
            # Dates are milliseconds there; the exact time stands beside them.
            values |= {name: state.get(f"{name}_us") for name in STATE_TIMES}
            found.accounts[state["tenant_id"], state["account"]] = values
    return found
