#include "tests/spool/disk_content.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace twinlog::testing {

DiskContent::DiskContent(const std::string& file, std::string anchor)
    : file_(::open(file.c_str(), O_RDWR | O_CLOEXEC)), anchor_(std::move(anchor)), durable_size_(size()) {
  EXPECT_GE(file_, 0) << file;
  EXPECT_EQ(::link(file.c_str(), anchor_.c_str()), 0) << anchor_;
}

DiskContent::~DiskContent() {
  ::unlink(anchor_.c_str());
  ::close(file_);
}

std::uint64_t DiskContent::size() const {
  struct stat found {};
  return ::fstat(file_, &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

std::string DiskContent::read_page(std::uint64_t page, std::uint64_t end) const {
  const std::uint64_t from = page * kPage;
  std::string bytes(from < end ? std::min(kPage, end - from) : 0, '\0');
  const ssize_t read = ::pread(file_, bytes.data(), bytes.size(), static_cast<off_t>(from));
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(read, 0)));
  return bytes;
}

/// The rest of the page, within the file, becomes zeros.
void DiskContent::write_page(std::uint64_t page, std::string_view bytes) const {
  const std::uint64_t from = page * kPage;
  std::string whole(bytes);
  whole.resize(from < size() ? std::min(kPage, size() - from) : 0, '\0');
  EXPECT_EQ(::pwrite(file_, whole.data(), whole.size(), static_cast<off_t>(from)), static_cast<ssize_t>(whole.size()));
}

void DiskContent::will_write(std::uint64_t offset, std::uint64_t bytes) {
  for (std::uint64_t page = offset / kPage; bytes > 0 && page <= (offset + bytes - 1) / kPage; ++page) {
    if (const auto lost = lost_.find(page); lost != lost_.end()) {
      dirty_.insert(lost_.extract(lost));  // Written again it goes to the disk whole.
    } else if (!dirty_.contains(page)) {
      dirty_[page] = read_page(page, durable_size_);
    }
  }
}

void DiskContent::will_truncate() {
  will_write(0, size());
}

void DiskContent::synced() {
  dirty_.clear();
  durable_size_ = size();
}

void DiskContent::sync_failed(AfterFailure after) {
  for (const auto& [page, on_disk] : dirty_) {
    if (after == AfterFailure::kDropped) {
      write_page(page, on_disk);
    }
  }
  lost_.merge(dirty_);
  dirty_.clear();
}

/// Bytes that the disk had as they are now are the same whatever came over of the page.
std::string DiskContent::garbled(std::uint64_t page, const std::string& before, std::mt19937_64& random) const {
  std::string bytes = read_page(page, size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i >= before.size() || bytes[i] != before[i]) {
      bytes[i] = static_cast<char>(random());
    }
  }
  return bytes;
}

/// How much of the file is there: what was synced, or all, or something between.
std::uint64_t DiskContent::reaches(std::mt19937_64& random) const {
  const std::uint64_t shorter = std::min(durable_size_, size());
  const std::uint64_t longer = std::max(durable_size_, size());
  switch (random() % 4) {
    case 0:
      return durable_size_;
    case 1:
      return size();
    case 2:
      return shorter + random() % (longer - shorter + 1);
    default:
      return longer;
  }
}

void DiskContent::lose_pages(std::mt19937_64& random) {
  const std::uint64_t mood = random() % 4;  // Of the whole file, or of each page.
  for (const auto& [page, on_disk] : dirty_) {
    switch (mood < 2 ? mood : random() % 4) {
      case 0:
        write_page(page, on_disk);
        break;
      case 2:
        write_page(page, garbled(page, on_disk, random));
        break;
      default:
        break;
    }
  }
}

void DiskContent::lose_power(std::mt19937_64* random) {
  const std::uint64_t reached = random == nullptr ? durable_size_ : reaches(*random);
  if (size() < std::max(reached, durable_size_)) {
    EXPECT_EQ(::ftruncate(file_, static_cast<off_t>(std::max(reached, durable_size_))), 0);
  }
  if (random != nullptr) {
    lose_pages(*random);
    dirty_.clear();
  }
  lost_.merge(dirty_);
  for (const auto& [page, on_disk] : lost_) {
    write_page(page, on_disk);
  }
  EXPECT_EQ(::ftruncate(file_, static_cast<off_t>(reached)), 0);
}

}  // namespace twinlog::testing
