#include "tests/verify/store_image.h"

#include <algorithm>
#include <cstdlib>

#include "ledger/base/base64.h"
#include "ledger/base/uuid.h"
#include "ledger/leaf/event_leaf.h"
#include "ledger/note/origin.h"
#include "ledger/record/canonical.h"
#include "ledger/tree/merkle.h"

namespace twinlog::testing {
namespace {

Seed seed_of(std::uint8_t first) {
  Seed seed{};
  seed.fill(first);
  return seed;
}

Uuid epoch_id(std::uint8_t seed, UtcMicros at) {
  UuidTail tail{};
  tail.fill(seed);
  return timed_uuid(UuidVersion::k7, at, tail);
}

LedgerRow row_of(const Version& version) {
  LedgerRow row;
  row.version = version;
  row.tenant_seq = version.ledger->tenant_seq;
  row.has_content_hash = true;
  return row;
}

std::string text_of(const std::vector<Digest>& hashes, std::uint64_t first, std::uint64_t count) {
  std::string out;
  for (std::uint64_t i = first; i < first + count; ++i) {
    out.append(as_text(hashes.at(i)));
  }
  return out;
}

}  // namespace

void StoreImage::take(const Version& version) {
  const auto is_of_it = [&](const LedgerRow& row) {
    return row.version.event.tenant_id == version.event.tenant_id && row.version.event.log_id == version.event.log_id;
  };
  LedgerRow row = row_of(version);
  bool is_known = false;
  bool is_any_erased = false;
  for (LedgerRow& other : rows) {
    if (!is_of_it(other)) {
      continue;
    }
    row.is_conflict = true;
    is_any_erased = is_any_erased || !other.salts.empty();
    if (is_any_erased || other.version.content_hash == version.content_hash) {
      is_known = true;
    }
  }
  if (!is_known) {
    if (row.is_conflict) {
      std::find_if(rows.begin(), rows.end(), is_of_it)->has_conflict = true;
    }
    rows.push_back(std::move(row));
    return;
  }
  LedgerLeafRow leaf;
  leaf.epoch_id = version.epoch_id;
  leaf.leaf_index = version.leaf_index;
  leaf.leaf = event_leaf(version);
  leaf.tenant_id = version.event.tenant_id;
  leaf.log_id = version.event.log_id;
  leaf.tenant_seq = version.ledger->tenant_seq;
  leaf.record_key = is_any_erased ? std::nullopt : std::optional(version.ledger->record_key);
  leaves.push_back(std::move(leaf));
}

void StoreImage::count_accounts() {
  accounts.clear();
  std::vector<const Version*> all;
  for (const LedgerRow& row : rows) {
    all.push_back(&row.version);
  }
  for (const auto& [key, versions] : by_account(all)) {
    AccountState state;
    static_cast<void>(merge(state, versions));
    LedgerAccountRow account;
    account.key = key;
    account.account = shown(state);
    account.state = encode_account_state(state);
    accounts.push_back(std::move(account));
  }
}

LedgerRow& StoreImage::row(const std::string& log_id) {
  return *std::find_if(rows.begin(), rows.end(),
                       [&](const LedgerRow& one) { return !one.is_conflict && one.version.event.log_id == log_id; });
}

LedgerRow* StoreImage::conflict(const std::string& log_id) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const LedgerRow& one) {
    return one.is_conflict && one.version.event.log_id == log_id;
  });
  return found == rows.end() ? nullptr : &*found;
}

LedgerAccountRow& StoreImage::account(const std::string& account) {
  return *std::find_if(accounts.begin(), accounts.end(),
                       [&](const LedgerAccountRow& one) { return one.key.account == account; });
}

void StoreImage::drop_row(const std::string& log_id) {
  std::erase_if(rows, [&](const LedgerRow& one) { return !one.is_conflict && one.version.event.log_id == log_id; });
}

LedgerTileRow& StoreImage::tile_of(const Uuid& epoch, std::uint64_t index) {
  return *std::find_if(tiles.begin(), tiles.end(), [&](const LedgerTileRow& one) {
    return one.epoch_id == epoch && one.first_index <= index && index < one.first_index + one.leaf_count;
  });
}

World::World() : enrolment("audit.example.com/twinlog/enrol/prod-1", seed_of(0x40)) {
  trust = {verifier_key_text(enrolment.verifier())};
}

AuthEvent login(const std::string& tenant, const std::string& log_id, const std::string& type,
                const std::string& user) {
  AuthEvent event;
  event.tenant_id = tenant;
  event.log_id = log_id;
  event.event_type = type;
  event.occurred_at = kBegin - kSecond;
  event.user_id = user;
  event.username = user + "@example.com";
  event.ip = "192.0.2.1";
  event.account = "id:" + user;
  if (type == "account_locked") {
    event.lock_kind = LockKind::kPermanent;
  }
  return event;
}

Epoch::Epoch(World& world, const Begin& begin)
    : world_(world),
      id_(epoch_id(begin.seed, begin.at)),
      key_(origin_of("audit.example.com/twinlog", begin.agent, id_), seed_of(begin.seed)),
      agent_(begin.agent),
      now_(begin.at),
      began_at_(begin.at) {
  OpenLeaf open;
  open.origin = key_.name();
  open.verifier_key = verifier_key_text(key_.verifier());
  open.reason = begin.reason;
  open.agent = R"({"agent":")" + agent_ + R"(","node":"n1","pod":"p1","version":"0.1.0"})";
  open.witnesses = begin.witnesses;
  open.due = now_ + 600 * kSecond;
  if (begin.previous != nullptr) {
    open.previous = begin.previous->id();
    if (begin.names_previous_tree) {
      open.previous_tree = PreviousTree{begin.previous->size(), begin.previous->root()};
    }
  }
  const std::string leaf = encode_leaf({id_, 0, now_}, open);
  append({std::nullopt, leaf, now_});
  beginning_.epoch_id = uuid_text(id_);
  beginning_.origin = key_.name();
  beginning_.open = leaf;
  const SigningKey& enrolment = begin.enrolment != nullptr ? *begin.enrolment : world.enrolment;
  beginning_.note = sign_checkpoint({1, tree_.root()}, key_, &enrolment);
  last_note_ = beginning_.note;
}

std::uint64_t Epoch::append(Item item) {
  hashes_.push_back(leaf_hash(item.leaf));
  tree_.append(hashes_.back());
  items_.push_back(std::move(item));
  return tree_.size() - 1;
}

std::uint64_t Epoch::event(const AuthEvent& event) {
  now_ += kSecond;
  Version version;
  version.event = event;
  version.content_hash = content_hash(canonical_content(event));
  version.received_at = now_;
  version.effective_at = std::min(event.occurred_at, now_);
  version.agent = agent_;
  version.epoch_id = id_;
  version.leaf_index = tree_.size();
  version.arrival = {Ingress::kUnix, 1000, 1000};
  RecordKey key{};
  key.fill(static_cast<std::uint8_t>(tree_.size() + 17));
  version.ledger = LedgerPlace{tenants_[event.tenant_id]++, key};
  ++accepted_;
  const std::string leaf = event_leaf(version);
  return append({std::move(version), leaf, now_});
}

EpochTally Epoch::tally() const {
  EpochTally tally;
  tally.previous_checkpoint = previous_size_;
  tally.accepted = accepted_;
  tally.confirmed_postgres = delivered_[0];
  tally.confirmed_mongodb = delivered_[1];
  tally.boottime_micros = static_cast<std::uint64_t>(now_ - began_at_);
  return tally;
}

std::uint64_t Epoch::own(const LeafContent& content) {
  now_ += kSecond;
  return append({std::nullopt, encode_leaf({id_, tree_.size(), now_}, content), now_});
}

void Epoch::heartbeat(std::vector<Witness> witnesses) {
  own(HeartbeatLeaf{std::move(witnesses), tally(), now_ + 601 * kSecond});
  checkpoint();
  flush();
}

void Epoch::close(CloseReason reason) {
  own(CloseLeaf{reason, tally()});
  checkpoint();
  flush();
}

void Epoch::checkpoint() {
  previous_size_ = tree_.size();
  last_note_ = sign_checkpoint({tree_.size(), tree_.root()}, key_);
  checkpoints_.push_back({id_, tree_.size(), std::string(as_text(tree_.root())), last_note_, now_});
}

void Epoch::flush() {
  flush(StoreSide::kPostgres);
  flush(StoreSide::kMongodb);
}

void Epoch::flush(StoreSide store) {
  const auto side = static_cast<std::size_t>(store);
  StoreImage& image = world_.stores.at(side);
  const std::uint64_t first = delivered_.at(side);
  if (first == tree_.size()) {
    return;
  }
  if (first == 0) {
    image.epochs.push_back(beginning_);
  }
  for (std::uint64_t i = first; i < tree_.size(); ++i) {
    const Item& item = items_.at(i);
    const auto& refusals = refused[store];
    if (item.version && std::find(refusals.begin(), refusals.end(), i) == refusals.end()) {
      image.take(*item.version);
    } else if (!item.version && i > 0) {
      LedgerLeafRow leaf;
      leaf.epoch_id = id_;
      leaf.leaf_index = i;
      leaf.leaf = item.leaf;
      image.leaves.push_back(std::move(leaf));
    }
  }
  image.tiles.push_back({id_, first, tree_.size() - first, items_.at(first).at, items_.back().at,
                         text_of(hashes_, first, tree_.size() - first)});
  image.count_accounts();
  auto& noted = notes_delivered_.at(side);
  image.checkpoints.insert(image.checkpoints.end(), checkpoints_.begin() + static_cast<std::ptrdiff_t>(noted),
                           checkpoints_.end());
  noted = checkpoints_.size();
  delivered_.at(side) = tree_.size();
}

bool Verified::has(Verdict verdict) const {
  return count(verdict) > 0;
}

bool Verified::has(Verdict verdict, std::optional<StoreSide> store, std::optional<std::uint64_t> index) const {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& one) {
    return one.verdict == verdict && one.store == store && one.leaf_index == index;
  });
}

std::size_t Verified::count(Verdict verdict) const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [&](const Finding& one) { return one.verdict == verdict; }));
}

std::string Verified::text() const {
  std::string out;
  for (const std::string& line : lines) {
    out.append(line).append("\n");
  }
  return out + summary_line;
}

Verified verify(const World& world, const VerifyAs& as) {
  Verified verified;
  FindingLog log(as.known, [&](const Finding& finding, Judged known) {
    verified.findings.push_back(finding);
    verified.lines.push_back(finding_json(finding, known));
  });
  std::vector<std::unique_ptr<FakeLedgerReader>> readers;
  VerifyOrder order;
  for (std::size_t side = 0; side < kStoreSides; ++side) {
    if (!as.only || static_cast<std::size_t>(*as.only) == side) {
      readers.push_back(std::make_unique<FakeLedgerReader>(world.stores.at(side)));
      order.stores.push_back({static_cast<StoreSide>(side), *readers.back()});
    }
  }
  std::string trust;
  for (const std::string& line : world.trust) {
    trust.append(line).append("\n");
  }
  if (!trust.empty()) {
    Result<TrustFile> read = parse_trust_file(trust);
    if (!read) {
      std::abort();
    }
    order.trust = *read;
  }
  for (const std::string& note : world.archive) {
    if (const Status taken = order.archive.take_line("checkpoint " + base64(note)); !taken) {
      std::abort();
    }
  }
  order.now = as.now;
  order.since = as.since;
  const char* const folder = std::getenv("TMPDIR");
  order.sorting.folder = folder == nullptr ? "/tmp" : folder;
  order.sorting.memory_bytes = as.sort_memory;
  const Result<VerifyOutcome> outcome = verify_stores(order, log);
  if (!outcome) {
    verified.lines.push_back(outcome.error().message());
    return verified;
  }
  verified.exit = log.exit_code();
  verified.summary = outcome->summary;
  verified.summary_line = summary_json(outcome->summary, log, verified.exit);
  return verified;
}

}  // namespace twinlog::testing
