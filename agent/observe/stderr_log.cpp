#include "agent/observe/stderr_log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "agent/observe/escape.h"

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

class StderrLog final : public LeveledLog {
 public:
  explicit StderrLog(const LogSettings& settings)
      : format_(settings.format), logger_("twinlog", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(spdlog::level::from_str(settings.level));
    logger_.flush_on(spdlog::level::trace);
    logger_.set_pattern(format_ == LogFormat::kJson ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                                    : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                        spdlog::pattern_time_type::utc);
  }

  void set_level(const std::string& level) override { logger_.set_level(spdlog::level::from_str(level)); }

  void write(LogLevel level, std::string_view event, std::string_view words,
             std::span<const LogField> fields) override {
    const spdlog::level::level_enum wanted = spdlog_level(level);
    if (logger_.should_log(wanted)) {
      logger_.log(wanted,
                  format_ == LogFormat::kJson ? json_members(event, words, fields) : text_line(event, words, fields));
    }
  }

 private:
  LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<LeveledLog> make_stderr_log(const LogSettings& settings) {
  return std::make_unique<StderrLog>(settings);
}

}  // namespace twinlog
