"""A host whose kernel has no IPv6: the default address of the admin port is taken as IPv4's."""
import unittest

import faked_calls
import harness

# A kernel without it cannot be had for a test; this is what it says.
NO_IPV6 = """
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int socket(int domain, int type, int protocol) {
  if (domain == AF_INET6) { errno = EAFNOSUPPORT; return -1; }
  return (int)syscall(SYS_socket, domain, type, protocol);
}
"""


class NoIpv6(unittest.TestCase):
    def test_f16_every_address_of_ipv4_is_listened_on_instead(self):
        absent = harness.free_port()
        agent = harness.Agent(f"postgresql://postgres@127.0.0.1:{absent}/audit", f"mongodb://127.0.0.1:{absent}/audit",
                              environment={"LD_PRELOAD": faked_calls.library(self.addCleanup, NO_IPV6),
                                           "TWINLOG_AGENT_DRAIN_TIMEOUT": "0s"})
        self.addCleanup(agent.close)
        agent.environment["TWINLOG_ADMIN_LISTEN"] = f"[::]:{agent.admin}"
        agent.start()
        self.assertEqual(agent.probe("/livez")[0], 200)
        self.assertIn(f"admin=0.0.0.0:{agent.admin}", agent.log_text())
        agent.stop()


if __name__ == "__main__":
    unittest.main()
