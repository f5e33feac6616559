#include "tests/spool/promises.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/spool/spool_fixture.h"

namespace twinlog::testing {
namespace {

using D = Disposition;

std::vector<Version> all_of(const Spool& spool) {
  Result<std::vector<Version>> versions = spool.read(0, 1'000'000, 1U << 30U);
  EXPECT_TRUE(versions.has_value()) << versions.error().message();
  return versions ? std::move(*versions) : std::vector<Version>();
}

std::uint64_t leaf_of(const Spool& spool, const std::string& log_id) {
  const std::vector<Version> kept = all_of(spool);
  const auto found = std::ranges::find_if(kept, [&](const Version& each) { return each.event.log_id == log_id; });
  EXPECT_NE(found, kept.end()) << log_id << " is called a duplicate, of what?";
  return found == kept.end() ? 0 : found->leaf_index;
}

bool is_lost(const SpoolStats& stats, std::uint64_t leaf) {
  return std::ranges::any_of(
      stats.losses, [leaf](const Loss& loss) { return loss.leaves.first <= leaf && leaf <= loss.leaves.last; });
}

}  // namespace

void Promises::offer(Spool& spool, const std::vector<AcceptedEvent>& events, UtcMicros received_at) {
  for (const AcceptedEvent& event : events) {
    offered_[event.event.log_id] = event;
  }
  const CommitRequest request{.events = events};
  const auto answers = spool.commit({&request, 1}, received_at);
  if (!answers) {
    return;
  }
  const auto stored = static_cast<std::uint64_t>(std::ranges::count(answers->front(), D::kStored));
  std::uint64_t leaf = spool.last_leaf() - stored;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const D answer = answers->front()[i];
    if (answer == D::kStored) {
      promised_[events[i].event.log_id] = ++leaf;
    } else if (answer == D::kDuplicate && !promised_.contains(events[i].event.log_id)) {
      promised_[events[i].event.log_id] = leaf_of(spool, events[i].event.log_id);
    }
  }
}

void Promises::move_cursor(Spool& spool, StoreId store, std::uint64_t leaf) {
  std::uint64_t& most = most_.at(static_cast<std::size_t>(store));
  const bool is_back = leaf < most;
  most = std::max(most, leaf);
  if (spool.move_cursor(store, leaf).ok() && is_back) {
    most = std::max(leaf, spool.stats().first_kept_leaf - 1);
  }
}

void Promises::check_cursors(const Spool& spool) const {
  const std::uint64_t first_kept = spool.stats().first_kept_leaf;
  for (const StoreId store : {StoreId::kPostgres, StoreId::kMongodb}) {
    EXPECT_LE(spool.cursor(store), most_.at(static_cast<std::size_t>(store))) << store_name(store);
    EXPECT_LE(first_kept, most_.at(static_cast<std::size_t>(store)) + 1) << store_name(store);
    EXPECT_GE(spool.cursor(store) + 1, first_kept) << store_name(store);
  }
}

void Promises::check_order(const std::vector<Version>& kept) const {
  for (std::size_t i = 1; i < kept.size(); ++i) {
    ASSERT_LT(kept[i - 1].leaf_index, kept[i].leaf_index);
    ASSERT_LE(kept[i - 1].received_at, kept[i].received_at) << "leaf " << kept[i].leaf_index;
  }
}

void Promises::check_repeats(Spool& spool) const {
  const SpoolStats stats = spool.stats();
  std::vector<AcceptedEvent> again;
  for (const auto& [log_id, leaf] : promised_) {
    if (leaf >= stats.first_kept_leaf && !is_lost(stats, leaf)) {
      again.push_back(offered_.at(log_id));
    }
  }
  const CommitRequest request{.events = again};
  const auto answers = spool.commit({&request, 1}, kReceivedAt);
  ASSERT_TRUE(answers.has_value()) << answers.error().message();
  for (std::size_t i = 0; i < again.size(); ++i) {
    EXPECT_EQ(answers->front()[i], D::kDuplicate) << again[i].event.log_id;
  }
}

void Promises::check(Spool& spool) const {
  const SpoolStats stats = spool.stats();
  const std::vector<Version> kept = all_of(spool);
  check_order(kept);
  check_cursors(spool);
  std::map<std::string, std::size_t> times;
  for (const Version& version : kept) {
    ++times[version.event.log_id];
    const auto sent = offered_.find(version.event.log_id);
    ASSERT_NE(sent, offered_.end()) << version.event.log_id << " was never sent";
    EXPECT_EQ(version.event, sent->second.event) << version.event.log_id;
    EXPECT_EQ(version.content_hash, sent->second.content_hash) << version.event.log_id;
  }
  for (const auto& [log_id, leaf] : promised_) {
    const bool is_gone = leaf < stats.first_kept_leaf || is_lost(stats, leaf);
    EXPECT_TRUE(is_gone || times[log_id] == 1) << log_id << ", leaf " << leaf << ", is there " << times[log_id];
  }
  if (are_ids_kept_) {
    check_repeats(spool);
  }
}

}  // namespace twinlog::testing
