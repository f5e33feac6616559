#include "spool/wal_scan.h"

#include <rocksdb/env.h>

#include <boost/crc.hpp>
#include <optional>
#include <utility>

#include "spool/database.h"

namespace twinlog {
namespace {

constexpr std::size_t kBlock = 32U << 10U;
constexpr std::size_t kHeader = 7;

enum class Piece : std::uint8_t { kWhole = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct Found {
  Piece piece;
  std::string_view bytes;
};

std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t width) {
  std::uint32_t number = 0;
  for (std::size_t i = width; i-- > 0;) {
    number = number << 8U | static_cast<std::uint8_t>(bytes.at(at + i));
  }
  return number;
}

/// CRC-32C over type and content, masked as RocksDB stores it.
std::uint32_t checksum_of(std::string_view type_and_content) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(type_and_content.data(), type_and_content.size());
  const std::uint32_t plain = crc.checksum();
  return ((plain >> 15U) | (plain << 17U)) + 0xa282ead8U;
}

/// The piece that begins here, if its checksum says so.
std::optional<Found> piece_at(std::string_view block, std::size_t at) {
  if (at + kHeader > block.size()) {
    return std::nullopt;
  }
  const std::size_t length = number_at(block, at + 4, 2);
  const std::uint32_t type = number_at(block, at + 6, 1);
  if (type < static_cast<std::uint32_t>(Piece::kWhole) || type > static_cast<std::uint32_t>(Piece::kLast) ||
      at + kHeader + length > block.size() ||
      checksum_of(block.substr(at + 6, length + 1)) != number_at(block, at, 4)) {
    return std::nullopt;
  }
  return Found{static_cast<Piece>(type), block.substr(at + kHeader, length)};
}

/// Puts pieces together to records.
class Records {
 public:
  explicit Records(const std::function<void(std::string_view)>& visit) : visit_(visit) {}

  void add(const Found& found) {
    if (found.piece == Piece::kWhole) {
      lose();
      visit_(found.bytes);
      return;
    }
    if (found.piece == Piece::kFirst) {
      record_ = std::string(found.bytes);
    } else if (record_) {
      *record_ += found.bytes;
    }
    if (found.piece == Piece::kLast && record_) {
      visit_(*record_);
      lose();
    }
  }
  /// A piece is missing: what was begun is no record.
  void lose() { record_.reset(); }

 private:
  const std::function<void(std::string_view)>& visit_;
  std::optional<std::string> record_;
};

void scan_block(std::string_view block, Records& records) {
  std::size_t at = 0;
  while (at + kHeader <= block.size()) {
    if (const std::optional<Found> found = piece_at(block, at)) {
      records.add(*found);
      at += kHeader + found->bytes.size();
      continue;
    }
    records.lose();
    const std::size_t length = number_at(block, at + 4, 2);
    const std::size_t next = at + kHeader + length;
    if (!piece_at(block, next)) {
      return;  // The length is not to be trusted either.
    }
    at = next;
  }
}

}  // namespace

Status scan_wal(rocksdb::Env& env, const std::string& file, const std::function<void(std::string_view)>& visit) {
  // A wrong bit may be one of the reading alone: the same bytes twice.
  std::string content;
  std::string before;
  constexpr int kMostReadings = 4;
  for (int reading = 0; reading < 2 || (content != before && reading < kMostReadings); ++reading) {
    before = std::exchange(content, {});
    if (const rocksdb::Status read = rocksdb::ReadFileToString(&env, file, &content); !read.ok()) {
      return database_error("a log of the spool cannot be read", file, read);
    }
  }
  Records records(visit);
  for (std::size_t at = 0; at < content.size(); at += kBlock) {
    scan_block(std::string_view(content).substr(at, kBlock), records);
  }
  return {};
}

}  // namespace twinlog
