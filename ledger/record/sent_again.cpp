#include "ledger/record/sent_again.h"

#include <algorithm>

#include "ledger/base/bytes.h"

namespace twinlog {
namespace {

constexpr std::string_view kHashName = "content_hash";
constexpr std::string_view kHostName = "remote_host";
constexpr std::string_view kRepairedName = "repaired";

bool take_hash(const JsonTape& tape, std::uint32_t value, Digest& hash) {
  const bool is_text = tape.nodes[value].kind == NodeKind::kString;
  const auto bytes = is_text ? from_hex(tape.view(value)) : std::nullopt;
  if (!bytes || bytes->size() != hash.size()) {
    return false;
  }
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return true;
}

// Names of fields, each once and in order: nothing else may get into `repaired`.
bool take_names(const JsonTape& tape, std::uint32_t value, std::vector<std::string>& names) {
  if (tape.nodes[value].kind != NodeKind::kArray) {
    return false;
  }
  for (std::uint32_t i = value + 1; i < tape.end_of(value); ++i) {
    const bool is_text = tape.nodes[i].kind == NodeKind::kString;
    if (!is_text || (tape.view(i) != kHostName && !is_member_name(tape.view(i))) ||
        (!names.empty() && names.back() >= tape.view(i))) {
      return false;
    }
    names.emplace_back(tape.view(i));
  }
  return !names.empty();
}

}  // namespace

std::optional<SentAgain> sent_again(const JsonTape& tape, const EventMembers& members) {
  SentAgain claim;
  bool has_hash = false;
  for (const std::uint32_t key : members.unknown_keys()) {
    const std::uint32_t value = key + 1;
    if (tape.view(key) == kHashName && take_hash(tape, value, claim.content_hash)) {
      has_hash = true;
    } else if (tape.view(key) == kHostName && tape.nodes[value].kind == NodeKind::kString &&
               !tape.view(value).empty() && !members.value(Member::kIp)) {
      claim.remote_host = value;
    } else if (tape.view(key) != kRepairedName || !take_names(tape, value, claim.repaired)) {
      return std::nullopt;
    }
  }
  return has_hash && !claim.repaired.empty() ? std::optional(std::move(claim)) : std::nullopt;
}

}  // namespace twinlog
