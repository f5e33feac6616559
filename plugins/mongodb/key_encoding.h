// Keys of metadata in the document store (docs/STORES.md): "%", "." and a leading "$" mean something to servers or
// to this encoding and are percent-encoded; the empty key is "%". Pure and reversible.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace twinlog::mongodb {

std::string encode_key(std::string_view key);
/// Nothing when no key encodes to this text.
std::optional<std::string> decode_key(std::string_view encoded);

}  // namespace twinlog::mongodb
