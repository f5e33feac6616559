#include "config/value_shapes.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "ledger/base/address.h"

namespace twinlog {
namespace {

constexpr std::size_t kNameBytesMost = 128;
constexpr std::size_t kOriginBytesMost = 64;
constexpr std::size_t kPathBytesMost = 4095;  // PATH_MAX with its NUL.
constexpr unsigned kPortMost = 65535;

using Unit = std::pair<std::string_view, std::uint64_t>;
// From the largest down, as the texts are made.
constexpr std::array<Unit, 4> kDurationUnits{{{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 5> kSizeUnits{
    {{"TiB", 1ULL << 40U}, {"GiB", 1ULL << 30U}, {"MiB", 1ULL << 20U}, {"KiB", 1ULL << 10U}, {"B", 1}}};

template <typename Number>
std::optional<Number> whole_number(std::string_view text, int base = 10) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::uint64_t> number_with_unit(std::string_view text, const auto& units) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = whole_number<std::uint64_t>(text.substr(0, digits));
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const Unit& candidate) { return candidate.first == text.substr(digits); });
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (!number || unit == units.end() || *number > kMost / unit->second) {
    return std::nullopt;
  }
  return *number * unit->second;
}

std::string text_with_unit(std::uint64_t number, const auto& units) {
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& candidate) {
    return candidate.second == 1 || (number != 0 && number % candidate.second == 0);
  });
  return std::to_string(number / unit->second) + std::string(unit->first);
}

bool is_one_of(char c, std::string_view more, bool upper_too) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (upper_too && c >= 'A' && c <= 'Z') ||
         more.find(c) != std::string_view::npos;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (c >= '\0' && c < ' ') || c == '\x7f'; });
}

bool is_absolute_path(std::string_view text, std::size_t bytes_most) {
  return !text.empty() && text.front() == '/' && text.size() <= bytes_most && !has_control(text);
}

bool is_address(const std::string& host, int family) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return host.find('\0') == std::string::npos && inet_pton(family, host.c_str(), bytes.data()) == 1;
}

bool is_tcp_listen(std::string_view text) {
  const auto parts = split_host_port(text);
  const auto port = parts ? whole_number<unsigned>(parts->port) : std::nullopt;
  return port && *port <= kPortMost && is_address(parts->host, parts->has_brackets ? AF_INET6 : AF_INET);
}

bool is_uri(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c < '\0' || (c > ' ' && c != '\x7f'); });
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto number = number_with_unit(text, kDurationUnits);
  if (!number) {
    return std::nullopt;
  }
  return std::chrono::milliseconds{static_cast<std::int64_t>(*number)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const auto plain = whole_number<std::uint64_t>(text);
  return plain ? plain : number_with_unit(text, kSizeUnits);
}

std::optional<std::uint64_t> parse_percent(std::string_view text) {
  const auto percent =
      text.ends_with('%') ? whole_number<std::uint64_t>(text.substr(0, text.size() - 1)) : std::nullopt;
  return percent && *percent <= 100 ? percent : std::nullopt;
}

std::optional<unsigned> parse_mode(std::string_view text) {
  if (text.size() == 4 && text.front() == '0') {
    text.remove_prefix(1);
  }
  return text.size() == 3 ? whole_number<unsigned>(text, 8) : std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  return whole_number<std::int64_t>(text);
}

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with("\r\n")) {
    return text.substr(0, text.size() - 2);
  }
  return text.ends_with('\n') || text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
}

bool has_line_end(std::string_view text) {
  return text.find_first_of("\r\n") != std::string_view::npos;
}

std::string duration_text(std::chrono::milliseconds duration) {
  return text_with_unit(static_cast<std::uint64_t>(duration.count()), kDurationUnits);
}

std::string size_text(std::uint64_t bytes) {
  return text_with_unit(bytes, kSizeUnits);
}

std::string_view check_name(std::string_view text) {
  const bool right = !text.empty() && text.size() <= kNameBytesMost &&
                     std::all_of(text.begin(), text.end(), [](char c) { return is_one_of(c, "._:~-", true); });
  return right ? "" : "a name of 1 to 128 characters out of A-Z a-z 0-9 . _ : ~ -";
}

std::string_view check_optional_name(std::string_view text) {
  return text.empty() ? "" : check_name(text);
}

std::string_view check_origin(std::string_view text) {
  const bool right = !text.empty() && text.size() <= kOriginBytesMost &&
                     std::all_of(text.begin(), text.end(), [](char c) { return is_one_of(c, "./_-", false); });
  return right ? "" : "an origin of 1 to 64 characters out of a-z 0-9 . / _ -";
}

std::string_view check_folder(std::string_view text) {
  return is_absolute_path(text, kPathBytesMost) ? "" : "an absolute path";
}

std::string_view check_optional_file(std::string_view text) {
  return text.empty() || is_absolute_path(text, kPathBytesMost) ? "" : "an absolute path (or \"\" for none)";
}

std::string_view check_optional_socket(std::string_view text) {
  return text.empty() || is_absolute_path(text, UnixAddress::kBytesMost)
             ? ""
             : "an absolute path of at most 107 bytes (or \"\" to turn it off)";
}

std::string_view check_tcp_listen(std::string_view text) {
  return text.empty() || is_tcp_listen(text)
             ? ""
             : "an address with a port, such as \"127.0.0.1:9464\" or \"[::1]:9464\" (or \"\" to turn it off)";
}

std::string_view check_listen(std::string_view text) {
  const bool right = text.starts_with(kUnixPrefix) ? is_absolute_path(unix_path_of(text), UnixAddress::kBytesMost)
                                                   : text.empty() || is_tcp_listen(text);
  return right ? ""
               : "an address with a port, such as \"127.0.0.1:8840\" or \"[::1]:8840\", or \"unix:\" and an absolute "
                 "path of at most 107 bytes (or \"\" to turn it off)";
}

std::string_view check_password(std::string_view text) {
  return text.find('\0') == std::string_view::npos && !has_line_end(text) ? "" : "a text on one line, without a NUL";
}

std::string_view check_postgres_uri(std::string_view text) {
  const bool right = (text.starts_with("postgresql://") || text.starts_with("postgres://")) && is_uri(text);
  return right ? "" : "an address that starts with postgresql:// and holds no blanks";
}

std::string_view check_mongodb_uri(std::string_view text) {
  constexpr std::string_view kExpected =
      "an address that starts with mongodb:// (or mongodb+srv://), names a database after the host, such as "
      "mongodb://db/audit, and holds no blanks";
  const std::size_t scheme = text.find("://");
  if (!is_uri(text) || (!text.starts_with("mongodb://") && !text.starts_with("mongodb+srv://"))) {
    return kExpected;
  }
  const std::string_view rest = text.substr(scheme + 3);
  const std::string_view before_options = rest.substr(0, rest.find('?'));
  const std::size_t slash = before_options.find('/');
  const bool names_database = slash != std::string_view::npos && slash != 0 && slash + 1 < before_options.size();
  return names_database ? "" : kExpected;
}

}  // namespace twinlog
