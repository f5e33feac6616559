// What the text of a value may look like: durations, sizes, modes, names, paths, addresses.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace twinlog {

/// A whole number and one of ms, s, m, h. Nothing when it is something else or does not fit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// A whole number of bytes, or of B, KiB, MiB, GiB, TiB.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// "10%": a whole number up to 100.
std::optional<std::uint64_t> parse_percent(std::string_view text);
/// Octal permission bits, "0660" or "660": exactly three digits after an optional 0.
std::optional<unsigned> parse_mode(std::string_view text);
/// All of `text` as a decimal integer.
std::optional<std::int64_t> parse_integer(std::string_view text);

/// `text` without the one line end (LF, CR LF or CR) at its end: editors and `echo` leave one behind a secret.
std::string_view without_line_end(std::string_view text);
bool has_line_end(std::string_view text);

/// In the largest unit that divides it.
std::string duration_text(std::chrono::milliseconds duration);
std::string size_text(std::uint64_t bytes);

/// A shape checks one text: empty when it is right, else what would be right ("an absolute path"), to follow "is not ".
using Shape = std::string_view (*)(std::string_view text);

std::string_view check_name(std::string_view text);             ///< 1-128 of [A-Za-z0-9._:~-], as tenant_id.
std::string_view check_optional_name(std::string_view text);    ///< The same, or "".
std::string_view check_origin(std::string_view text);           ///< 1-64 of [a-z0-9./_-].
std::string_view check_folder(std::string_view text);           ///< An absolute path.
std::string_view check_optional_file(std::string_view text);    ///< An absolute path, or "".
std::string_view check_optional_socket(std::string_view text);  ///< An absolute path of at most 107 bytes, or "".
std::string_view check_tcp_listen(std::string_view text);       ///< ADDRESS:PORT, [ADDRESS]:PORT, or "".
std::string_view check_listen(std::string_view text);           ///< The same, or unix:/path.
std::string_view check_password(std::string_view text);         ///< No NUL and no line end.
std::string_view check_postgres_uri(std::string_view text);
std::string_view check_mongodb_uri(std::string_view text);  ///< With a database name.

}  // namespace twinlog
