#include "ledger/verify/finding.h"

#include "ledger/record/inert_json.h"
#include "ledger/record/json_writer.h"
#include "ledger/record/utf8.h"

namespace twinlog {
namespace {

struct VerdictRow {
  std::string_view text;
  int exit;
};
constexpr std::array<VerdictRow, kVerdicts> kRows = {{
    {"MODIFIED", 1},
    {"MISSING", 1},
    {"FOREIGN", 1},
    {"ROOT_MISMATCH", 1},
    {"BAD_SIGNATURE", 1},
    {"BAD_LEAF", 1},
    {"FORK", 1},
    {"UNAUTHORISED_EPOCH", 1},
    {"STORE_DIVERGENCE", 1},
    {"TENANT_GAP", 1},
    {"CONFLICT_ORDER", 1},
    {"STATE_MISMATCH", 1},
    {"STALE", 2},
    {"PENDING", 2},
    {"DECLARED_GAP", 2},
    {"DEAD_LETTER", 2},
    {"UNKNOWN_KEY", 2},
    {"RETIRED", 0},
}};

const VerdictRow& row_of(Verdict verdict) {
  return kRows.at(static_cast<std::size_t>(verdict));
}

std::string whole_utf8(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const Utf8Step step = utf8_step(bytes);
    out.append(step.is_valid ? bytes.substr(0, step.size) : kReplacement);
    bytes.remove_prefix(step.size);
  }
  return out;
}

void append_text(std::string& out, std::string_view name, const std::optional<std::string>& value) {
  out.append(",\"").append(name).append("\":");
  if (value) {
    append_json_string(out, whole_utf8(*value));
  } else {
    out.append("null");
  }
}

void append_count(std::string& out, std::string_view name, std::uint64_t count) {
  out.append("\"").append(name).append("\":").append(std::to_string(count)).append(",");
}

}  // namespace

std::string_view verdict_text(Verdict verdict) {
  return row_of(verdict).text;
}

int exit_of(Verdict verdict) {
  return row_of(verdict).exit;
}

std::string_view side_text(StoreSide side) {
  return side == StoreSide::kPostgres ? "postgres" : "mongodb";
}

std::string finding_json(const Finding& finding, Judged known) {
  std::string out = R"({"verdict":")" + std::string(verdict_text(finding.verdict)) + "\"";
  append_text(out, "store", finding.store ? std::optional<std::string>(side_text(*finding.store)) : std::nullopt);
  append_text(out, "origin", finding.origin.empty() ? std::nullopt : std::optional(finding.origin));
  out.append(",\"leaf_index\":").append(finding.leaf_index ? std::to_string(*finding.leaf_index) : "null");
  append_text(out, "tenant_id", finding.tenant_id);
  append_text(out, "log_id", finding.log_id);
  append_text(out, "detail", finding.detail);
  return inert_json(out) + (known == Judged::kYes ? ",\"known\":true}" : "}");
}

void FindingLog::add(const Finding& finding) {
  const std::lock_guard lock(mutex_);
  const bool is_known = !known_.empty() && known_.contains(finding_json(finding, Judged::kNo));
  ++counts_.at(static_cast<std::size_t>(finding.verdict));
  if (is_known) {
    ++known_count_;
  } else {
    ++unknown_by_exit_.at(static_cast<std::size_t>(exit_of(finding.verdict)));
  }
  sink_(finding, is_known ? Judged::kYes : Judged::kNo);
}

int FindingLog::exit_code() const {
  if (unknown_by_exit_[1] > 0) {
    return 1;
  }
  return unknown_by_exit_[2] > 0 ? 2 : 0;
}

std::string summary_json(const VerifySummary& summary, const FindingLog& log, int exit_code) {
  std::string out = R"({"summary":{"exit":)" + std::to_string(exit_code) + ",";
  append_count(out, "epochs", summary.epochs);
  append_count(out, "leaves", summary.leaves);
  append_count(out, "records", summary.records);
  append_count(out, "conflicts", summary.conflicts);
  append_count(out, "accounts", summary.accounts);
  append_count(out, "pending", summary.pending);
  append_count(out, "unproved", summary.unproved);
  append_count(out, "pruned_epochs", summary.pruned_epochs);
  out.append("\"findings\":{");
  bool is_first = true;
  for (std::size_t i = 0; i < kVerdicts; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    if (log.count(verdict) > 0) {
      out.append(is_first ? "" : ",").append("\"").append(verdict_text(verdict)).append("\":");
      out.append(std::to_string(log.count(verdict)));
      is_first = false;
    }
  }
  return out + "}}}";
}

}  // namespace twinlog
