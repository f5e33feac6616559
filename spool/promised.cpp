#include "spool/promised.h"

#include <rocksdb/env.h>

#include <memory>
#include <string_view>

#include "ledger/base/bytes.h"
#include "spool/database.h"
#include "spool/layout.h"

namespace twinlog {
namespace {

constexpr std::size_t kNumber = sizeof(std::uint64_t);
constexpr std::size_t kCheck = 8;

std::string encode(const Promised& promised) {
  std::string bytes = number_value(promised.last_leaf) + number_value(static_cast<std::uint64_t>(promised.received_at));
  return bytes + std::string(as_text(sha256(bytes)).substr(0, kCheck));
}

}  // namespace

std::optional<Promised> PromisedFile::read() const {
  std::string bytes;
  if (!rocksdb::ReadFileToString(&env_, path_, &bytes).ok() || bytes.size() != 2 * kNumber + kCheck) {
    return std::nullopt;
  }
  const std::string_view view = bytes;
  const Promised promised{*number_from(view.substr(0, kNumber)),
                          static_cast<UtcMicros>(*number_from(view.substr(kNumber, kNumber)))};
  return encode(promised) == bytes ? std::optional(promised) : std::nullopt;
}

/// In place: a torn write is told by its checksum, and says only that nothing is known.
Status PromisedFile::write(const Promised& promised) {
  if (promised.last_leaf == written_) {
    return {};
  }
  std::unique_ptr<rocksdb::RandomRWFile> file;
  rocksdb::Status status = env_.NewRandomRWFile(path_, &file, rocksdb::EnvOptions());
  if (!status.ok()) {  // It must be there for that.
    status = rocksdb::WriteStringToFile(&env_, encode(promised), path_, /*should_sync=*/true);
  } else {
    status = file->Write(0, encode(promised));
    status = status.ok() ? file->Sync() : status;
    status = status.ok() ? file->Close() : status;
  }
  if (!status.ok()) {
    return database_error("how far promises reach cannot be noted", path_, status);
  }
  written_ = promised.last_leaf;
  return {};
}

}  // namespace twinlog
