"""What administrators and platforms do to a PostgreSQL that twinlog did not expect: triggers that drop rows, row-level
security on every table, connections that are refused before the server is asked."""
import json
import os
import subprocess
import unittest

import psycopg
import pymongo

import certificates
import field
import harness


class Habits(field.FieldCase):
    def failures(self, count, name):
        return [json.dumps({"tenant_id": "acme", "log_id": f"{name}-{n}", "event_type": "login_failed",
                            "occurred_at": 1_764_000_000_000 + n, "username": name}).encode() for n in range(count)]

    def test_f18_rows_that_a_trigger_drops_or_a_constraint_refuses_are_dead_letters_and_harm_no_other(self):
        server = self.cluster()
        agent = self.agent(server).start()
        self.send(agent)
        agent.wait_delivered()
        database = agent.postgres.rsplit("/", 1)[1]
        server.do("CREATE FUNCTION drop_noise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.username LIKE 'probe-%' "
                  "THEN RETURN NULL; END IF; RETURN NEW; END $$",
                  "CREATE TRIGGER drop_noise BEFORE INSERT ON auth_logs FOR EACH ROW EXECUTE FUNCTION drop_noise()",
                  "ALTER TABLE auth_logs ADD CONSTRAINT no_robots CHECK (username NOT LIKE 'robot-%')", database=database)
        duplicates = agent.metric('twinlog_store_records_total{result="duplicate",store="postgres"}')
        mira = self.failures(7, "mira")
        for lines in (mira[:4] + self.failures(3, "probe-1"), mira[4:] + self.failures(2, "robot-1")):
            agent.send_lines(lines)
            agent.wait_delivered()
        self.assertEqual(agent.metric('twinlog_store_records_total{result="duplicate",store="postgres"}'), duplicates)
        with psycopg.connect(agent.postgres) as connection:
            rows = connection.execute("SELECT username, count(*) FROM auth_logs WHERE log_id ~ '^(mira|probe|robot)' "
                                      "GROUP BY 1").fetchall()
            accounts = connection.execute("SELECT failed_login_attempts FROM account_lockouts WHERE account IN "
                                          "('name:mira', 'name:probe-1', 'name:robot-1')").fetchall()
        self.assertEqual((rows, accounts), ([("mira", 7)], [(7,)]))
        with pymongo.MongoClient(agent.mongodb) as client:
            self.assertEqual(client.get_default_database().auth_logs.count_documents(
                {"username": {"$in": ["mira", "probe-1", "robot-1"]}}), 12)
        letters = [line for line in agent.log_text().splitlines() if "dead_letter" in line]
        self.assertTrue(any("dropped this event" in line for line in letters), letters)
        self.assertTrue(any("23514" in line and "no_robots" in line for line in letters), letters)
        self.assertTrue(all("store=postgres" in line and "probe-1" not in line for line in letters), letters)
        self.assert_no_secret(agent)

    def test_f20_row_level_security_on_bookkeeping_is_named_and_never_taken_for_a_loss(self):
        server = self.cluster()
        database = server.new_database()
        owner = self.agent(server, database=database)
        subprocess.run([harness.BINARY, "migrate", "--config", owner.config], check=True, capture_output=True)
        server.do("CREATE ROLE a_writer LOGIN IN ROLE twinlog_writer")
        agent = self.agent(server, f'uri = "{server.uri(database, user="a_writer")}"', database)
        agent.config.write_text(agent.config.read_text() + "\n[spool]\nkeep_delivered = \"0s\"\n"
                                if "[spool]" not in agent.config.read_text() else
                                agent.config.read_text().replace("[spool]", "[spool]\nkeep_delivered = \"0s\""))
        agent.start()
        for table in ("twinlog_agents", "twinlog_meta"):
            self.send(agent)
            agent.wait_delivered()
            before = len(agent.log_text())
            server.do(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", database=database)
            server.do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'a_writer'")
            self.send(agent)
            self.wait_held(agent, f"row-level security hides {table}", "reaction=hold", after=before)
            server.do(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY", database=database)
            agent.wait_delivered()
        for word in ("store_lost_events", "incomplete", "GRANT"):
            self.assertNotIn(word, agent.log_text())
        self.assert_arrived_once(agent)
        harness.wait_until(lambda: json.loads(agent.probe("/healthz")[1])["state"] == "ok", "all is well again")

    @unittest.skipIf(os.geteuid() != 0, "needs root: a process of another user id")
    def test_f23_a_user_id_without_a_name_is_told_to_put_the_user_into_the_address(self):
        server = self.cluster()
        database = server.new_database()
        agent = self.agent(server, f'uri = "postgresql://127.0.0.1:{server.port}/{database}"', database)
        os.chmod(agent.folder, 0o755)
        done = subprocess.run([harness.BINARY, "check", "--config", agent.config, "--stores"], capture_output=True,
                              text=True, check=False, user=45678, group=45678, extra_groups=[],
                              env={key: value for key, value in os.environ.items() if key not in ("PGUSER", "USER", "HOME")})
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("names no user", done.stdout)
        self.assertNotIn("check that the server runs", done.stdout)

    def test_a_key_that_others_may_read_and_channel_binding_without_tls_are_held_and_named(self):
        server = self.cluster()
        database = server.new_database()
        authority = certificates.Authority()
        self.addCleanup(authority.close)
        certificate, key = authority.certificate()
        os.chmod(key, 0o644)
        for parameters, words in (({"channel_binding": "require"}, "channel_binding"),
                                  ({"sslmode": "require", "sslcert": certificate, "sslkey": key}, "mode must be 0600")):
            if "sslcert" in parameters:
                server.enable_tls(certificate, key)
            agent = self.agent(server, f'uri = "{server.uri(database, **parameters)}"', database).start()
            self.send(agent)
            self.wait_held(agent, words, "reaction=hold")
            agent.stop()
            self.sent.clear()


if __name__ == "__main__":
    unittest.main()
