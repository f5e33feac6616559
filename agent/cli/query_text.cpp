#include "agent/cli/query_text.h"

#include <algorithm>
#include <charconv>

namespace twinlog {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

bool stands_for_itself(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

std::optional<std::string> value_from(std::string_view text) {
  std::string value;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      value += text[at];
      continue;
    }
    const std::string_view digits = text.substr(at + 1, 2);
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) {
      return std::nullopt;
    }
    value += static_cast<char>(byte);
    at += 2;
  }
  return value;
}

}  // namespace

std::string query_value(std::string_view text) {
  std::string value;
  for (const char c : text) {
    if (stands_for_itself(c)) {
      value += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      value += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return value;
}

std::optional<std::map<std::string, std::string>> read_query(std::string_view query) {
  std::map<std::string, std::string> members;
  while (!query.empty()) {
    const std::string_view member = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), member.size() + 1));
    const std::size_t equals = std::min(member.find('='), member.size());
    auto value = value_from(member.substr(std::min(member.size(), equals + 1)));
    if (equals == 0 || !value || !members.emplace(member.substr(0, equals), std::move(*value)).second) {
      return std::nullopt;
    }
  }
  return members;
}

}  // namespace twinlog
