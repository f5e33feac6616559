// What a name says about its value: members of JSON, and names in front of a value inside of text. The words are data,
// listed in ledger/FORMAT.md. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace twinlog {

enum class KeyKind : std::uint8_t {
  kPlain,
  kSecret,     ///< A password, a token and the like.
  kPwd,        ///< A password, or the folder of a process.
  kHeader,     ///< A secret whose name is that of an HTTP header: authorization, cookie.
  kSession,    ///< The id of a session.
  kSignature,  ///< `response`, a secret only in text and where its value is a long hash (Digest).
};

/// Of a longer key the last so many bytes count.
inline constexpr std::size_t kMostKeyBytes = 256;

/// `key` is valid UTF-8, but for a front that was cut. Marks of redaction in it do not count.
KeyKind key_kind(std::string_view key);

/// True when values under this key are secrets.
bool is_secret_key(std::string_view key);

/// True for a session id in any spelling.
bool is_session_key(std::string_view key);

/// True for text that is no secret although its key says so: a time, an outcome such as "expired", a mark of redaction,
/// and under kPwd a path. Of more than 64 bytes only a path is.
bool is_plain_value(KeyKind kind, std::string_view text);

/// True for valid JSON number text below 100: a count.
bool is_count(std::string_view number);

}  // namespace twinlog
