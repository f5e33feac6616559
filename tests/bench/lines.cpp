#include "tests/bench/lines.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "ledger/base/bytes.h"

namespace twinlog::bench {
namespace {

constexpr std::size_t kIdsPerMillisecond = 8;
constexpr std::uint64_t kVersion7 = 0x7000;
constexpr std::uint64_t kVariant = 1ULL << 63U;
constexpr std::size_t kStride = 211;  // Senders begin at different places in the file.

}  // namespace

void give_up(const std::string& words) {
  std::fprintf(stderr, "twinlog-bench: %s\n", words.c_str());
  std::exit(1);
}

Lines::Lines(const std::string& path, std::uint64_t run) : run_(run) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t comma = line.find(',');
    if (line.starts_with(R"({"log_id":)") && comma != std::string::npos) {
      events_.push_back(line.substr(comma) + "\n");
    }
  }
  if (events_.empty()) {
    give_up("no event that begins with its log_id in " + path);
  }
}

std::string Lines::log_id(Ticket ticket) const {
  const std::uint64_t milliseconds = run_ + ticket.number / kIdsPerMillisecond;
  std::string bytes;
  put_u64(bytes, milliseconds << 16U | kVersion7 | (ticket.sender & 0xfffU));
  put_u64(bytes, kVariant | ticket.number);
  Uuid uuid{};
  std::copy(bytes.begin(), bytes.end(), uuid.begin());
  return uuid_text(uuid);
}

std::string Lines::line(Ticket ticket) const {
  return R"({"log_id":")" + log_id(ticket) + "\"" + events_[(ticket.sender * kStride + ticket.number) % events_.size()];
}

}  // namespace twinlog::bench
