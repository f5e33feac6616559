#include "plugins/mongodb/recount.h"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/mongodb/names.h"
#include "plugins/mongodb/position.h"

namespace twinlog::mongodb {
namespace {

/// Rows of one epoch without a mark in the account.
struct Unmarked {
  AccountState* state;
  Uuid epoch_id;
  std::uint64_t count;
};

/// The undefined failures after the account's defining event. occurred_at is never before effective_at, so the bound
/// on it loses nothing and serves the index (tenant, account, time).
void append_failures_of(BsonWriter& writer, const Recounted& account) {
  const auto& defining = account.state->attempts;
  writer.text("tenant_id", account.key.tenant_id).text("account", account.key.account);
  if (defining) {
    const UtcMicros after = defining->position.effective_at;
    writer.begin_document("occurred_at").date("$gte", after).end();
    writer.begin_document("effective_at_us").int64("$gt", after).end();
  }
  writer.text("event_type", "login_failed");
  writer.begin_document("failed_login_attempts").boolean("$exists", false).end();
}

void append_up_to(BsonWriter& writer, const Uuid& epoch_id, std::uint64_t leaf) {
  writer.text("epoch_id", uuid_text(epoch_id));
  writer.begin_document("leaf_index").int64("$lte", static_cast<std::int64_t>(leaf)).end();
}

/// Rows up to their epoch's mark, and all rows of epochs without one.
void append_marks(BsonWriter& writer, const AccountState& state) {
  std::size_t number = 0;
  writer.begin_array("$or").begin_document("0").begin_document("epoch_id").begin_array("$nin");
  for (const auto& [epoch_id, mark] : state.marks) {
    writer.text(std::to_string(number++), uuid_text(epoch_id));
  }
  writer.end().end().end();
  number = 0;
  for (const auto& [epoch_id, mark] : state.marks) {
    writer.begin_document(std::to_string(++number));
    append_up_to(writer, epoch_id, mark.leaf_index);
    writer.end();
  }
  writer.end();
}

/// One question: conditions joined by "or", each of which is built by `append` from one of `all`, as many as fit.
class Question {
 public:
  template <typename All, typename Append>
  Question(const All& all, std::size_t from, std::size_t most_bytes, Append append) : next_(from) {
    std::vector<Bson> conditions;
    for (std::size_t bytes = 0; next_ < all.size() && bytes < most_bytes; ++next_) {
      BsonWriter writer(conditions.emplace_back());
      append(writer, all[next_]);
      bytes += conditions.back().size();
    }
    BsonWriter writer(stages_);
    writer.begin_document("0");
    append_match(writer, conditions);
    writer.end().begin_document("1").begin_document("$group").begin_document("_id");
    writer.text("tenant_id", "$tenant_id").text("account", "$account").text("epoch_id", "$epoch_id").end();
    writer.begin_document("count").int32("$sum", 1).end().end().end();
  }
  const Bson& stages() const { return stages_; }
  std::size_t next() const { return next_; }

 private:
  /// A condition alone stands bare: some servers find nothing by an index below "or".
  static void append_match(BsonWriter& writer, const std::vector<Bson>& conditions) {
    if (conditions.size() == 1) {
      writer.document("$match", conditions.front());
      return;
    }
    writer.begin_document("$match").begin_array("$or");
    for (std::size_t i = 0; i < conditions.size(); ++i) {
      writer.document(std::to_string(i), conditions[i]);
    }
    writer.end().end();
  }

  Bson stages_;
  std::size_t next_;
};

class Counting {
 public:
  Counting(Client& client, const std::vector<Recounted>& accounts, const RecountTime& time)
      : client_(client), accounts_(accounts), time_(time) {
    for (const Recounted& account : accounts) {
      state_of_[account.key] = account.state;
      account.state->failures_after = 0;
    }
  }

  StoreStatus run() {
    auto failed = ask(
        accounts_,
        [](BsonWriter& writer, const Recounted& account) {
          append_failures_of(writer, account);
          append_marks(writer, *account.state);
        },
        [this](AccountState& state, const Uuid& epoch_id, std::uint64_t count) {
          if (state.marks.contains(epoch_id)) {
            state.failures_after += count;
          } else {
            unmarked_.push_back({&state, epoch_id, count});
          }
        });
    return failed || unmarked_.empty() ? std::move(failed) : count_unmarked();
  }

 private:
  using Note = std::function<void(AccountState&, const Uuid&, std::uint64_t)>;
  struct Unsettled {
    Recounted account;
    Uuid epoch_id;
    std::uint64_t applied;
  };

  template <typename All, typename Append>
  StoreStatus ask(const All& all, Append append, const Note& note) {
    // What took too long is asked for account by account.
    const std::size_t most_bytes = time_.is_raised() ? 1 : kRecountQuestionMost;
    for (std::size_t from = 0; from < all.size();) {
      const Question question(all, from, most_bytes, append);
      for (const char* collection : {kRecords, kConflicts}) {
        auto failed =
            client_.aggregate({.collection = collection, .stages = question.stages(), .most_time = time_.limit()},
                              [this, &note](const BsonFields& group) { note_group(group, note); });
        if (failed) {
          return failed;
        }
      }
      from = question.next();
    }
    return std::nullopt;
  }

  void note_group(const BsonFields& group, const Note& note) const {
    const auto id = group.document("_id");
    const auto count = group.integer("count");
    if (!id || !count) {
      return;
    }
    const BsonFields key(*id);
    const auto tenant_id = key.text("tenant_id");
    const auto account = key.text("account");
    const auto epoch_id = uuid_from_text(key.text("epoch_id").value_or(""));
    if (!tenant_id || !account || !epoch_id) {
      return;
    }
    const auto found = state_of_.find({*tenant_id, *account});
    if (found != state_of_.end()) {
      note(*found->second, *epoch_id, static_cast<std::uint64_t>(*count));
    }
  }

  /// By the lines. What was counted was there before its line was read: where the line says that all of the epoch is
  /// applied, all of it was.
  StoreStatus count_unmarked() {
    std::set<Uuid> epochs;
    for (const Unmarked& rows : unmarked_) {
      epochs.insert(rows.epoch_id);
    }
    auto lines = read_lines(client_, epochs);
    if (!lines) {
      return std::move(lines).error();
    }
    std::map<const AccountState*, const AccountKey*> key_of;
    for (const Recounted& account : accounts_) {
      key_of[account.state] = &account.key;
    }
    std::vector<Unsettled> unsettled;
    std::set<std::pair<const AccountState*, Uuid>> asked;  // Both collections may have rows of it.
    for (const Unmarked& rows : unmarked_) {
      const AgentLine& line = (*lines)[rows.epoch_id];
      if (line.is_settled()) {
        rows.state->failures_after += rows.count;
      } else if (line.leaves.applied() > 0 && asked.insert({rows.state, rows.epoch_id}).second) {
        unsettled.push_back({{*key_of.at(rows.state), rows.state}, rows.epoch_id, line.leaves.applied()});
      }
    }
    return ask(
        unsettled,
        [](BsonWriter& writer, const Unsettled& rows) {
          append_failures_of(writer, rows.account);
          append_up_to(writer, rows.epoch_id, rows.applied);
        },
        [](AccountState& state, const Uuid&, std::uint64_t count) { state.failures_after += count; });
  }

  Client& client_;
  const std::vector<Recounted>& accounts_;
  const RecountTime& time_;
  std::map<AccountKey, AccountState*> state_of_;
  std::vector<Unmarked> unmarked_;
};

bool ran_out_of_time(const StoreError& error) {
  return error.code == "50" || error.code == "262" || error.reaction == Reaction::kReconnect;
}

}  // namespace

StoreStatus recount(Client& client, const std::vector<Recounted>& accounts, RecountTime& time) {
  if (accounts.empty()) {
    return std::nullopt;
  }
  auto failed = Counting(client, accounts, time).run();
  if (failed) {
    failed->words =
        "recount of an account's failures (" + std::to_string(time.limit().count()) + " s allowed): " + failed->words;
    if (ran_out_of_time(*failed)) {
      // The connection has to wait longer next time; where there is no more time to give, fewer accounts are asked for.
      failed->reaction = time.is_most() ? Reaction::kReconnectSmaller : Reaction::kReconnect;
      time.was_too_short();
    }
    return failed;
  }
  TWINLOG_KILL_POINT("mongodb.after_recount");
  return std::nullopt;
}

}  // namespace twinlog::mongodb
