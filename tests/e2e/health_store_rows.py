"""What can be wrong with a store, and what the health page must say of it. Each function is a story that yields twice:
when all should be well, and when it is broken; after that it mends what it broke."""
import contextlib
import dataclasses
import typing

import psycopg

import health_scene
import small_volume
from frame_proxy import FrameProxy

CHECK = "twinlog check --stores"


@dataclasses.dataclass(frozen=True)
class Row:
    """A broken condition. Words are looked for as parts."""

    story: typing.Callable
    component: str
    state: str
    cause: tuple  # In the diagnosis.
    help: tuple  # In the action.
    code: str = ""  # Of the store's last error.
    also: tuple = ()  # Components that may be unwell, too, as a consequence.
    sends: int = 20  # Events sent while it is broken.
    heals: bool = True
    is_counted: bool = True  # PostgreSQL's own log tells how many errors there were.
    owner: str = health_scene.WRITER

    @property
    def store(self):
        return self.component.removeprefix("store_").removeprefix("courier_")


def end_sessions(scene):
    scene.ended += scene.server.one("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s",
                                    scene.database)


def postgres_stopped(scene):
    scene.start()
    yield
    scene.server.stop()
    yield
    scene.server.start()


def document_store_stopped(scene):
    scene.start()
    yield
    scene.documents.stop()
    yield
    scene.documents.start()


def both_stopped(scene):
    scene.start()
    yield
    scene.server.stop()
    scene.documents.stop()
    yield
    scene.documents.start()
    scene.server.start()


def wrong_password(scene):
    secret = scene.case.folder / "password"
    secret.write_text(health_scene.PASSWORD)
    scene.start(postgres=f'uri = "{scene.postgres}"\npassword_file = "{secret}"')
    yield
    secret.write_text("wrong " + health_scene.PASSWORD)
    end_sessions(scene)
    yield
    secret.write_text(health_scene.PASSWORD)


def no_right_to_insert(scene):
    scene.start()
    yield
    scene.server.do(f"REVOKE INSERT ON auth_logs FROM {health_scene.WRITER}", database=scene.database)
    yield
    scene.server.do(f"GRANT INSERT ON auth_logs TO {health_scene.WRITER}", database=scene.database)


def no_usage_of_the_schema(scene):
    scene.start()
    yield
    scene.server.do("REVOKE USAGE ON SCHEMA public FROM PUBLIC, pg_database_owner", database=scene.database)
    end_sessions(scene)
    yield
    scene.server.do("GRANT USAGE ON SCHEMA public TO PUBLIC, pg_database_owner", database=scene.database)


def read_only(scene):
    scene.start()
    yield
    scene.server.set_option("default_transaction_read_only", "on")
    yield
    scene.server.set_option("default_transaction_read_only", None)


def in_recovery(scene):
    scene.start()
    yield
    scene.server.stop()
    scene.ended += 1
    # Without hot_standby a server in recovery refuses every session, like one that replays after a crash.
    scene.server.set_option("hot_standby", "off")
    (scene.server.data / "standby.signal").touch()
    scene.server.start(wait=False)
    yield
    scene.server.stop("immediate")
    (scene.server.data / "standby.signal").unlink()
    scene.server.set_option("hot_standby", None)
    scene.server.start()


def out_of_connections(scene):
    scene.start()
    yield
    with contextlib.ExitStack() as crowd:
        def occupy():
            try:
                crowd.enter_context(psycopg.connect(scene.server.uri(user="crowd", sslmode="disable")))
            except psycopg.OperationalError:
                return False
            return True
        # Every place there is: while a session ends its place may go to the agent again.
        asked = "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        held, places = 0, scene.server.one(asked)
        while held < places:
            if occupy():
                held += 1
            else:
                end_sessions(scene)
        yield


def black_hole(scene, store):
    proxy = FrameProxy(getattr(scene, store))
    scene.case.addCleanup(proxy.close)
    scene.start(**{store: f'uri = "{proxy.uri}"'})
    yield
    with proxy.hole():
        yield


def postgres_black_holed(scene):
    yield from black_hole(scene, "postgres")


def document_store_black_holed(scene):
    yield from black_hole(scene, "mongodb")


def table_locked(scene):
    scene.start()
    yield
    with scene.server.admin(scene.database) as session, session.transaction():
        session.execute("LOCK TABLE auth_logs IN ACCESS EXCLUSIVE MODE")
        yield


def database_missing(scene):
    scene.start()
    yield
    scene.server.do(f"ALTER DATABASE {scene.database} ALLOW_CONNECTIONS false")
    end_sessions(scene)
    scene.server.do(f"ALTER DATABASE {scene.database} RENAME TO {scene.database}x")
    yield
    scene.server.do(f"ALTER DATABASE {scene.database}x RENAME TO {scene.database}",
                    f"ALTER DATABASE {scene.database} ALLOW_CONNECTIONS true")


def host_unknown(scene):
    scene.start()
    yield
    config = scene.agent.config.read_text()
    scene.agent.stop()
    scene.agent.config.write_text(config.replace(f"@127.0.0.1:{scene.server.port}", "@no.such.host.invalid"))
    scene.agent.start()
    yield
    scene.agent.stop()
    scene.agent.config.write_text(config)
    scene.agent.start()


def certificate_of_another_authority(scene):
    root = scene.case.folder / "root.crt"
    root.write_bytes(scene.case.authority.root.read_bytes())
    address = scene.server.uri(scene.database, user=health_scene.WRITER, sslmode="verify-full", sslrootcert=root)
    scene.start(postgres=f'uri = "{address}"')
    yield
    root.write_bytes(scene.case.other_authority.root.read_bytes())
    end_sessions(scene)
    yield
    root.write_bytes(scene.case.authority.root.read_bytes())


def disk_of_postgres_full(scene):
    volume = small_volume.SmallVolume(48)
    scene.case.addCleanup(volume.close)
    volume.folder.chmod(0o755)
    space = scene.server.make_tablespace(volume.path / "tables")
    scene.server.do(f"ALTER DATABASE {scene.database} SET TABLESPACE {space}")
    scene.case.addCleanup(scene.server.do, f"DROP DATABASE {scene.database} WITH (FORCE)", f"DROP TABLESPACE {space}")
    scene.start()
    yield
    volume.fill()
    yield
    volume.empty()


def position_ahead(scene):
    scene.start(extra='keep_delivered = "0s"')
    yield
    scene.server.do("UPDATE twinlog_agents SET last_leaf_index = last_leaf_index + 1000", database=scene.database)
    yield
    scene.deliver(1)  # In another epoch; of the one before nothing is kept, so that nobody asks for its position.
    scene.wait_page(lambda page: page["spool"]["records"] == 0, "the spool is trimmed")
    scene.agent.stop()
    scene.agent.start()


def forgot_more_than_the_spool_has(scene):
    scene.start(extra='keep_delivered = "0s"')
    yield
    scene.wait_page(lambda page: page["spool"]["records"] == 0, "the spool is trimmed")
    with scene.server.admin(scene.database) as session:
        gone = session.execute("DELETE FROM auth_logs WHERE leaf_index > 10").rowcount
        session.execute("UPDATE twinlog_agents SET last_leaf_index = 10")
    scene.lost += gone
    yield


def older_schema_that_may_not_be_upgraded(scene):
    scene.start()
    scene.deliver(1)
    scene.agent.stop()
    scene.agent.config.write_text(scene.agent.config.read_text().replace("[stores.mongodb]",
                                                                        "migrate = false\n[stores.mongodb]"))
    scene.agent.start()
    yield
    # The step that writers need, and what came after it, which they do not.
    taken = scene.server.one("WITH gone AS (DELETE FROM twinlog_meta WHERE name LIKE 'schema.%%' AND name >= 'schema.0004' "
                             "RETURNING name, value) SELECT array_agg(ARRAY[name, value]) FROM gone",
                             database=scene.database)
    end_sessions(scene)
    yield
    scene.server.do(*("INSERT INTO twinlog_meta (name, value) VALUES ('{}', '{}')".format(*row) for row in taken),
                    database=scene.database)


URI = "stores.postgres.uri"
HELD = ("courier_postgres",)
HELD_DOCUMENTS = ("courier_mongodb",)
ROWS = (
    Row(postgres_stopped, "store_postgres", "degraded", ("no connection to PostgreSQL", "failure"),
        (URI, CHECK, "systemctl status postgresql"), is_counted=False),
    Row(document_store_stopped, "store_mongodb", "degraded", ("document store", "answers"),
        ("stores.mongodb.uri", CHECK), is_counted=False),
    Row(both_stopped, "store_postgres", "degraded", ("no connection to PostgreSQL",), (URI, CHECK), is_counted=False,
        also=("store_mongodb", "courier_mongodb")),
    Row(wrong_password, "store_postgres", "degraded", ("SQLSTATE 28P01", "password"),
        ("stores.postgres.password_file", CHECK), code="28P01", owner=health_scene.GUARDED),
    Row(no_right_to_insert, "store_postgres", "degraded", ("SQLSTATE 42501", "lacks a right"),
        ("GRANT twinlog_writer", CHECK), code="42501"),
    Row(no_usage_of_the_schema, "store_postgres", "degraded", ("SQLSTATE 3F000", "USAGE"), ("GRANT USAGE", CHECK),
        code="3F000", is_counted=False),  # No error of the server: the agent asks which schema there is.
    Row(read_only, "store_postgres", "degraded", ("SQLSTATE 25006", "read-only"),
        ("pg_is_in_recovery", "default_transaction_read_only"), code="25006", is_counted=False),  # Asked for, too.
    Row(in_recovery, "store_postgres", "degraded", ("SQLSTATE 57P03", "starting"),
        ("systemctl status postgresql", CHECK), code="57P03"),
    Row(out_of_connections, "store_postgres", "degraded", ("SQLSTATE 53300", "no more connections"),
        ("pg_stat_activity", "max_connections"), code="53300"),
    Row(postgres_black_holed, "store_postgres", "degraded", ("not answer",), (CHECK, "firewall"), is_counted=False),
    Row(document_store_black_holed, "store_mongodb", "degraded", ("not answer",), (CHECK, "firewall"),
        is_counted=False),
    Row(table_locked, "store_postgres", "degraded", ("SQLSTATE 55P03", "other sessions held a lock"),
        ("pg_stat_activity", "locks"), code="55P03"),
    Row(database_missing, "store_postgres", "degraded", ("SQLSTATE 3D000", "does not exist"), (URI, CHECK),
        code="3D000"),
    Row(host_unknown, "store_postgres", "degraded", ("cannot be resolved",), (URI, "getent hosts"), is_counted=False),
    Row(certificate_of_another_authority, "store_postgres", "degraded", ("TLS certificates", "refused"),
        ("sslrootcert", URI, "openssl"), is_counted=False),
    Row(disk_of_postgres_full, "store_postgres", "degraded", ("SQLSTATE 53100", "no room"), ("df -h",), code="53100",
        sends=200),
    Row(older_schema_that_may_not_be_upgraded, "store_postgres", "degraded", ("is at version",), ("twinlog migrate",),
        is_counted=False),
    Row(position_ahead, "courier_postgres", "degraded", ("set back to an older copy",),
        ("twinlog_agents", "compare both stores"), is_counted=False),
    Row(forgot_more_than_the_spool_has, "store_postgres", "degraded", ("lost more than the spool", "incomplete since"),
        ("received_at", "spool.keep_delivered"), is_counted=False, heals=False),
)
