"""A PostgreSQL cluster of a test's own that can be configured, stopped, killed, given a standby and promoted.

packaging/stores/run starts the same server for tests that only need one; here the server itself is what is tested with.
The superuser `postgres` always gets in through the Unix socket in `folder`; that is the way of the test's own hands
(`admin()`), so whatever is done to TCP connections, passwords or rights, the test can still look and mend.
"""
import ctypes
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid

import psycopg

import harness

STOP_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
ALWAYS_ALLOWED = "local all postgres trust\nlocal replication postgres trust\n"
TRUST = "host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n"


def binary(name):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    assert found, f"no {name} of PostgreSQL here; run packaging/install-deps --tests"
    return found[-1]


def as_server_user():
    """What subprocess needs to drop root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def give_to_server_user(path, mode):
    os.chmod(path, mode)
    drop = as_server_user()
    if drop:
        os.chown(path, drop["user"], drop["group"])


class PostgresServer:
    """One cluster in a temporary folder, on a port of its own that it keeps over restarts."""

    def __init__(self, **options):
        """`options` are settings of postgresql.conf. The server runs when this returns."""
        self._make_folder()
        self._run_tool("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                       "--no-sync")
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write("\ninclude 'test.conf'\n")
        self.options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder),
                        "logging_collector": "off", **options}
        self._write_options()
        self._write_hba(TRUST)
        self.start()

    def _make_folder(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-cluster-"))
        give_to_server_user(self.folder, 0o755)
        self.data, self.log_path = self.folder / "data", self.folder / "server.log"
        self.port, self.process, self.standbys = harness.free_port(), None, []

    def _run_tool(self, name, *arguments):
        done = subprocess.run([binary(name), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, cwd=self.folder, **as_server_user())
        if done.returncode != 0:
            raise RuntimeError(f"{name} ended with {done.returncode}: {done.stderr}")

    # --- life

    def start(self, wait=True):
        """Starts the server; `wait`: until it takes connections."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen([binary("postgres"), "-D", self.data, "-p", str(self.port)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                            start_new_session=True, preexec_fn=die_with_parent, **as_server_user())
        if wait:
            harness.wait_until(self._answers, f"PostgreSQL takes connections; see {self.log_path}")
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended with {self.process.returncode}: {self.log_text()[-1000:]}")
        try:
            self.admin().close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, mode="fast"):
        """`smart` waits for clients to leave, `fast` sends them away, `immediate` leaves without a checkpoint."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(STOP_SIGNALS[mode])
            self.process.wait(harness.PATIENCE)
        self.process = None

    def restart(self, mode="fast"):
        self.stop(mode)
        return self.start()

    def kill(self):
        """SIGKILL to the server and all its sessions: a crash of the machine, but for what the kernel has not written."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.process.kill()
        self.process.wait()
        for child in children:
            try:
                os.kill(int(child), signal.SIGKILL)
            except ProcessLookupError:
                pass
        harness.wait_until(lambda: not any(pathlib.Path("/proc", child).exists() for child in children),
                           "the sessions of the killed server are gone")
        self.process = None

    def close(self):
        for standby in self.standbys:
            standby.close()
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- configuration

    def set_option(self, name, value):
        """A line of the configuration, None takes it back. A running server has it when this returns, unless it is one
        that needs restart()."""
        self.options.pop(name, None)
        if value is not None:
            self.options[name] = value
        self._write_options()
        self.reload()

    def set_hba(self, lines):
        """Who may connect over TCP and how, in the words of pg_hba.conf; the superuser's socket always works."""
        self._write_hba(lines)
        self.reload()

    def reload(self):
        """Makes a running server read its files again and waits until it has."""
        if not self.process or self.process.poll() is not None:
            return
        asked = "SELECT pg_conf_load_time()"
        with self.admin() as connection:
            before = connection.execute(asked).fetchone()[0]
        self.process.send_signal(signal.SIGHUP)

        def is_loaded():  # A new session has what the server has read by now.
            with self.admin() as connection:
                return connection.execute(asked).fetchone()[0] > before
        harness.wait_until(is_loaded, "PostgreSQL has read its configuration again")

    def enable_tls(self, certificate, key):
        """Takes over copies of a server certificate and its key (PEM files)."""
        for source, name in ((certificate, "server.crt"), (key, "server.key")):
            shutil.copyfile(source, self.data / name)
            give_to_server_user(self.data / name, 0o600)
        self.set_option("ssl", "on")

    def _write_options(self):
        path = self.data / "test.conf"
        path.write_text("".join(f"{name} = '{str(value)}'\n" for name, value in self.options.items()))
        give_to_server_user(path, 0o600)

    def _write_hba(self, lines):
        path = self.data / "pg_hba.conf"
        path.write_text(ALWAYS_ALLOWED + lines.rstrip("\n") + "\n")
        give_to_server_user(path, 0o600)

    # --- replication

    def make_standby(self, name="standby", **options):
        """A running streaming standby of this server, which names itself `name` to it (synchronous_standby_names)."""
        standby = PostgresServer.__new__(PostgresServer)
        standby._make_folder()
        standby._run_tool("pg_basebackup", "-D", standby.data, "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d",
                          f"host=127.0.0.1 port={self.port} user=postgres application_name={name}")
        standby.options = {**self.options, "unix_socket_directories": str(standby.folder), **options}
        standby._write_options()
        standby.start()
        self.standbys.append(standby)
        harness.wait_until(lambda: self.one("SELECT count(*) FROM pg_stat_replication WHERE application_name = %s AND "
                                            "state = 'streaming'", name), f"{name} streams")
        return standby

    def wait_for_replay(self, standby):
        """Until the standby has replayed all that this server has written so far."""
        here = self.one("SELECT pg_current_wal_lsn()::text")
        harness.wait_until(lambda: standby.one("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", here),
                           "the standby has replayed everything")

    def promote(self):
        """Makes a standby a primary; returns when it takes writes."""
        assert self.one("SELECT pg_promote(true, 60)"), self.log_text()[-1000:]

    # --- looking and doing

    def uri(self, database="postgres", user="postgres", password="", host="127.0.0.1", **parameters):
        login = f"{user}:{password}" if password else user
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"postgresql://{login}@{host}:{self.port}/{database}" + (f"?{query}" if query else "")

    def admin(self, database="postgres"):
        """A session of the superuser through the socket, each statement its own transaction."""
        return psycopg.connect(host=str(self.folder), port=self.port, user="postgres", dbname=database,
                               autocommit=True, options="-c default_transaction_read_only=off")

    def one(self, sql, *values, database="postgres"):
        """The first column of the first row, asked by the superuser."""
        with self.admin(database) as connection:
            return connection.execute(sql, values).fetchone()[0]

    def do(self, *commands, database="postgres"):
        with self.admin(database) as connection:
            for command in commands:
                connection.execute(command)

    def new_database(self, owner="postgres"):
        """The name of an empty database of its own."""
        name = "t" + uuid.uuid4().hex[:12]
        self.do(f"CREATE DATABASE {name} OWNER {owner}")
        return name

    def log_text(self):
        return self.log_path.read_text(errors="replace")


def wait_for_sessions(server, condition, what):
    """Waits until one session fulfils an SQL condition over pg_stat_activity."""
    harness.wait_until(lambda: server.one(f"SELECT count(*) FROM pg_stat_activity WHERE {condition}"), what)
