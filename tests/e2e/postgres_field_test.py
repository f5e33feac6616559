"""PostgreSQL as it is met in the field: away, starting, full, read-only, behind TLS, with several hosts, with passwords
that change. Each time the log says what to do, senders notice nothing, the other store is not delayed, and everything
arrives exactly once."""
import contextlib
import os
import signal
import unittest

import psycopg

import certificates
import field
import harness

SECRET = "correct-horse-battery-{}"


class PostgresInTheField(field.FieldCase):
    def test_a_server_that_is_restarted_in_every_way_or_killed_gets_everything_once(self):
        server = self.cluster()
        agent = self.agent(server).start()
        for leave in (lambda: server.stop("fast"), lambda: server.stop("immediate"), server.kill):
            self.send(agent)
            agent.wait_delivered()
            before = len(agent.log_text())
            leave()
            self.send(agent)
            self.wait_held(agent, "store_flush_failed", "check that the server runs", after=before)
            server.start()
            self.assert_arrived_once(agent)
        self.assertIn("store_recovered", agent.log_text())

    def test_a_server_in_recovery_is_waited_for(self):
        server = self.cluster()
        agent = self.agent(server).start()
        self.send(agent)
        agent.wait_delivered()
        server.stop()
        # Without hot_standby a server in recovery refuses every session with 57P03, like one that replays after a crash.
        server.set_option("hot_standby", "off")
        (server.data / "standby.signal").touch()
        server.start(wait=False)
        self.send(agent)
        self.wait_held(agent, "code=57P03", "reaction=reconnect", "the agent waits for it")
        server.stop("immediate")
        (server.data / "standby.signal").unlink()
        server.start()
        self.assert_arrived_once(agent)

    def test_a_server_made_read_only_while_connected_is_respected_and_taken_again_after(self):
        server = self.cluster()
        agent = self.agent(server).start()
        self.send(agent)
        agent.wait_delivered()
        server.set_option("default_transaction_read_only", "on")
        self.send(agent)
        self.wait_held(agent, "code=25006", "default_transaction_read_only is on")
        server.set_option("default_transaction_read_only", None)
        self.assert_arrived_once(agent)

    def test_a_server_without_a_free_connection_is_tried_until_there_is_one(self):
        server = self.cluster(max_connections=8, max_wal_senders=0, superuser_reserved_connections=3)
        database = server.new_database()
        server.do("CREATE ROLE plain LOGIN", f"ALTER DATABASE {database} OWNER TO plain")
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(psycopg.connect(server.uri(user="plain")))
            agent = self.agent(server, f'uri = "{server.uri(database, user="plain")}"', database).start()
            self.send(agent)
            self.wait_held(agent, "code=53300", "raise max_connections")
        self.assert_arrived_once(agent)

    def test_a_database_that_is_closed_missing_or_dropped_holds_until_it_is_there(self):
        server = self.cluster()
        agent = self.agent(server).start()
        database = agent.postgres.rsplit("/", 1)[1]
        self.send(agent)
        agent.wait_delivered()
        server.do(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false",
                  f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
        self.send(agent)
        self.wait_held(agent, "code=55000", "reaction=hold", "ALLOW_CONNECTIONS")
        server.do(f"ALTER DATABASE {database} RENAME TO elsewhere")
        self.wait_held(agent, "code=3D000", "does not exist")
        server.do(f"ALTER DATABASE elsewhere RENAME TO {database}", f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        self.assert_arrived_once(agent)

    def test_of_several_hosts_the_primary_is_found_though_a_standby_stands_first_and_again_after_a_promotion(self):
        primary = self.cluster()
        standby = primary.make_standby()
        database = primary.new_database()
        primary.wait_for_replay(standby)
        hosts = f"postgresql://postgres@127.0.0.1:{standby.port},127.0.0.1:{primary.port}/{database}"
        agent = self.agent(primary, f'uri = "{hosts}"', database).start()
        self.send(agent)
        self.assert_arrived_once(agent)
        primary.wait_for_replay(standby)
        primary.kill()
        self.send(agent)
        self.wait_held(agent, "code=25006", "looks for one that takes writes")
        standby.promote()
        agent.postgres = standby.uri(database)
        self.assert_arrived_once(agent)

    def test_target_session_attrs_of_the_address_does_not_lead_to_a_standby(self):
        primary = self.cluster()
        standby = primary.make_standby()
        database = primary.new_database()
        primary.wait_for_replay(standby)
        hosts = (f"postgresql://postgres@127.0.0.1:{standby.port},127.0.0.1:{primary.port}/{database}"
                 "?target_session_attrs=prefer-standby")
        agent = self.agent(primary, f'uri = "{hosts}"', database).start()
        self.send(agent)
        self.assert_arrived_once(agent)


class Secrets(field.FieldCase):
    """TLS and passwords."""

    def setUp(self):
        super().setUp()
        self.server = self.cluster()
        self.database = self.server.new_database()
        self.set_password(1)
        self.server.do(f"ALTER DATABASE {self.database} OWNER TO careful")

    def set_password(self, number):
        self.secrets.append(SECRET.format(number))
        self.server.do("DO $$ BEGIN CREATE ROLE careful LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
                       f"ALTER ROLE careful PASSWORD '{self.secrets[-1]}'")

    def end_sessions(self):
        self.server.do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'careful'")

    def test_verify_full_takes_the_right_certificate_only_and_says_which_part_does_not_fit(self):
        authority, other = certificates.Authority(), certificates.Authority("another")
        self.addCleanup(authority.close)
        self.addCleanup(other.close)
        self.server.set_hba("hostssl all all 127.0.0.1/32 scram-sha-256")
        uri = self.server.uri(self.database, user="careful", password=self.secrets[0], sslmode="verify-full",
                              sslrootcert=authority.root)
        agent = self.agent(self.server, f'uri = "{uri}"', self.database).start()
        self.send(agent)
        self.wait_held(agent, "no TLS session", "ssl = on", "reaction=hold")
        for certificate in (authority.certificate("DNS:db.elsewhere"), authority.certificate(days=-1),
                            other.certificate()):
            before = len(agent.log_text())
            self.server.enable_tls(*certificate)
            agent.stop(signal.SIGKILL)
            agent.start()
            self.wait_held(agent, "certificates do not fit", "reaction=hold", after=before)
        self.server.enable_tls(*authority.certificate())
        self.server.set_hba("hostssl all all 127.0.0.1/32 scram-sha-256\nhostnossl all postgres 127.0.0.1/32 trust")
        agent.postgres += "?sslmode=disable"
        self.assert_arrived_once(agent)
        self.assertTrue(self.server.one("SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) "
                                        "WHERE a.usename = 'careful'"))

    def rotate(self, agent, write):
        """Two rotations: the file first, then the server; and the server first, so that the login fails meanwhile."""
        self.send(agent)
        self.assert_arrived_once(agent)
        self.secrets.append(SECRET.format(2))
        write(self.secrets[-1])
        self.set_password(2)
        self.end_sessions()
        self.send(agent)
        self.assert_arrived_once(agent)
        self.assertNotIn("28P01", agent.log_text())
        self.set_password(3)
        self.end_sessions()
        self.send(agent)
        self.wait_held(agent, "code=28P01", "reaction=hold", "reads the password again")
        write(self.secrets[-1])
        self.assert_arrived_once(agent)

    def write_atomically(self, path, text):
        new = path.with_suffix(".new")
        new.write_text(text + "\n")
        os.rename(new, path)

    def scram_only(self):
        self.server.set_hba("host all careful 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust")

    def test_a_password_that_is_rotated_in_its_file_is_read_again_while_running(self):
        self.scram_only()
        path = self.server.folder / "password"
        self.write_atomically(path, self.secrets[0])
        uri = self.server.uri(self.database, user="careful")
        agent = self.agent(self.server, f'uri = "{uri}"\npassword_file = "{path}"', self.database).start()
        self.rotate(agent, lambda password: self.write_atomically(path, password))

    def test_an_address_that_is_rotated_in_its_file_is_read_again_while_running(self):
        self.scram_only()
        path = self.server.folder / "address"

        def write(password):
            self.write_atomically(path, self.server.uri(self.database, user="careful", password=password))
        write(self.secrets[0])
        agent = self.agent(self.server, f'uri_file = "{path}"', self.database).start()
        self.rotate(agent, write)

    def test_a_secret_file_that_is_missing_for_a_while_holds_and_is_found_again(self):
        self.scram_only()
        path = self.server.folder / "password"
        uri = self.server.uri(self.database, user="careful")
        self.write_atomically(path, self.secrets[0])
        agent = self.agent(self.server, f'uri = "{uri}"\npassword_file = "{path}"', self.database).start()
        agent.wait_delivered()
        harness.wait_until(lambda: "store=postgres" in agent.log_text(), "connected once")
        path.unlink()
        self.end_sessions()
        self.send(agent)
        self.wait_held(agent, "reaction=hold", str(path))
        self.write_atomically(path, self.secrets[0])
        self.assert_arrived_once(agent)

    def test_neither_arguments_nor_environment_nor_spool_hold_the_password_of_a_file(self):
        self.scram_only()
        path = self.server.folder / "password"
        self.write_atomically(path, self.secrets[0])
        uri = self.server.uri(self.database, user="careful")
        agent = self.agent(self.server, f'uri = "{uri}"\npassword_file = "{path}"', self.database).start()
        self.send(agent)
        self.assert_arrived_once(agent)
        secret = self.secrets[0].encode()
        for name in ("cmdline", "environ"):
            with open(f"/proc/{agent.process.pid}/{name}", "rb") as file:
                self.assertNotIn(secret, file.read())
        for folder, _, names in os.walk(agent.folder):
            for name in names:
                if not os.path.islink(os.path.join(folder, name)) and os.path.isfile(os.path.join(folder, name)):
                    with open(os.path.join(folder, name), "rb") as file:
                        self.assertNotIn(secret, file.read(), name)


if __name__ == "__main__":
    unittest.main()
