#include "agent/observe/metric_page.h"

#include <prometheus/text_serializer.h>

#include <limits>

namespace twinlog {

using prometheus::ClientMetric;
using prometheus::MetricType;

MetricPage::Family& MetricPage::Family::add(double value, Labels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (family_.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family_.metric.push_back(std::move(metric));
  return *this;
}

MetricPage::Family& MetricPage::Family::add(const HistogramReading& reading, double units, Labels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  std::uint64_t count = 0;
  for (std::size_t place = 0; place < reading.counts.size(); ++place) {
    count += reading.counts[place];
    const double bound = place < reading.bounds.size() ? static_cast<double>(reading.bounds[place]) / units
                                                       : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({count, bound});
  }
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = static_cast<double>(reading.sum) / units;
  family_.metric.push_back(std::move(metric));
  return *this;
}

MetricPage::Family MetricPage::counter(std::string name, std::string help) {
  return begin(std::move(name), std::move(help), MetricType::Counter);
}

MetricPage::Family MetricPage::gauge(std::string name, std::string help) {
  return begin(std::move(name), std::move(help), MetricType::Gauge);
}

MetricPage::Family MetricPage::histogram(std::string name, std::string help) {
  return begin(std::move(name), std::move(help), MetricType::Histogram);
}

MetricPage::Family MetricPage::begin(std::string name, std::string help, MetricType type) {
  prometheus::MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = type;
  families_.push_back(std::move(family));
  return Family(families_.back());
}

std::string MetricPage::text() const {
  return prometheus::TextSerializer().Serialize({families_.begin(), families_.end()});
}

}  // namespace twinlog
