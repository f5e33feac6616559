// What a disk has of one file's content, apart from what its readers see: page by page, as a kernel keeps it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>

namespace twinlog::testing {

/// One file of the real file system, whatever its names are. Not for several threads.
class DiskContent {
 public:
  static constexpr std::uint64_t kPage = 4096;

  /// `file` exists; `anchor` becomes a name of it that keeps it, on the same file system.
  DiskContent(const std::string& file, std::string anchor);
  ~DiskContent();
  DiskContent(const DiskContent&) = delete;
  DiskContent& operator=(const DiskContent&) = delete;

  /// Any name it had may be gone: this one is there.
  const std::string& anchor() const { return anchor_; }
  /// Nothing of it would change when the power goes off.
  bool is_settled() const { return dirty_.empty() && lost_.empty() && durable_size_ == size(); }

  /// Before bytes are written, or all of them cut off.
  void will_write(std::uint64_t offset, std::uint64_t bytes);
  void will_truncate();
  void synced();
  /// What a kernel does to the pages of a failed fsync: it takes them for written. They are read as before, but no
  /// later fsync brings them to the disk. `kDropped`: nor are they read any more.
  enum class AfterFailure : std::uint8_t { kStillRead, kDropped };
  void sync_failed(AfterFailure after);

  /// The power went off: of each page that was not synced `random` decides whether it is there, is not, or is garbled,
  /// and how far the file reaches. None: nothing is there that was not synced.
  void lose_power(std::mt19937_64* random);
  std::uint64_t size() const;

 private:
  using Pages = std::map<std::uint64_t, std::string>;  ///< By number; what the disk has of it, cut at the file's end.
  void lose_pages(std::mt19937_64& random);
  std::uint64_t reaches(std::mt19937_64& random) const;
  std::string read_page(std::uint64_t page, std::uint64_t end) const;
  void write_page(std::uint64_t page, std::string_view bytes) const;
  std::string garbled(std::uint64_t page, const std::string& before, std::mt19937_64& random) const;

  int file_;
  std::string anchor_;
  std::uint64_t durable_size_;
  Pages dirty_;
  Pages lost_;  ///< By a failed sync.
};

}  // namespace twinlog::testing
