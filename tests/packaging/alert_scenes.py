"""Real agents in the conditions that the alerts of packaging/prometheus are about; each scene is a Recording."""
import contextlib
import signal

import psycopg

import faked_calls
import harness
import spool_damage
import small_volume
from alert_events import event, large, random_metadata
from alert_series import Recording, scrape_until

STORES = ("postgres", "mongodb")
QUICK = {"TWINLOG_RETRY_FIRST": "50ms", "TWINLOG_RETRY_MOST": "500ms"}
SMALL_SPOOL = 'max_bytes = "24MiB"\ncompression = "none"'

# Syncs that take no time, so that a busy machine's disk is not told as slow; half a second each while a file says so.
SYNCS = """
#include <stdlib.h>
#include <unistd.h>
static int wait_if_slow(void) {
  if (access(getenv("TEST_DISK_IS_SLOW"), F_OK) == 0) usleep(500000);
  return 0;
}
int fdatasync(int file) { (void)file; return wait_if_slow(); }
int fsync(int file) { (void)file; return wait_if_slow(); }
"""


def of(store, *names):
    return [(name, {"store": store}) for name in names]


def of_both(*names):
    return [each for store in STORES for each in of(store, *names)]


class Servers:
    """One PostgreSQL and one document store for all scenes, and addresses at which nobody is."""

    def __init__(self, cleanup):
        self.cleanup = cleanup
        self.syncs = faked_calls.library(cleanup.callback, SYNCS)
        self.postgres = harness.StoreServer("postgres")
        cleanup.callback(self.postgres.close)
        self.documents = harness.StoreServer("mongo-java-server")
        cleanup.callback(self.documents.close)

    def agent(self, away=(), extra="", **environment):
        """Not started."""
        port = harness.free_port()
        agent = harness.Agent(
            f"postgresql://postgres@127.0.0.1:{port}/audit" if "postgres" in away else self.postgres.new_database(),
            f"mongodb://127.0.0.1:{port}/audit" if "mongodb" in away else self.documents.new_database(), extra,
            {**QUICK, "TWINLOG_AGENT_DRAIN_TIMEOUT": "100ms", "LD_PRELOAD": self.syncs, **environment})
        agent.environment["TEST_DISK_IS_SLOW"] = str(agent.folder / "slow")
        self.cleanup.callback(agent.close)
        return agent


def begin(name, agent):
    recording = Recording(name)
    recording.agent = agent
    return recording


def deliver(agent, count=10, **members):
    assert harness.statuses(agent.send_lines([event(**members) for _ in range(count)])) == {"stored": count}
    agent.wait_delivered()


def wait_ok(agent):
    scrape_until(agent, lambda page: page.value("twinlog_state", state="ok") == 1 and
                 page.total("twinlog_store_connected") == len(STORES), "all is well")


def wait_connected(agent):
    scrape_until(agent, lambda page: page.total("twinlog_store_connected") == len(STORES), "both stores are there")


@contextlib.contextmanager
def asked(agent):
    with psycopg.connect(agent.postgres, autocommit=True) as connection:
        yield connection.execute


def well(servers):
    agent = servers.agent().start()
    scene = begin("an agent that works", agent)
    deliver(agent)
    wait_ok(agent)
    scene.hold(15, goes_on=True)
    deliver(agent)
    scene.hold(30, goes_on=True)
    return scene


def store_away(servers):
    agent = servers.agent(away=["postgres"]).start()
    scene = begin("a store that is away, first with nothing that waits for it", agent)
    scrape_until(agent, lambda page: page.value("twinlog_store_connected", store="mongodb") == 1 and
                 page.value("twinlog_state", state="degraded") == 1, "one store is away")
    away = ["TwinlogDegraded", *of("postgres", "TwinlogStoreUnreachable")]
    scene.hold(20, *away, goes_on=True)
    agent.send_lines([event() for _ in range(5)])
    scrape_until(agent, lambda page: page.value("twinlog_store_pending_records", store="mongodb") == 0, "one store has all")
    scene.hold(14, *away, *of("postgres", "TwinlogStoreLag", "TwinlogStoreStalled"))
    return scene


def full(servers):
    """No store takes anything: the spool fills up in four steps."""
    agent = servers.agent(away=STORES, extra=SMALL_SPOOL).start()
    scene = begin("a small spool that fills up", agent)
    scrape_until(agent, lambda page: page.value("twinlog_state", state="degraded") == 1, "both stores are away")
    scene.hold(2, goes_on=True)

    def fill(kind, condition):
        while not condition(scrape_until(agent, lambda page: True, "a page")):
            agent.send_lines([large(kind) for _ in range(200)])
    fill("logout", lambda page: used(page) > 0.4)
    scrape_until(agent, lambda page: page.value("twinlog_spool_full_in_seconds") < 3600, "the rate is known")
    waiting = of_both("TwinlogStoreUnreachable", "TwinlogStoreStalled")
    scene.hold(8, "TwinlogSpoolWillFill", *waiting)
    fill("logout", lambda page: used(page) > 0.82)
    filling = [*waiting, "TwinlogSpoolWillFill", "TwinlogSpoolNearlyFull"]
    scene.hold(4, *filling)
    fill("logout", lambda page: page.value("twinlog_spool_base_types_only") == 1 and
         page.total("twinlog_ingest_events_total", result="busy") > 0)
    filling += ["TwinlogEventsRefused", "TwinlogSpoolBaseTypesOnly"]
    scene.hold(3, *filling, "TwinlogDegraded")
    fill("login_failed", lambda page: page.value("twinlog_spool_full") == 1)
    scrape_until(agent, lambda page: page.value("twinlog_state", state="failing") == 1, "health says failing")
    scene.hold(4, *filling, "TwinlogSpoolFull", "TwinlogFailing")
    return scene


def used(page):
    return page.value("twinlog_spool_size_bytes") / page.value("twinlog_spool_limit_bytes")


def killed(servers):
    agent = servers.agent().start()
    scene = begin("an agent that is killed, started again, and then no target any more", agent)
    deliver(agent)
    wait_ok(agent)
    scene.hold(5, goes_on=True)
    agent.stop(signal.SIGKILL)
    scene.hold(5, "TwinlogAbsent")
    agent.start()
    wait_ok(agent)
    scene.hold(3, "TwinlogRestarted", goes_on=True)
    scene.hold(20, goes_on=True)
    agent.stop()
    scene.hold(8, "TwinlogNoneScraped", is_target=False)
    return scene


def volume(servers):
    """Needs root and a loop device."""
    small = small_volume.SmallVolume(64)
    servers.cleanup.callback(small.close)
    agent = servers.agent(TWINLOG_SPOOL_PATH=str(small.path / "spool"), TWINLOG_LEDGER_CHECKPOINT_EVERY="1s").start()
    servers.cleanup.callback(agent.close)  # Before its volume goes.
    scene = begin("a volume that a neighbour fills, and that is then read-only", agent)
    deliver(agent)
    wait_ok(agent)
    scene.hold(3, goes_on=True)
    with open(small.path / "neighbour", "wb") as file:
        file.write(b"\xa5" * (small.free_bytes() // 3))
    scrape_until(agent, lambda page: page.value("twinlog_spool_limit_bytes") < page.value("twinlog_spool_capacity_bytes") and
                 page.value("twinlog_spool_full_in_seconds") > 3600, "the limit is less, and the spool does not grow", 90)
    scene.hold(8, "TwinlogDiskLow", goes_on=True)
    small.become_read_only()

    def is_refused(page):
        agent.send_lines([event()])
        return page.value("twinlog_spool_writable") == 0 and page.value("twinlog_ledger_trouble") == 1
    refused = ["TwinlogDiskLow", "TwinlogSpoolNotWritable", "TwinlogEventsRefused", "TwinlogFailing"]
    scrape_until(agent, is_refused, "the disk refuses")
    scene.hold(4, *refused)
    scrape_until(agent, is_refused, "it refuses still")
    scene.hold(3, *refused, "TwinlogCheckpointOverdue")
    return scene


def letters(servers):
    agent = servers.agent(TWINLOG_SPOOL_DEAD_LETTERS_MAX="1MiB").start()
    scene = begin("a store that refuses events for good", agent)
    deliver(agent)
    wait_ok(agent)
    scene.hold(3, goes_on=True)
    with asked(agent) as ask:
        ask("ALTER TABLE auth_logs ADD CONSTRAINT nobody CHECK (actor_id IS NULL)")
    deliver(agent, 3, actor_id="somebody")
    refused = ["TwinlogLossDeclared", *of("postgres", "TwinlogDeadLetters")]
    scene.hold(5, *refused, goes_on=True)

    def is_used_up(page):
        if page.value("twinlog_store_pending_records", store="postgres") == 0:
            agent.send_lines([event(actor_id="somebody", metadata=random_metadata()) for _ in range(20)])
        return page.value("twinlog_state", state="failing") == 1
    scrape_until(agent, is_used_up, "their share is used up")
    scene.hold(4, *refused, "TwinlogDeadLettersNearlyFull", "TwinlogFailing", *of("postgres", "TwinlogStoreHeld"))
    return scene


def held(servers):
    agent = servers.agent().start()
    scene = begin("a store that refuses what the agent may do", agent)
    deliver(agent)
    wait_ok(agent)
    scene.hold(3, goes_on=True)
    with asked(agent) as ask:
        ask("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '42501'; END$$")
        ask("CREATE TRIGGER refuse BEFORE INSERT ON auth_logs EXECUTE FUNCTION refuse()")
    agent.send_lines([event()])
    scrape_until(agent, lambda page: page.value("twinlog_store_errors_total", store="postgres", reaction="hold") > 0, "held")
    scene.hold(4, *of("postgres", "TwinlogStoreHeld"))
    return scene


def lost(servers):
    agent = servers.agent(away=STORES, TWINLOG_LEDGER_CHECKPOINT_EVERY="1h", TWINLOG_LEDGER_IDLE_EVERY="1h")
    spool_damage.lose_a_table(agent)
    agent.start()
    scrape_until(agent, lambda page: page.value("twinlog_spool_lost_events") > 0, "the loss is known")
    scene = begin("a spool that has lost events", agent)
    scene.hold(3, "TwinlogEventsLost", "TwinlogLossDeclared", goes_on=True)
    return scene


def damaged(servers):
    agent = servers.agent()
    spool_damage.damage_the_list_of_files(agent)
    agent.start()
    wait_connected(agent)
    scene = begin("a spool that was found damaged and put together anew", agent)
    scene.hold(3, "TwinlogSpoolDamaged", goes_on=True)
    return scene
