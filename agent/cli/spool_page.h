// What a spool holds and how far each store is: the answer of the admin socket to /drain and /spool/status, and what
// `twinlog spool status` says of a stopped one. Both directions of its JSON; agent/cli/ADMIN_SOCKET.md describes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace twinlog {

struct StoreProgress {
  std::string name;
  bool is_enabled = true;
  std::uint64_t last_leaf = 0;        ///< It has everything up to here.
  std::uint64_t waiting = 0;          ///< Events; the agent's own leaves are none.
  std::string incomplete_since = {};  ///< "": nothing is known to be missing.
  /// Of the present row of failures, in our words; all "" when there is none. Only a running agent knows.
  std::string error_class = {};
  std::string error_code = {};
  std::string error_words = {};
  bool operator==(const StoreProgress&) const = default;
};

/// Times are RFC 3339 with microseconds, "" for none.
struct SpoolPage {
  std::string path;
  std::string epoch_id;       ///< "": there is none.
  std::string epoch_trouble;  ///< Why there is none, in words; only while it is so.
  std::uint32_t format = 0;
  std::uint64_t first_leaf = 1;  ///< The first that is kept.
  std::uint64_t last_leaf = 0;   ///< 0: nothing was ever accepted.
  std::uint64_t last_event = 0;  ///< The last of them that is no leaf of the agent's own.
  std::uint64_t own_leaves = 0;  ///< How many of those that are kept are the agent's own.
  std::uint64_t size_bytes = 0;
  std::uint64_t max_bytes = 0;  ///< 0: not known (a stopped spool).
  std::string oldest_received_at;
  std::string newest_received_at;
  std::string drain_requested_at;
  std::vector<StoreProgress> stores;
  bool operator==(const SpoolPage&) const = default;

  /// How many events are kept.
  std::uint64_t records() const { return last_leaf + 1 - first_leaf - own_leaves; }
};

/// One line with its end.
std::string spool_page_json(const SpoolPage& page);
/// Nothing when it is no such page.
std::optional<SpoolPage> read_spool_page(std::string_view json);

}  // namespace twinlog
