"""Reads /healthz and knows its form: which members it has, and what holds of every page whatever is broken."""
import datetime
import functools
import itertools
import json
import re
import subprocess
import tomllib

import harness

COMPONENTS = ("intake_socket", "intake_http", "spool", "disk", "store_postgres", "store_mongodb", "courier_postgres",
              "courier_mongodb", "dead_letters_postgres", "dead_letters_mongodb", "clock", "ledger")
STORES = ("postgres", "mongodb")
STATES = ("ok", "degraded", "failing")
PHASES = ("starting", "running", "draining", "stopping")
PAGE = {"state", "summary", "agent", "version", "phase", "started_at", "now", "components", "stores", "spool",
        "intake", "ledger", "warnings"}
COMPONENT = {"name", "state", "impact", "diagnosis", "action"}
STORE = {"name", "enabled", "connected", "connected_since", "backlog_events", "backlog_bytes",
         "oldest_unsent_age_seconds", "last_error", "next_try_in_seconds", "delivered", "conflicts", "rewinds",
         "position_ahead", "incomplete_since", "clock_offset_seconds", "dead_letters", "dead_letters_bytes",
         "dead_letters_accounts", "dead_letters_since"}
ERROR = {"class", "code", "constraint", "words", "count", "first_at", "last_at"}
SPOOL = {"path", "epoch_id", "volume", "size_bytes", "max_bytes", "limit_bytes", "volume_free_bytes", "records",
         "waiting", "lost_events", "acknowledged_lost_events", "damaged_copies", "damaged_bytes", "dead_letters_max_bytes", "full", "only_base_types", "writable", "ballast", "full_in_seconds"}
LEDGER = {"verifier_key", "throw_away", "origin", "leaves", "checkpoint_size", "checkpoint_at", "checkpoints", "gaps"}
WARNING = {"name", "words", "action"}

SECTIONS = "agent|intake|admin|spool|stores|retry|ledger|log"
SETTING = re.compile(rf"\b(?:{SECTIONS})(?:\.[a-z_]+)+\b")
REFERENCE = re.compile(r"\bcomponent ([a-z_]+)")
COMMAND = re.compile(r"`([^`]+)`")
LONGEST_WORDS = 500


def read(agent):
    """The page as JSON; None while nobody answers."""
    status, body = agent.probe("/healthz")
    if status == 0:
        return None
    assert status == 200, (status, body)
    return json.loads(body, object_pairs_hook=without_repeats)


def without_repeats(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)


def component(page, name):
    return next(each for each in page["components"] if each["name"] == name)


def store(page, name):
    return next(each for each in page["stores"] if each["name"] == name)


def states(page):
    """{name: state} of the components that are not well."""
    return {each["name"]: each["state"] for each in page["components"] if each["state"] not in ("ok", "off")}


def warnings(page):
    return {each["name"]: each for each in page["warnings"]}


def time_of(text):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text), text
    return datetime.datetime.fromisoformat(text).timestamp()


@functools.cache
def settings():
    """Every key of the configuration, and the tables that hold them."""
    def names(table, before):
        for key, value in table.items():
            yield before + key
            if isinstance(value, dict):
                yield from names(value, before + key + ".")
    text = (harness.ROOT / "config/twinlog.toml.example").read_text()
    return set(names(tomllib.loads(text), ""))


@functools.cache
def help_of(*command):
    done = subprocess.run([harness.BINARY, *command, "--help"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, (command, done.stdout + done.stderr)
    return done.stdout


class Form:
    """What must hold of every page; `case` is the test that complains."""

    def __init__(self, case):
        self.case = case

    def check(self, page):
        case = self.case
        case.assertEqual(set(page), PAGE)
        case.assertEqual([each["name"] for each in page["components"]], list(COMPONENTS))
        case.assertEqual([each["name"] for each in page["stores"]], list(STORES))
        case.assertIn(page["phase"], PHASES)
        case.assertLessEqual(time_of(page["started_at"]), time_of(page["now"]))
        for each in page["components"]:
            self.check_component(each)
            for other in REFERENCE.findall(each["action"]):
                case.assertIn(other, states(page), each)
        for each in page["stores"]:
            self.check_store(each, page["phase"])
        case.assertEqual(set(page["spool"]), SPOOL)
        self.check_ledger(page["ledger"])
        for each in page["warnings"]:
            case.assertEqual(set(each), WARNING)
            self.check_words(each["words"])
            self.check_action(each["action"])
        worst = max((each["state"] for each in page["components"] if each["state"] != "off"), key=STATES.index)
        case.assertEqual(page["state"], worst)
        self.check_words(page["summary"])

    def check_component(self, component_):
        self.case.assertEqual(set(component_), COMPONENT)
        if component_["state"] in ("ok", "off"):
            self.case.assertEqual((component_["impact"], component_["action"]), ("", ""))
            return
        self.case.assertIn(component_["state"], STATES)
        for name in ("impact", "diagnosis", "action"):
            self.check_words(component_[name])
        self.check_action(component_["action"])

    def check_store(self, store_, phase):
        case = self.case
        case.assertEqual(set(store_), STORE)
        for name in ("connected_since", "incomplete_since"):
            case.assertTrue(store_[name] is None or time_of(store_[name]), store_)
        case.assertEqual(store_["connected_since"] is None, not store_["connected"], store_)
        case.assertEqual(store_["backlog_events"] == 0, store_["oldest_unsent_age_seconds"] is None, store_)
        is_weighed = store_["enabled"] and phase != "starting"
        case.assertEqual(store_["backlog_events"] == 0, store_["backlog_bytes"] == 0 or not is_weighed, store_)
        if store_["last_error"] is not None:
            case.assertEqual(set(store_["last_error"]), ERROR)
            case.assertGreater(store_["last_error"]["count"], 0)
            case.assertLessEqual(time_of(store_["last_error"]["first_at"]), time_of(store_["last_error"]["last_at"]))

    def check_ledger(self, ledger):
        case = self.case
        case.assertEqual(set(ledger), LEDGER)
        case.assertLessEqual(ledger["checkpoint_size"], ledger["leaves"], ledger)
        case.assertEqual(ledger["checkpoint_at"] is None, ledger["checkpoint_size"] == 0, ledger)
        case.assertTrue(ledger["checkpoint_at"] is None or time_of(ledger["checkpoint_at"]), ledger)

    def check_words(self, words):
        self.case.assertRegex(words, r"\S{2}")
        self.case.assertLess(len(words), LONGEST_WORDS, words)
        self.case.assertNotRegex(words, r"[\x00-\x1f]|  |%s|\{\}")

    def check_action(self, action):
        """Names a command, a setting or the component that has one, and only such as there are."""
        self.case.assertTrue(COMMAND.search(action) or SETTING.search(action) or REFERENCE.search(action), action)
        for setting in SETTING.findall(action):
            self.case.assertIn(setting, settings(), action)
        for command in COMMAND.findall(action):
            words = command.split()
            if words[0] == "twinlog" and len(words) > 1:
                self.check_command(words[1:], action)

    def check_command(self, words, action):
        names = list(itertools.takewhile(re.compile(r"[a-z][a-z-]*").fullmatch, words))
        for depth, name in enumerate(names):
            self.case.assertRegex(help_of(*names[:depth]), rf"(?m)^  {name} ", action)
        for option in [word.split("=")[0] for word in words if word.startswith("--")]:
            self.case.assertIn(option, help_of(*names), action)
