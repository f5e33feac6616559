#include "agent/main/opening.h"

#include <chrono>
#include <csignal>
#include <fstream>
#include <future>
#include <iterator>

#include "agent/main/signals.h"
#include "agent/main/stopping.h"
#include "agent/main/volume.h"
#include "ledger/base/thread_name.h"
#include "spool/rocks_spool.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{20};
constexpr milliseconds kTellEvery{1000};  // How often the service manager hears that the start goes on.
constexpr milliseconds kTellFor{15'000};  // What each time is asked for.
constexpr milliseconds kStopGrace{5000};  // What the opening gets to end by itself once a stop was asked for.

Status open_now(AgentParts& parts) {
  std::ifstream mounts("/proc/self/mountinfo");
  const std::string mountinfo{std::istreambuf_iterator<char>(mounts), {}};
  const std::string why =
      why_ephemeral(parts.settings.spool.volume, resolved_path(parts.settings.spool.path), mountinfo);
  parts.is_ephemeral = !why.empty();
  if (parts.is_ephemeral) {
    parts.log.line(LogLevel::kWarning, "spool_volume_ephemeral",
                   "the spool lies on a volume that goes with the pod: events not delivered when it goes are lost",
                   {{"path", parts.settings.spool.path}, {"why", why}});
  }
  auto opened = open_rocks_spool(rocks_settings(parts.settings), parts.random, parts.clock);
  if (!opened) {
    return opened.error();
  }
  parts.spool = std::move(*opened);
  if (const std::uint64_t possible = parts.spool->stats().max_bytes; possible < parts.settings.spool.max_bytes) {
    parts.log.line(LogLevel::kWarning, "spool_volume_small",
                   "the volume is smaller than spool.max_bytes: the spool is full when the volume is",
                   {{"path", parts.settings.spool.path},
                    {"max_bytes", std::to_string(parts.settings.spool.max_bytes)},
                    {"volume_bytes", std::to_string(possible)}});
  }
  return {};
}

}  // namespace

RocksSpoolSettings rocks_settings(const Settings& settings) {
  RocksSpoolSettings spool{.path = settings.spool.path, .agent = settings.agent.name};
  spool.max_bytes = settings.spool.max_bytes;
  spool.dead_letters_max = spool_room(settings.spool).dead_letters_max;
  spool.keep_delivered = settings.spool.keep_delivered;
  spool.compression = settings.spool.compress ? SpoolCompression::kLz4 : SpoolCompression::kNone;
  spool.stores.clear();
  if (settings.postgres.enabled) {
    spool.stores.push_back(StoreId::kPostgres);
  }
  if (settings.mongodb.enabled) {
    spool.stores.push_back(StoreId::kMongodb);
  }
  return spool;
}

Status open_spool(AgentParts& parts, const ServiceManager& manager) {
  std::future<Status> opened = std::async(std::launch::async, [&parts] {
    name_this_thread("rocksdb");  // Threads that RocksDB starts and does not name inherit it.
    return open_now(parts);
  });
  auto next = parts.clock.steady_now() + kTellEvery;
  while (opened.wait_for(kLook) != std::future_status::ready) {  // Not for the signal: a start ends when it is open.
    if (wait_for_stop(milliseconds{0})) {
      if (opened.wait_for(kStopGrace) != std::future_status::ready) {
        stop_while_opening(parts);
      }
      std::raise(SIGTERM);  // It opened after all: the agent stops as it always does, as soon as it has started.
      break;
    }
    if (const auto now = parts.clock.steady_now(); now >= next) {
      next = now + kTellEvery;
      manager.extend_timeout(kTellFor, "Opening the spool");
    }
  }
  return opened.get();
}

}  // namespace twinlog
