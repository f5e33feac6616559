#include "plugins/exports/export_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "ledger/base/descriptor.h"
#include "plugins/exports/export_rows.h"

namespace twinlog {
namespace {

constexpr std::size_t kReadBytes = 1U << 20U;
constexpr std::uint64_t kUsualRowBytes = 900;
constexpr std::array<const char*, 7> kTables = {"ledger_checkpoints", "ledger_epochs", "account_lockouts",
                                                "ledger_tiles",       "ledger_leaves", "auth_logs",
                                                "auth_log_conflicts"};

StoreError input_error(std::string words) {
  return {Reaction::kHold, {}, {}, std::move(words), StoreStage::kConnect};
}

/// Lines of a file, one after the other; a last one may lack its end.
class LineFile {
 public:
  explicit LineFile(std::string path) : path_(std::move(path)), file_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {}
  bool is_open() const { return file_.is_open(); }
  std::size_t number() const { return number_; }
  const std::string& path() const { return path_; }

  enum class Next : std::uint8_t { kLine, kEnd, kTooLong, kFailed };
  Next next(std::string_view& line) {
    for (;;) {
      if (const std::size_t end = buffer_.find('\n', looked_); end != std::string::npos) {
        line = std::string_view(buffer_).substr(used_, end - used_);
        used_ = looked_ = end + 1;
        ++number_;
        return Next::kLine;
      }
      if (buffer_.size() - used_ > kMostExportLine) {
        ++number_;
        return Next::kTooLong;
      }
      buffer_.erase(0, used_);
      used_ = 0;
      looked_ = buffer_.size();
      const std::size_t before = buffer_.size();
      buffer_.resize(before + kReadBytes);
      const ssize_t got = ::read(file_.get(), buffer_.data() + before, kReadBytes);
      buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (got < 0 && errno != EINTR) {
        return Next::kFailed;
      }
      if (got == 0) {
        line = buffer_;
        used_ = looked_ = buffer_.size();
        number_ += line.empty() ? 0U : 1U;
        return std::exchange(is_over_, true) || line.empty() ? Next::kEnd : Next::kLine;
      }
    }
  }

 private:
  std::string path_;
  Descriptor file_;
  std::string buffer_;
  std::size_t used_ = 0;
  std::size_t looked_ = 0;
  std::size_t number_ = 0;
  bool is_over_ = false;
};

class ExportReader final : public LedgerReader {
 public:
  ExportReader(ExportDialect dialect, std::string folder) : dialect_(dialect), folder_(std::move(folder)) {}

  StoreStatus open() override {
    for (const char* table : kTables) {
      struct stat facts {};
      if (::stat(path_of(table).c_str(), &facts) != 0) {
        return input_error(path_of(table) + ": " + std::strerror(errno) + "; an export has a file for every table");
      }
      if (!S_ISREG(facts.st_mode)) {
        return input_error(path_of(table) + ": is no file");
      }
    }
    return {};
  }
  StoreResult<LedgerSizes> sizes() override {
    LedgerSizes sizes;
    for (const char* table : {"auth_logs", "auth_log_conflicts"}) {
      struct stat facts {};
      if (::stat(path_of(table).c_str(), &facts) == 0) {
        sizes.records += static_cast<std::uint64_t>(facts.st_size) / kUsualRowBytes;
      }
    }
    return sizes;
  }
  StoreStatus checkpoints(const RowSink<LedgerCheckpointRow>& sink) override {
    return each<LedgerCheckpointRow>("ledger_checkpoints", checkpoint_row, sink);
  }
  StoreStatus epochs(const RowSink<LedgerEpochRow>& sink) override {
    return each<LedgerEpochRow>("ledger_epochs", epoch_row, sink);
  }
  StoreStatus accounts(const RowSink<LedgerAccountRow>& sink) override {
    return each<LedgerAccountRow>("account_lockouts", account_row, sink);
  }
  StoreStatus tiles(const RowSink<LedgerTileRow>& sink) override {
    return each<LedgerTileRow>("ledger_tiles", tile_row, sink);
  }
  StoreStatus leaves(const RowSink<LedgerLeafRow>& sink) override {
    return each<LedgerLeafRow>("ledger_leaves", leaf_row, sink);
  }
  StoreStatus rows(const RowSink<LedgerRow>& sink) override {
    const auto record = [this](ExportLine& line) {
      note_unknown(line);
      return version_row(line, VersionTable::kRecords);
    };
    if (StoreStatus failed = each<LedgerRow>("auth_logs", record, sink)) {
      return failed;
    }
    const auto conflict = [](ExportLine& line) { return version_row(line, VersionTable::kConflicts); };
    return each<LedgerRow>("auth_log_conflicts", conflict, sink);
  }
  std::vector<std::string> unknown_columns() const override { return {unknown_.begin(), unknown_.end()}; }
  void tell_broken(RowSink<BrokenRow> sink) override { broken_ = std::move(sink); }

 private:
  std::string path_of(const char* table) const { return folder_ + "/" + table + ".ndjson"; }

  void note_unknown(const ExportLine& line) {
    constexpr std::size_t kMost = 100;
    if (dialect_ == ExportDialect::kPostgres && unknown_.size() < kMost) {
      const std::vector<std::string_view> names = unknown_members(line);
      unknown_.insert(names.begin(), names.end());
    }
  }

  template <typename Row, typename Read>
  StoreStatus each(const char* table, Read read, const RowSink<Row>& sink) {
    LineFile file(path_of(table));
    if (!file.is_open()) {
      return input_error(file.path() + ": " + std::strerror(errno));
    }
    const auto error = [&file](std::string_view words) {
      return input_error(file.path() + ", line " + std::to_string(file.number()) + ": " + std::string(words));
    };
    ExportLine line(dialect_);
    std::string_view text;
    for (;;) {
      const LineFile::Next next = file.next(text);
      if (next == LineFile::Next::kEnd) {
        return {};
      }
      if (next == LineFile::Next::kFailed) {
        return error(std::string("cannot be read: ") + std::strerror(errno));
      }
      if (next == LineFile::Next::kTooLong) {
        return error("is longer than 64 MiB");
      }
      if (!line.read(text)) {
        return error("is no JSON object, or names a member twice");
      }
      Result<Row> row = read(line);
      if (!row) {
        return error(row.error().message());
      }
      if (const Status taken = sink(std::move(*row)); !taken) {
        return input_error(taken.error().message());
      }
    }
  }

  ExportDialect dialect_;
  std::string folder_;
  std::set<std::string> unknown_;
  RowSink<BrokenRow> broken_;
};

}  // namespace

std::unique_ptr<LedgerReader> make_export_reader(ExportDialect dialect, std::string folder) {
  return std::make_unique<ExportReader>(dialect, std::move(folder));
}

}  // namespace twinlog
