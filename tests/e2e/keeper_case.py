"""What the tests of erasure and retention share: an agent that may do it, in a test's own copies."""
import command
from ledger_case import STORES, LedgerCase


class KeeperCase(LedgerCase):
    def keeper(self):
        """An agent that may erase and prune in this test's copies."""
        agent = self.scene.new_agent("auth-keeper", self.postgres_uri, self.mongodb_uri)
        text = agent.config.read_text()
        for store in STORES:
            address = getattr(self, f"{store}_uri")
            text = text.replace(f'uri = "{address}"', f'uri = "{address}"\nkeeper_uri = "{address}"')
        agent.config.write_text(text)
        return agent.start()

    def order(self, *words, agent=None):
        keeper = agent or self.keeper()
        done = command.run(*words, "--config", keeper.config)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr + keeper.log_text()[-2000:])
        return keeper
