"""Secrets of every redaction rule, planted everywhere: none may be found on a disk, in a store, log, page or answer.

The spool does not compress here, so that its files can be searched byte by byte."""
import base64
import http.client
import itertools
import json
import pathlib
import re
import signal
import socket
import subprocess
import threading
import unittest

import bson.raw_bson
import psycopg
import pymongo

import harness
import planted_secrets
import two_servers
from planted_secrets import CONTROLS, NUMBER, SECRETS, SHOWN, WORD, Planter, files_under, findings

PAGES = ("/metrics", "/healthz", "/livez", "/readyz", "/startupz", "/version", "/nothing")
SETTINGS = """compression = "none"
[log]
level = "trace"
"""


def copied_tables(uri):
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        tables = [row[0] for row in connection.execute("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND "
                                                       "relnamespace = 'public'::regnamespace ORDER BY 1")]
        for table in tables:
            with connection.cursor().copy(f"COPY public.{table} TO STDOUT") as copy:
                yield f"table {table}", b"".join(bytes(part) for part in copy)


def documents(uri):
    options = bson.codec_options.CodecOptions(document_class=bson.raw_bson.RawBSONDocument)
    with pymongo.MongoClient(uri) as client:
        database = client.get_default_database()
        for name in database.list_collection_names():
            yield f"collection {name}", b"".join(found.raw for found in database.get_collection(name, options).find())


class Secrets(two_servers.TwoServersCase):
    maxDiff = 4000

    def make_agent(self, postgres=None, mongodb=None, extra=SETTINGS, environment=None):
        agent = harness.Agent(postgres or self.postgres.new_database(), mongodb or self.documents.new_database(), extra,
                              environment)
        self.addCleanup(agent.close)
        return agent

    def everything(self, agent):
        yield from files_under(agent.spool)
        yield "log", agent.log_path.read_bytes()
        if agent.process:
            yield from ((page, agent.probe(page)[1].encode()) for page in PAGES)
        yield from copied_tables(agent.postgres)
        yield from files_under(self.postgres.folder)
        yield from documents(agent.mongodb)
        yield from files_under(self.documents.folder)

    def assert_nothing_found(self, agent):
        places = list(self.everything(agent))
        self.assertEqual(findings(SECRETS, places), [])
        return places

    def assert_search_finds(self, places, *names):
        """What was planted openly is there: the search looks where things are."""
        found = {name for name, _ in findings(CONTROLS, places)}
        for name in names:
            self.assertTrue(any(re.search(name, each) for each in found), f"{SHOWN} is not in {name}, only in {found}")

    def test_no_secret_of_an_event_is_found_anywhere_also_after_a_crash_and_another_start(self):
        agent = self.make_agent()
        agent.start()
        planter = Planter()
        lines = list(planter.kept_lines())
        self.assertGreater(planter.count, 800)
        half = len(lines) // 2
        answers = agent.send_lines(lines[:half]) + agent.post_lines(lines[half:])
        self.assertEqual(harness.statuses(answers).keys(), {"stored", "conflict", "duplicate"})
        self.assertEqual(SECRETS.search(json.dumps(answers).encode()), None)
        agent.wait_delivered(120)
        places = self.assert_nothing_found(agent)
        self.assert_search_finds(places, r"spool/.*\.log", "table auth_logs", "base/", "pg_wal/",
                                 "collection auth_logs",
                                 "auth_log_conflicts")
        self.kill_while_sending(agent, planter)
        self.assert_nothing_found(agent)
        agent.start()
        agent.wait_delivered(120)
        self.assert_nothing_found(agent)
        self.assertEqual(agent.stop(), 0)
        places = self.assert_nothing_found(agent)  # Memtables are now in table files.
        self.assert_search_finds(places, r"spool/.*\.(sst|log)")

    def kill_while_sending(self, agent, planter):
        """SIGKILL while lines with secrets are on their way in and out, some of them unfinished."""
        lines = list(planter.kept_lines())
        sent = threading.Event()

        def send():
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(str(agent.socket))
                    for number, line in enumerate(itertools.cycle(lines)):
                        client.sendall(line + b"\n" + line[:100])
                        client.sendall(line[100:] + b"\n")
                        client.recv(1 << 16)
                        if number == 300:
                            sent.set()
            except OSError:
                sent.set()

        senders = [threading.Thread(target=send) for _ in range(3)]
        for sender in senders:
            sender.start()
        self.assertTrue(sent.wait(harness.PATIENCE))
        agent.process.send_signal(signal.SIGKILL)
        agent.process.wait()
        agent.process = None
        for sender in senders:
            sender.join()

    def test_nothing_of_refused_broken_and_unfinished_input_is_found_anywhere(self):
        agent = self.make_agent(extra=SETTINGS)
        agent.start()
        planter = Planter()
        lines = list(planter.refused_lines())
        answers = agent.send_lines(lines) + agent.post_lines(lines)
        self.assertEqual(harness.statuses(answers), {"rejected": 2 * len(lines)})
        self.assertEqual(SECRETS.search(json.dumps(answers).encode()), None)
        for content_type in ("application/json", planter.secret()):
            for line in [*lines, b"[" + b",".join(lines) + b"]", planter.secret().encode() * 400_000]:
                _, answer = agent.post(line, content_type)
                self.assertEqual(SECRETS.search(json.dumps(answer).encode()), None)
        for path in (agent.socket, ("127.0.0.1", agent.http), ("127.0.0.1", agent.admin)):
            self.leave_unfinished(path, planter)
        agent.send_lines([json.dumps(planter.event()).encode()])
        agent.wait_delivered()
        self.assert_nothing_found(agent)
        agent.process.send_signal(signal.SIGKILL)
        agent.process.wait()
        agent.process = None
        self.assert_search_finds(self.assert_nothing_found(agent), r"spool/.*\.log", "table auth_logs",
                                 "collection auth_logs")

    def leave_unfinished(self, path, planter):
        good = json.dumps(planter.event(username=planter.secret(), user_agent="")).encode()
        for sent in (good, planter.secret().encode(),
                     b"POST /v1/events HTTP/1.1\r\nContent-Length: 9999\r\n\r\n" + good,
                     b"x" * (1 << 20) + planter.secret().encode() * 3):
            with socket.socket(socket.AF_UNIX if isinstance(path, pathlib.Path) else socket.AF_INET) as client:
                client.settimeout(harness.PATIENCE)
                client.connect(str(path) if isinstance(path, pathlib.Path) else path)
                try:
                    client.sendall(sent)
                    client.shutdown(socket.SHUT_WR)
                    while part := client.recv(1 << 16):
                        self.assertEqual(SECRETS.search(part), None)
                except OSError:
                    pass  # It was cut before all was sent.

    def test_no_token_and_no_header_of_a_request_is_found_anywhere(self):
        planter = Planter()
        token = planter.secret()
        agent = self.make_agent(extra=SETTINGS)
        token_file = pathlib.Path(agent.folder, "token")
        token_file.write_text(token + "\n")
        agent.environment["TWINLOG_INTAKE_HTTP_BEARER_TOKEN_FILE"] = str(token_file)
        agent.start()
        event = json.dumps(planter.event()).encode()
        headers = {"Cookie": f"a={planter.secret()}", "X-Anything": planter.secret(),
                   "Referer": f"http://h/?token={planter.secret()}",
                   "User-Agent": planter.secret()}
        for credentials, status in ((f"Bearer {token}", 200), (f"Bearer {planter.secret()}", 401), (token, 401),
                                    ("", 401),
                                    ("Basic " + base64.b64encode(f"u:{planter.secret()}".encode()).decode(), 401)):
            got, answer = agent.post(event, headers={**headers, "Authorization": credentials})
            self.assertEqual(got, status)
            self.assertEqual(SECRETS.search(json.dumps(answer).encode()), None)
        for port in (agent.http, agent.admin):
            for method, target in (("GET", f"/{planter.secret()}?token={planter.secret()}"),
                                   (planter.secret(), "/metrics"),
                                   ("POST", f"/v1/events?password={planter.secret()}"),
                                   ("GET", f"/metrics?{planter.secret()}")):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.PATIENCE)
                connection.request(method, target, event, {**headers, "Authorization": f"Bearer {planter.secret()}"})
                self.assertEqual(SECRETS.search(connection.getresponse().read()), None)
        token_file.write_text("")
        status, answer = agent.post(event, headers={"Authorization": f"Bearer {token}"})
        self.assertEqual(status, 503)
        self.assertEqual(SECRETS.search(json.dumps(answer).encode()), None)
        agent.wait_delivered()
        self.assert_nothing_found(agent)

    def test_no_password_of_a_store_is_found_in_log_pages_and_output(self):
        def with_password(uri, host=None):
            scheme, rest = uri.split("://")
            rest = rest.split("@")[-1]
            return f"{scheme}://twinlog:{WORD}00001@{host or rest.split('/')[0]}/{rest.split('/', 1)[1]}"

        postgres, mongodb = self.postgres.new_database(), self.documents.new_database()
        nobody = f"127.0.0.1:{harness.free_port()}"
        addresses = [(with_password(postgres), with_password(mongodb)),
                     (with_password(postgres, nobody), with_password(mongodb, nobody)),
                     (with_password(postgres, "no.such.host.invalid"), with_password(mongodb, "no.such.host.invalid")),
                     (with_password(postgres, "127.0.0.1:port"), with_password(mongodb, "[::1")),
                     (with_password(postgres) + "?" + WORD + "=1", with_password(mongodb) + "?authMechanism=" + WORD)]
        for number, (one, other) in enumerate(addresses):
            with self.subTest(number=number):
                self.check_addresses(one, other)

    def check_addresses(self, postgres, mongodb):
        agent = self.make_agent(postgres, mongodb)
        checked = [subprocess.run([harness.BINARY, command, "--config", agent.config, *options], capture_output=True,
                                  timeout=120,
                                  check=False) for command, options in (("check", []), ("check", ["--stores"]))]
        self.assertEqual(findings(SECRETS, [("check", done.stdout + done.stderr) for done in checked]), [])
        agent.start(wait=False)
        harness.wait_until(lambda: agent.process.poll() is not None or agent.probe("/readyz")[0] == 200, "it runs")
        if agent.process.poll() is None:
            event = json.dumps(Planter().event()).encode()
            harness.wait_until(lambda: agent.send_lines([event]) and agent.log_text().count("store_flush_failed") > 1 or
                               agent.metric('twinlog_store_pending_records{store="postgres"}') == 0,
                               "it has tried the stores")
            places = [(page, agent.probe(page)[1].encode()) for page in PAGES]
            command_line = pathlib.Path(f"/proc/{agent.process.pid}/cmdline").read_bytes()
            self.assertEqual(findings(SECRETS, [*places, ("command line", command_line)]), [])
            agent.process.kill()
            agent.process.wait()
        self.assertEqual(findings(SECRETS, [("log", agent.log_path.read_bytes()), *files_under(agent.spool)]), [])

    def test_the_search_knows_every_form(self):
        for form in [*planted_secrets.forms(WORD), *planted_secrets.number_forms(NUMBER)]:
            self.assertEqual(len(findings(SECRETS, [("page", b"before" + form + b"after")])), 1, form)
        for before, after in itertools.product(range(3), range(3)):
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                hidden = encode(b"\xff" * before + WORD.encode() + b"\xfe" * after)
                self.assertEqual(len(findings(SECRETS, [("page", hidden)])), 1, hidden)
        self.assertEqual(findings(SECRETS, [("page", WORD[:-1].encode() + b" " + str(NUMBER)[:-1].encode())]), [])


if __name__ == "__main__":
    unittest.main()
