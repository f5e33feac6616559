"""Backups of what a store holds, taken and put back in place with the store's own means while agents go on writing."""
import subprocess
import tempfile

import pymongo

from postgres_server import binary


class PostgresDump:
    """pg_dump now; pg_restore over the same database later, in one transaction as its manual advises."""

    def __init__(self, uri):
        self.uri = uri
        self.file = tempfile.NamedTemporaryFile(prefix="twinlog-dump-")
        self._run("pg_dump", "-Fc", "-f", self.file.name, "-d", uri)

    def put_back(self):
        self._run("pg_restore", "--clean", "--if-exists", "--single-transaction", "-d", self.uri, self.file.name)

    @staticmethod
    def _run(name, *arguments):
        subprocess.run([binary(name), *arguments], check=True, capture_output=True, timeout=60)


class DocumentDump:
    """What mongodump and mongorestore --drop do, collection by collection (there is no such tool for these servers)."""

    def __init__(self, uri):
        self.uri = uri
        with pymongo.MongoClient(uri) as client:
            database = client.get_default_database()
            self.collections = {name: list(database[name].find()) for name in database.list_collection_names()}

    def put_back(self, order=("account_lockouts", "auth_logs", "auth_log_conflicts", "twinlog_meta", "twinlog_agents"),
                 between=lambda: None):
        """`between` is called after each collection."""
        with pymongo.MongoClient(self.uri) as client:
            for name in order:
                collection = client.get_default_database()[name]
                collection.delete_many({})
                # What an agent wrote since the last line gives way.
                documents = self.collections.get(name, ())
                if changes := [pymongo.ReplaceOne({"_id": each["_id"]}, each, upsert=True) for each in documents]:
                    collection.bulk_write(changes)
                between()
