#include "tests/bench/workload.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <variant>

#include "ledger/base/bytes.h"
#include "ledger/record/canonical.h"
#include "ledger/record/event_reader.h"

namespace twinlog::bench {
namespace {

constexpr UtcMicros kSecond = 1'000'000;
constexpr std::uint64_t kAccountStep = 7919;  // Without a common factor with kManyAccounts: every account has its turn.

std::string rising_log_id(std::uint64_t number) {
  Uuid log_id{0x01, 0x94, 0x1f, 0x3a, 0, 0, 0x70, 0, 0x80};
  std::string digits;
  put_u64(digits, number);
  std::copy(digits.end() - 6, digits.end(), log_id.begin() + 10);
  return uuid_text(log_id);
}

[[noreturn]] void give_up(const std::string& words) {
  std::fprintf(stderr, "speed: %s\n", words.c_str());
  std::exit(1);
}

}  // namespace

Workload::Workload(const std::string& events_path, Accounts accounts) : accounts_(accounts) {
  const EventReader reader({.default_tenant = "", .allow_tenants = {}, .log_id_key = std::string(32, 'k')});
  std::ifstream file(events_path);
  EventReader::RequestContext request;
  for (std::string line; std::getline(file, line);) {
    const ReadOutcome outcome = reader.read_event(line, request);
    const auto* accepted = std::get_if<AcceptedEvent>(&outcome);
    if (accepted == nullptr) {
      give_up("an event that an agent would reject in " + events_path);
    }
    events_.push_back(accepted->event);
  }
  if (events_.empty()) {
    give_up("no events in " + events_path);
  }
  const auto [first, last] = std::minmax_element(
      events_.begin(), events_.end(), [](const auto& a, const auto& b) { return a.occurred_at < b.occurred_at; });
  span_ = last->occurred_at - first->occurred_at + kSecond;
}

std::vector<Version> Workload::next_batch() {
  std::vector<Version> versions(kBatch);
  for (Version& version : versions) {
    version.event = events_[number_ % events_.size()];
    version.event.occurred_at += static_cast<UtcMicros>(number_ / events_.size()) * span_;
    version.leaf_index = ++number_;
    version.event.log_id = rising_log_id(number_);
    if (accounts_ == Accounts::kMany && version.event.account) {
      version.event.user_id.reset();
      version.event.username = "user-" + std::to_string(number_ * kAccountStep % kManyAccounts);
      version.event.account = "name:" + *version.event.username;
    }
    version.content_hash = content_hash(canonical_content(version.event));
    version.received_at = version.effective_at = version.event.occurred_at;
    version.agent = "speed";
  }
  return versions;
}

}  // namespace twinlog::bench
