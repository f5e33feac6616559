// A target with a fault on purpose, behind a comparison that blind chance would not pass.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  twinlog::fuzz::require(!input.starts_with("twin"), "no input begins with the planted word");
  return 0;
}
