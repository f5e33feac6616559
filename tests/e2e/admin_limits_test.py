"""The admin endpoint's limits and status codes, and that no secret or event content stands there."""
import contextlib
import time
import unittest

import harness
from wire import Wire, event

CONNECTIONS_MOST, REQUEST_SECONDS = 64, 5
GET = b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n"


class Admin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        port = harness.free_port()
        cls.agent = harness.Agent(f"postgresql://u:s3cretpw@127.0.0.1:{port}/audit",
                                  f"mongodb://u:s3cretpw@127.0.0.1:{port}/audit").start()
        cls.addClassCleanup(cls.agent.close)

    def wire(self, data=b""):
        peer = Wire(self.agent.admin)
        self.addCleanup(peer.close)
        return peer.send(data)

    def test_64_connections_are_served_at_once_and_for_the_65th_the_one_that_is_silent_longest_makes_room(self):
        peers = [self.wire(GET) for _ in range(CONNECTIONS_MOST)]
        for peer in peers:
            self.assertEqual(peer.response()[0], 200)
        self.assertTrue(all(peer.is_silent() for peer in peers), "all 64 are open")
        self.assertEqual(self.wire(GET).response()[0], 200)
        self.assertFalse(peers[0].receive(), "the first one is closed")
        self.assertTrue(all(peer.is_silent() for peer in peers[1:]), "and no other")

    def test_a_request_and_an_idle_connection_have_5_seconds(self):
        begun = [self.wire(GET[:10]), self.wire(b""), self.wire(GET + GET[:-2])]
        began = time.monotonic()
        for peer in begun:
            seconds = peer.seconds_until_closed(began)
            self.assertGreaterEqual(seconds, REQUEST_SECONDS - 0.1)
            self.assertLess(seconds, 3 * REQUEST_SECONDS)
        self.assertEqual(begun[2].response()[0], 200)

    def test_only_get_and_head_are_taken_and_unknown_pages_are_404(self):
        for method in (b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS"):
            status, fields, _ = self.wire(GET.replace(b"GET", method)).response()
            self.assertEqual((status, fields["allow"]), (405, "GET, HEAD"))
        self.assertEqual(self.agent.probe("/nothing")[0], 404)
        self.assertEqual(self.wire(GET.replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\n\r\nx")).response()[0], 413)
        self.assertEqual(self.wire(b"nonsense\r\n\r\n").response()[0], 400)
        self.assertEqual(self.wire(GET[:-2] + b"X: " + b"x" * 9000 + b"\r\n\r\n").response()[0], 431)

    def test_the_probes_are_200_while_the_agent_runs_and_the_stores_are_away(self):
        for page in ("/livez", "/startupz", "/readyz", "/metrics", "/version"):
            self.assertEqual(self.agent.probe(page)[0], 200, page)

    def test_no_secret_and_no_content_stands_on_any_page_or_in_the_log(self):
        self.agent.send_lines([event("TRACE-ME", user_id="TRACE-ME", service="TRACE-ME"), b"TRACE-ME"])
        pages = "".join(self.agent.probe(page)[1] for page in ("/metrics", "/readyz", "/version", "/livez"))
        for word in ("TRACE-ME", "s3cretpw", "acme"):
            self.assertNotIn(word, pages + self.agent.log_text())

    def test_a_crowd_on_the_intake_does_not_close_the_admin_port(self):
        with contextlib.ExitStack() as crowd:
            for _ in range(500):
                crowd.enter_context(contextlib.closing(Wire(self.agent.socket)))
            self.assertEqual(self.agent.probe("/livez")[0], 200)


if __name__ == "__main__":
    unittest.main()
