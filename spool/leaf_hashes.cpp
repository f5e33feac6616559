#include "spool/leaf_hashes.h"

#include <rocksdb/iterator.h>
#include <rocksdb/write_batch.h>

#include <algorithm>

#include "spool/layout.h"

namespace twinlog {

void HashRunWriter::add(std::uint64_t number, const Digest& hash) {
  if (hashes_.size() == kMostHashesOfRun * sizeof(Digest) || (!hashes_.empty() && number != last_ + 1)) {
    put();
  }
  hashes_.append(as_text(hash));
  last_ = number;
}

void HashRunWriter::put() {
  if (!hashes_.empty()) {
    batch_.Put(database_.leaves(), hash_run_key(last_, hashes_.size() / sizeof(Digest)), hashes_);
    hashes_.clear();
  }
}

LeafHashes::LeafHashes(const Database& database, const LeafRange& range)
    : range_(range), next_(range.first), at_(database.iterate(database.leaves())) {
  at_->Seek(event_key(range.first));  // An entry stands under its last number.
}

LeafHashes::~LeafHashes() {
  at_->status().PermitUncheckedError();  // What it did not give is lost.
}

std::optional<NumberedHash> LeafHashes::next() {
  while (run_.hashes.empty() || next_ > run_.last()) {
    if (!load()) {
      return std::nullopt;
    }
  }
  next_ = std::max(next_, run_.first);
  if (next_ > range_.last) {
    return std::nullopt;
  }
  const auto place = static_cast<std::size_t>(next_ - run_.first) * sizeof(Digest);
  return NumberedHash{next_++, *array_from<sizeof(Digest)>(run_.hashes.substr(place, sizeof(Digest)))};
}

/// The next entry that is whole; false at the end.
bool LeafHashes::load() {
  if (!run_.hashes.empty()) {
    at_->Next();
  }
  for (; at_->Valid(); at_->Next()) {
    if (const auto run = hash_run_from(at_->key().ToStringView(), at_->value().ToStringView())) {
      run_ = *run;
      return true;
    }
  }
  run_ = {};
  return false;
}

}  // namespace twinlog
