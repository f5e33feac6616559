#include "agent/main/agent.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "agent/main/activation.h"
#include "agent/main/delivery.h"
#include "agent/main/process_limits.h"
#include "agent/main/signals.h"
#include "agent/main/volume.h"
#include "agent/main/worker.h"
#include "agent/observe/pages.h"
#include "config/reload.h"
#include "ledger/base/kill_point.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/postgres/postgres_store.h"
#include "spool/rocks_spool.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kMaintainEvery{1000};
constexpr milliseconds kMostEagerProbe{1000};
constexpr milliseconds kLaziestProbe{10'000};
constexpr milliseconds kAnswerGrace{5000};
constexpr milliseconds kLook{20};          // How often the drain looks whether it is done.
constexpr milliseconds kStuckGrace{1000};  // What a courier in a blocking call gets after the deadline.

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    text.append(text.empty() ? "" : ", ").append(word);
  }
  return text;
}

class Agent {
 public:
  Agent(const Settings& settings, rlim_t open_files, LeveledLog& log, std::function<LoadedSettings()> load)
      : settings_(settings), open_files_(open_files), log_(log), load_(std::move(load)) {}

  Status start(const std::map<std::string, std::string>& environment);
  int run_until_stopped();

 private:
  Status open_spool();
  void add_stores();
  void add_store(StoreId id, const StoreSettings& settings, std::unique_ptr<Store> store);
  void start_front_door();
  Status start_intake(const std::map<std::string, std::string>& environment);
  EventReaderSettings reader_settings() const;
  CourierPace pace_of(const StoreSettings& store) const;
  milliseconds write_step();
  void say_started();
  void reload();
  void take_over(const Settings& settings);
  void drain();
  bool is_drained() const;
  std::uint64_t left() const;
  int end();
  void report_left(std::uint64_t count);

  Settings settings_;
  const rlim_t open_files_;
  LeveledLog& log_;
  const std::function<LoadedSettings()> load_;
  SystemClock clock_;
  SystemRandom random_;
  Observed observed_{clock_};
  Pages pages_{observed_};
  std::unique_ptr<AdminServer> admin_;
  std::unique_ptr<Spool> spool_;
  bool is_ephemeral_ = false;
  std::vector<std::unique_ptr<Delivery>> deliveries_;
  Wakeup writer_wakeup_;
  std::unique_ptr<FrontDoor> front_door_;
  std::unique_ptr<Worker> writer_;
  std::chrono::steady_clock::time_point maintained_at_{};
  bool is_maintaining_badly_ = false;
  IntakeCounters intake_counters_;
  std::unique_ptr<IntakeServer> intake_;
};

Status Agent::start(const std::map<std::string, std::string>& environment) {
  if (!settings_.admin.listen.empty()) {
    auto admin = start_admin_server(settings_.admin.listen, pages_);
    if (!admin) {
      return admin.error();
    }
    admin_ = std::move(*admin);
  }
  if (Status opened = open_spool(); !opened.ok()) {
    return opened;
  }
  add_stores();
  start_front_door();
  if (Status started = start_intake(environment); !started.ok()) {
    return started;
  }
  observed_.ready_when_full = settings_.admin.ready_when_full;
  observed_.spool = spool_.get();
  observed_.front_door = front_door_.get();
  observed_.intake = intake_.get();
  observed_.intake_counters = &intake_counters_;
  for (const auto& delivery : deliveries_) {
    observed_.couriers.push_back(&delivery->courier);
    delivery->worker.start();
  }
  observed_.phase.store(Phase::kRunning);
  say_started();
  return {};
}

Status Agent::open_spool() {
  std::ifstream mounts("/proc/self/mountinfo");
  const std::string mountinfo{std::istreambuf_iterator<char>(mounts), {}};
  is_ephemeral_ = is_ephemeral(settings_.spool.volume, settings_.spool.path, mountinfo);
  if (is_ephemeral_) {
    log_.line(LogLevel::kWarning, "spool_volume_ephemeral",
              "the spool lies on a volume that goes with the pod: events not delivered when it goes are lost",
              {{"path", settings_.spool.path}});
  }
  RocksSpoolSettings spool{.path = settings_.spool.path, .agent = settings_.agent.name};
  spool.max_bytes = settings_.spool.max_bytes;
  spool.keep_delivered = settings_.spool.keep_delivered;
  spool.compression = settings_.spool.compress ? SpoolCompression::kLz4 : SpoolCompression::kNone;
  spool.stores.clear();
  if (settings_.postgres.enabled) {
    spool.stores.push_back(StoreId::kPostgres);
  }
  if (settings_.mongodb.enabled) {
    spool.stores.push_back(StoreId::kMongodb);
  }
  auto opened = open_rocks_spool(spool, random_, clock_);
  if (!opened) {
    return opened.error();
  }
  spool_ = std::move(*opened);
  if (const std::uint64_t possible = spool_->stats().max_bytes; possible < settings_.spool.max_bytes) {
    log_.line(LogLevel::kWarning, "spool_volume_small",
              "the volume is smaller than spool.max_bytes: the spool is full when the volume is",
              {{"path", settings_.spool.path},
               {"max_bytes", std::to_string(settings_.spool.max_bytes)},
               {"volume_bytes", std::to_string(possible)}});
  }
  return {};
}

void Agent::add_stores() {
  const Uuid epoch = spool_->identity().epoch_id;
  add_store(
      StoreId::kPostgres, settings_.postgres,
      make_postgres_store({.store = settings_.postgres, .epoch_id = epoch, .agent = settings_.agent.name}, clock_));
  add_store(StoreId::kMongodb, settings_.mongodb,
            make_mongodb_store({.store = settings_.mongodb, .epoch_id = epoch, .agent = settings_.agent.name}, clock_,
                               random_));
}

void Agent::add_store(StoreId id, const StoreSettings& settings, std::unique_ptr<Store> store) {
  if (!settings.enabled) {
    log_.line(LogLevel::kWarning, "store_disabled", "this store is turned off: there is no second copy",
              {{"store", std::string(store_name(id))}});
    return;
  }
  if (const auto since = spool_->stats().incomplete_since.at(static_cast<std::size_t>(id))) {
    log_.line(LogLevel::kError, "store_incomplete",
              "this store once lost more than the spool still had: it may lack events accepted since the time given; "
              "refill it from the other store",
              {{"store", std::string(store_name(id))}, {"incomplete_since", utc_text(*since)}});
  }
  const CourierSettings courier{
      .store = id,
      .pace = pace_of(settings),
      .probe = std::clamp(settings_.spool.keep_delivered / 3, kMostEagerProbe, kLaziestProbe)};
  deliveries_.push_back(
      std::make_unique<Delivery>(courier, std::move(store), Surroundings{*spool_, clock_, random_, log_}));
}

CourierPace Agent::pace_of(const StoreSettings& store) const {
  return {.batch_events = store.batch_events,
          .linger = store.linger,
          .backoff = {.first = settings_.retry.first, .most = settings_.retry.most}};
}

EventReaderSettings Agent::reader_settings() const {
  return {.max_event = settings_.intake.max_event,
          .default_tenant = settings_.agent.default_tenant,
          .allow_tenants = settings_.intake.allow_tenants,
          .log_id_key = spool_->identity().log_id_key};
}

void Agent::start_front_door() {
  const auto wake_couriers = [this] {
    for (const auto& delivery : deliveries_) {
      delivery->wakeup.wake();
    }
  };
  front_door_ = std::make_unique<FrontDoor>(
      reader_settings(),
      FrontDoor::Parts{
          .spool = *spool_, .clock = clock_, .log = log_, .wait = writer_wakeup_, .on_accepted = wake_couriers});
  writer_ = std::make_unique<Worker>(writer_wakeup_, [this] { return write_step(); });
  observed_.writer_tick.store(clock_.steady_now());
  writer_->start();
}

milliseconds Agent::write_step() {
  const bool has_more = front_door_->step();
  const auto now = clock_.steady_now();
  observed_.writer_tick.store(now);
  if (now - maintained_at_ >= kMaintainEvery) {
    maintained_at_ = now;
    const Status maintained = spool_->maintain(now);
    if (!maintained.ok() && !is_maintaining_badly_) {
      log_.line(LogLevel::kError, "spool_maintenance_failed", "the spool cannot be trimmed or measured",
                {{"reason", maintained.error().message()}});
    }
    is_maintaining_badly_ = !maintained.ok();
  }
  return has_more ? milliseconds{0} : kMaintainEvery;
}

Status Agent::start_intake(const std::map<std::string, std::string>& environment) {
  IntakeLimits limits;
  const std::size_t wanted = std::exchange(limits.connections, connections_within(open_files_, limits.connections));
  if (limits.connections < wanted) {
    log_.line(LogLevel::kWarning, "few_open_files",
              "the limit of open files lets fewer senders connect at once than twinlog would take; raise LimitNOFILE",
              {{"open_files", std::to_string(open_files_)}, {"connections", std::to_string(limits.connections)}});
  }
  auto intake =
      start_intake_server(settings_.intake, limits, *front_door_, intake_counters_, activated_sockets(environment));
  if (!intake) {
    return intake.error();
  }
  intake_ = std::move(*intake);
  return {};
}

void Agent::say_started() {
  log_.line(LogLevel::kInfo, "started", "taking events",
            {{"version", std::string(twinlog_version())},
             {"agent", settings_.agent.name},
             {"socket", settings_.intake.unix_socket.path},
             {"http", intake_->http_address().empty() ? settings_.intake.http.listen : intake_->http_address()},
             {"admin", admin_ ? admin_->address() : "off"},
             {"spool", settings_.spool.path},
             {"epoch", uuid_text(spool_->identity().epoch_id)},
             {"waiting", std::to_string(left())}});
}

int Agent::run_until_stopped() {
  for (;;) {
    const auto signal = wait_for_signal(seconds{60});
    if (signal == Signal::kStop) {
      break;
    }
    if (signal == Signal::kReload) {
      reload();
    }
  }
  drain();
  return end();
}

void Agent::reload() {
  const LoadedSettings loaded = load_();
  for (const ConfigMistake& mistake : loaded.mistakes) {
    log_.line(LogLevel::kError, "reload_mistake", mistake.what, {{"where", mistake.where}});
  }
  if (!loaded.mistakes.empty()) {
    log_.line(LogLevel::kError, "reload_refused", "the configuration has mistakes; the running settings stay",
              {{"mistakes", std::to_string(loaded.mistakes.size())}});
    return;
  }
  const Reload plan = plan_reload(settings_, loaded.settings);
  take_over(plan.settings);
  if (!plan.need_restart.empty()) {
    log_.line(LogLevel::kWarning, "reload_needs_restart", "these settings changed and hold after the next start",
              {{"keys", joined(plan.need_restart)}});
  }
  log_.line(LogLevel::kInfo, "reloaded",
            plan.taken.empty()
                ? "no setting that a running agent takes over has changed; secrets in files are read anew "
                  "whenever they change"
                : "these settings hold from now on",
            {{"keys", joined(plan.taken)}});
}

void Agent::take_over(const Settings& settings) {
  settings_ = settings;
  log_.set_level(settings_.log.level);
  observed_.ready_when_full = settings_.admin.ready_when_full;
  front_door_->set_reader(reader_settings());
  intake_->set_allowed_peers(settings_.intake.unix_socket.allow_uids, settings_.intake.unix_socket.allow_gids);
  for (const auto& delivery : deliveries_) {
    const bool is_postgres = delivery->courier.store() == StoreId::kPostgres;
    delivery->courier.set_pace(pace_of(is_postgres ? settings_.postgres : settings_.mongodb));
    delivery->wakeup.wake();
  }
}

void Agent::drain() {
  const auto deadline = clock_.steady_now() + settings_.agent.drain_timeout;
  observed_.phase.store(Phase::kStopping);
  log_.line(LogLevel::kInfo, "draining", "no new events; delivering what waits",
            {{"waiting", std::to_string(left())},
             {"drain_timeout_ms", std::to_string(settings_.agent.drain_timeout.count())}});
  for (const auto& delivery : deliveries_) {
    delivery->courier.set_draining();
    delivery->wakeup.wake();
  }
  TWINLOG_KILL_POINT("agent.draining");
  intake_->stop(std::min(kAnswerGrace, settings_.agent.drain_timeout));
  while (!is_drained() && clock_.steady_now() < deadline) {
    if (wait_for_signal(kLook) == Signal::kStop) {
      log_.line(LogLevel::kWarning, "drain_cut_short", "asked to stop a second time: stopping now");
      break;
    }
  }
}

bool Agent::is_drained() const {
  return std::ranges::all_of(deliveries_, [](const auto& delivery) { return delivery->courier.backlog() == 0; });
}

std::uint64_t Agent::left() const {
  std::uint64_t most = 0;
  for (const auto& delivery : deliveries_) {
    most = std::max(most, delivery->courier.backlog());
  }
  return most;
}

int Agent::end() {
  if (admin_) {
    admin_->stop();
  }
  for (const auto& delivery : deliveries_) {
    delivery->worker.ask_to_stop();
  }
  const auto deadline = clock_.steady_now() + kStuckGrace;
  const auto all_ended = [this] {
    return std::ranges::all_of(deliveries_, [](const auto& delivery) { return delivery->worker.has_ended(); });
  };
  while (!all_ended() && clock_.steady_now() < deadline) {
    wait_for_signal(kLook);
  }
  TWINLOG_KILL_POINT("agent.couriers_ended");
  writer_->stop();
  if (const Status synced = spool_->sync(); !synced.ok()) {
    log_.line(LogLevel::kError, "spool_sync_failed", "the last cursors may not be on disk; events will be sent again",
              {{"reason", synced.error().message()}});
  }
  const std::uint64_t count = left();
  report_left(count);
  const int code = count > 0 && is_ephemeral_ ? 1 : 0;
  if (!all_ended()) {
    // A courier is still inside a blocking call of its store. Everything that matters is synced: leave without it.
    _exit(code);
  }
  return code;
}

void Agent::report_left(std::uint64_t count) {
  const std::string words = count == 0
                                ? "stopped; both stores have everything"
                                : "stopped; events are left in the spool and will be delivered by the next start";
  log_.line(count == 0 || !is_ephemeral_ ? LogLevel::kInfo : LogLevel::kError, "stopped", words,
            {{"left", std::to_string(count)}, {"spool", settings_.spool.path}});
  if (access("/dev/termination-log", W_OK) == 0) {
    std::ofstream("/dev/termination-log") << "twinlog: " << words << " left=" << count << "\n";
  }
}

}  // namespace

int run_agent(const Settings& settings, const std::map<std::string, std::string>& environment, LeveledLog& log,
              const std::function<LoadedSettings()>& load) {
  Agent agent(settings, set_process_limits(), log, load);
  if (const Status started = agent.start(environment); !started.ok()) {
    log.line(LogLevel::kError, "start_failed", started.error().message());
    return 1;
  }
  return agent.run_until_stopped();
}

}  // namespace twinlog
