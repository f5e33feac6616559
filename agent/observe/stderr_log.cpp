#include "agent/observe/stderr_log.h"

#include <spdlog/async_logger.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <utility>
#include <vector>

#include "agent/observe/escape.h"
#include "agent/observe/line_sink.h"
#include "ledger/base/thread_name.h"

namespace twinlog {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out.append("\"").append(name).append("\":\"").append(escape_log_value(value)).append("\"");
}

std::string json_members(std::string_view event, std::string_view words, std::span<const LogField> fields) {
  std::string out;
  append_member(out, "event", event);
  out.push_back(',');
  append_member(out, "words", words);
  for (const LogField& field : fields) {
    out.push_back(',');
    append_member(out, field.name, field.value);
  }
  return out;
}

std::string text_line(std::string_view event, std::string_view words, std::span<const LogField> fields) {
  std::string out(event);
  out.append(": ").append(escape_log_value(words));
  for (const LogField& field : fields) {
    if (!field.value.empty()) {
      const bool needs_quotes = field.value.find(' ') != std::string::npos;
      out.append(" ").append(field.name).append(needs_quotes ? "=\"" : "=");
      out.append(escape_log_value(field.value)).append(needs_quotes ? "\"" : "");
    }
  }
  return out;
}

std::string payload_of(LogFormat format, std::string_view event, std::string_view words,
                       std::span<const LogField> fields) {
  return format == LogFormat::kJson ? json_members(event, words, fields) : text_line(event, words, fields);
}

LineSink::Priority priority_for(const std::map<std::string, std::string>& environment) {
  const auto found = environment.find("JOURNAL_STREAM");
  struct stat status {};
  if (found == environment.end() || ::fstat(STDERR_FILENO, &status) != 0) {
    return LineSink::Priority::kNone;
  }
  const std::string own = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  return found->second == own ? LineSink::Priority::kPrefix : LineSink::Priority::kNone;
}

class StderrLog final : public LeveledLog {
 public:
  StderrLog(const LogSettings& settings, LineSink::Priority priority)
      : format_(settings.format),
        queue_(std::make_shared<spdlog::details::thread_pool>(kLogLinesHeld, 1, [] { name_this_thread("log"); })),
        sink_(std::make_shared<LineSink>(STDERR_FILENO, priority,
                                         [format = format_](std::uint64_t count) {
                                           const LogField lost{"lines", std::to_string(count)};
                                           return payload_of(format, "log_lines_lost",
                                                             "nobody took the log's lines for a while; the oldest ones "
                                                             "were given up",
                                                             {&lost, 1});
                                         })),
        logger_(std::make_shared<spdlog::async_logger>("twinlog", sink_, queue_,
                                                       spdlog::async_overflow_policy::overrun_oldest)) {
    sink_->set_queue(*queue_);
    logger_->set_level(spdlog::level::from_str(settings.level));
    logger_->set_error_handler([](const std::string&) {});  // Its own would write to standard error, and wait there.
    logger_->set_pattern(format_ == LogFormat::kJson ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                                     : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                         spdlog::pattern_time_type::utc);
  }
  ~StderrLog() override {
    if (!flush(kLastLines)) {
      // Its thread sits in a write that nobody takes: it cannot be waited for, so what it uses stays for ever.
      static auto& kept = *std::make_unique<std::vector<std::shared_ptr<spdlog::details::thread_pool>>>().release();
      kept.push_back(std::move(queue_));
    }
  }
  StderrLog(const StderrLog&) = delete;
  StderrLog& operator=(const StderrLog&) = delete;

  void set_level(const std::string& level) override { logger_->set_level(spdlog::level::from_str(level)); }
  bool flush(std::chrono::milliseconds most) override { return sink_->wait_for(lines_.load(), most); }

  void write(LogLevel level, std::string_view event, std::string_view words,
             std::span<const LogField> fields) override {
    const spdlog::level::level_enum wanted = spdlog_level(level);
    if (logger_->should_log(wanted)) {
      ++lines_;
      logger_->log(wanted, payload_of(format_, event, words, fields));
    }
  }

 private:
  const LogFormat format_;
  std::atomic<std::uint64_t> lines_{0};
  std::shared_ptr<spdlog::details::thread_pool> queue_;
  std::shared_ptr<LineSink> sink_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace

std::unique_ptr<LeveledLog> make_stderr_log(const LogSettings& settings,
                                            const std::map<std::string, std::string>& environment) {
  return std::make_unique<StderrLog>(settings, priority_for(environment));
}

}  // namespace twinlog
