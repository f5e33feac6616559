#include "tests/spool/promises.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "ledger/record/canonical.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog::testing {
namespace {

using D = Disposition;

std::string name_of(const std::string& log_id, const Digest& content) {
  return log_id + "/" + hex(content);
}

std::string name_of(const AcceptedEvent& sent) {
  return name_of(sent.event.log_id, sent.content_hash);
}

std::string name_of(const Version& kept) {
  return name_of(kept.event.log_id, kept.content_hash);
}

std::uint64_t leaf_of(const Spool& spool, const std::string& name) {
  const std::vector<Version> kept = all_of(spool);
  const auto found = std::ranges::find_if(kept, [&](const Version& each) { return name_of(each) == name; });
  EXPECT_NE(found, kept.end()) << name << " is called a duplicate, of what?";
  return found == kept.end() ? 0 : found->leaf_index;
}

bool is_lost(const SpoolStats& stats, std::uint64_t leaf) {
  return std::ranges::any_of(
      stats.losses, [leaf](const Loss& loss) { return loss.leaves.first <= leaf && leaf <= loss.leaves.last; });
}

}  // namespace

std::vector<Version> all_of(const Spool& spool) {
  std::vector<Version> all;
  for (bool is_more = true; is_more;) {
    const Result<std::vector<Version>> versions =
        spool.read(all.empty() ? 0 : all.back().leaf_index, 1'000'000, 1U << 30U);
    EXPECT_TRUE(versions.has_value()) << versions.error().message();
    is_more = versions && !versions->empty();
    if (is_more) {
      all.insert(all.end(), versions->begin(), versions->end());
    }
  }
  return all;
}

void Promises::offer(Spool& spool, const std::vector<AcceptedEvent>& events, UtcMicros received_at) {
  for (const AcceptedEvent& event : events) {
    offered_[name_of(event)] = event;
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
    const std::string name = name_of(events[i]);
    if (answer == D::kStored) {
      promised_[name] = ++leaf;
    } else if (answer == D::kDuplicate && !promised_.contains(name)) {
      promised_[name] = leaf_of(spool, name);
    }
  }
}

void Promises::adopt(const std::vector<Version>& kept, const std::array<std::uint64_t, kStores>& cursors) {
  for (const Version& version : kept) {
    offered_[name_of(version)] = {
        .event = version.event, .canonical = canonical_content(version.event), .content_hash = version.content_hash};
    promised_[name_of(version)] = version.leaf_index;
  }
  most_ = cursors;
}

void Promises::move_cursor(Spool& spool, StoreId store, std::uint64_t leaf) {
  std::uint64_t& most = most_.at(static_cast<std::size_t>(store));
  const bool is_back = leaf < most;
  most = std::max(most, leaf);
  if (spool.move_cursor(store, leaf).ok() && is_back) {
    most = std::max(leaf, spool.stats().first_kept_leaf - 1);
  }
}

bool Promises::keep_letters(Spool& spool, StoreId store, std::uint64_t cursor,
                            const std::vector<std::uint64_t>& leaves) {
  std::vector<Version> refused;
  for (const std::uint64_t leaf : leaves) {
    const Result<std::vector<Version>> found = spool.read(leaf - 1, 1, 1);
    if (!found || found->empty() || found->front().leaf_index != leaf) {
      return false;  // Broken now; a courier comes again.
    }
    refused.push_back(found->front());
  }
  std::uint64_t& most = most_.at(static_cast<std::size_t>(store));
  most = std::max(most, cursor);
  return letters_.keep(spool, store, cursor, refused);
}

std::size_t Promises::lost(const Spool& spool) const {
  const SpoolStats stats = spool.stats();
  return static_cast<std::size_t>(
      std::ranges::count_if(promised_, [&stats](const auto& each) { return is_lost(stats, each.second); }));
}

void Promises::check_cursors(const Spool& spool) const {
  const std::uint64_t first_kept = spool.stats().first_kept_leaf;
  for (const StoreId store : {StoreId::kPostgres, StoreId::kMongodb}) {
    EXPECT_LE(spool.cursor(store), most_.at(static_cast<std::size_t>(store))) << store_name(store);
    EXPECT_LE(first_kept, most_.at(static_cast<std::size_t>(store)) + 1) << store_name(store);
    EXPECT_GE(spool.cursor(store) + 1, first_kept) << store_name(store);
  }
}

void Promises::check_order(const std::vector<Version>& kept) {
  for (std::size_t i = 1; i < kept.size(); ++i) {
    ASSERT_LT(kept[i - 1].leaf_index, kept[i].leaf_index);
    ASSERT_LE(kept[i - 1].received_at, kept[i].received_at) << "leaf " << kept[i].leaf_index;
  }
}

void Promises::check_repeats(Spool& spool) const {
  const SpoolStats stats = spool.stats();
  const std::set<std::uint64_t> waiting = letters_.waiting();
  std::vector<AcceptedEvent> again;
  for (const auto& [name, leaf] : promised_) {
    if ((leaf >= stats.first_kept_leaf && !is_lost(stats, leaf)) || waiting.contains(leaf)) {
      again.push_back(offered_.at(name));
    }
  }
  const CommitRequest request{.events = again};
  const auto answers = spool.commit({&request, 1}, kReceivedAt);
  ASSERT_TRUE(answers.has_value()) << answers.error().message();
  for (std::size_t i = 0; i < again.size(); ++i) {
    EXPECT_EQ(answers->front()[i], D::kDuplicate) << again[i].event.log_id;
  }
}

void Promises::check(Spool& spool) {
  const SpoolStats stats = spool.stats();
  const std::vector<Version> kept = all_of(spool);
  check_order(kept);
  check_cursors(spool);
  letters_.check(spool);
  std::map<std::string, std::size_t> times;
  for (const Version& version : kept) {
    ++times[name_of(version)];
    const auto sent = offered_.find(name_of(version));
    ASSERT_NE(sent, offered_.end()) << version.event.log_id << " was never sent";
    EXPECT_EQ(version.event, sent->second.event) << version.event.log_id;
  }
  for (const auto& [name, leaf] : promised_) {
    const bool is_gone = leaf < stats.first_kept_leaf || is_lost(stats, leaf);
    const bool is_there = times[name] == 1 || (times[name] > 1 && !are_ids_kept_);
    EXPECT_TRUE(is_gone || is_there) << name << ", leaf " << leaf << ", is there " << times[name];
  }
  if (are_ids_kept_) {
    check_repeats(spool);
  }
}

}  // namespace twinlog::testing
