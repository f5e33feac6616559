"""The named places at which a test may kill an agent (ledger/base/kill_point.h), and the build that has them."""
import os
import pathlib
import re

import harness

TEST_BINARY = pathlib.Path(os.environ.get("TWINLOG_TEST_BINARY", harness.ROOT / "build/asan/twinlog"))
FOLDERS = ("agent", "config", "ledger", "plugins", "spool")
POINT = re.compile(r'TWINLOG_KILL_POINT\("([a-z_.]+)"\)')


def all_points():
    """Every name in the sources, once for each place where it stands."""
    return sorted(name for folder in FOLDERS for path in (harness.ROOT / folder).rglob("*.cpp")
                  for name in POINT.findall(path.read_text()))


# Agents that live and die on the spool of today never come to these. Upgrade, dead letters and rebuilding have tests of their
# own: upgrade_test, refused_events_test, damaged_spool_test, spool_repair_death_test.
OF_THEIR_OWN = ("upgrade", "dead_letter", "letters_begun", "settlement", "replayed", "rebuil", "repair")


def points_of(*words):
    return [point for point in all_points() if any(word in point for word in words)]


def points_of_agents():
    return [point for point in all_points() if point not in points_of(*OF_THEIR_OWN)]


def test_binary():
    """The test build. It is another one than what ships, so it may be absent, and then no test of these can run."""
    if not TEST_BINARY.exists():
        raise FileNotFoundError(f"{TEST_BINARY} is missing: only test builds have kill points. Run `tests/run asan` or "
                                "`cmake --preset asan && cmake --build --preset asan --target twinlog` first")
    return TEST_BINARY
