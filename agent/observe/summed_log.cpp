#include "agent/observe/summed_log.h"

#include <algorithm>
#include <array>

namespace twinlog {
namespace {

/// Somebody did something and waits for the line.
bool is_of_the_process(std::string_view event) {
  constexpr std::array<std::string_view, 10> kEvents = {
      "started",        "start_failed", "drain_requested",      "draining", "drain_cut_short", "reload_mistake",
      "reload_refused", "reloaded",     "reload_needs_restart", "stopped"};
  return std::ranges::find(kEvents, event) != kEvents.end();
}

}  // namespace

void SummedLog::write(LogLevel level, std::string_view event, std::string_view words,
                      std::span<const LogField> fields) {
  if (level == LogLevel::kDebug) {
    log_.write(level, event, words, fields);  // Whoever asks for these wants each of them.
    return;
  }
  const std::scoped_lock lock(mutex_);
  tell_due_or([](const Kind&) { return false; });
  if (is_of_the_process(event)) {
    log_.write(level, event, words, fields);
    return;
  }
  const TimePoint now = clock_.steady_now();
  Kind& kind = kind_of(event, words, fields);
  kind.last_at = now;
  kind.order = ++lines_;
  if (kind.held == 0 && kind.told < kAtOnce) {
    ++kind.told;
    // What is held of the same store is older, and must not be told after this.
    const std::string store = kind.store;
    tell_due_or([&store](const Kind& held) { return !store.empty() && held.store == store; });
    log_.write(level, event, words, fields);
    return;
  }
  const UtcMicros utc = clock_.utc_now();
  if (kind.held++ == 0) {
    kind.held_since = now;
    kind.held_from = utc;
  }
  kind.held_to = utc;
  kind.level = level;
  kind.event = event;
  kind.words = words;
  kind.fields.clear();
  for (const LogField& field : fields) {
    kind.fields.emplace_back(field.name, field.value);
  }
}

void SummedLog::tell_due() {
  const std::scoped_lock lock(mutex_);
  tell_due_or([](const Kind&) { return false; });
}

void SummedLog::tell_all() {
  const std::scoped_lock lock(mutex_);
  tell_due_or([](const Kind&) { return true; });
}

SummedLog::Kind& SummedLog::kind_of(std::string_view event, std::string_view words, std::span<const LogField> fields) {
  std::string coarse(event);
  std::string fine;
  std::string store;
  for (const LogField& field : fields) {
    store = field.name == "store" ? field.value : store;
    if (field.name == "store" || field.name == "code") {
      coarse.append("\n").append(field.value);
    } else if (field.name == "where") {
      fine.append("\n").append(field.value);
    }
  }
  fine = coarse + "\n\n" + std::string(words) + fine;
  const bool is_known = kinds_.contains(fine);
  Kind& kind = kinds_[is_known || kinds_.size() < kMostKinds ? fine : coarse];
  kind.store = store;
  return kind;
}

void SummedLog::tell(Kind& kind) {
  std::vector<LogField> fields;
  for (const auto& [name, value] : kind.fields) {
    fields.push_back({name, value});
  }
  fields.push_back({"repeated", std::to_string(kind.held)});
  fields.push_back({"repeated_from", utc_text(kind.held_from)});
  fields.push_back({"repeated_to", utc_text(kind.held_to)});
  kind.held = 0;
  log_.write(kind.level, kind.event, kind.words, fields);
}

/// In the order of their newest lines, so that the last one of them is how things are.
void SummedLog::tell_due_or(const std::function<bool(const Kind&)>& also) {
  const TimePoint now = clock_.steady_now();
  const auto is_quiet = [now](const Kind& kind) { return now - kind.last_at >= kQuiet; };
  std::vector<Kind*> due;
  for (auto& [key, kind] : kinds_) {
    if (kind.held > 0 && (also(kind) || is_quiet(kind) || now - kind.held_since >= kHeldAtMost)) {
      due.push_back(&kind);
    }
  }
  std::ranges::sort(due, {}, &Kind::order);
  std::ranges::for_each(due, [this](Kind* kind) { tell(*kind); });
  std::erase_if(kinds_, [&is_quiet](const auto& entry) { return is_quiet(entry.second); });
}

}  // namespace twinlog
