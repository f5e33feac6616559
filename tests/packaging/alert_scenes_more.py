"""Further scenes: stores that went back or ahead, senders that are turned away, a slow disk, a wrong clock, the self-audit."""
import glob
import os
import pathlib
import signal

import psycopg
import pymongo

import harness
from alert_events import event
from alert_scenes import STORES, asked, begin, deliver, of, of_both, wait_ok
from alert_series import scrape_until

ROUNDS = 200  # Seconds in which the self-audit has looked twice.
FOREIGN_USER = 4711
TOKEN = "a-token-of-this-test"


def set_position(agent, change):
    """What a store says of how far it has this spool."""
    with psycopg.connect(agent.postgres) as connection:
        connection.execute(f"UPDATE twinlog_agents SET last_leaf_index = {change}")


def ahead(servers):
    agent = servers.agent(TWINLOG_LEDGER_CHECKPOINT_EVERY="1s").start()
    scene = begin("a store that knows more than the spool", agent)
    deliver(agent)
    wait_ok(agent)
    scene.hold(3, goes_on=True)
    set_position(agent, "last_leaf_index + 1000")
    scrape_until(agent, lambda page: page.value("twinlog_store_position_ahead", store="postgres") == 1 and
                 page.value("twinlog_state", state="ok") == 0, "it is ahead")
    scene.hold(3, *of("postgres", "TwinlogStoreAhead"), goes_on=True)
    return scene


def incomplete(servers):
    agent = servers.agent(extra='keep_delivered = "0s"', TWINLOG_AGENT_POSITION_EVERY="1s").start()
    scene = begin("a store that went back further than the spool reaches", agent)
    deliver(agent)
    wait_ok(agent)
    scrape_until(agent, lambda page: page.value("twinlog_spool_records") == 0, "nothing is kept")
    scene.hold(3, goes_on=True)
    set_position(agent, "1")
    scrape_until(agent, lambda page: page.value("twinlog_store_incomplete_since_timestamp_seconds", store="postgres") > 0,
                 "it is incomplete")
    scene.hold(3, *of("postgres", "TwinlogStoreIncomplete"), goes_on=True)
    agent.stop()
    agent.start()
    scrape_until(agent, lambda page: page.value("twinlog_store_incomplete_since_timestamp_seconds", store="postgres") > 0,
                 "it is so still")
    scene.hold(3, "TwinlogRestarted", *of("postgres", "TwinlogStoreIncomplete"), goes_on=True)
    return scene


def senders(servers):
    agent = servers.agent()
    token = agent.folder / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    agent.environment["TWINLOG_INTAKE_HTTP_BEARER_TOKEN_FILE"] = str(token)
    agent.start()
    scene = begin("senders that are wrong, and a reload that is refused", agent)
    deliver(agent)
    wait_ok(agent)
    scene.hold(3, goes_on=True)
    assert agent.post(event())[0] == 401
    scene.hold(2, "TwinlogSendersTurnedAway", goes_on=True)
    assert harness.statuses(agent.send_lines([event(tenant_id="")])) == {"rejected": 1}
    scene.hold(2, "TwinlogSendersTurnedAway", "TwinlogEventsRejected", goes_on=True)
    deliver(agent, 1, occurred_at=1000_000)
    wrong = ["TwinlogSendersTurnedAway", "TwinlogEventsRejected", "TwinlogSenderClockWrong"]
    scene.hold(2, *wrong, goes_on=True)
    agent.config.write_text(agent.config.read_text() + '[log]\nlevel = "nonsense"\n')
    agent.process.send_signal(signal.SIGHUP)
    scrape_until(agent, lambda page: page.value("twinlog_config_reloads_total", result="refused") == 1, "it is refused")
    scene.hold(3, *wrong, "TwinlogReloadRefused", goes_on=True)
    scene.hold(25, goes_on=True)
    return scene


def peers(servers):
    """Needs root, which can be another user for a moment."""
    agent = servers.agent(TWINLOG_INTAKE_UNIX_ALLOW_UIDS=str(os.geteuid() + FOREIGN_USER)).start()
    scene = begin("a user that is not let in", agent)
    wait_ok(agent)
    scene.hold(3, goes_on=True)
    try:
        agent.send_lines([event()])
    except (OSError, ValueError):
        pass
    else:
        raise AssertionError("a user was let in who is on no list")
    scrape_until(agent, lambda page: page.value("twinlog_ingest_peers_refused_total") > 0, "it is counted")
    scene.hold(3, "TwinlogSendersTurnedAway", goes_on=True)
    return scene


def slow_disk(servers):
    agent = servers.agent().start()
    switch = pathlib.Path(agent.environment["TEST_DISK_IS_SLOW"])
    scene = begin("a disk whose syncs take half a second", agent)
    for _ in range(20):
        deliver(agent, 1)
    wait_ok(agent)
    scene.hold(5, goes_on=True)
    switch.touch()
    for _ in range(4):
        deliver(agent, 1)
    switch.unlink()
    scene.hold(4, "TwinlogSyncSlow", goes_on=True)
    return scene


def wrong_clock(servers):
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    assert found, "libfaketime is missing; run packaging/install-deps --tests"
    agent = servers.agent(LD_PRELOAD=f"{servers.syncs} {found[0]}", FAKETIME="+5s", FAKETIME_DONT_FAKE_MONOTONIC="1").start()
    scene = begin("a host whose clock is wrong", agent)
    deliver(agent)
    scrape_until(agent, lambda page: all(abs(page.value("twinlog_store_clock_offset_seconds", store=store)) > 2
                                         for store in STORES), "the offset is measured")
    scene.hold(8, *of_both("TwinlogClockOff"), goes_on=True)
    return scene


class Audits:
    """The self-audit looks once a minute, so these scenes begin first and end last."""

    def __init__(self, servers):
        self.scenes = {}
        for name in ("a store from which a record was taken", "a store in which a record was changed",
                     "a store that cannot be read back"):
            agent = servers.agent().start()
            deliver(agent)
            wait_ok(agent)
            self.scenes[name] = begin(name, agent)
            self.scenes[name].hold(3, goes_on=True)
        self.taken, self.changed, self.blind = self.scenes.values()
        with pymongo.MongoClient(self.taken.agent.mongodb) as client:
            # Not the newest: a store that lacks it has gone back, and gets it again.
            assert client.get_default_database().auth_logs.find_one_and_delete({}, sort=[("leaf_index", 1)])
        with asked(self.changed.agent) as ask:
            ask("UPDATE auth_logs SET username = 'somebody else'")
        with asked(self.blind.agent) as ask:
            ask("ALTER TABLE auth_log_conflicts RENAME TO hidden")

    def finish(self):
        def audited(result, store):
            return lambda page: page.value("twinlog_ledger_audited_leaves_total", result=result, store=store) > 0
        scrape_until(self.taken.agent, audited("missing", "mongodb"), "the audit found what is missing", ROUNDS)
        self.taken.hold(5, *of("mongodb", "TwinlogSelfAuditFailed"), goes_on=True)
        scrape_until(self.changed.agent, audited("modified", "postgres"), "the audit found what was changed", ROUNDS)
        self.changed.hold(5, *of("postgres", "TwinlogSelfAuditFailed"), goes_on=True)
        scrape_until(self.blind.agent, lambda page: page.value("twinlog_ledger_audits_failed_total", store="postgres") > 0,
                     "a round of the audit failed", ROUNDS)
        self.blind.hold(7, *of("postgres", "TwinlogSelfAuditBlind"), goes_on=True)
        return list(self.scenes.values())
