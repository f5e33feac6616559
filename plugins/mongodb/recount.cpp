#include "plugins/mongodb/recount.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/mongodb/names.h"

namespace twinlog::mongodb {
namespace {

// Asked for at once; servers cut a reply at 16 MiB, which is more than this many of these rows.
constexpr std::size_t kRowsExpected = 100'000;

/// Counts rows as they are read.
class Counter {
 public:
  explicit Counter(const std::vector<Recounted>& accounts) {
    for (const Recounted& account : accounts) {
      state_of_[account.key] = account.state;
      account.state->failures_after = 0;
    }
  }

  void add(const BsonFields& fields) {
    const auto tenant_id = fields.text("tenant_id");
    const auto account = fields.text("account");
    const auto epoch_id = uuid_from_text(fields.text("epoch_id").value_or(""));
    const auto leaf_index = fields.integer("leaf_index");
    if (!tenant_id || !account || !epoch_id || !leaf_index) {
      return;
    }
    const auto found = state_of_.find({*tenant_id, *account});
    if (found == state_of_.end()) {
      return;
    }
    AccountState& state = *found->second;
    const auto leaf = static_cast<std::uint64_t>(*leaf_index);
    const auto mark = state.marks.find(*epoch_id);
    if (mark == state.marks.end()) {
      unmarked_[*epoch_id].push_back({&state, leaf});
    } else if (leaf <= mark->second.leaf_index) {
      ++state.failures_after;
    }
  }

  bool has_unmarked() const { return !unmarked_.empty(); }
  std::vector<std::string> unmarked_epochs() const {
    std::vector<std::string> epochs;
    for (const auto& [epoch_id, rows] : unmarked_) {
      epochs.push_back(uuid_text(epoch_id));
    }
    return epochs;
  }

  /// Settles the rows of one unmarked epoch by its line in twinlog_agents.
  void add_epoch(const BsonFields& fields) {
    const auto epoch_id = uuid_from_text(fields.text("_id").value_or(""));
    const auto rows = epoch_id ? unmarked_.find(*epoch_id) : unmarked_.end();
    if (rows == unmarked_.end()) {
      return;
    }
    const auto closed = fields.find("closed_at");
    const bool is_closed = closed && bson_iter_type(&closed->iter) != BSON_TYPE_NULL;
    const std::int64_t applied =
        std::max(fields.integer("last_leaf_index").value_or(0), fields.integer("adopted_leaf_index").value_or(0));
    for (const Row& row : rows->second) {
      if (is_closed || row.leaf_index <= static_cast<std::uint64_t>(applied)) {
        ++row.state->failures_after;
      }
    }
  }

 private:
  struct Row {
    AccountState* state;
    std::uint64_t leaf_index;
  };
  std::map<AccountKey, AccountState*> state_of_;
  std::map<Uuid, std::vector<Row>> unmarked_;
};

/// The undefined failures after each account's defining event. occurred_at is never before effective_at, so the bound
/// on it loses nothing and serves the index (tenant, account, time).
Bson failures_filter(const std::vector<Recounted>& accounts) {
  Bson filter;
  BsonWriter writer(filter);
  writer.begin_array("$or");
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    const auto& defining = accounts[i].state->attempts;
    const UtcMicros after = defining ? defining->position.effective_at : INT64_MIN;
    writer.begin_document(std::to_string(i));
    writer.text("tenant_id", accounts[i].key.tenant_id).text("account", accounts[i].key.account);
    if (defining) {
      writer.begin_document("occurred_at").date("$gte", after).end();
      writer.begin_document("effective_at_us").int64("$gt", after).end();
    }
    writer.text("event_type", "login_failed");
    writer.begin_document("failed_login_attempts").boolean("$exists", false).end();
    writer.end();
  }
  writer.end();
  return filter;
}

StoreStatus count_unmarked(Client& client, Counter& counter) {
  const std::vector<std::string> epochs = counter.unmarked_epochs();
  Bson filter;
  BsonWriter writer(filter);
  writer.begin_document("_id").begin_array("$in");
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    writer.text(std::to_string(i), epochs[i]);
  }
  writer.end().end();
  Bson projection;
  BsonWriter(projection).int32("last_leaf_index", 1).int32("adopted_leaf_index", 1).int32("closed_at", 1);
  return client.find({.collection = kAgents, .filter = filter, .projection = projection, .expected = epochs.size()},
                     [&counter](const BsonFields& agent) { counter.add_epoch(agent); });
}

}  // namespace

StoreStatus recount(Client& client, const std::vector<Recounted>& accounts) {
  if (accounts.empty()) {
    return std::nullopt;
  }
  Counter counter(accounts);
  const Bson filter = failures_filter(accounts);
  Bson projection;
  BsonWriter(projection).int32("tenant_id", 1).int32("account", 1).int32("epoch_id", 1).int32("leaf_index", 1);
  for (const char* collection : {kRecords, kConflicts}) {
    auto failed =
        client.find({.collection = collection, .filter = filter, .projection = projection, .expected = kRowsExpected},
                    [&counter](const BsonFields& row) { counter.add(row); });
    if (failed) {
      return failed;
    }
  }
  TWINLOG_KILL_POINT("mongodb.after_recount");
  return counter.has_unmarked() ? count_unmarked(client, counter) : std::nullopt;
}

}  // namespace twinlog::mongodb
