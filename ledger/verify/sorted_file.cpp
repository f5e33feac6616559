#include "ledger/verify/sorted_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "ledger/base/bytes.h"

namespace twinlog {
namespace {

constexpr std::size_t kSizeBytes = 4;
constexpr std::size_t kMostRecordBytes = 16U << 20U;

std::uint64_t prefix_of(std::string_view record) {
  if (record.size() >= sizeof(std::uint64_t)) {
    return get_u64(record);
  }
  std::string whole(record);
  whole.resize(sizeof(std::uint64_t), '\0');
  return get_u64(whole);
}

std::uint32_t size_at(std::string_view bytes) {
  std::uint32_t size = 0;
  std::memcpy(&size, bytes.data(), kSizeBytes);  // Of this process alone: the host's own order.
  return size;
}

Error write_error(int code, std::uint64_t needed, const std::string& folder) {
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) {
    return {ErrorKind::kFull, "no room for temporary files in " + folder + ": more than " + std::to_string(needed) +
                                  " bytes are needed; name a folder with room by --temporary"};
  }
  return {ErrorKind::kTransient, "a temporary file in " + folder + " cannot be written: " + std::strerror(code)};
}

}  // namespace

Result<Descriptor> open_temporary_file(const std::string& folder) {
  Descriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.is_open()) {
    std::string name = folder + "/twinlog-verify-XXXXXX";  // A file system without O_TMPFILE.
    file.reset(::mkostemp(name.data(), O_CLOEXEC));
    if (file.is_open()) {
      ::unlink(name.c_str());
    }
  }
  if (!file.is_open()) {
    return Error(ErrorKind::kRefused, "no temporary file can be made in " + folder + ": " + std::strerror(errno) +
                                          "; name another folder by --temporary");
  }
  return file;
}

Status SortedFile::add(std::string_view record) {
  if (record.size() > kMostRecordBytes) {
    return Error(ErrorKind::kInvalid, "a row of more than 16 MiB");
  }
  const std::size_t used = bytes_.size() + places_.size() * sizeof(Place);
  if (!places_.empty() && used + record.size() + sizeof(Place) > settings_.memory_bytes) {
    if (Status written = write_run(); !written) {
      return written;
    }
  }
  places_.push_back(
      {prefix_of(record), static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(record.size())});
  bytes_.append(record);
  ++records_;
  return {};
}

void SortedFile::sort_places() {
  const std::string_view all(bytes_);
  std::sort(places_.begin(), places_.end(), [all](const Place& left, const Place& right) {
    if (left.prefix != right.prefix) {
      return left.prefix < right.prefix;
    }
    return all.substr(left.offset, left.size) < all.substr(right.offset, right.size);
  });
}

Status SortedFile::write_run() {
  sort_places();
  if (!file_.is_open()) {
    Result<Descriptor> file = open_temporary_file(settings_.folder);
    if (!file) {
      return file.error();
    }
    file_ = std::move(*file);
  }
  const std::uint64_t begin = file_bytes_;
  std::string out;
  const auto write_out = [&]() -> Status {
    for (std::size_t at = 0; at < out.size();) {
      const ssize_t wrote = ::pwrite(file_.get(), out.data() + at, out.size() - at, static_cast<off_t>(file_bytes_));
      if (wrote < 0 && errno != EINTR) {
        return write_error(errno, file_bytes_ + out.size(), settings_.folder);
      }
      at += static_cast<std::size_t>(std::max<ssize_t>(wrote, 0));
      file_bytes_ += static_cast<std::uint64_t>(std::max<ssize_t>(wrote, 0));
    }
    out.clear();
    return {};
  };
  for (const Place& place : places_) {
    out.append(reinterpret_cast<const char*>(&place.size), kSizeBytes);
    out.append(bytes_, place.offset, place.size);
    if (out.size() >= settings_.read_bytes) {
      if (Status written = write_out(); !written) {
        return written;
      }
    }
  }
  if (Status written = write_out(); !written) {
    return written;
  }
  runs_.push_back({begin, file_bytes_});
  places_.clear();
  bytes_.clear();
  return {};
}

Status SortedFile::finish() {
  if (!runs_.empty() && !places_.empty()) {
    if (Status written = write_run(); !written) {
      return written;
    }
    bytes_ = {};
    places_ = {};
  }
  sort_places();
  return {};
}

/// A sorted run in the file, or what never left memory.
struct SortedReader::Source {
  const SortedFile* file = nullptr;
  std::size_t in_memory = 0;  ///< Next place, when it is no run.
  bool is_run = false;
  std::uint64_t at = 0;  ///< What of the run is not in the buffer yet.
  std::uint64_t end = 0;
  std::string buffer;
  std::size_t used = 0;
  std::string_view record;
  std::uint64_t prefix = 0;

  bool fill(std::size_t wanted, Status& status) {
    while (buffer.size() - used < wanted) {
      if (at == end) {
        return false;
      }
      buffer.erase(0, used);
      used = 0;
      const std::size_t before = buffer.size();
      const std::size_t most = std::max(wanted - before, file->settings_.read_bytes);
      buffer.resize(before + static_cast<std::size_t>(std::min<std::uint64_t>(most, end - at)));
      const ssize_t got =
          ::pread(file->file_.get(), buffer.data() + before, buffer.size() - before, static_cast<off_t>(at));
      buffer.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (got == 0 || (got < 0 && errno != EINTR)) {
        status = Error(ErrorKind::kTransient, "a temporary file cannot be read back");
        return false;
      }
      at += static_cast<std::uint64_t>(std::max<ssize_t>(got, 0));
    }
    return true;
  }

  bool advance(Status& status) {
    if (!is_run) {
      if (in_memory == file->places_.size()) {
        return false;
      }
      const SortedFile::Place& place = file->places_[in_memory++];
      record = std::string_view(file->bytes_).substr(place.offset, place.size);
      prefix = place.prefix;
      return true;
    }
    if (!fill(kSizeBytes, status)) {
      return false;
    }
    const std::size_t size = size_at(std::string_view(buffer).substr(used));
    if (!fill(kSizeBytes + size, status)) {
      return false;
    }
    record = std::string_view(buffer).substr(used + kSizeBytes, size);
    prefix = prefix_of(record);
    used += kSizeBytes + size;
    return true;
  }
};

SortedReader::SortedReader(const std::vector<const SortedFile*>& files) {
  for (const SortedFile* file : files) {
    for (const SortedFile::Run& run : file->runs_) {
      auto source = std::make_unique<Source>();
      source->file = file;
      source->is_run = true;
      source->at = run.begin;
      source->end = run.end;
      sources_.push_back(std::move(source));
    }
    if (!file->places_.empty()) {
      auto source = std::make_unique<Source>();
      source->file = file;
      sources_.push_back(std::move(source));
    }
  }
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i]->advance(status_)) {
      heap_.push_back(i);
    }
  }
  for (std::size_t i = heap_.size() / 2; i-- > 0;) {
    sift_down(i);
  }
}

SortedReader::~SortedReader() = default;

bool SortedReader::is_behind(std::size_t left, std::size_t right) const {
  const Source& one = *sources_[left];
  const Source& other = *sources_[right];
  return one.prefix != other.prefix ? one.prefix > other.prefix : one.record > other.record;
}

void SortedReader::sift_down(std::size_t at) {
  for (;;) {
    std::size_t least = at;
    for (const std::size_t child : {2 * at + 1, 2 * at + 2}) {
      if (child < heap_.size() && is_behind(heap_[least], heap_[child])) {
        least = child;
      }
    }
    if (least == at) {
      return;
    }
    std::swap(heap_[at], heap_[least]);
    at = least;
  }
}

void SortedReader::advance_first() {
  if (!sources_[heap_.front()]->advance(status_)) {
    std::swap(heap_.front(), heap_.back());
    heap_.pop_back();
  }
  if (!heap_.empty()) {
    sift_down(0);
  }
}

const std::string_view* SortedReader::next() {
  if (has_current_ && status_.ok() && !heap_.empty()) {
    advance_first();
  }
  if (!status_.ok() || heap_.empty()) {
    has_current_ = false;
    return nullptr;
  }
  current_ = sources_[heap_.front()]->record;
  has_current_ = true;
  return &current_;
}

}  // namespace twinlog
