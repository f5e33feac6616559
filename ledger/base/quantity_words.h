// Numbers, sizes and times in words for people: the same on the health page, in the log and in the commands.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace twinlog {

/// "0", "999", "1,234,567".
std::string grouped(std::uint64_t count);

/// "1 event", "12,000 events": `one` is the word for one.
std::string count_words(std::uint64_t count, std::string_view one);

/// "1 byte", "512 bytes", "44.0 MiB", "2.0 GiB".
std::string bytes_words(std::uint64_t bytes);

/// "0.4 s", "12 s", "5 min", "3 h", "12 days".
std::string time_words(std::chrono::duration<double> time);

}  // namespace twinlog
