"""One agent between real stores, all that it was sent, and what an independent look at both stores says of it."""
import itertools
import json
import pathlib
import random
import sys
import time

import psycopg
import pymongo

import harness
import health_page

sys.path.insert(0, str(harness.ROOT / "tests/oracle"))
import canonical
import normalise

# In every value of every event, in roles and passwords: no page may hold it, in no condition.
MARK = "zqx7"
WRITER, GUARDED = MARK + "_writer", MARK + "_guarded"  # Roles of PostgreSQL.
PASSWORD = MARK + "-correct-horse"
IP = "203.0.113.77"
QUICK = {"TWINLOG_RETRY_FIRST": "50ms", "TWINLOG_RETRY_MOST": "500ms"}
COUNT_SECONDS = 2
# What the spool keeps of a version beside its canonical content and the agent's name: the key (spool/FORMAT.md) and the
# head of the encoded version (ledger/FORMAT.md).
ENCODED_BYTES = 8 + 1 + 8 + 16 + 8 + 8 + 32 + 1 + 4 + 4 + 1 + 2 + 8 + 8 + 16
# The page's clock and the test's are one; the page rounds to microseconds and gathers its facts one after another.
CLOCK_SECONDS = 0.05


class Scene:
    """`server` is a postgres_server.PostgresServer and `documents` a harness.StoreServer, shared with other scenes; the
    databases in them are this scene's own, PostgreSQL's owned by the role `owner`."""

    def __init__(self, case, owner=WRITER):
        self.case, self.server, self.documents, self.owner = case, case.server, case.documents, owner
        self.database = self.server.new_database(owner)
        self.mongodb = self.documents.new_database()
        self.postgres = self.server.uri(self.database, user=owner, sslmode="disable")
        self.agent, self.numbers = None, itertools.count()
        self.sends, self.raw = [], []  # (clock before, clock after, the number of the first); the lines taken
        self.known = dict.fromkeys(health_page.STORES, 0)
        self.began = time.time()
        self.delivered = 0  # Events at the last deliver().
        self.lost = 0  # Rows that a story removed from PostgreSQL for good.
        self.ended = 0  # Sessions that a story ended: each is a failure of the agent's, too.
        self.log_from = len(self.server.log_text())

    # --- the agent

    def make_agent(self, extra="", postgres="", mongodb="", environment=None):
        """`postgres` and `mongodb` are lines that replace the `uri` of that store."""
        agent = harness.Agent(self.postgres, self.mongodb, extra, {**QUICK, **(environment or {})})
        self.case.addCleanup(agent.close)
        text = agent.config.read_text()
        for address, lines in ((self.postgres, postgres), (self.mongodb, mongodb)):
            text = text.replace(f'uri = "{address}"', lines) if lines else text
        agent.config.write_text(text)
        self.agent = agent
        return agent

    def start(self, **options):
        self.make_agent(**options).start()

    def page(self):
        page = health_page.read(self.agent)
        self.case.assertIsNotNone(page, self.agent.log_text()[-2000:])
        return page

    def wait_page(self, condition, what, seconds=harness.PATIENCE):
        """The first page that fulfils the condition; every page on the way must have the right form and no content."""
        last = {}

        def found():
            last["page"] = self.page()
            health_page.Form(self.case).check(last["page"])
            self.assert_nothing_leaks(last["page"])
            return last["page"] if condition(last["page"]) else None
        try:
            return harness.wait_until(found, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{json.dumps(last.get('page'), indent=1)}\n"
                                 f"{self.agent.log_text()[-1500:]}") from None

    def wait_well(self, but=()):
        """Until nothing is wrong, but for these components."""
        def is_settled(store):
            return store["backlog_events"] == 0 and store["connected"] == store["enabled"]

        return self.wait_page(lambda page: set(health_page.states(page)) == set(but) and
                              all(map(is_settled, page["stores"])), f"all is well but {but}")

    # --- what it is sent

    def event(self, **members):
        number = next(self.numbers)
        return json.dumps({"tenant_id": f"{MARK}-tenant", "log_id": f"{MARK}-{number}", "event_type": "login_failed",
                           "occurred_at": 1_700_000_000_000 + number, "user_id": f"{MARK}-user{number % 7}",
                           "username": f"{MARK}-name{number % 7}", "ip": IP, "request_id": f"{MARK}-{number}",
                           "user_agent": MARK + random.Random(number).randbytes(300).hex(),
                           "failure_reason": f"{MARK}-reason", **members}).encode()

    def send(self, count=20, lines=None):
        """Sends events that must all be taken."""
        answers = self.offer(count, lines)
        self.case.assertLessEqual(set(answers), {"stored", "conflict"}, answers)

    def offer(self, count=20, lines=None):
        """Sends events; remembers those that were taken and when that was."""
        lines = lines or [self.event() for _ in range(count)]
        before = time.time()
        answers = self.agent.send_lines(lines)
        taken = [line for line, answer in zip(lines, answers) if answer["status"] in ("stored", "conflict")]
        if taken:
            self.sends.append((before, time.time(), len(self.raw)))
        self.raw += taken
        return harness.statuses(answers)

    def deliver(self, count=20):
        self.send(count)
        self.wait_page(lambda page: all(each["backlog_events"] == 0 for each in page["stores"]), "all is delivered")
        for store in health_page.STORES:
            self.count(store)
        self.delivered = len(self.raw)

    # --- what is known without the agent

    def count(self, store):
        """Versions in a store, (records, conflicts), asked by the test's own client; those of the last look where it does
        not answer."""
        ask = self.count_rows if store == "postgres" else self.count_documents
        try:
            self.known[store] = sum(ask())
        except (psycopg.OperationalError, pymongo.errors.PyMongoError):
            pass
        return self.known[store]

    def count_rows(self):
        sql = "SELECT (SELECT count(*) FROM auth_logs), (SELECT count(*) FROM auth_log_conflicts)"
        with psycopg.connect(host=str(self.server.folder), port=self.server.port, user="postgres",
                             dbname=self.database, connect_timeout=COUNT_SECONDS, options="-c lock_timeout=1s") as connection:
            return connection.execute(sql).fetchone()

    def count_documents(self):
        patience = {name: COUNT_SECONDS * 1000 for name in ("serverSelectionTimeoutMS", "socketTimeoutMS")}
        with pymongo.MongoClient(self.mongodb, **patience) as client:
            database = client.get_default_database()
            return [database[name].count_documents({}) for name in ("auth_logs", "auth_log_conflicts")]

    def missing(self, store):
        return len(self.raw) - self.count(store)

    def bytes_of(self, lines):
        """What the spool keeps for these lines before compression, by the oracle and the format's description."""
        return sum(ENCODED_BYTES + len("auth-test") + len(canonical.dump(normalise.normalise(line))) for line in lines)

    def check_backlog(self, store, code):
        """The page's numbers of a store that takes nothing, against the test's own; `code`: PostgreSQL's log also tells
        how often it answered that, by which the errors are counted."""
        case, missing = self.case, self.missing(store)
        errors_before, before = self.server_errors(code) if code else 0, time.time()
        page = self.page()
        after, errors_after = time.time(), self.server_errors(code) if code else 0
        shown = health_page.store(page, store)
        case.assertEqual(shown["backlog_events"], missing)
        case.assertEqual(shown["backlog_bytes"], self.bytes_of(self.raw[len(self.raw) - missing:]))
        case.assertGreaterEqual(page["spool"]["waiting"], missing)
        if missing:
            first, last = self.taken_between(len(self.raw) - missing)
            case.assertLess(before - last - CLOCK_SECONDS, shown["oldest_unsent_age_seconds"])
            case.assertLess(shown["oldest_unsent_age_seconds"], after - first + CLOCK_SECONDS)
        if code:
            case.assertLessEqual(errors_before - 1, shown["last_error"]["count"])  # One may be on its way.
            case.assertLessEqual(shown["last_error"]["count"], errors_after + self.ended)
            case.assertGreater(shown["last_error"]["count"], 0)

    def check_backlog_sampled(self, store):
        """Beyond 1,024 events the page weighs a sample; events of one size must come out within a twentieth."""
        missing = self.missing(store)
        shown = health_page.store(self.page(), store)
        self.case.assertEqual(shown["backlog_events"], missing)
        exact = self.bytes_of(self.raw[len(self.raw) - missing:])
        self.case.assertLess(abs(shown["backlog_bytes"] - exact), exact / 20)

    def taken_between(self, number):
        """The test's clock (before, after) the sending of that event, the oldest of which is 0."""
        return next((before, after) for before, after, first in reversed(self.sends) if first <= number)

    def server_errors(self, code):
        """How often PostgreSQL itself says, in its log, that it answered this code to this scene."""
        lines = self.server.log_text()[self.log_from:].splitlines()
        return sum(line.startswith((f"{self.database} {code} ", f" {code} ")) and
                   ("ERROR:" in line or "FATAL:" in line) for line in lines)

    def server_words(self):
        """What PostgreSQL's log says of this scene's errors: its own text, which quotes values."""
        for line in self.server.log_text()[self.log_from:].splitlines():
            for mark in ("ERROR:  ", "FATAL:  ", "DETAIL:  "):
                if mark in line:
                    yield line.split(mark, 1)[1].strip()

    def spool_bytes(self):
        total = 0
        for path in pathlib.Path(self.spool_path()).rglob("*"):
            try:
                total += path.stat().st_size if path.is_file() else 0
            except FileNotFoundError:
                pass  # A compaction has just removed it.
        return total

    def spool_path(self):
        return self.agent.environment.get("TWINLOG_SPOOL_PATH", self.agent.spool)

    # --- what no page may hold

    def assert_nothing_leaks(self, page):
        text = json.dumps(page, ensure_ascii=False)
        for word in (MARK, IP, PASSWORD, "INSERT INTO", *self.server_words()):
            self.case.assertNotIn(word, text)
