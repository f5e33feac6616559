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
    add_fault(claim.faults, root ? "tenant_seq is not there" : "a field is there that was erased, or one is not there that was not");
    return;
  }
  claim.hash = leaf_hash(event_leaf(row.version, *row.tenant_seq, *root));
  claim.has_hash = true;
  const bool is_plain = row.is_conflict ? !row.has_content_hash || row.version.content_hash == claim.hash
                                        : !row.has_content_hash;
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
  std::string value;
  for (std::uint8_t field = 1; field <= kFields; ++field) {
    value.clear();
    bits |= append_field_value(event, field, value) ? 1U << field : 0U;
  }
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
