#include "ledger/verify/row_lane.h"

#include <utility>

#include "ledger/base/thread_name.h"
#include "ledger/record/stored_texts.h"

namespace twinlog {
namespace {

constexpr std::size_t kRowsOfBatch = 128;
constexpr std::size_t kBytesOfBatch = 1U << 20U;

/// What a row can be made large by.
std::size_t bytes_of(const LedgerRow& row) {
  const AuthEvent& event = row.version.event;
  std::size_t bytes = sizeof(HashedRow) + event.tenant_id.size() + event.log_id.size() + row.salts.size() +
                      (event.metadata ? event.metadata->size() : 0);
  for (const StoredText& text : kStoredTexts) {
    const std::optional<std::string>& value = event.*text.member;
    bytes += value ? value->size() : 0;
  }
  return bytes;
}

}  // namespace

RowLane::RowLane(Hash hash, Take take)
    : hasher_([this, hash = std::move(hash)] { hash_all(hash); }),
      taker_([this, take = std::move(take)] { take_all(take); }) {}

RowLane::~RowLane() {
  read_.stop();
  hashed_.stop();
  join();
}

void RowLane::join() {
  for (std::thread* thread : {&hasher_, &taker_}) {
    if (thread->joinable()) {
      thread->join();
    }
  }
}

void RowLane::hash_all(const Hash& hash) {
  name_this_thread("verify-hash");
  while (std::optional<Rows::Batch> batch = read_.take()) {
    for (HashedRow& row : *batch) {
      hash(row);
    }
    if (!hashed_.give(std::move(*batch))) {
      return;
    }
  }
  hashed_.end();
}

void RowLane::take_all(const Take& take) {
  name_this_thread("verify-sort");
  while (std::optional<Rows::Batch> batch = hashed_.take()) {
    for (HashedRow& row : *batch) {
      if (Status taken = take(std::move(row)); !taken) {
        failed_ = std::move(taken);
        hashed_.stop();
        read_.stop();
        return;
      }
    }
  }
}

bool RowLane::hand_on() {
  batch_bytes_ = 0;
  return read_.give(std::exchange(batch_, {}));
}

Status RowLane::add(LedgerRow&& row) {
  batch_bytes_ += bytes_of(row);
  if (batch_.empty()) {
    batch_.reserve(kRowsOfBatch);
  }
  batch_.push_back({std::move(row), std::nullopt, {}});
  const bool is_full = batch_.size() == kRowsOfBatch || batch_bytes_ >= kBytesOfBatch;
  return is_full && !hand_on() ? finish() : Status();
}

Status RowLane::finish() {
  if (!batch_.empty()) {
    hand_on();
  }
  read_.end();
  join();
  return failed_;
}

}  // namespace twinlog
