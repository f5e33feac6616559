// Where dead letters are looked at and settled, and losses acknowledged: at a running agent's admin socket, or in a
// stopped spool.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/cli/letter_page.h"
#include "agent/cli/spool_source.h"
#include "ledger/base/result.h"
#include "plugins/api/store.h"
#include "spool/spool.h"

namespace twinlog {

/// Told how many letters still wait for their turn; false when it is not to be waited for any longer.
using ReplayWatch = std::function<bool(std::uint64_t waiting)>;

class LetterSource {
 public:
  virtual ~LetterSource() = default;
  /// The next ones above the leaf, in order; none at the end.
  virtual Result<std::vector<LetterView>> letters(StoreId store, std::uint64_t after, LetterMembers members) const = 0;
  virtual Status discard(StoreId store, std::span<const std::uint64_t> leaves, const Decision& by) = 0;
  /// Returns when each was tried. kTransient: not all were, and what remains of it.
  virtual Status replay(StoreId store, std::span<const std::uint64_t> leaves, const ReplayWatch& watch) = 0;
  /// Spool::acknowledge().
  virtual Status acknowledge(const LeafRange& lost, const Decision& by) = 0;
};

/// How a stopped spool is changed.
struct SpoolOpening {
  /// For writing; there is one. What was found on the way is said.
  std::function<Result<std::unique_ptr<Spool>>(const std::string& path)> open;
  /// Connected; an error in words where it cannot be, or is turned off.
  std::function<Result<std::unique_ptr<Store>>(StoreId store, const Spool& spool)> connect;
  std::size_t batch_events = 1000;
};

enum class LetterAccess : std::uint8_t { kRead, kChange };

/// The agent that answers at the socket, else the stopped spool in the folder, which is opened for writing only to be
/// changed. An error says why neither is there.
Result<std::unique_ptr<LetterSource>> find_letters(const SpoolPlaces& places, const SpoolOpening& opening,
                                                   LetterAccess access);

}  // namespace twinlog
