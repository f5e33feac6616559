// Brings canonical metadata within its limits (docs/EVENTS.md). Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace twinlog {

inline constexpr std::size_t kMostMetadataBytes = 8192;
/// The metadata object itself is level 1.
inline constexpr std::size_t kMostMetadataDepth = 8;

/// `canonical`, an object in the form of RFC 8785, with the fewest and largest values replaced by
/// {"_truncated":true,"bytes":N,"sha256":"..."} of their own canonical form, so that it keeps both limits: first every
/// container at the deepest level that holds another one, then the largest of the values that hold no other that could
/// be replaced, one after the other; as a whole when that is not enough. What it returns it would return unchanged. n
/// log n in the size of `canonical`.
std::string within_limits(std::string_view canonical);

}  // namespace twinlog
