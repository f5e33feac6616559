// /metrics: Prometheus text of what the parts count (prometheus-cpp's registry and serializer). No label ever holds a
// tenant, a user or an address; every label set exists from the start.
#pragma once

#include <memory>
#include <string>

#include "agent/observe/observed.h"

namespace twinlog {

/// One thread.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// Brings the registry up to the counts of `observed` (whose phase is past kStarting) and writes it out.
  std::string text(const Observed& observed);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace twinlog
