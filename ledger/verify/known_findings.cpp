#include "ledger/verify/known_findings.h"

#include <charconv>

#include "ledger/record/json_tape.h"

namespace twinlog {
namespace {

template <typename Value, typename Text>
std::optional<Value> value_of(std::string_view text, std::size_t count, Text text_of) {
  for (std::size_t i = 0; i < count; ++i) {
    if (text_of(static_cast<Value>(i)) == text) {
      return static_cast<Value>(i);
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> count_of(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(count) : std::nullopt;
}

/// False where no finding has such a value.
bool take_text(Finding& finding, std::string_view name, std::string_view text) {
  if (name == "verdict") {
    const auto verdict = value_of<Verdict>(text, kVerdicts, verdict_text);
    finding.verdict = verdict.value_or(Verdict::kModified);
    return verdict.has_value();
  }
  if (name == "store") {
    finding.store = value_of<StoreSide>(text, kStoreSides, side_text);
    return finding.store.has_value();
  }
  if (name == "origin") {
    finding.origin = text;
  } else if (name == "tenant_id") {
    finding.tenant_id = text;
  } else if (name == "log_id") {
    finding.log_id = text;
  } else if (name == "detail") {
    finding.detail = text;
  }
  return name != "leaf_index";
}

bool take_member(Finding& finding, std::string_view name, const JsonTape& tape, std::uint32_t value) {
  switch (tape.nodes[value].kind) {
    case NodeKind::kString:
      return take_text(finding, name, tape.view(value));
    case NodeKind::kNumber:
      finding.leaf_index = count_of(tape.view(value));
      return name == "leaf_index" && finding.leaf_index.has_value();
    case NodeKind::kNull:
      return name != "verdict" && name != "detail";
    default:
      return name == "known";
  }
}

}  // namespace

Status take_known(std::string_view line, KnownFindings& known) {
  if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return {};
  }
  const std::optional<JsonTape> tape = parse_json(line);
  if (!tape || tape->nodes.front().kind != NodeKind::kObject) {
    return Error(ErrorKind::kInvalid, "it is no JSON object; wanted are lines that `twinlog verify --json` printed");
  }
  Finding finding;
  bool has_verdict = false;
  for (std::uint32_t at = 1; at < tape->end_of(0); at = tape->end_of(at + 1)) {
    const std::string_view name = tape->view(at);
    if (name == "summary") {
      return {};
    }
    if (!take_member(finding, name, *tape, at + 1)) {
      return Error(ErrorKind::kInvalid, "\"" + std::string(name) + "\" has a value that no finding has");
    }
    has_verdict = has_verdict || name == "verdict";
  }
  if (!has_verdict) {
    return Error(ErrorKind::kInvalid, "it has no verdict");
  }
  known.insert(finding_json(finding, Judged::kNo));
  return {};
}

}  // namespace twinlog
