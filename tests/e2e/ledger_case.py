"""What the tests of attacks share: copies of the scene in both stores, the attacker's hands, and what verify says."""
import contextlib
import json
import pathlib
import shutil
import tempfile
import unittest
import uuid

import command
import forger_rows
import ledger_scene
from forger_epoch import ForgedEpoch

LATER = "2036-01-01T00:00:00Z"  # Past every due time.
PLACES = ("store", "origin", "leaf_index", "tenant_id", "log_id")
STORES = ("postgres", "mongodb")


class LedgerCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scene = ledger_scene.scene()

    def setUp(self):
        self.postgres_uri, self.mongodb_uri = self.scene.copy_postgres(), self.scene.copy_documents()
        self.addCleanup(self.scene.drop, self.postgres_uri, self.mongodb_uri)
        self.pg = forger_rows.PostgresForger(self.postgres_uri)
        self.addCleanup(self.pg.close)
        self.db = self.scene.client[self.mongodb_uri.rsplit("/", 1)[1]]
        self.docs = forger_rows.DocumentForger(self.db)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-attack-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.first, self.second, self.last = self.scene.epochs

    # --- What verify says

    def verify(self, *words, stores=STORES, trust=True):
        """(exit code, findings); the summary is kept."""
        addresses = [part for store in stores for part in (f"--{store}", getattr(self, f"{store}_uri"))]
        alone = ["--store", stores[0]] if len(stores) == 1 else []
        trusted = ["--trust", self.scene.trust] if trust else []
        done = command.run("verify", *addresses, *alone, *trusted, "--json", *words)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        self.said = done.stdout[-4000:] + done.stderr[-2000:]
        self.summary = lines[-1].get("summary", {}) if lines else {}
        return done.returncode, [line for line in lines if "summary" not in line]

    def assert_clean(self, *words, **options):
        code, findings = self.verify(*words, **options)
        self.assertEqual((0, []), (code, [each for each in findings if each["verdict"] != "RETIRED"]), self.said)

    def assert_found(self, verdict, code, *words, **place):
        """One finding of that verdict at that place, and that exit code. `verdict` may be a set of which one is enough."""
        options = {name: place.pop(name) for name in ("stores", "trust") if name in place}
        verdicts = {verdict} if isinstance(verdict, str) else verdict
        got, findings = self.verify(*words, **options)
        fitting = [each for each in findings if each["verdict"] in verdicts and
                   all(each[name] == value for name, value in place.items())]
        self.assertTrue(fitting, f"no {verdict} at {place}:\n{self.said}")
        self.assertIn(got, code if isinstance(code, tuple) else (code,), self.said)
        return fitting[0]

    def assert_not_fine(self, *words, **options):
        """A finding or a refusal to judge; a crash is neither."""
        code, findings = self.verify(*words, **options)
        self.assertIn(code, (1, 3), self.said)
        self.assertTrue(findings if code == 1 else self.said, "it says nothing")

    # --- The attacker's hands

    def sql(self, statement, *values):
        return self.pg.sql(statement, *values)

    def row(self, log_id, tenant="acme", table="auth_logs"):
        return self.sql(f"SELECT * FROM {table} WHERE tenant_id = %s AND log_id = %s", tenant, log_id)[0]

    def document(self, log_id, tenant="acme"):
        return self.db.auth_logs.find_one({"_id": f"{tenant}/{log_id}"})

    def set_column(self, log_id, name, value, tenant="acme", table="auth_logs"):
        cast = {"metadata": "::jsonb", "ip": "::inet"}.get(name, "")
        changed = self.sql(f"UPDATE {table} SET {name} = %s{cast} WHERE tenant_id = %s AND log_id = %s", value, tenant, log_id)
        self.assertEqual(1, changed)

    def set_field(self, log_id, tenant="acme", **values):
        self.assertEqual(1, self.db.auth_logs.update_one({"_id": f"{tenant}/{log_id}"}, {"$set": values}).matched_count)

    def insert(self, table, row):
        names = ", ".join(row)
        self.sql(f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(row))})",
                 *(json.dumps(value) if isinstance(value, dict) else value for value in row.values()))

    def insert_both(self, table, row):
        self.insert(table, row)
        self.db[table].insert_one(forger_rows.as_document(table, row))

    def delete_row(self, log_id, stores=STORES, tenant="acme"):
        if "postgres" in stores:
            self.assertEqual(1, self.sql("DELETE FROM auth_logs WHERE tenant_id = %s AND log_id = %s", tenant, log_id))
        if "mongodb" in stores:
            self.assertEqual(1, self.db.auth_logs.delete_one({"_id": f"{tenant}/{log_id}"}).deleted_count)

    def epoch_of(self, log_id):
        wanted = self.row(log_id)["epoch_id"]
        return next(epoch for epoch in self.scene.epochs if epoch.id == wanted)

    def cut_epoch(self, epoch, size, stores=STORES):
        """The whole tail from that leaf on, checkpoints over it too; tiles are cut, not only dropped."""
        kept = b"".join(epoch.hashes[index] for index in range(size))
        if "postgres" in stores:
            tile = self.sql("SELECT min(first_accept_at) AS first, max(last_accept_at) AS last FROM ledger_tiles "
                            "WHERE epoch_id = %s", epoch.id)[0]
            for table in ("auth_logs", "auth_log_conflicts", "ledger_leaves"):
                self.sql(f"DELETE FROM {table} WHERE epoch_id = %s AND leaf_index >= %s", epoch.id, size)
            self.sql("DELETE FROM ledger_checkpoints WHERE epoch_id = %s AND size > %s", epoch.id, size)
            self.sql("DELETE FROM ledger_tiles WHERE epoch_id = %s", epoch.id)
            if size:
                self.insert("ledger_tiles", {"epoch_id": epoch.id, "first_index": 0, "leaf_count": size, "hashes": kept,
                                             "first_accept_at": tile["first"], "last_accept_at": self.newest(epoch, size)})
        if "mongodb" in stores:
            self.cut_documents(epoch, size, kept)

    def newest(self, epoch, size):
        """accept_us of the last leaf below that size, as a timestamp."""
        found = self.sql("SELECT max(received_at) AS at FROM auth_logs WHERE epoch_id = %s AND leaf_index < %s",
                         epoch.id, size)[0]["at"]
        return found or forger_rows.moment(epoch.began)

    def cut_documents(self, epoch, size, kept):
        name, beyond = str(epoch.id), {"epoch_id": str(epoch.id), "leaf_index": {"$gte": size}}
        tiles = sorted(self.db.ledger_tiles.find({"epoch_id": name}), key=lambda tile: tile["first_index"])
        newest = self.db.auth_logs.find({"epoch_id": name, "leaf_index": {"$lt": size}})
        last = max([epoch.began, *(each["received_at_us"] for each in newest)])
        for table in ("auth_logs", "auth_log_conflicts", "ledger_leaves"):
            self.db[table].delete_many(beyond)
        self.db.ledger_checkpoints.delete_many({"epoch_id": name, "size": {"$gt": size}})
        self.db.ledger_tiles.delete_many({"epoch_id": name})
        if size:
            row = {"epoch_id": epoch.id, "first_index": 0, "leaf_count": size, "hashes": kept,
                   "first_accept_at": forger_rows.moment(tiles[0]["first_accept_at_us"]),
                   "last_accept_at": forger_rows.moment(last)}
            self.db.ledger_tiles.insert_one(forger_rows.as_document("ledger_tiles", row))

    def drop_epoch(self, epoch, stores=STORES):
        self.cut_epoch(epoch, 0, stores)
        if "postgres" in stores:
            for table in ("ledger_epochs", "ledger_checkpoints", "twinlog_agents"):
                self.sql(f"DELETE FROM {table} WHERE epoch_id = %s", epoch.id)
        if "mongodb" in stores:
            self.db.ledger_epochs.delete_many({"epoch_id": str(epoch.id)})
            self.db.ledger_checkpoints.delete_many({"epoch_id": str(epoch.id)})
            self.db.twinlog_agents.delete_many({"_id": str(epoch.id)})

    def forged(self, **more):
        """An epoch of the test's own, begun by the enrolment key of the scene."""
        return ForgedEpoch(more.pop("enrolment", self.scene.enrolment), **more)

    def write(self, epoch):
        return epoch.write(self.pg, self.db)

    @contextlib.contextmanager
    def edited(self, log_id, name, value, table="auth_logs"):
        """A column that is put back afterwards."""
        before = self.row(log_id, table=table)[name]
        self.set_column(log_id, name, value, table=table)
        yield
        self.set_column(log_id, name, json.dumps(before) if name == "metadata" else before, table=table)

    def other_id(self):
        return uuid.UUID(int=uuid.uuid4().int & ~(0xF << 76) | 7 << 76)
