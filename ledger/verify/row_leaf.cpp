#include "ledger/verify/row_leaf.h"

#include <algorithm>

#include "ledger/leaf/commitment.h"
#include "ledger/leaf/event_leaf.h"
#include "ledger/leaf/field_table.h"
#include "ledger/record/canonical.h"
#include "ledger/tree/merkle.h"
#include "ledger/verify/store_intake.h"

namespace twinlog {
namespace {

struct TextField {
  std::uint8_t number;
  std::optional<std::string> AuthEvent::*member;
};
// In place of field_value(), which writes each value out: this is asked for every row.
constexpr TextField kTextFields[] = {{5, &AuthEvent::organisation_id},
                                     {kFieldUserId, &AuthEvent::user_id},
                                     {kFieldUsername, &AuthEvent::username},
                                     {8, &AuthEvent::actor_id},
                                     {9, &AuthEvent::ip},
                                     {10, &AuthEvent::remote_host},
                                     {11, &AuthEvent::user_agent},
                                     {12, &AuthEvent::channel},
                                     {13, &AuthEvent::service},
                                     {14, &AuthEvent::auth_method},
                                     {15, &AuthEvent::failure_reason},
                                     {16, &AuthEvent::failure_code},
                                     {17, &AuthEvent::session_ref},
                                     {18, &AuthEvent::request_id},
                                     {22, &AuthEvent::lock_reason},
                                     {23, &AuthEvent::reset_reason},
                                     {kFieldMetadata, &AuthEvent::metadata},
                                     {kFieldAccount, &AuthEvent::account}};
constexpr std::uint8_t kFieldLockKind = 21;

void add_fault(std::string& faults, std::string_view words) {
  faults.append(faults.empty() ? "" : "; ").append(words);
}

void make_erased(const LedgerRow& row, RowClaim& claim) {
  claim.is_erased = true;
  const Result<KeptFields> kept = parse_salts(row.salts);
  if (!kept) {
    add_fault(claim.faults, "salts are not of the form that erasing leaves");
    return;
  }
  for (const auto& [field, what] : *kept) {
    if (std::holds_alternative<Digest>(what)) {
      claim.erased |= 1U << field;
    }
  }
  if (row.version.ledger) {
    add_fault(claim.faults, "record_key is there beside salts");
  }
  const Result<Digest> root = content_root(row.version.event, *kept);
  if (!root || !row.tenant_seq) {
    add_fault(claim.faults,
              root ? "tenant_seq is not there" : "a field is there that was erased, or one is not there that was not");
    return;
  }
  claim.hash = leaf_hash(event_leaf(row.version, *row.tenant_seq, *root));
  claim.has_hash = true;
  const bool is_plain =
      row.is_conflict ? !row.has_content_hash || row.version.content_hash == claim.hash : !row.has_content_hash;
  if (!is_plain) {
    add_fault(claim.faults, "content_hash of an erased version");
  }
}

void make_whole(const LedgerRow& row, RowClaim& claim) {
  if (row.version.ledger) {
    claim.hash = leaf_hash(event_leaf(row.version));
    claim.has_hash = true;
  } else {
    add_fault(claim.faults, "record_key or tenant_seq is not there");
  }
  if (!row.has_content_hash || content_hash(canonical_content(row.version.event)) != row.version.content_hash) {
    add_fault(claim.faults, "content_hash");
  }
}

}  // namespace

std::uint32_t present_fields(const AuthEvent& event) {
  std::uint32_t bits = 0;
  const auto set = [&bits](std::uint8_t field, bool is_there) { bits |= is_there ? 1U << field : 0U; };
  set(kFieldTenantId, true);
  set(kFieldLogId, true);
  set(kFieldEventType, !event.event_type.empty());
  set(kFieldOccurredAt, true);
  for (const TextField& field : kTextFields) {
    set(field.number, (event.*field.member).has_value());
  }
  set(kFieldFailedLoginAttempts, event.failed_login_attempts.has_value());
  set(kFieldAccountLockedUntil, event.account_locked_until.has_value());
  set(kFieldLockKind, event.lock_kind.has_value());
  set(kFieldRepaired, !event.repaired.empty());
  return bits;
}

bool is_before_the_ledger(const LedgerRow& row) {
  return !row.version.ledger && !row.tenant_seq && row.salts.empty();
}

RowClaim row_claim(const LedgerRow& row, const std::string& agent) {
  const Version& version = row.version;
  RowClaim claim;
  claim.kind = row.is_conflict ? RowClaim::Kind::kConflict : RowClaim::Kind::kRecord;
  claim.accept_at = version.received_at;
  claim.tenant_seq = row.tenant_seq.value_or(0);
  claim.tenant_id = version.event.tenant_id;
  claim.log_id = version.event.log_id;
  for (const std::string& fault : row.faults) {
    add_fault(claim.faults, fault);
  }
  if (row.salts.empty()) {
    make_whole(row, claim);
  } else {
    make_erased(row, claim);
  }
  claim.present = present_fields(version.event);
  if (version.effective_at != std::min(version.event.occurred_at, version.received_at)) {
    add_fault(claim.faults, "effective_at");
  }
  if (!agent.empty() && version.agent != agent) {
    add_fault(claim.faults, "agent");
  }
  return claim;
}

}  // namespace twinlog
