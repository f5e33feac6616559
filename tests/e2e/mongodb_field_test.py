"""The document store as it is met in the field: behind TLS whose certificates do not fit, and beside agents that are
killed. Each time the words say what is wrong, and everything arrives once it is mended."""
import pathlib
import signal
import unittest

import certificates
import command
import field
import harness
from tls_proxy import TlsProxy


class BehindTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres, cls.documents = harness.StoreServer("postgres"), harness.StoreServer("mongo-java-server")
        cls.authority, cls.other = certificates.Authority(), certificates.Authority("another")
        cls.proxy = TlsProxy(cls.documents.uri)
        for thing in (cls.postgres, cls.documents, cls.authority, cls.other, cls.proxy):
            cls.addClassCleanup(thing.close)

    def agent(self, database, trusted):
        """By a host name, as those who use TLS do."""
        uri = f"mongodb://localhost:{self.proxy.port}/{database}?tls=true&tlsCAFile={trusted}"
        agent = harness.Agent(self.postgres.new_database(), uri, environment=field.QUICK)
        self.addCleanup(agent.close)
        return agent

    def what_check_says(self, agent):
        result = command.run("check", "--stores", "--config", agent.config)
        return result.returncode, result.stdout + result.stderr

    def test_a_certificate_that_does_not_fit_is_held_and_check_says_what_is_wrong_with_it(self):
        cases = ((self.authority.certificate("DNS:db.elsewhere"), self.authority, "another host name"),
                 (self.authority.certificate(days=-1), self.authority, "has expired"),
                 (self.authority.certificate(), self.other, "not signed by an authority"))
        for number, (certificate, trusted, words) in enumerate(cases):
            with self.subTest(words):
                self.proxy.use(*certificate)
                agent = self.agent(f"tls{number}", trusted.root)
                code, text = self.what_check_says(agent)
                self.assertEqual(code, 1, text)
                self.assertIn(words, text)
                self.assertNotIn("no document store answers", text)
                agent.start()
                harness.wait_until(lambda agent=agent, words=words: any(
                    words in line and "reaction=hold" in line for line in agent.log_text().splitlines()), words)

    def test_the_right_certificate_lets_everything_through(self):
        self.proxy.use(*self.authority.certificate())
        agent = self.agent("right", self.authority.root)
        self.assertIn("mongodb: ok: connected", self.what_check_says(agent)[1])
        agent.start()
        agent.send_lines([field.event(number) for number in range(20)])
        agent.wait_delivered()

    def test_a_certificate_that_is_renewed_is_taken_without_a_restart(self):
        self.proxy.use(*self.authority.certificate(days=-1))
        agent = self.agent("renewed", self.authority.root).start()
        agent.send_lines([field.event(number) for number in range(20)])
        harness.wait_until(lambda: "has expired" in agent.log_text(), "the agent has said why")
        self.proxy.use(*self.authority.certificate())
        agent.wait_delivered()


class KilledAgents(unittest.TestCase):
    def test_an_agent_that_is_killed_leaves_no_file_of_the_driver_in_shared_memory(self):
        agent = harness.Agent("postgresql://127.0.0.1:1/none", "mongodb://127.0.0.1:1/none", environment=field.QUICK)
        self.addCleanup(agent.close)
        agent.environment.pop("MONGOC_DISABLE_SHM", None)
        agent.start()
        process = agent.process.pid
        agent.stop(signal.SIGKILL)
        self.assertFalse(pathlib.Path(f"/dev/shm/mongoc-{process}").exists())


if __name__ == "__main__":
    unittest.main()
