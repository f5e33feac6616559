// Builds the Prometheus text of one moment (prometheus-cpp's families and serializer).
#pragma once

#include <prometheus/metric_family.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "ledger/base/histogram.h"

namespace twinlog {

inline constexpr double kMicrosPerSecond = 1e6;

class MetricPage {
 public:
  using Labels = std::vector<prometheus::ClientMetric::Label>;  ///< Sorted by name.

  /// A name with its help, to which values are added. Valid until the page goes.
  class Family {
   public:
    Family& add(double value, Labels labels = {});
    Family& add(std::uint64_t value, Labels labels = {}) { return add(static_cast<double>(value), std::move(labels)); }
    Family& add(bool value, Labels labels = {}) { return add(value ? 1.0 : 0.0, std::move(labels)); }
    /// Of a histogram; `units` of its values make one of the page's: 1e6 for microseconds.
    Family& add(const HistogramReading& reading, double units, Labels labels = {});

   private:
    friend class MetricPage;
    explicit Family(prometheus::MetricFamily& family) : family_(family) {}
    prometheus::MetricFamily& family_;
  };

  Family counter(std::string name, std::string help);
  Family gauge(std::string name, std::string help);
  Family histogram(std::string name, std::string help);

  std::string text() const;

 private:
  Family begin(std::string name, std::string help, prometheus::MetricType type);

  std::deque<prometheus::MetricFamily> families_;  // Not a vector: each stays where it is.
};

}  // namespace twinlog
