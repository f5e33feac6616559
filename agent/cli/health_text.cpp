#include <algorithm>
#include <chrono>

#include "agent/cli/health_view.h"
#include "ledger/base/quantity_words.h"

namespace twinlog {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::size_t kColumn = 10;  // Where the text behind the first word of a line begins.

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  out.resize(std::max(width, text.size()), ' ');
  return out;
}

/// The first word of a line, coloured, with the column behind it.
std::string head(std::string_view word, Colour colour, Colours colours) {
  return coloured(word, colour, colours) + std::string(word.size() < kColumn ? kColumn - word.size() : 1, ' ');
}

Colour colour_of(std::string_view state) {
  if (state == "ok" || state == "off") {
    return Colour::kGreen;
  }
  return state == "degraded" ? Colour::kYellow : Colour::kRed;
}

bool counts_as_ok(const HealthView::Component& component) {
  return component.state == "ok" || component.state == "off";
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return text;
}

std::string beginning(const HealthView& view, Colours colours) {
  std::string text = head(upper(view.state), colour_of(view.state), colours) + view.summary + "\n";
  return text + padded("", kColumn) + "agent " + view.agent + ", twinlog " + view.version + ", " + view.phase +
         " since " + view.started_at + ", looked at " + view.now + "\n";
}

std::string well_text(const HealthView& view, Colours colours) {
  std::string names;
  for (const HealthView::Component& component : view.components) {
    if (counts_as_ok(component)) {
      names += (names.empty() ? "" : ", ") + component.name + (component.state == "off" ? " (off)" : "");
    }
  }
  return names.empty() ? "" : head("ok", Colour::kGreen, colours) + names + "\n";
}

std::string part(std::string_view name, const std::string& words) {
  return words.empty() ? "" : padded("", kColumn) + padded(name, 11) + words + "\n";
}

std::string unwell_text(const HealthView& view, Colours colours) {
  std::string text;
  for (const HealthView::Component& component : view.components) {
    if (!counts_as_ok(component)) {
      text += head(component.state, colour_of(component.state), colours) + component.name + "\n" +
              part("impact", component.impact) + part("diagnosis", component.diagnosis) +
              part("action", component.action);
    }
  }
  return text;
}

std::string_view connection_text(const HealthView::Store& store) {
  if (store.is_connected) {
    return "connected";
  }
  return store.error_class.empty() ? "connecting" : "away";
}

std::string store_text(const HealthView::Store& store) {
  if (!store.is_enabled) {
    return padded("store", kColumn) + padded(store.name, 10) + "turned off: there is no second copy\n";
  }
  std::string text = padded("store", kColumn) + padded(store.name, 10) + std::string(connection_text(store)) + ", " +
                     events_text(store.backlog_events) + " waiting";
  if (store.backlog_events > 0) {
    text += " (" + bytes_words(store.backlog_bytes) +
            (store.oldest_age_seconds ? ", the oldest for " + time_words(Seconds(*store.oldest_age_seconds)) : "") +
            ")";
  }
  if (!store.error_class.empty()) {
    text += ", last error: " + store.error_class +
            (store.next_try_in_seconds ? ", next try in " + time_words(Seconds(*store.next_try_in_seconds)) : "");
  }
  if (store.conflicts > 0) {
    text += ", " + std::to_string(store.conflicts) + " conflicts since the start";
  }
  if (store.dead_letters > 0) {
    text += ", " + count_words(store.dead_letters, "dead letter");
  }
  return text + (store.incomplete_since.empty() ? "" : ", may be incomplete since " + store.incomplete_since) + "\n";
}

std::string spool_text(const HealthView::Spool& spool) {
  std::string text = padded("spool", kColumn) + bytes_words(spool.size_bytes) + " of " + bytes_words(spool.max_bytes);
  if (spool.max_bytes > 0) {
    text += " (" +
            std::to_string(static_cast<std::uint64_t>(static_cast<double>(spool.size_bytes) * 100 /
                                                      static_cast<double>(spool.max_bytes))) +
            " %)";
  }
  text += ", " + events_text(spool.records) + " kept, " + std::to_string(spool.waiting) + " waiting";
  text += spool.lost_events > 0
              ? ", " + std::to_string(spool.lost_events) + (spool.lost_events == 1 ? " leaf LOST" : " leaves LOST")
              : "";
  if (spool.is_full) {
    text += ", FULL";
  } else {
    text += spool.full_in_seconds ? ", full in " + time_words(Seconds(*spool.full_in_seconds)) + " at this rate"
                                  : ", not growing";
  }
  return text + "; " + (spool.volume.empty() ? "" : spool.volume + ", ") + "in " + spool.path + "\n";
}

std::string ledger_text(const HealthView::Ledger& ledger) {
  if (ledger.verifier_key.empty()) {
    return "";
  }
  return padded("ledger", kColumn) + "key " + ledger.verifier_key + (ledger.is_throw_away ? " (throw-away)" : "") +
         "\n" + padded("", kColumn) +
         (ledger.checkpoint_at.empty()
              ? "no checkpoint yet"
              : "newest checkpoint at " + ledger.checkpoint_at + ", of " + grouped(ledger.checkpoint_size) +
                    (ledger.checkpoint_size == 1 ? " leaf" : " leaves")) +
         "\n";
}

std::string warnings_text(const HealthView& view, Colours colours) {
  std::string text;
  for (const HealthView::Warning& warning : view.warnings) {
    text += head("warning", Colour::kYellow, colours) + warning.name + ": " + warning.words + "\n" +
            part("action", warning.action);
  }
  return text;
}

}  // namespace

std::string health_text(const HealthView& view, Colours colours) {
  std::string text = beginning(view, colours) + "\n" + well_text(view, colours) + unwell_text(view, colours) + "\n";
  for (const HealthView::Store& store : view.stores) {
    text += store_text(store);
  }
  return text + spool_text(view.spool) + ledger_text(view.ledger) + warnings_text(view, colours);
}

}  // namespace twinlog
