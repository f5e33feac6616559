"""A test case with one PostgreSQL and one document store for a whole class; every agent has databases of its own."""
import unittest

import harness


class TwoServersCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = harness.StoreServer("postgres")
        cls.addClassCleanup(cls.postgres.close)
        cls.documents = harness.StoreServer("mongo-java-server")
        cls.addClassCleanup(cls.documents.close)
