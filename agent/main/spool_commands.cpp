#include "agent/main/spool_commands.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <utility>

#include "agent/cli/dead_letters_command.h"
#include "agent/cli/repair_command.h"
#include "agent/cli/spool_command.h"
#include "agent/main/exit_code.h"
#include "agent/main/opening.h"
#include "agent/main/reloading.h"
#include "agent/main/replay.h"
#include "agent/main/secret_variables.h"
#include "agent/main/signals.h"
#include "agent/observe/stderr_log.h"
#include "config/value_shapes.h"
#include "ledger/base/wakeup.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/postgres/postgres_store.h"
#include "spool/rocks_spool.h"

namespace twinlog {
namespace {

constexpr std::array<std::string_view, 2> kAsksSpool{"admin", "spool"};

/// Where the spool is, and how it is opened to be changed. Outlives what it opens.
struct SpoolAtHand {
  SpoolPlaces at;
  Settings settings;
  SystemClock clock;
  SystemRandom random;
  Wakeup pauses;
};

/// Nothing after the mistakes of the configuration were explained.
std::unique_ptr<SpoolAtHand> spool_at_hand(const OperatorLine& line) {
  auto hand = std::make_unique<SpoolAtHand>();
  if (line.folder) {
    hand->at.path = *line.folder;
    hand->at.path.erase(hand->at.path.find_last_not_of('/') + 1);
    return hand;
  }
  auto settings = settings_of(line, kAsksSpool);
  if (!settings) {
    return nullptr;
  }
  hand->settings = std::move(*settings);
  hand->at.socket = line.socket.value_or(hand->settings.admin.socket);
  hand->at.path = line.socket ? "" : hand->settings.spool.path;
  hand->at.has_postgres = hand->settings.postgres.enabled;
  hand->at.has_mongodb = hand->settings.mongodb.enabled;
  return hand;
}

RocksSpoolSettings settings_at(const SpoolAtHand& hand, const std::string& path) {
  RocksSpoolSettings spool = rocks_settings(hand.settings);
  spool.path = path;
  return spool;
}

std::unique_ptr<Store> make_store(StoreId store, const Settings& settings, SpoolAtHand& hand) {
  if (store == StoreId::kPostgres) {
    return make_postgres_store({.store = settings.postgres, .agent = settings.agent.name}, hand.clock);
  }
  return make_mongodb_store({.store = settings.mongodb, .agent = settings.agent.name}, hand.clock, hand.random,
                            hand.pauses);
}

/// The whole configuration is read only here: nothing else needs the stores' secrets.
Result<std::unique_ptr<Store>> connect_store(StoreId id, const Spool& spool, const ConfigFile& config,
                                             SpoolAtHand& hand) {
  const auto loaded = load_or_explain(config.path, process_environment(), std::cerr);
  const std::string name(store_name(id));
  if (!loaded) {
    return Error(ErrorKind::kRefused, "the configuration does not say where the stores are");
  }
  if (!(id == StoreId::kPostgres ? loaded->settings.postgres : loaded->settings.mongodb).enabled) {
    return Error(ErrorKind::kRefused, name + " is turned off in the configuration: nothing can be replayed to it");
  }
  std::unique_ptr<Store> store = make_store(id, loaded->settings, hand);
  std::vector<Uuid> epochs;
  for (const SpoolEpoch& epoch : spool.epochs()) {
    epochs.push_back(epoch.id);
  }
  if (const auto connected = store->connect(epochs); !connected) {
    return Error(ErrorKind::kTransient, name + ": " + connected.error().words);
  }
  return store;
}

SpoolOpening opening_of(const OperatorLine& line, SpoolAtHand& hand) {
  return {.open =
              [&hand](const std::string& path) {
                auto opened = open_rocks_spool(settings_at(hand, path), hand.random, hand.clock);
                for (const std::string& words : opened ? (*opened)->take_warnings() : std::vector<std::string>()) {
                  std::cerr << "twinlog: " << words << "\n";
                }
                return opened;
              },
          .connect = [&line, &hand](StoreId store,
                                    const Spool& spool) { return connect_store(store, spool, line.config, hand); }};
}

/// "root (uid 0)"
std::string caller() {
  const uid_t uid = ::getuid();
  const passwd* const user = ::getpwuid(uid);  // NOLINT(concurrency-mt-unsafe): no other thread yet.
  return std::string(user == nullptr ? "unknown" : user->pw_name) + " (uid " + std::to_string(uid) + ")";
}

bool explain(const std::string& words) {
  std::cerr << "twinlog: " << words << "\n";
  return false;
}

bool read_selection(const LetterLine& line, LetterSelection& selection) {
  for (const std::string& text : line.ids) {
    const auto id = letter_id_from(text);
    if (!id) {
      return explain("--id is a leaf, or TENANT/LOG_ID");
    }
    selection.ids.push_back(*id);
  }
  if (line.store && !(selection.store = store_named(*line.store))) {
    return explain("--store is postgres or mongodb");
  }
  if (line.older_than && !(selection.older_than = parse_duration(*line.older_than))) {
    return explain("--older-than is a whole number and one of ms, s, m, h, for instance 24h");
  }
  selection.code = line.code;
  return true;
}

bool is_reason(const std::string& reason) {
  const std::string_view wanted = check_reason(reason);
  return wanted.empty() || explain("--reason is " + std::string(wanted));
}

int run_letters(const OperatorLine& line, int (*run)(const LettersOptions&, const OperatorIo&)) {
  LettersOptions options;
  options.is_json = line.is_json;
  options.reason = line.letters.reason;
  const auto most = parse_duration(line.letters.timeout);
  if (!most) {
    explain("--timeout is a whole number and one of ms, s, m, h, for instance 20s");
    return kExitUsage;
  }
  if (!read_selection(line.letters, options.selection)) {
    return kExitUsage;
  }
  const auto hand = spool_at_hand(line);
  if (hand == nullptr) {
    return kExitConfiguration;
  }
  options.at = hand->at;
  options.opening = opening_of(line, *hand);
  options.who = caller();
  options.most = *most;
  block_signals();
  return run(options, own_io(hand->clock));
}

}  // namespace

int run_spool_status_command(const OperatorLine& line) {
  const auto hand = spool_at_hand(line);
  return hand == nullptr ? kExitConfiguration
                         : run_spool_status({.at = hand->at, .is_json = line.is_json}, own_io(hand->clock));
}

int run_spool_export_command(const OperatorLine& line) {
  const auto hand = spool_at_hand(line);
  return hand == nullptr
             ? kExitConfiguration
             : run_spool_export({.at = hand->at,
                                 .only_waiting = line.only_waiting,
                                 .members = line.for_sending ? VersionMembers::kSendable : VersionMembers::kAll},
                                own_io(hand->clock));
}

int run_spool_replay_command(const OperatorLine& line) {
  block_signals();
  const auto timeout = parse_duration(line.replay_timeout);
  if (!timeout || timeout->count() == 0) {
    explain("--timeout is a whole number above 0 and one of ms, s, m, h, for instance 1h");
    return kExitUsage;
  }
  const auto environment = process_environment();
  auto loaded = load_or_explain(line.config.path, environment, std::cerr);
  if (!loaded) {
    return kExitConfiguration;
  }
  wipe_variables(environ, loaded->secret_variables);
  loaded->settings.spool.path = line.folder.value_or(loaded->settings.spool.path);
  loaded->settings.agent.drain_timeout = *timeout;
  const auto log = make_stderr_log(loaded->settings.log, environment);
  log_warnings(*loaded, *log);
  return run_replay(loaded->settings, environment, *log);
}

int run_spool_check_command(const OperatorLine& line) {
  const auto hand = spool_at_hand(line);
  return hand == nullptr ? kExitConfiguration : run_spool_check(hand->at, own_io(hand->clock));
}

int run_spool_repair_command(const OperatorLine& line) {
  const auto hand = spool_at_hand(line);
  return hand == nullptr
             ? kExitConfiguration
             : run_spool_repair({.at = hand->at, .spool = settings_at(*hand, hand->at.path), .applies = line.applies},
                                hand->random, own_io(hand->clock));
}

int run_spool_acknowledge_command(const OperatorLine& line) {
  const auto lost = leaf_range_from(line.range);
  if (!lost || !is_reason(line.letters.reason)) {
    if (!lost) {
      explain("the range is FIRST-LAST, as `twinlog spool check` prints it");
    }
    return kExitUsage;
  }
  const auto hand = spool_at_hand(line);
  return hand == nullptr ? kExitConfiguration
                         : run_acknowledge({.at = hand->at,
                                            .opening = opening_of(line, *hand),
                                            .lost = *lost,
                                            .who = caller(),
                                            .reason = line.letters.reason},
                                           own_io(hand->clock));
}

int run_letters_list_command(const OperatorLine& line) {
  return run_letters(line, run_letters_list);
}

int run_letters_show_command(const OperatorLine& line) {
  return run_letters(line, run_letters_show);
}

int run_letters_replay_command(const OperatorLine& line) {
  return run_letters(line, run_letters_replay);
}

int run_letters_discard_command(const OperatorLine& line) {
  return is_reason(line.letters.reason) ? run_letters(line, run_letters_discard) : kExitUsage;
}

}  // namespace twinlog
