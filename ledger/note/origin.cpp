#include "ledger/note/origin.h"

#include <algorithm>

namespace twinlog {
namespace {

constexpr std::size_t kUuidText = 36;

std::string cleaned(std::string_view text) {
  std::string clean(text);
  std::ranges::transform(clean, clean.begin(), [](char c) {
    if (c >= 'A' && c <= 'Z') {
      return static_cast<char>(c - 'A' + 'a');
    }
    const bool is_allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '/' || c == '_';
    return is_allowed ? c : '-';
  });
  return clean;
}

std::string joined(std::string_view ledger_origin, std::string_view middle, const Uuid& id) {
  std::string origin = cleaned(ledger_origin);
  constexpr std::size_t kBehind = kUuidText + 3;  // Two slashes, and at least one byte between them.
  origin.resize(std::min(origin.size(), kMostOriginBytes - kBehind));
  const std::size_t room = kMostOriginBytes - kUuidText - 2 - origin.size();
  return origin + "/" + cleaned(middle).substr(0, room) + "/" + uuid_text(id);
}

}  // namespace

std::string origin_of(std::string_view ledger_origin, std::string_view agent, const Uuid& epoch_id) {
  return joined(ledger_origin, agent, epoch_id);
}

std::string throw_away_name(std::string_view ledger_origin, const Uuid& spool_id) {
  return joined(ledger_origin, "throw-away", spool_id);
}

std::optional<Uuid> epoch_of_origin(std::string_view origin) {
  if (origin.size() <= kUuidText || origin[origin.size() - kUuidText - 1] != '/') {
    return std::nullopt;
  }
  const std::string_view text = origin.substr(origin.size() - kUuidText);
  const std::optional<Uuid> uuid = uuid_from_text(text);
  return uuid && uuid_text(*uuid) == text ? uuid : std::nullopt;
}

}  // namespace twinlog
