// Exports of both stores with a ledger of any size, for measuring `twinlog verify`: written row by row, so that ten
// million leaves need no memory here either.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/uuid.h"
#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/leaf.h"
#include "ledger/lockout/account_state.h"
#include "ledger/note/checkpoint.h"
#include "ledger/note/origin.h"
#include "ledger/note/signing_key.h"
#include "ledger/record/canonical.h"
#include "ledger/tree/frontier.h"
#include "ledger/tree/merkle.h"
#include "tests/verify/export_lines.h"

namespace twinlog::testing {
namespace {

constexpr UtcMicros kBegin = 1'795'486'260'000'000;
constexpr UtcMicros kBetweenEvents = 50;
constexpr std::uint64_t kFlush = 1000;
constexpr std::uint64_t kUsers = 5000;
constexpr std::array<const char*, 7> kTables = {"auth_logs",         "auth_log_conflicts", "account_lockouts",
                                                "ledger_epochs",     "ledger_tiles",       "ledger_leaves",
                                                "ledger_checkpoints"};

class Exports {
 public:
  explicit Exports(const std::filesystem::path& folder) {
    for (const ExportDialect dialect : {ExportDialect::kPostgres, ExportDialect::kMongodb}) {
      const auto store = folder / (dialect == ExportDialect::kPostgres ? "postgres" : "mongodb");
      std::filesystem::create_directories(store);
      for (const char* table : kTables) {
        files_[table].at(static_cast<std::size_t>(dialect)).open(store / (std::string(table) + ".ndjson"));
      }
    }
  }
  template <typename Row>
  void put(const char* table, const Row& row, std::string (*line_of)(const Row&, ExportDialect)) {
    for (const ExportDialect dialect : {ExportDialect::kPostgres, ExportDialect::kMongodb}) {
      files_.at(table).at(static_cast<std::size_t>(dialect)) << line_of(row, dialect);
    }
  }

 private:
  std::map<std::string, std::array<std::ofstream, 2>> files_;
};

/// Of 13 fields, as a login page fails it.
AuthEvent failed_login(std::uint64_t number) {
  AuthEvent event;
  const std::string user = std::to_string(number % kUsers);
  event.tenant_id = number % 4 == 0 ? "globex" : "acme";
  event.log_id = "event-" + std::to_string(number);
  event.event_type = "login_failed";
  event.occurred_at = kBegin + static_cast<UtcMicros>(number) * kBetweenEvents;
  event.user_id = "u" + user;
  event.username = "u" + user + "@example.com";
  event.ip = "192.0.2." + std::to_string(number % 200);
  event.account = "id:u" + user;
  event.service = "portal";
  event.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0";
  event.request_id = "request-" + std::to_string(number);
  event.failure_reason = "bad_password";
  event.auth_method = "password";
  return event;
}

/// One agent's epochs, each after the other.
class Agent {
 public:
  Agent(Exports& exports, std::uint64_t leaves_per_epoch)
      : exports_(exports),
        leaves_per_epoch_(leaves_per_epoch),
        enrolment_("audit.example.com/twinlog/enrol/bench", Seed{1}) {}

  void run_epoch() {
    begin();
    while (tree_.size() + 1 < leaves_per_epoch_) {
      take_event();
    }
    EpochTally tally;
    tally.previous_checkpoint = 1;
    tally.accepted = tree_.size() - 1;
    own(CloseLeaf{CloseReason::kStop, tally});
    const LedgerCheckpointRow last{id_, tree_.size(), std::string(as_text(tree_.root())),
                                   sign_checkpoint({tree_.size(), tree_.root()}, *key_), now_};
    exports_.put("ledger_checkpoints", last, checkpoint_line);
    flush();
  }
  void put_accounts() {
    for (const auto& [key, state] : accounts_) {
      LedgerAccountRow row;
      row.key = key;
      row.account = shown(state);
      row.state = encode_account_state(state);
      exports_.put("account_lockouts", row, account_line);
    }
  }
  std::string trusted() const { return verifier_key_text(enrolment_.verifier()) + "\n"; }

 private:
  void begin() {
    OpenLeaf open;
    open.reason = OpenReason::kFirst;
    if (key_) {
      open.reason = OpenReason::kRestart;
      open.previous = id_;
      open.previous_tree = PreviousTree{tree_.size(), tree_.root()};
    }
    now_ += 1000;
    Seed seed{};
    std::memcpy(seed.data(), &epochs_, sizeof epochs_);
    UuidTail tail{};
    std::memcpy(tail.data(), &epochs_, sizeof epochs_);
    ++epochs_;
    id_ = timed_uuid(UuidVersion::k7, now_, tail);
    key_.emplace(origin_of("audit.example.com/twinlog", "bench", id_), seed);
    open.origin = key_->name();
    open.verifier_key = verifier_key_text(key_->verifier());
    open.agent = R"({"agent":"bench","node":"","pod":"","version":"0.1.0"})";
    open.due = now_ + 600'000'000;
    tree_ = Frontier();
    tenants_.clear();
    flushed_ = 0;
    const std::string leaf = encode_leaf({id_, 0, now_}, open);
    append(leaf);
    LedgerEpochRow row;
    row.epoch_id = uuid_text(id_);
    row.origin = key_->name();
    row.open = leaf;
    row.note = sign_checkpoint({1, tree_.root()}, *key_, &enrolment_);
    exports_.put("ledger_epochs", row, epoch_line);
  }
  void take_event() {
    now_ += kBetweenEvents;
    LedgerRow row;
    Version& version = row.version;
    version.event = failed_login(events_++);
    version.content_hash = content_hash(canonical_content(version.event));
    version.received_at = now_;
    version.effective_at = std::min(version.event.occurred_at, now_);
    version.agent = "bench";
    version.epoch_id = id_;
    version.leaf_index = tree_.size();
    version.arrival = {Ingress::kUnix, 1000, 1000};
    RecordKey key{};
    std::memcpy(key.data(), &events_, sizeof events_);
    version.ledger = LedgerPlace{tenants_[version.event.tenant_id]++, key};
    row.tenant_seq = version.ledger->tenant_seq;
    row.has_content_hash = true;
    append(event_leaf(version));
    exports_.put("auth_logs", row, version_line);
    static_cast<void>(merge(accounts_[{version.event.tenant_id, *version.event.account}], {&version}));
  }
  void own(const LeafContent& content) {
    LedgerLeafRow row;
    row.epoch_id = id_;
    row.leaf_index = tree_.size();
    row.leaf = encode_leaf({id_, tree_.size(), now_}, content);
    append(row.leaf);
    exports_.put("ledger_leaves", row, leaf_line);
  }
  void append(const std::string& leaf) {
    const Digest hash = leaf_hash(leaf);
    tree_.append(hash);
    first_at_ = waiting_.empty() ? now_ : first_at_;
    waiting_.append(as_text(hash));
    if (waiting_.size() == kFlush * sizeof(Digest)) {
      flush();
    }
  }
  void flush() {
    if (!waiting_.empty()) {
      exports_.put("ledger_tiles", LedgerTileRow{id_, flushed_, tree_.size() - flushed_, first_at_, now_, waiting_},
                   tile_line);
    }
    flushed_ = tree_.size();
    waiting_.clear();
  }

  Exports& exports_;
  const std::uint64_t leaves_per_epoch_;
  SigningKey enrolment_;
  std::optional<SigningKey> key_;
  Uuid id_{};
  Frontier tree_;
  std::string waiting_;
  std::uint64_t flushed_ = 0;
  UtcMicros first_at_ = 0;  ///< Of the tile that waits.
  std::uint64_t epochs_ = 0;
  std::uint64_t events_ = 0;
  UtcMicros now_ = kBegin;
  std::map<std::string, std::uint64_t> tenants_;
  std::map<AccountKey, AccountState> accounts_;
};

}  // namespace
}  // namespace twinlog::testing

int main(int count, char** words) {
  if (count != 4) {
    std::cerr << "usage: twinlog-bench-exports FOLDER EPOCHS LEAVES_PER_EPOCH\n"
                 "Writes FOLDER/postgres, FOLDER/mongodb and FOLDER/trusted.keys.\n";
    return 2;
  }
  const std::filesystem::path folder = words[1];
  const std::uint64_t epochs = std::stoull(words[2]);
  twinlog::testing::Exports exports(folder);
  twinlog::testing::Agent agent(exports, std::stoull(words[3]));
  for (std::uint64_t epoch = 0; epoch < epochs; ++epoch) {
    agent.run_epoch();
  }
  agent.put_accounts();
  std::ofstream(folder / "trusted.keys") << agent.trusted();
  return 0;
}
