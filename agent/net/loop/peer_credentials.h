// Who is at the other end of a Unix socket.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace twinlog {

/// Both empty: everybody whom the file mode lets in.
struct AllowedPeers {
  std::vector<std::uint32_t> uids;
  std::vector<std::uint32_t> gids;
};

struct Peer {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

/// Nothing where the kernel does not say (SO_PEERCRED).
std::optional<Peer> peer_of(int socket);

/// Whether the kernel says (SO_PEERCRED, SO_PEERGROUPS) that the peer's uid is among the uids, or its gid or one of its
/// supplementary groups among the gids. The pid is never looked at: across pid namespaces it is 0. A uid that this
/// user namespace cannot express reads 65534; listing 65534 lets all such peers in.
bool is_allowed_peer(int socket, const AllowedPeers& allowed);

}  // namespace twinlog
