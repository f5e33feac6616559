#include "plugins/mongodb/leftovers.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "plugins/mongodb/bulk.h"
#include "plugins/mongodb/names.h"

namespace twinlog::mongodb {
namespace {

constexpr std::size_t kIdsPerRead = 1000;

bool is_same(const AgentLine& one, const AgentLine& other) {
  return one.leaves.delivered == other.leaves.delivered && one.listed == other.listed &&
         one.leaves.adopting == other.leaves.adopting && one.replay == other.replay;
}

/// Changes the line where it is still the one that was read.
StoreResult<bool> change_line(Client& client, const Uuid& epoch_id, const AgentLine& line, const Bson& change) {
  Bson filter;
  BsonWriter guard(filter);
  guard.text("_id", uuid_text(epoch_id))
      .int64("last_leaf_index", static_cast<std::int64_t>(line.leaves.delivered))
      .int64("listed_leaf_index", static_cast<std::int64_t>(line.listed))
      .boolean("is_unfinished", true);
  if (line.replay.empty()) {
    guard.begin_document("replay").boolean("$exists", false).end();
  } else {
    guard.text("replay", line.replay);
  }
  Bulk bulk(client, kAgents);
  bulk.update(filter, change);
  auto executed = bulk.execute();
  if (!executed) {
    return std::move(executed).error();
  }
  return executed->matched == 1;
}

/// The announcement. Others that watch the line see it change and wait anew.
StoreResult<bool> announce(Client& client, const Uuid& epoch_id, AgentLine& line) {
  Bson change;
  BsonWriter writer(change);
  writer.begin_document("$max").int64("adopting_leaf_index", static_cast<std::int64_t>(line.listed)).end();
  line.leaves.adopting = std::max(line.leaves.adopting, line.listed);
  return change_line(client, epoch_id, line, change);
}

StoreStatus finish(Client& client, const Uuid& epoch_id, const AgentLine& line) {
  Bson change;
  BsonWriter writer(change);
  writer.begin_document("$max").int64("adopted_leaf_index", static_cast<std::int64_t>(line.listed)).end();
  writer.begin_document("$unset").text("is_unfinished", "").text("flushing", "");
  writer.text("replay", "").text("replaying", "").end();
  auto changed = change_line(client, epoch_id, line, change);
  return changed ? std::nullopt : StoreStatus(std::move(changed).error());
}

bool is_announced(const AgentLine& line) {
  return line.leaves.adopting >= line.listed;
}

/// The epoch's rows with these ids and leaves above `after` up to `last`.
struct Rows {
  const std::vector<std::string>& record_ids;
  std::uint64_t after;
  std::uint64_t last;
};

StoreStatus read_rows(Client& client, const Uuid& epoch_id, const Rows& rows, std::vector<Version>& found) {
  std::optional<StoreError> unreadable;
  const auto take = [&](const BsonFields& fields) {
    const auto leaf = static_cast<std::uint64_t>(fields.integer("leaf_index").value_or(0));
    if (fields.text("epoch_id") != uuid_text(epoch_id) || leaf <= rows.after || leaf > rows.last) {
      return;
    }
    if (is_erased(fields)) {
      return;  // Delivered long ago in every store, and what is left of it is not what its accounts were told.
    }
    auto version = version_from(fields);
    if (version) {
      found.push_back(*std::move(version));
    } else {
      unreadable = unreadable_document(version.error());
    }
  };
  for (std::span<const std::string> record_ids = rows.record_ids; !record_ids.empty();) {
    const auto some = record_ids.first(std::min(record_ids.size(), kIdsPerRead));
    record_ids = record_ids.subspan(some.size());
    for (const Shelf shelf : {Shelf::kRecords, Shelf::kConflicts}) {
      const Bson filter = versions_of(shelf, some);
      auto failed = client.find(
          {.collection = collection_of(shelf), .filter = filter, .projection = Bson(), .expected = some.size()}, take);
      if (failed || unreadable) {
        return failed ? std::move(failed) : std::move(unreadable);
      }
    }
  }
  std::ranges::sort(found, {}, &Version::leaf_index);
  return std::nullopt;
}

/// How many they are.
StoreResult<std::uint64_t> apply_rows(Client& client, const Adopter& adopter, const MarkedWriter& writer,
                                      const Rows& rows, AccountMemory& memory) {
  std::vector<Version> found;
  if (auto failed = read_rows(client, writer.epoch_id, rows, found)) {
    return *std::move(failed);
  }
  std::vector<const Version*> versions;
  versions.reserve(found.size());
  for (const Version& version : found) {
    versions.push_back(&version);
  }
  const AccountWork work{.versions = by_account(versions),
                         .inserted = {},
                         .writer = writer,
                         .read = ReadConcern::kMajority,
                         .written_by = adopter.written_by,
                         .is_too_late = [] { return false; },
                         .pause = adopter.pause};
  auto written = apply_to_accounts(client, work, memory, adopter.recount_time);
  if (!written) {
    return std::move(written).error();
  }
  return std::uint64_t{versions.size()};
}

/// How many versions it applied; nothing where the line moved meanwhile: the owner lives.
StoreResult<std::optional<std::uint64_t>> adopt(Client& client, const Uuid& epoch_id, AgentLine line,
                                                const Adopter& adopter, AccountMemory& memory) {
  const std::optional<std::uint64_t> nothing;
  const bool is_last = is_announced(line);
  auto announced = announce(client, epoch_id, line);
  if (!announced) {
    return std::move(announced).error();
  }
  if (!*announced) {
    return nothing;
  }
  auto listed = read_listed(client, epoch_id);
  if (!listed) {
    return std::move(listed).error();
  }
  const Rows rows{.record_ids = listed->flushing, .after = line.leaves.delivered, .last = line.listed};
  const MarkedWriter writer{.epoch_id = epoch_id, .line = line.leaves, .now = adopter.now};
  auto applied = apply_rows(client, adopter, writer, rows, memory);
  if (!applied) {
    return std::move(applied).error();
  }
  auto replayed = apply_replay(client, epoch_id, line, adopter, memory);
  if (!replayed) {
    return std::move(replayed).error();
  }
  if (is_last) {
    if (auto failed = finish(client, epoch_id, line)) {
      return *std::move(failed);
    }
  }
  return std::optional<std::uint64_t>(*applied + *replayed);
}

}  // namespace

StoreResult<std::uint64_t> apply_replay(Client& client, const Uuid& epoch_id, const AgentLine& line,
                                        const Adopter& adopter, AccountMemory& memory) {
  if (line.replay.empty()) {
    return std::uint64_t{0};
  }
  auto listed = read_listed(client, epoch_id);
  if (!listed) {
    return std::move(listed).error();
  }
  const Rows rows{.record_ids = listed->replaying, .after = 0, .last = line.leaves.delivered};
  const MarkedWriter writer{.epoch_id = epoch_id, .line = line.leaves, .is_replay = true, .now = adopter.now};
  return apply_rows(client, adopter, writer, rows, memory);
}

StoreResult<std::uint64_t> Leftovers::step(Client& client, const Adopter& adopter,
                                           std::chrono::steady_clock::time_point now, AccountMemory& memory) {
  auto lines = read_unfinished_lines(client, kLinesLookedAt);
  if (!lines) {
    return std::move(lines).error();
  }
  std::erase_if(*lines, [&](const auto& entry) { return adopter.own.contains(entry.first); });
  std::erase_if(watched_, [&](const auto& entry) { return !lines->contains(entry.first); });
  for (const auto& [epoch_id, line] : *lines) {
    const auto [entry, is_new] = watched_.try_emplace(epoch_id, Watched{line, now});
    if (!is_new && !is_same(entry->second.line, line)) {
      entry->second = {line, now};
    }
  }
  for (const auto& [epoch_id, watched] : watched_) {
    const std::chrono::seconds needed = is_announced(watched.line) ? kSilentBeforeLast : kSilentBefore;
    if (now - watched.since < needed) {
      continue;
    }
    const Uuid epoch = epoch_id;
    const AgentLine line = watched.line;
    watched_.erase(epoch);  // Whatever comes of it, it is watched anew.
    auto adopted = adopt(client, epoch, line, adopter, memory);
    if (!adopted) {
      return std::move(adopted).error();
    }
    return adopted->value_or(0);
  }
  return std::uint64_t{0};
}

StoreResult<std::vector<Uuid>> Leftovers::unlisted(Client& client, const std::map<Uuid, std::uint64_t>& last_leaves,
                                                   AppliedEpochs& applied) {
  std::set<Uuid> unknown;
  for (const auto& [epoch_id, leaf] : last_leaves) {
    if (applied.of(epoch_id) < leaf && !told_.contains(epoch_id)) {
      unknown.insert(epoch_id);
    }
  }
  std::vector<Uuid> unlisted;
  if (unknown.empty()) {
    return unlisted;
  }
  auto lines = read_lines(client, unknown);
  if (!lines) {
    return std::move(lines).error();
  }
  applied.note(*lines);
  for (const Uuid& epoch_id : unknown) {
    const AgentLine& line = (*lines)[epoch_id];
    if (line.leaves.flushing == 0 && line.leaves.applied() < last_leaves.at(epoch_id)) {
      unlisted.push_back(epoch_id);
      if (told_.size() >= AppliedEpochs::kMost) {
        told_.clear();
      }
      told_.insert(epoch_id);
    }
  }
  return unlisted;
}

}  // namespace twinlog::mongodb
