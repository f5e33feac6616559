#include "ledger/record/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>

namespace twinlog {
namespace {

constexpr std::array<unsigned char, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr int kMostPort = 65535;

bool is_port(std::string_view text) {
  int port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && text.size() <= 5 && parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() &&
         port >= 0 && port <= kMostPort;
}

// inet_pton wants a terminated string; longer text is never an address.
template <int kFamily, std::size_t kBytes>
std::optional<std::string> parsed(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.empty() || text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::copy(text.begin(), text.end(), terminated.begin());
  std::array<unsigned char, kBytes> bytes{};
  if (inet_pton(kFamily, terminated.data(), bytes.data()) != 1) {
    return std::nullopt;
  }
  return address_text(bytes);
}

std::optional<std::string> ipv6(std::string_view text) {
  const std::size_t zone = text.find('%');
  if (zone != std::string_view::npos && zone + 1 == text.size()) {
    return std::nullopt;
  }
  return parsed<AF_INET6, 16>(text.substr(0, zone));
}

// "address:port" where the port cannot be a group: behind all eight groups, or behind an IPv4 address.
std::optional<std::string> ipv6_with_port(std::string_view text) {
  constexpr std::ptrdiff_t kColonsOfEightGroups = 7;
  const std::size_t colon = text.rfind(':');
  const std::string_view address = text.substr(0, colon);
  const bool has_all_groups = std::count(address.begin(), address.end(), ':') == kColonsOfEightGroups;
  const bool ends_in_ipv4 = address.find('.') != std::string_view::npos;
  return (has_all_groups || ends_in_ipv4) && is_port(text.substr(colon + 1)) ? ipv6(address) : std::nullopt;
}

std::string_view without_spaces_around(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

// "[address]" or "[address]:port"
std::optional<std::string> bracketed(std::string_view text) {
  const std::size_t end = text.find(']');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = text.substr(end + 1);
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) {
    return std::nullopt;
  }
  const std::string_view inside = text.substr(1, end - 1);
  const auto address = ipv6(inside);
  return address ? address : parsed<AF_INET, 4>(inside);
}

}  // namespace

std::optional<std::string> normal_address(std::string_view whole) {
  const std::string_view text = without_spaces_around(whole);
  if (text.starts_with('[')) {
    return bracketed(text);
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return parsed<AF_INET, 4>(text);
  }
  if (text.find(':', colon + 1) == std::string_view::npos) {
    return is_port(text.substr(colon + 1)) ? parsed<AF_INET, 4>(text.substr(0, colon)) : std::nullopt;
  }
  const auto address = ipv6(text);
  return address ? address : ipv6_with_port(text);
}

std::string address_text(std::span<const unsigned char> bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto rest = bytes.size() == 16 ? bytes.subspan(12) : bytes;
  if (bytes.size() == 16 && !std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin())) {
    const bool is_compatible =
        std::all_of(bytes.begin(), bytes.begin() + 12, [](unsigned char byte) { return byte == 0; }) &&
        (rest[0] != 0 || rest[1] != 0);
    if (!is_compatible) {
      return inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
    }
    // inet_ntop writes ::a.b.c.d here; RFC 5952 keeps the dotted form for well-known prefixes.
    std::snprintf(text.data(), text.size(), "::%x:%x", rest[0] << 8U | rest[1], rest[2] << 8U | rest[3]);
    return text.data();
  }
  return rest.size() == 4 ? inet_ntop(AF_INET, rest.data(), text.data(), text.size()) : "";
}

}  // namespace twinlog
