// The parts of the page, one file each.
#pragma once

#include "agent/observe/health_facts.h"
#include "agent/observe/metric_page.h"
#include "agent/observe/observed.h"

namespace twinlog {

void add_intake_metrics(MetricPage& page, const IntakeCounters& counters);
void add_spool_metrics(MetricPage& page, const FrontDoorCounters& door, const SpoolStats& stats);
/// Of those stores that are turned on.
void add_store_metrics(MetricPage& page, const Observed& observed, const HealthFacts& facts);
void add_ledger_metrics(MetricPage& page, const HealthFacts& facts);
void add_process_metrics(MetricPage& page);

}  // namespace twinlog
