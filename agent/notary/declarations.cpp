// What the notary declares: losses, dead letters, and what others ask it to.
#include <algorithm>
#include <utility>

#include "agent/notary/notary.h"

namespace twinlog {
namespace {

std::optional<GapStore> gap_store(std::uint8_t stores) {
  if (stores == kAllStores) {
    return std::nullopt;
  }
  return stores == bit_of(StoreId::kPostgres) ? GapStore::kPostgres : GapStore::kMongodb;
}

/// What of these numbers are leaves, by epoch.
std::vector<EpochRange> ranges_of(const std::vector<SpoolEpoch>& epochs, const LeafRange& numbers) {
  std::vector<EpochRange> ranges;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    const std::uint64_t end = i + 1 < epochs.size() ? epochs[i + 1].base - 1 : numbers.last;
    const std::uint64_t first = std::max(numbers.first, epochs[i].base);
    const std::uint64_t last = std::min(numbers.last, end);
    if (epochs[i].has_ledger && first <= last) {
      ranges.push_back({epochs[i].id, first - epochs[i].base, last - epochs[i].base});
    }
  }
  return ranges;
}

/// One range for those that follow one another.
std::vector<EpochRange> ranges_of(const std::vector<DeadLetter>& letters) {
  std::vector<EpochRange> ranges;
  for (const DeadLetter& letter : letters) {
    const Version& version = letter.version;
    if (!version.ledger) {
      continue;
    }
    if (!ranges.empty() && ranges.back().epoch_id == version.epoch_id && ranges.back().last + 1 == version.leaf_index) {
      ranges.back().last = version.leaf_index;
    } else {
      ranges.push_back({version.epoch_id, version.leaf_index, version.leaf_index});
    }
  }
  return ranges;
}

}  // namespace

void Notary::declare_losses() {
  const auto now = parts_.clock.steady_now();
  if (looked_for_losses_at_ && now - *looked_for_losses_at_ < kLossesEvery) {
    return;
  }
  looked_for_losses_at_ = now;
  const SpoolStats stats = parts_.spool.stats();
  std::vector<Loss> all(stats.losses);
  all.insert(all.end(), stats.acknowledged.begin(), stats.acknowledged.end());
  const std::vector<SpoolEpoch> epochs = parts_.spool.epochs();
  for (const Loss& loss : all) {
    if (loss.is_declared) {
      continue;
    }
    GapLeaf gap{.ranges = ranges_of(epochs, loss.leaves),
                .reason = GapReason::kDamagedSpool,
                .store = gap_store(loss.stores),
                .code = std::nullopt};
    if (gap.ranges.empty()) {
      continue;  // From before the ledger.
    }
    const auto appended = parts_.spool.append(
        [&gap](const TreeState& tree, UtcMicros accept_at) {
          return encode_leaf({tree.epoch_id, tree.size, accept_at}, gap);
        },
        parts_.clock.utc_now(), {&loss.leaves, 1});
    if (!appended) {
      return;
    }
    schedule_.grown_to(appended->size, parts_.clock.steady_now());
    const std::scoped_lock lock(mutex_);
    ++status_.gaps;
  }
}

Status Notary::declare_refused(StoreId store, const std::vector<DeadLetter>& letters) {
  std::vector<EpochRange> ranges = ranges_of(letters);
  while (!ranges.empty()) {
    const std::size_t most = std::min(ranges.size(), most_ranges_of_leaf());
    GapLeaf gap{.ranges = {ranges.begin(), ranges.begin() + static_cast<std::ptrdiff_t>(most)},
                .reason = GapReason::kRefusedByStore,
                .store = gap_store(bit_of(store)),
                .code = letters.front().code.empty() ? std::nullopt : std::optional(letters.front().code)};
    ranges.erase(ranges.begin(), ranges.begin() + static_cast<std::ptrdiff_t>(most));
    if (const auto placed = declare(std::move(gap), kDeclareMost); !placed) {
      return placed.error();
    }
  }
  return {};
}

Result<Notary::Placed> Notary::declare(LeafContent content, std::chrono::milliseconds most) {
  Request request{.content = std::move(content)};
  return ask(request, most);
}

Result<Notary::Placed> Notary::declare_covered(LeafContent content, std::chrono::milliseconds most) {
  Request request{.content = std::move(content), .covering = Covering::kAtOnce};
  return ask(request, most);
}

Result<Notary::Placed> Notary::ask(Request& request, std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  if (is_closed_) {
    return Error(ErrorKind::kTransient, "the agent is stopping");
  }
  requests_.push_back(&request);
  lock.unlock();
  parts_.wake();
  lock.lock();
  served_.wait_for(lock, most, [&request] { return request.outcome.has_value(); });
  if (!request.outcome && std::erase(requests_, &request) == 0) {
    // It is being placed: that ends with the disk's word.
    served_.wait(lock, [&request] { return request.outcome.has_value(); });
  }
  if (!request.outcome) {
    return Error(ErrorKind::kTransient, "the ledger took no leaf within " + std::to_string(most.count()) + " ms");
  }
  return std::move(*request.outcome);
}

void Notary::serve_requests() {
  if (const std::vector<Request*> to_cover = place_requests(); !to_cover.empty()) {
    cover(to_cover);
  }
}

/// Without the lock while the disk works: nobody who asks for the status waits for that.
std::vector<Notary::Request*> Notary::place_requests() {
  std::vector<Request*> to_cover;
  std::unique_lock lock(mutex_);
  for (Request* const request : std::exchange(requests_, {})) {
    lock.unlock();
    Result<Placed> placed = place(request->content);
    lock.lock();
    status_.gaps += placed && type_of(request->content) == LeafType::kGap ? 1U : 0U;
    if (placed && request->covering == Covering::kAtOnce) {
      to_cover.push_back(request);
    } else {
      request->outcome = std::move(placed);
    }
  }
  served_.notify_all();
  return to_cover;
}

/// One checkpoint for all of them.
void Notary::cover(const std::vector<Request*>& requests) {
  const std::uint64_t size = parts_.spool.tree().size;
  const Status beaten = beat();
  const bool is_covered = beaten.ok() && schedule_.covered() > size;
  const std::uint64_t last = schedule_.covered() - 1;
  const std::scoped_lock lock(mutex_);
  for (Request* request : requests) {
    if (is_covered) {
      request->outcome = Placed{.epoch_id = parts_.spool.tree().epoch_id, .index = last, .number = base_ + last};
    } else {
      request->outcome = Error(ErrorKind::kTransient, "the leaf is there, but no checkpoint over it could be kept");
    }
  }
  served_.notify_all();
}

Result<Notary::Placed> Notary::place(const LeafContent& content) {
  const auto appended = parts_.spool.append(
      [&content](const TreeState& tree, UtcMicros accept_at) {
        return encode_leaf({tree.epoch_id, tree.size, accept_at}, content);
      },
      parts_.clock.utc_now());
  if (!appended) {
    return appended.error();
  }
  schedule_.grown_to(appended->size, parts_.clock.steady_now());
  return Placed{.epoch_id = appended->epoch_id, .index = appended->size - 1, .number = base_ + appended->size - 1};
}

void Notary::begin_another() {
  {
    const std::scoped_lock lock(mutex_);
    is_store_ahead_ = true;
  }
  parts_.wake();
}

}  // namespace twinlog
