"""docs/: every example there is sent, run or asked, and what stands behind it is what comes back.

The word behind ``` says what a block is: `json event` is sent through the socket, `json answer` is its answer (`stored` where
none is shown), `json kept` holds members of the record that is kept of it; `sh docs-test` is run by bash, `json answers` is what
it prints; `client` is a program that is given the HTTP address; `sql reader` and `sql roles` are run by psql. "..." stands for any text. The
default paths and ports of a page become those of the test's agent."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

import psycopg

import field
import harness

DOCS = harness.ROOT / "docs"
BLOCK = re.compile(r"^```([^\n]+)\n(.*?)^```$", re.M | re.S)
BUILT_GO = harness.ROOT / "build/go/go/bin/go"  # Where the machine has none that is new enough: install-deps.


def blocks(page):
    return [(kind, text) for kind, text in BLOCK.findall((DOCS / page).read_text())]


def agrees(shown, found):
    """Whether what a page shows is what was found; of an object every member counts."""
    if shown == "...":
        return isinstance(found, str) and found != ""
    if isinstance(shown, dict) and isinstance(found, dict):
        return shown.keys() == found.keys() and all(agrees(value, found[name]) for name, value in shown.items())
    if isinstance(shown, list) and isinstance(found, list):
        return len(shown) == len(found) and all(map(agrees, shown, found))
    return shown == found


class Page(unittest.TestCase):
    """An agent whose stores are away: nothing here needs them."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="twinlog-docs-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        absent = harness.free_port()
        self.agent = harness.Agent(f"postgresql://postgres@127.0.0.1:{absent}/audit", f"mongodb://127.0.0.1:{absent}/audit",
                                   environment={"TWINLOG_AGENT_DRAIN_TIMEOUT": "0s"})
        self.addCleanup(self.agent.close)

    def kept(self):
        done = subprocess.run([harness.BINARY, "spool", "export", "--config", self.agent.config], capture_output=True,
                              text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]


class Events(Page):
    def test_every_example_is_answered_and_kept_as_the_page_says(self):
        self.agent.start()
        shown, examples = blocks("EVENTS.md"), []
        for kind, text in shown:
            if kind in ("json event", "json event-of-9000-x"):
                line = text.replace("\n", "").replace("XXX", "x" * 9000)
                examples.append({"line": line, "answer": {"status": "stored", "tenant_id": "acme", "log_id": "..."},
                                 "found": self.agent.send_lines([line.encode()])[0]})
            elif kind in ("json answer", "json kept"):
                examples[-1][kind.split()[1]] = json.loads(text)
            else:
                self.fail(f"a block of no known kind: {kind}")
        kept = {record["log_id"]: record for record in self.kept()}
        self.assertGreater(len(examples), 12)
        for example in examples:
            with self.subTest(example["line"][:200]):
                self.assertTrue(agrees(example["answer"], example["found"]), example)
                for name, value in example.get("kept", {}).items():
                    record = kept[example["found"]["log_id"]]
                    self.assertTrue(agrees(value, record.get(name)), f"{name}: {value} is shown, kept is {record}")


class Intake(Page):
    def test_every_command_prints_what_the_page_shows(self):
        self.agent.start()
        shown = blocks("INTAKE.md")
        commands = [(text, shown[place + 1]) for place, (kind, text) in enumerate(shown) if kind == "sh docs-test"]
        self.assertGreater(len(commands), 1)
        for text, (kind, answers) in commands:
            self.assertEqual(kind, "json answers", text)
            text = text.replace("127.0.0.1:8840", f"127.0.0.1:{self.agent.http}")
            text = text.replace("/run/twinlog/events.sock", str(self.agent.socket))
            done = subprocess.run(["bash", "-euc", text], capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            expected, found = ([json.loads(line) for line in lines.splitlines()] for lines in (answers, done.stdout))
            self.assertTrue(agrees(expected, found), f"{text}\n{done.stdout}")

    def test_the_snippet_of_the_readme_records_a_failure(self):
        self.agent.start()
        source = re.search(r"^```python\n(.*?)^```", (harness.ROOT / "README.md").read_text(), re.M | re.S)[1]
        done = subprocess.run(["/usr/bin/python3", "-c", source.replace("8840", str(self.agent.http))], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('"status":"stored"', done.stdout)
        self.assertEqual([record["username"] for record in self.kept()], ["alice"])

    def client(self, language, name, *command):
        """Started while nobody listens; it must go on until the agent is there, and send one event."""
        source = next(text for kind, text in blocks("INTAKE.md") if kind == f"{language} client")
        path = self.folder / name
        path.write_text(source)
        with (self.folder / "said").open("wb") as said:
            process = subprocess.Popen([*command, path, f"127.0.0.1:{self.agent.http}"], stdout=said, stderr=said)
        self.addCleanup(process.kill)
        self.agent.start()
        code = process.wait(180)
        text = (self.folder / "said").read_text()
        self.assertEqual(code, 0, text)
        answer = json.loads(text)
        answer = answer.get("results", [answer])[0]
        self.assertEqual(answer["status"], "stored", text)
        self.assertEqual([record["log_id"] for record in self.kept()], [answer["log_id"]])

    def test_the_python_client_sends_again_until_it_is_answered(self):
        self.client("python", "client.py", "/usr/bin/python3")

    def test_the_go_client_sends_again_until_it_is_answered(self):
        go = str(BUILT_GO) if BUILT_GO.exists() else shutil.which("go")
        self.client("go", "client.go", go, "run")

    def test_the_java_client_sends_again_until_it_is_answered(self):
        self.client("java", "Client.java", "java")

    def test_the_node_client_sends_again_until_it_is_answered(self):
        self.client("js", "client.js", "node")


class Stores(unittest.TestCase):
    def test_a_reader_gets_rows_from_every_question_of_the_page(self):
        postgres, documents = harness.StoreServer("postgres"), harness.StoreServer("mongo-java-server")
        agent = harness.Agent(postgres.new_database(), documents.new_database())
        with harness.closing(postgres, documents, agent):
            agent.start()
            agent.send_lines([json.dumps({"tenant_id": tenant, "log_id": f"e{number}", "event_type": kind, "username": "alice",
                                          "occurred_at": time.time_ns() // 1_000_000, "ip": "192.0.2.7"}).encode()
                              for tenant in ("acme", "other")
                              for number, kind in enumerate(("login_failed", "login_failed", "account_locked"))])
            agent.wait_delivered()
            question = next(text for kind, text in blocks("STORES.md") if kind == "sql reader")
            done = psql(agent.postgres, question)
            self.assertEqual(done.returncode, 0, done.stderr)
            with psycopg.connect(agent.postgres) as connection:
                tables = {row[0] for row in connection.execute("SELECT relname FROM pg_class WHERE relkind = 'r' "
                                                               "AND relnamespace = 'public'::regnamespace")}
        lines = done.stdout.splitlines()
        self.assertEqual(len([line for line in lines if line.endswith("|alice|192.0.2.7")]), 3, done.stdout)
        self.assertIn("login_failed|2", lines)
        self.assertEqual(lines[-1], "name:alice|temporary|")
        page = (DOCS / "STORES.md").read_text()
        self.assertEqual({table for table in tables if f"| `{table}` |" not in page}, set())


def psql(uri, text):
    return subprocess.run(["psql", "-qAt", "-v", "ON_ERROR_STOP=1", uri], input=text, capture_output=True, text=True,
                          check=False)


class Roles(field.FieldCase):
    """The roles of STORES.md, on a new cluster, made by each of those whom the page lets make them."""

    def test_an_owner_of_the_tables_that_may_create_roles_makes_roles_that_work(self):
        server, database = self.owned_by("CREATEROLE")
        self.run_twinlog("migrate", self.agent_of(server, database, "table_owner"), "have their rights")
        self.make_and_use(server, database, "table_owner")

    def test_a_superuser_makes_roles_that_work_where_the_owner_of_the_tables_may_make_none(self):
        server, database = self.owned_by("NOCREATEROLE")
        owner = self.agent_of(server, database, "table_owner")
        printed = self.run_twinlog("migrate", owner, "have an administrator run")
        self.said(server.uri(database), " ".join(re.findall(r"CREATE ROLE \w+ NOLOGIN;", printed)))
        self.run_twinlog("migrate", owner, "have their rights")
        self.make_and_use(server, database, "postgres")

    def owned_by(self, attribute):
        server = self.cluster(fsync="on")  # `check` has something to say about a server without.
        server.do(f"CREATE ROLE table_owner LOGIN {attribute}")
        return server, server.new_database("table_owner")

    def make_and_use(self, server, database, maker):
        self.said(server.uri(database, maker), next(text for kind, text in blocks("STORES.md") if kind == "sql roles"))
        agent = self.agent_of(server, database, "audit_agent")
        self.run_twinlog("migrate", agent, "is current")
        self.run_twinlog("check", agent, "this role has the rights of a writer", "--stores")
        agent.start()
        for tenant in ("acme", "other"):
            agent.send_lines([field.event(number, tenant_id=tenant) for number in range(20)])
        agent.wait_delivered()
        self.assertEqual(server.one("SELECT count(DISTINCT tenant_id) FROM auth_logs", database=database), 2)
        self.look_as_reader(server.uri(database, "compliance"))

    def look_as_reader(self, reader):
        for table in ("auth_logs", "auth_log_conflicts", "account_lockouts"):
            asked = f"SELECT DISTINCT tenant_id FROM {table};"
            self.assertEqual(self.said(reader, asked), "acme\n", table)
            self.assertEqual(self.said(reader, "SET twinlog.tenant_id = 'other';" + asked), "acme\n", table)
            refused = psql(reader, f"UPDATE {table} SET tenant_id = tenant_id;")
            self.assertIn(f"permission denied for table {table}", refused.stderr)

    def agent_of(self, server, database, user):
        return self.agent(server, f'uri = "{server.uri(database, user)}"', database)

    def run_twinlog(self, command, agent, words, *options):
        done = subprocess.run([harness.BINARY, command, "--config", agent.config, *options], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(words, done.stdout)
        return done.stdout

    def said(self, uri, text):
        done = psql(uri, text)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout


if __name__ == "__main__":
    unittest.main()
