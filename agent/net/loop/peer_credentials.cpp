#include "agent/net/loop/peer_credentials.h"

#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>

namespace twinlog {
namespace {

constexpr std::size_t kMostGroups = 65536;  // NGROUPS_MAX of Linux

bool contains(const std::vector<std::uint32_t>& list, std::uint32_t id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

/// The supplementary groups of the peer; none where the kernel does not tell.
std::vector<gid_t> peer_groups(int socket) {
  std::vector<gid_t> groups(64);
  auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  int failed = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
  if (failed != 0 && errno == ERANGE && size <= kMostGroups * sizeof(gid_t)) {
    groups.resize(size / sizeof(gid_t));
    failed = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
  }
  groups.resize(failed == 0 ? size / sizeof(gid_t) : 0);
  return groups;
}

}  // namespace

std::optional<Peer> peer_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return std::nullopt;
  }
  return Peer{peer.uid, peer.gid};
}

bool is_allowed_peer(int socket, const AllowedPeers& allowed) {
  if (allowed.uids.empty() && allowed.gids.empty()) {
    return true;
  }
  const auto peer = peer_of(socket);
  if (!peer) {
    return false;
  }
  if (contains(allowed.uids, peer->uid) || contains(allowed.gids, peer->gid)) {
    return true;
  }
  if (allowed.gids.empty()) {
    return false;
  }
  const std::vector<gid_t> groups = peer_groups(socket);
  return std::any_of(groups.begin(), groups.end(), [&](gid_t group) { return contains(allowed.gids, group); });
}

}  // namespace twinlog
