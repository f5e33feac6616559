"""pgbouncer in front of a PostgreSQL of the tests, by default with transaction pooling and nothing made easy."""
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

import harness
import postgres_server

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") or "pgbouncer"


class Pooler:
    def __init__(self, server, users=("postgres",), **options):
        """`options` are settings of pgbouncer.ini; `users` get in without a password. It runs when this returns."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-pooler-"))
        self.port, self.process = harness.free_port(), None
        (self.folder / "users.txt").write_text("".join(f'"{user}" ""\n' for user in users))
        settings = {"listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": "", "pool_mode": "transaction",
                    "auth_type": "trust", "auth_file": self.folder / "users.txt", "default_pool_size": 2, **options}
        (self.folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\n" +
            "".join(f"{name} = {value}\n" for name, value in settings.items()))
        for path in (self.folder, *self.folder.iterdir()):
            postgres_server.give_to_server_user(path, 0o755)
        self.start()

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([PROGRAM, self.folder / "pgbouncer.ini"], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, preexec_fn=postgres_server.die_with_parent,
                                            **postgres_server.as_server_user())
        harness.wait_until(self._answers, f"pgbouncer takes connections; see {self.folder}/log")

    def _answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
        except OSError:
            return False
        return True

    def stop(self, number=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(harness.PATIENCE)
        self.process = None

    def uri(self, database, user="postgres", **parameters):
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}" + (f"?{query}" if query else "")

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
