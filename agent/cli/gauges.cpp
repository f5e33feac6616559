#include "agent/cli/gauges.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "ledger/base/quantity_words.h"

namespace twinlog {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::size_t kNameColumns = 10;
constexpr std::size_t kShortestBar = 8;
constexpr std::size_t kLongestBar = 32;
constexpr double kLagOfFullBar = 3600;
constexpr double kLagThatIsNoticed = 10;
constexpr double kLagThatIsTrouble = 300;
constexpr double kFillThatIsNoticed = 0.7;
constexpr double kFillThatIsTrouble = 0.9;

Colour colour_of(double value, double noticed, double trouble) {
  return value >= trouble ? Colour::kRed : value >= noticed ? Colour::kYellow : Colour::kGreen;
}

/// What was counted between two looks, for each second of it; nothing where the count began anew.
std::optional<double> rate(std::uint64_t now, std::uint64_t before, Seconds time) {
  return time.count() > 0 && now >= before ? std::optional(static_cast<double>(now - before) / time.count())
                                           : std::nullopt;
}

std::string rate_words(std::optional<double> rate, std::string_view of) {
  return rate ? grouped(static_cast<std::uint64_t>(std::llround(*rate))) + " " + std::string(of) + "/s" : "";
}

class Gauges {
 public:
  Gauges(std::size_t columns, Colours colours)
      : columns_(columns), bar_(std::clamp(columns / 3, kShortestBar, kLongestBar)), colours_(colours) {}

  void words(std::string_view name, const std::string& words) { line(name, "", words); }

  /// `share` of 1.
  void bar(std::string_view name, double share, Colour colour, const std::string& words) {
    const auto full = static_cast<std::size_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(bar_)));
    line(name, "[" + coloured(std::string(full, '#'), colour, colours_) + std::string(bar_ - full, '.') + "] ", words);
  }
  std::string take() { return std::move(text_); }

 private:
  /// The words are cut where they do not fit.
  void line(std::string_view name, const std::string& bar, const std::string& words) {
    std::string begin(name.substr(0, kNameColumns - 1));
    begin.resize(kNameColumns, ' ');
    const std::size_t used = kNameColumns + (bar.empty() ? 0 : bar_ + 3);
    text_ += begin + bar + words.substr(0, columns_ > used ? columns_ - used : 0) + "\n";
  }

  std::size_t columns_;
  std::size_t bar_;
  Colours colours_;
  std::string text_;
};

const HealthView::Store* store_of(const HealthView& view, const std::string& name) {
  const auto place =
      std::ranges::find_if(view.stores, [&name](const HealthView::Store& store) { return store.name == name; });
  return place == view.stores.end() ? nullptr : &*place;
}

void add_store(Gauges& gauges, const HealthView::Store& now, const HealthView::Store* before, Seconds time) {
  const double lag = now.backlog_events > 0 ? now.oldest_age_seconds.value_or(0) : 0;
  const std::string delivered =
      before == nullptr ? "" : rate_words(rate(now.delivered, before->delivered, time), "delivered");
  gauges.bar(now.name, std::log1p(lag) / std::log1p(kLagOfFullBar),
             colour_of(lag, kLagThatIsNoticed, kLagThatIsTrouble),
             "lag " + time_words(Seconds(lag)) + ", " + grouped(now.backlog_events) + " waiting" +
                 (delivered.empty() ? "" : ", " + delivered) + (now.is_connected ? "" : ", away"));
}

void add_spool(Gauges& gauges, const HealthView::Spool& spool) {
  const double share =
      spool.max_bytes > 0 ? static_cast<double>(spool.size_bytes) / static_cast<double>(spool.max_bytes) : 0;
  gauges.bar("spool", share, colour_of(share, kFillThatIsNoticed, kFillThatIsTrouble),
             std::to_string(static_cast<std::uint64_t>(share * 100)) + " % of " + bytes_words(spool.max_bytes) +
                 (spool.full_in_seconds ? ", full in " + time_words(Seconds(*spool.full_in_seconds)) : ""));
}

}  // namespace

std::string gauges_text(const Look& now, const std::optional<Look>& before, std::size_t columns, Colours colours) {
  Gauges gauges(columns, colours);
  const Seconds time = before ? now.at - before->at : Seconds(0);
  const auto taken = before ? rate(now.view.ledger.leaves, before->view.ledger.leaves, time) : std::optional<double>();
  gauges.words("taken", taken ? rate_words(taken, "events") : "a rate needs a second look");
  for (const HealthView::Store& store : now.view.stores) {
    if (store.is_enabled) {
      add_store(gauges, store, before ? store_of(before->view, store.name) : nullptr, time);
    }
  }
  add_spool(gauges, now.view.spool);
  return gauges.take() + "\n";
}

}  // namespace twinlog
