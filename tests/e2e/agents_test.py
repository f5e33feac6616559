"""Several agents on the same hot accounts, killed at every kill point and at random moments: the stores end as the fold.

Prints the seed, the rounds, and for each kill point how often it was visited and how often an agent died there.
TWINLOG_SEED repeats a run's plan (the scheduling of the processes is not in it).
"""
import collections
import os
import pathlib
import random
import sys
import tempfile
import unittest
import zlib

import psycopg

import harness
import kill_points
from mortal_agent import Death, MortalAgent

sys.path.insert(0, str(harness.ROOT / "tests/oracle"))
import generate  # noqa: E402
import normalise  # noqa: E402

ROUNDS = 500 if os.environ.get("TWINLOG_LONG") else 18
# What is left of the deck after the last round gets this many more, so that chance does not decide over the result.
EXTRA_ROUNDS_MOST = 12
SIZES = (2, 2, 8)
EVENTS_PER_AGENT = {2: 150, 8: 60}
DEATHS_PER_AGENT = {2: 3, 8: 2}
RANDOM_MOMENT_MOST = 0.8  # Seconds; by then an agent has usually done its work.
NOW_MICROS = 1_750_000_000_000_000  # Some moment before now: what occurs later may be in the future of an agent.
PATIENCE = 180
# The first connection finds neither roles nor tables; later ones have nothing to make.
MAKING = ("roles", "step_", "index", "collections")


def stays_at_home(line):
    """Whether only one agent may have this line: an event of the future is the one exception to what the accounts promise
    (docs/STORES.md). What is refused leaves nothing anyway."""
    try:
        content = normalise.normalise(line)
    except normalise.Refused:
        return True
    return content["occurred_at"] > NOW_MICROS


def may_be_sent_again(line):
    """Without an id it would be another event, and an agent that died may have kept the first."""
    try:
        return "log_id" in normalise.normalise(line)
    except normalise.Refused:
        return True


def home_of(line, agents):
    try:
        content = normalise.normalise(line)
    except normalise.Refused:
        return 0
    return zlib.crc32(content["log_id"].encode()) % agents


def dealt(generator, lines, agents):
    """The lines of each agent: some go to several, some twice to one, and none has them in order."""
    hands = [[] for _ in range(agents)]
    for line in lines:
        home = home_of(line, agents)
        takers = [home]
        if not stays_at_home(line):
            takers = generator.sample(range(agents), generator.choices([1, 2], [60, 40])[0])
        for taker in takers:
            hands[taker] += [line] * generator.choices([1, 2], [90, 10])[0]
    for hand in hands:
        generator.shuffle(hand)
    return hands


def can_reach(point, life, forgetful):
    """Not every agent comes to every point: a first life has delivered nothing that could be trimmed or forgotten."""
    if any(word in point for word in MAKING):
        return life == 0
    if "trim" in point:
        return life > 0 and not forgetful
    return "rewind" not in point or (life > 0 and forgetful)


class Deck:
    """The kill points in random order; one where nobody died comes back until somebody has."""

    def __init__(self, generator):
        self.generator, self.cards = generator, []
        self.alive = set(kill_points.points_of_agents())

    def draw(self, life, forgetful):
        for cards in (self.cards, self.shuffled(sorted(self.alive))):
            point = self.reachable(cards, life, forgetful)
            if point:
                cards.remove(point)
                self.cards = cards
                return point
        # The deck stays what is left of it: others may reach that.
        return self.reachable(self.shuffled(kill_points.points_of_agents()), life, forgetful)

    @staticmethod
    def reachable(cards, life, forgetful):
        return next((card for card in cards if can_reach(card, life, forgetful)), None)

    def shuffled(self, points):
        self.generator.shuffle(points)
        return points

    def death(self, life, forgetful):
        if self.generator.random() < 0.3:
            return Death(after=self.generator.uniform(0.02, RANDOM_MOMENT_MOST))
        point = self.draw(life, forgetful)
        return Death(point=point, visit=1 if point in self.alive else self.generator.randint(1, 4))

    def deaths(self, size, forgetful):
        return [self.death(life, forgetful) for life in range(DEATHS_PER_AGENT[size])]


class Tally:
    def __init__(self):
        self.rounds, self.lives, self.random_deaths = collections.Counter(), 0, 0
        self.visits, self.deaths, self.answers = collections.Counter(), collections.Counter(), collections.Counter()

    def add(self, agents):
        self.rounds[len(agents)] += 1
        for agent in agents:
            self.lives += agent.lives
            self.random_deaths += agent.died_at_random
            self.visits.update(agent.visited())
            self.deaths.update(agent.died_at)
            self.answers.update(agent.sender.answers)

    def show(self, seed):
        for size, count in sorted(self.rounds.items()):
            print(f"{count} rounds with {size} agents")
        print(f"seed {seed}: {self.lives} lives, {self.random_deaths} killed at a random moment, "
              f"{sum(self.deaths.values())} killed at a point; answers: {dict(self.answers)}")
        for name in kill_points.points_of_agents():
            print(f"  {name:28} in {self.visits[name]:4} lives, died there {self.deaths[name]:3}")


class Agents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kill_points.test_binary()
        cls.postgres = harness.StoreServer("postgres")
        cls.addClassCleanup(cls.postgres.close)
        cls.documents = harness.StoreServer("mongo-java-server")
        cls.addClassCleanup(cls.documents.close)

    def setUp(self):
        self.seed = int(os.environ.get("TWINLOG_SEED") or random.SystemRandom().randrange(2**31))
        print(f"seed {self.seed}", flush=True)
        self.generator = random.Random(self.seed)
        self.tally, self.deck = Tally(), Deck(self.generator)

    # Failure modes 8, 21 and 23 of processes that die.
    def test_agents_that_die_anywhere_leave_both_stores_as_the_plain_fold_of_what_was_sent(self):
        number = 0
        try:
            while number < ROUNDS or (self.deck.alive and number < ROUNDS + EXTRA_ROUNDS_MOST):
                self.round(number, SIZES[number % len(SIZES)])
                number += 1
        finally:
            self.tally.show(self.seed)
        points = kill_points.points_of_agents()
        self.assertEqual([name for name in points if not self.tally.visits[name]], [], "points that nobody reached")
        self.assertEqual([name for name in points if not self.tally.deaths[name]], [], "points where nobody died")
        self.assertGreater(self.tally.random_deaths, ROUNDS // 2)
        for answer in ("stored", "duplicate", "conflict", "rejected"):
            self.assertGreater(self.tally.answers[answer], ROUNDS)

    def round(self, number, size):
        lines = [line for line in generate.lines(self.generator.randrange(2**31), EVENTS_PER_AGENT[size] * size, tenants=2,
                                                 accounts=6) if may_be_sent_again(line)]
        stores = self.new_databases()
        agents = [MortalAgent(f"agent-{place}", stores, hand, self.deck.deaths(size, place % 2 == 1), place % 2 == 1)
                  for place, hand in enumerate(dealt(self.generator, lines, size))]
        with harness.closing(*agents), tempfile.NamedTemporaryFile() as sent:
            for agent in agents:
                agent.thread.start()
            for agent in agents:
                agent.thread.join(PATIENCE)
            self.tally.add(agents)
            for agent in agents:
                self.assertEqual((agent.faults, agent.sender.unanswered), ([], []), self.story(number, agents))
                self.deck.alive -= set(agent.died_at)
            pathlib.Path(sent.name).write_bytes(b"\n".join(lines) + b"\n")
            code, text = harness.compare(agents[0], sent.name)
            self.assertEqual(code, 0, text + self.story(number, agents))
            self.check_logs(agents)

    def new_databases(self):
        """Roles belong to the whole server: without them and who needs them, each round makes its own."""
        with psycopg.connect(self.postgres.uri, autocommit=True) as connection:
            for name, in connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^t[0-9a-f]{12}$'").fetchall():
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            for role in ("twinlog_reader", "twinlog_writer"):
                connection.execute(f"DROP ROLE IF EXISTS {role}")
        return self.postgres.new_database(), self.documents.new_database()

    def check_logs(self, agents):
        """Dying agents are no reason to hold a store, to set anything aside, or to report a loss."""
        for agent in agents:
            for line in agent.log_text().splitlines():
                for word in ("reaction=poison", "reaction=hold", "reaction=stop", "store_position_ahead", "Sanitizer"):
                    self.assertNotIn(word, line)

    def story(self, number, agents):
        """What it takes to understand a failed round."""
        parts = [f"\nseed {self.seed}, round {number}"]
        for agent in agents:
            parts.append(f"--- {agent.name}: planned {agent.deaths}, died at {agent.died_at}, {agent.faults}\n"
                         + "\n".join(agent.log_text().splitlines()[-60:]))
        return "\n".join(parts)


if __name__ == "__main__":
    unittest.main()
