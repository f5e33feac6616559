// Parts of the records that verify sorts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/base/bytes.h"

namespace twinlog {

inline void put_u8(std::string& out, std::uint8_t value) {
  out.push_back(static_cast<char>(value));
}

inline void put_long_text(std::string& out, std::string_view text) {
  put_u32(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

inline std::string take_long_text(ByteReader& bytes) {
  return std::string(bytes.bytes(bytes.u32()));
}

}  // namespace twinlog
