#include "spool/decision.h"

namespace twinlog {
namespace {

constexpr std::size_t kMostText = 4096;

}  // namespace

void put_text(std::string& value, std::string_view text) {
  const std::string_view kept = text.substr(0, kMostText);
  put_u16(value, static_cast<std::uint16_t>(kept.size()));
  value.append(kept);
}

std::string text_from(ByteReader& reader) {
  return std::string(reader.bytes(reader.u16()));
}

void put_decision(std::string& value, const Decision& decision) {
  put_i64(value, decision.at);
  put_text(value, decision.who);
  put_text(value, decision.reason);
}

std::optional<Decision> decision_from(ByteReader& reader) {
  Decision decision;
  decision.at = reader.i64();
  decision.who = text_from(reader);
  decision.reason = text_from(reader);
  return reader.ok() ? std::optional(std::move(decision)) : std::nullopt;
}

}  // namespace twinlog
