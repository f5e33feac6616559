// Of this process, as the kernel tells (proc(5), getrlimit(2), getrusage(2)). NaN where it does not.
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "agent/observe/metrics_parts.h"

namespace twinlog {
namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

/// The number behind `name` in a file of lines "name number"; also "name: number".
double number_in(const char* path, const std::string& name) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    double number = 0;
    if (word == name && file >> number) {
      return number;
    }
  }
  return kNotKnown;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / kMicrosPerSecond;
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double all = 0;
  double resident = 0;
  return file >> all >> resident ? resident * static_cast<double>(sysconf(_SC_PAGESIZE)) : kNotKnown;
}

double open_descriptors() {
  std::error_code failed;
  const std::filesystem::directory_iterator folder("/proc/self/fd", failed);
  // One is the folder's own.
  return failed ? kNotKnown : static_cast<double>(std::distance(begin(folder), end(folder)) - 1);
}

double most_descriptors() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : kNotKnown;
}

/// Unix time.
double start_time() {
  constexpr int kStartTimePlace = 22;
  constexpr int kFirstPlaceAfterName = 3;
  std::ifstream file("/proc/self/stat");
  file.ignore(std::numeric_limits<std::streamsize>::max(), ')');
  std::string word;
  for (int place = kFirstPlaceAfterName; place < kStartTimePlace; ++place) {
    file >> word;
  }
  double ticks = 0;
  return file >> ticks ? number_in("/proc/stat", "btime") + ticks / static_cast<double>(sysconf(_SC_CLK_TCK))
                       : kNotKnown;
}

}  // namespace

void add_process_metrics(MetricPage& page) {
  page.counter("twinlog_process_cpu_seconds_total", "Processor time that the process has used.").add(cpu_seconds());
  page.gauge("twinlog_process_resident_memory_bytes", "Memory that the process has in RAM.").add(resident_bytes());
  page.gauge("twinlog_process_open_fds", "Files and sockets that are open.").add(open_descriptors());
  page.gauge("twinlog_process_max_fds", "Files and sockets that may be open.").add(most_descriptors());
  page.gauge("twinlog_process_threads", "Threads of the process.").add(number_in("/proc/self/status", "Threads:"));
  page.gauge("twinlog_process_start_time_seconds", "Unix time of the start.").add(start_time());
}

}  // namespace twinlog
