#include <algorithm>

#include "agent/observe/health_parts.h"

namespace twinlog {
namespace {

constexpr std::string_view kNothingLost =
    "Login events are taken and delivered as always; what was changed in a store afterwards could not be shown for the "
    "newest of them.";

/// What the self-audit of a store has found, in words; "" while all was as signed.
std::string audit_words(const HealthFacts& facts, StoreId store) {
  const auto& audit = facts_of(facts, store).audit;
  if (!audit || audit->modified + audit->missing == 0) {
    return "";
  }
  return "in " + std::string(store_title(store)) + " " + count_words(audit->modified, "record") + " changed and " +
         count_words(audit->missing, "record") + " gone";
}

HealthComponent found_by_audit(const HealthFacts& facts, const std::string& found) {
  return unwell("ledger", HealthState::kDegraded,
                "Somebody or something changed the record of logins behind twinlog's back; what is taken now is not "
                "affected.",
                "The self-audit found records that are not what this agent signed: " + found + ".",
                twinlog_command("verify", facts.known.config) +
                    " names every place; then ask who may write in that store. The finding stands until a restart.");
}

bool is_overdue(const HealthFacts& facts) {
  const auto age = checkpoint_age(facts);
  return facts.phase == Phase::kRunning && age && *age > 2 * facts.known.longest_silence;
}

}  // namespace

std::optional<std::chrono::microseconds> checkpoint_age(const HealthFacts& facts) {
  if (facts.ledger.newest_note.empty()) {
    return std::nullopt;
  }
  return std::max(std::chrono::microseconds{0}, std::chrono::microseconds{facts.now - facts.ledger.signed_at});
}

HealthComponent judge_ledger(const HealthFacts& facts) {
  if (facts.phase == Phase::kStarting) {
    return well("ledger", "Not begun yet: twinlog is starting.");
  }
  std::string found = audit_words(facts, StoreId::kPostgres);
  if (const std::string second = audit_words(facts, StoreId::kMongodb); !second.empty()) {
    found += (found.empty() ? "" : "; ") + second;
  }
  if (!found.empty()) {
    return found_by_audit(facts, found);
  }
  const NotaryStatus& ledger = facts.ledger;
  if (!ledger.has_epoch && !ledger.trouble.empty()) {
    return unwell("ledger", HealthState::kFailing, std::string(kNothingTaken), sentence(ledger.trouble) + ".",
                  "See the components spool and disk; twinlog tries again by itself.");
  }
  if (!ledger.trouble.empty()) {
    return unwell("ledger", HealthState::kDegraded, kNothingLost, sentence(ledger.trouble) + ".",
                  "See the components spool and disk; twinlog tries again by itself.");
  }
  const auto age = checkpoint_age(facts);
  if (is_overdue(facts)) {
    return unwell("ledger", HealthState::kDegraded, kNothingLost,
                  "The newest checkpoint is " + time_words(*age) + " old.",
                  "See the components spool and disk, and the agent's log (`ledger_stands_still`).");
  }
  if (!ledger.key_trouble.empty()) {
    return unwell(
        "ledger", HealthState::kDegraded, "Nothing is missing now; a restart would fail.",
        sentence(ledger.key_trouble) + ".",
        "Bring back the file that ledger.enrolment_key_file names; it is read again when the next tree begins.");
  }
  return well("ledger", (age ? "The newest checkpoint is " + time_words(*age) + " old and covers " +
                                   grouped(ledger.size) + (ledger.size == 1 ? " leaf" : " leaves")
                             : std::string("No checkpoint yet")) +
                            "; the key is " + ledger.enrolment_key + (ledger.is_throw_away ? " (throw-away)." : "."));
}

}  // namespace twinlog
