"""One PostgreSQL and one document store for the tests of a class, which are broken and mended in each of them."""
import os
import pathlib
import shutil
import tempfile
import unittest

import certificates
import harness
import health_scene
import postgres_server

SETTINGS = {"fsync": "off", "max_connections": 20, "max_wal_senders": 0, "log_line_prefix": "%d %e "}
HBA = f"""host all {health_scene.GUARDED} 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""


class SharedServer(postgres_server.PostgresServer):
    def make_tablespace(self, folder):
        folder.mkdir()
        postgres_server.give_to_server_user(folder, 0o700)
        name = "space" + os.urandom(4).hex()
        self.do(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
        return name


class SharedStores(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = SharedServer(**SETTINGS)
        cls.addClassCleanup(cls.server.close)
        cls.documents = harness.StoreServer("mongo-java-server")
        cls.addClassCleanup(cls.documents.close)
        cls.authority, cls.other_authority = certificates.Authority(), certificates.Authority("another authority")
        cls.addClassCleanup(cls.authority.close)
        cls.addClassCleanup(cls.other_authority.close)
        cls.server.enable_tls(*cls.authority.certificate())
        cls.server.do(f"CREATE ROLE {health_scene.WRITER} LOGIN", "CREATE ROLE crowd LOGIN",
                      f"CREATE ROLE {health_scene.GUARDED} LOGIN PASSWORD '{health_scene.PASSWORD}'")
        cls.server.set_hba(HBA)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-health-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.mend_servers()

    def mend_servers(self):
        """What a row that failed in the middle left broken must not fail the others."""
        if set(self.server.options) & {"default_transaction_read_only", "hot_standby"}:
            self.server.stop("immediate")
            (self.server.data / "standby.signal").unlink(missing_ok=True)
            for name in ("default_transaction_read_only", "hot_standby"):
                self.server.set_option(name, None)
        for server in (self.server, self.documents):
            if not server.process:
                server.start()
