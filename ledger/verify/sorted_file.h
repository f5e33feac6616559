// Sorting more than fits into memory: byte strings go in in any order and come out in bytewise order, through one
// temporary file that has no name (mode 0600) and is gone with the process, however that ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/descriptor.h"
#include "ledger/base/result.h"

namespace twinlog {

struct SortSettings {
  std::string folder;                     ///< Where the temporary file lies.
  std::size_t memory_bytes = 32U << 20U;  ///< Sorted at once; the rest waits in the file.
  std::size_t read_bytes = 256U << 10U;   ///< Read at once of each sorted run.
};

/// An unnamed file in `folder`; the error names the folder and what to do.
Result<Descriptor> open_temporary_file(const std::string& folder);

/// add() from one thread, then finish(), then any number of SortedReader, also from several threads.
class SortedFile {
 public:
  explicit SortedFile(SortSettings settings) : settings_(std::move(settings)) {}

  /// `record` is at most 16 MiB. kFull says how much the file needed so far.
  Status add(std::string_view record);
  Status finish();
  std::uint64_t records() const { return records_; }
  /// Bytes that lie in the temporary file.
  std::uint64_t file_bytes() const { return file_bytes_; }

 private:
  friend class SortedReader;
  struct Place {
    std::uint64_t prefix = 0;  ///< The first eight bytes, so that few comparisons look at the rest.
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };
  struct Run {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  Status write_run();
  void sort_places();

  SortSettings settings_;
  std::string bytes_;
  std::vector<Place> places_;
  std::vector<Run> runs_;
  Descriptor file_;
  std::uint64_t records_ = 0;
  std::uint64_t file_bytes_ = 0;
};

/// Walks the records of some finished files as if they were one.
class SortedReader {
 public:
  explicit SortedReader(const std::vector<const SortedFile*>& files);
  ~SortedReader();
  SortedReader(const SortedReader&) = delete;
  SortedReader& operator=(const SortedReader&) = delete;

  /// The next record, null at the end or after an error; it stays until the next call.
  const std::string_view* next();
  /// Why the walk ended before the end.
  const Status& status() const { return status_; }

 private:
  struct Source;
  bool is_behind(std::size_t left, std::size_t right) const;
  void sift_down(std::size_t at);
  void advance_first();

  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<std::size_t> heap_;
  std::string_view current_;
  bool has_current_ = false;
  Status status_;
};

}  // namespace twinlog
