"""Roles belong to the whole cluster, what they are bound to stands in one database: a bound role that goes next door."""
import unittest

import psycopg

import field
from tenant_walls_test import OTHER, OWN, TABLES, event


class TwoDatabases(field.FieldCase):
    def setUp(self):
        super().setUp()
        self.server = self.cluster()
        self.home, self.next_door = self.filled(OWN), self.filled(OTHER)
        self.server.do("CREATE ROLE bound LOGIN IN ROLE twinlog_reader")
        self.server.do(f"INSERT INTO twinlog_reader_scope VALUES ('bound', '{OWN}', NULL)", database=self.home)

    def filled(self, tenant):
        database = self.server.new_database()
        agent = self.agent(self.server, database=database).start()
        agent.send_lines([event(tenant, number) for number in range(3)] + [event(tenant, 1, reset_reason="other")])
        agent.wait_delivered()
        agent.stop()
        return database

    def seen(self, database):
        """Tenants that the bound role sees in any table, asking for the other one."""
        with psycopg.connect(self.server.uri(database, user="bound"), autocommit=True) as session:
            session.execute(f"SET twinlog.tenant_id = '{OTHER}'")
            return {row[0] for table in TABLES for row in session.execute(f"SELECT tenant_id FROM {table}")}

    def test_a_bound_role_is_bound_next_door_by_a_row_for_every_role_or_does_not_get_in(self):
        self.assertEqual(self.seen(self.home), {OWN})
        self.assertEqual(self.seen(self.next_door), {OTHER}, "a blunt attack: what docs/STORES.md warns of")
        self.server.do("INSERT INTO twinlog_reader_scope VALUES ('*', '', NULL)", database=self.next_door)
        self.assertEqual(self.seen(self.next_door), set())
        self.server.do("DELETE FROM twinlog_reader_scope", f'REVOKE CONNECT ON DATABASE "{self.next_door}" FROM PUBLIC',
                       database=self.next_door)
        with self.assertRaisesRegex(psycopg.OperationalError, "permission denied for database"):
            self.seen(self.next_door)
        self.assertEqual(self.seen(self.home), {OWN})


if __name__ == "__main__":
    unittest.main()
