"""PostgreSQL behind a name: with several addresses of which the first is mute, refuses or is a standby, with more of them
than are tried at once, and with name servers that do not answer.

Names are given by a hosts file, and name servers by a resolv.conf, that stand in the place of the machine's own in a mount
namespace of the agent's."""
import contextlib
import pathlib
import signal
import socket
import subprocess
import unittest

import certificates
import field
import harness

IN_PLACE = 'for file in hosts resolv.conf; do [ ! -e "{0}/$file" ] || mount --bind "{0}/$file" "/etc/$file"; done; exec "$@"'
LOOK_UP_THREAD = "name-look-up"
CONTACT = "postgresql://postgres@{}:{}/{}"


class NamesCase(field.FieldCase):
    def agent_with(self, server, uri, database, hosts=None, name_server=None):
        """An agent that finds PostgreSQL as `uri` says, with files of its own in /etc."""
        agent = self.agent(server, f'uri = "{uri}"', database, {"TWINLOG_AGENT_DRAIN_TIMEOUT": "2s"})
        if hosts:
            (agent.folder / "hosts").write_text("".join(f"{address} {name}\n" for address, name in hosts))
        if name_server:
            # More patience than these tests have.
            (agent.folder / "resolv.conf").write_text(f"nameserver {name_server}\noptions timeout:30 attempts:5\n")
        agent.before_command = ["unshare", "--mount", "sh", "-ec", IN_PLACE.format(agent.folder), "sh"]
        return agent

    def check_stores(self, agent):
        """(exit code, words) of `twinlog check --stores`."""
        done = subprocess.run([*agent.before_command, agent.binary, "check", "--stores", "--config", agent.config],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=agent.environment,
                              timeout=harness.PATIENCE)
        return done.returncode, done.stdout + done.stderr


def listening(address, port, backlog=8):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(backlog)
    return listener


@contextlib.contextmanager
def silent_after_connect(address, port):
    """The kernel takes connections, and nobody ever reads from them."""
    with listening(address, port):
        yield


@contextlib.contextmanager
def black_hole(address, port):
    """What is sent there is dropped: the queue of connections is full, so the kernel answers no more."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(listening(address, port, 0))
        for _ in range(8):
            client = stack.enter_context(socket.socket())
            client.settimeout(0.5)
            try:
                client.connect((address, port))
            except TimeoutError:
                break
        else:
            raise AssertionError("the queue of connections does not fill")
        yield


class SeveralAddresses(NamesCase):
    def setUp(self):
        super().setUp()
        self.server = self.cluster(listen_addresses="127.0.0.2")
        self.database = self.server.new_database()

    def assert_reached_now_and_after_a_restart(self, agent):
        for _ in range(2):
            agent.start()
            self.send(agent)
            self.assert_arrived_once(agent)
            agent.stop(signal.SIGTERM)

    def two(self, query=""):
        uri = CONTACT.format("pgtwo", self.server.port, self.database) + query
        agent = self.agent_with(self.server, uri, self.database, [("127.0.0.1", "pgtwo"), ("127.0.0.2", "pgtwo")])
        agent.postgres = self.server.uri(self.database, host="127.0.0.2")
        return agent

    def test_f21_a_first_address_that_takes_the_connection_and_stays_silent_is_passed_each_time(self):
        with silent_after_connect("127.0.0.1", self.server.port):
            agent = self.two()
            self.assert_reached_now_and_after_a_restart(agent)
            self.assertIn("2 addresses of pgtwo tried, 1 of them silent", agent.log_text())

    def test_a_first_address_that_drops_everything_is_passed_each_time(self):
        with black_hole("127.0.0.1", self.server.port):
            self.assert_reached_now_and_after_a_restart(self.two())

    def test_an_address_that_refuses_is_passed_each_time(self):
        self.assert_reached_now_and_after_a_restart(self.two())

    def test_a_check_finds_the_second_address_too_and_says_what_became_of_the_first(self):
        with silent_after_connect("127.0.0.1", self.server.port):
            _, words = self.check_stores(self.two("?connect_timeout=2"))
        self.assertIn("postgres: ok: connected", words)
        self.assertIn("2 addresses of pgtwo tried, 1 of them silent", words)

    def test_where_none_answers_log_health_and_check_say_how_many_were_tried(self):
        self.server.stop()
        with silent_after_connect("127.0.0.1", self.server.port), black_hole("127.0.0.2", self.server.port):
            agent = self.two("?connect_timeout=2").start()
            self.send(agent)
            said = "2 addresses of pgtwo tried, 2 of them silent: PostgreSQL did not answer the connection in time"
            self.wait_held(agent, said, "reaction=reconnect")
            self.assertIn(said, agent.probe("/healthz")[1])
            code, words = self.check_stores(agent)
            self.assertEqual(code, 1, words)
            self.assertIn(said, words)
        self.server.start()
        self.assert_arrived_once(agent)

    def test_a_name_that_has_addresses_of_ipv6_alone_is_reached(self):
        self.server.set_option("listen_addresses", "::1")
        self.server.set_hba("host all all ::1/128 trust")
        self.server.restart()
        uri = CONTACT.format("pgsix", self.server.port, self.database)
        agent = self.agent_with(self.server, uri, self.database, [("2001:db8::1", "pgsix"), ("::1", "pgsix")])
        agent.postgres = self.server.uri(self.database, host="[::1]")
        self.assert_reached_now_and_after_a_restart(agent)

    def test_of_a_name_with_more_addresses_than_are_tried_at_once_the_rest_is_next(self):
        self.server.set_option("listen_addresses", "127.200.0.2")
        self.server.restart()
        # The resolver puts first what is near to our own address.
        others = [f"127.0.1.{number}" for number in range(1, 40)]
        uri = CONTACT.format("pgmany", self.server.port, self.database)
        agent = self.agent_with(self.server, uri, self.database,
                                [(address, "pgmany") for address in (*others, "127.200.0.2")])
        agent.postgres = self.server.uri(self.database, host="127.200.0.2")
        self.assert_reached_now_and_after_a_restart(agent)
        self.assertIn("16 addresses of pgmany tried: no connection", agent.log_text())

    def test_a_standby_on_the_first_address_leads_to_the_primary_on_the_second_each_time(self):
        self.server.set_option("listen_addresses", "127.0.0.1")
        self.server.restart()
        standby = self.server.make_standby()
        standby.stop()
        self.server.set_option("listen_addresses", "127.0.0.2")
        self.server.restart()
        standby.port = self.server.port
        standby.start()
        agent = self.two()
        self.assert_reached_now_and_after_a_restart(agent)
        self.server.stop()
        agent.start()
        self.send(agent)
        self.wait_held(agent, "code=25006", "2 addresses of pgtwo tried", "read-only")
        self.server.start()
        self.assert_arrived_once(agent)

    def test_a_certificate_is_checked_against_the_name_and_not_the_address(self):
        authority = certificates.Authority()
        self.addCleanup(authority.close)
        self.server.enable_tls(*authority.certificate("DNS:pgtwo"))
        agent = self.two(f"?sslmode=verify-full&sslrootcert={authority.root}")
        self.assert_reached_now_and_after_a_restart(agent)
        self.server.enable_tls(*authority.certificate("DNS:pgone"))
        agent.start()
        self.send(agent)
        self.wait_held(agent, "2 addresses of pgtwo tried", "certificates do not fit", "reaction=reconnect")

    def test_in_a_list_of_hosts_a_name_whose_first_address_is_mute_stands_beside_an_address(self):
        hosts = f"127.0.0.3:{self.server.port},pgtwo:{self.server.port}"
        agent = self.agent_with(self.server, f"postgresql://postgres@{hosts}/{self.database}?connect_timeout=2", self.database,
                                [("127.0.0.1", "pgtwo"), ("127.0.0.2", "pgtwo")])
        agent.postgres = self.server.uri(self.database, host="127.0.0.2")
        with silent_after_connect("127.0.0.1", self.server.port):
            self.assert_reached_now_and_after_a_restart(agent)
        self.assertIn("3 addresses of 2 hosts tried, 1 of them silent", agent.log_text())


def answer_of(query, address):
    """A record of DNS: the address for whoever asks for one of IPv4, nothing for others."""
    is_ipv4 = query[query.index(b"\0", 12) + 1:][:2] == b"\0\1"
    question = query[12:query.index(b"\0", 12) + 5]
    record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(address) if is_ipv4 else b""
    return query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_ipv4 else b"\0\0") + b"\0\0\0\0" + question + record


class MuteNameServer(NamesCase):
    """Every name is looked up where nobody answers."""

    def setUp(self):
        super().setUp()
        self.server = self.cluster()
        self.database = self.server.new_database()
        self.name_server = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        address = f"127.53.{self.server.port // 256}.{self.server.port % 256}"
        self.name_server.bind((address, 53))
        self.uri = CONTACT.format("db.nobody-knows.example", self.server.port, self.database)
        self.address = address

    def test_log_and_check_name_dns_and_a_stop_does_not_wait_for_it(self):
        agent = self.agent_with(self.server, self.uri, self.database, name_server=self.address).start()
        self.send(agent)
        said = "DNS does not answer, and the host name in stores.postgres.uri cannot be resolved"
        self.wait_held(agent, said, "reaction=reconnect")
        code, words = self.check_stores(agent)
        self.assertEqual(code, 1, words)
        self.assertIn(said, words)
        self.assertEqual(agent.stop(signal.SIGTERM), 0)

    def test_however_often_it_is_tried_one_look_up_of_a_name_is_under_way(self):
        agent = self.agent_with(self.server, self.uri, self.database, name_server=self.address).start()
        self.send(agent)
        self.wait_held(agent, "DNS does not answer", "failures=2")
        threads = [path.read_text().strip() for path in pathlib.Path(f"/proc/{agent.process.pid}/task").glob("*/comm")]
        self.assertEqual(threads.count(LOOK_UP_THREAD), 1, threads)

    def test_an_answer_that_comes_after_its_asker_has_left_serves_the_next_try(self):
        agent = self.agent_with(self.server, self.uri, self.database, name_server=self.address).start()
        self.send(agent)
        self.wait_held(agent, "DNS does not answer")
        for _ in ("A", "AAAA"):
            query, asker = self.name_server.recvfrom(512)
            self.name_server.sendto(answer_of(query, "127.0.0.1"), asker)
        self.assert_arrived_once(agent)

    def test_a_host_that_needs_no_look_up_is_reached_though_another_one_is_not_resolved(self):
        hosts = f"db.nobody-knows.example:{self.server.port},127.0.0.1:{self.server.port}"
        agent = self.agent_with(self.server, f"postgresql://postgres@{hosts}/{self.database}", self.database,
                                name_server=self.address).start()
        self.send(agent)
        self.assert_arrived_once(agent)


if __name__ == "__main__":
    unittest.main()
