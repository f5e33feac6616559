#include "agent/main/ledger_parts.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "agent/main/agent_parts.h"
#include "agent/main/build_facts.h"
#include "ledger/record/json_writer.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/postgres/postgres_store.h"

namespace twinlog {
namespace {

std::chrono::microseconds boottime() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) +
         std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::nanoseconds(now.tv_nsec));
}

std::string variable_or_host(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody changes the environment any more.
  if (value != nullptr && *value != '\0') {
    return value;
  }
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return host.data();
}

/// Canonical JSON: names in order.
std::string facts_of(const Settings& settings) {
  const std::array<std::pair<std::string_view, std::string>, 4> members = {
      {{"agent", settings.agent.name},
       {"node", variable_or_host("NODE_NAME")},
       {"pod", variable_or_host("POD_NAME")},
       {"version", std::string(twinlog_version())}}};
  std::string json;
  for (const auto& [name, value] : members) {
    json.append(json.empty() ? "{" : ",");
    append_json_string(json, name);
    json.push_back(':');
    append_json_string(json, value);
  }
  return json + "}";
}

AnswerCounts answers_of(const IntakeCounters& counters) {
  AnswerCounts all;
  for (const auto& transport : counters.transports) {
    all.duplicate += transport.duplicate;
    all.conflict += transport.conflict;
    all.rejected += transport.rejected;
    all.busy += transport.busy;
  }
  return all;
}

void add_reader(AgentParts& parts, StoreId store) {
  const Settings& settings = parts.settings;
  const StoreSettings& of_store = store == StoreId::kPostgres ? settings.postgres : settings.mongodb;
  if (!of_store.enabled) {
    return;
  }
  Audited audited{
      .store = store,
      .reader = store == StoreId::kPostgres ? make_postgres_reader(of_store) : make_mongodb_reader(of_store),
      .watch = nullptr};
  if (settings.ledger.self_audit) {
    audited.watch = std::make_unique<LedgerWatch>(LedgerWatch::Parts{.store = store,
                                                                     .reader = *audited.reader,
                                                                     .spool = *parts.spool,
                                                                     .clock = parts.clock,
                                                                     .random = parts.random,
                                                                     .log = parts.log});
  }
  parts.ledger.audited.push_back(std::move(audited));
}

std::unique_ptr<WitnessPool> make_witness_pool(AgentParts& parts, const VerifierKey& enrolment) {
  std::vector<StoreReader*> stores;
  for (const Audited& audited : parts.ledger.audited) {
    stores.push_back(audited.reader.get());
  }
  return std::make_unique<WitnessPool>(
      WitnessPool::Parts{.stores = std::move(stores),
                         .enrolment = [enrolment] { return enrolment; },
                         .is_our_own =
                             [&parts](const Uuid& epoch_id) {
                               const std::vector<SpoolEpoch> own = parts.spool->epochs();
                               return std::ranges::find(own, epoch_id, &SpoolEpoch::id) != own.end();
                             },
                         .clock = parts.clock,
                         .random = parts.random});
}

std::vector<Witness> witnesses_of(LedgerParts& ledger) {
  return ledger.witnesses == nullptr ? std::vector<Witness>() : ledger.witnesses->take();
}

NotarySettings notary_settings(const Settings& settings) {
  return {.origin = settings.ledger.origin,
          .agent = settings.agent.name,
          .facts = facts_of(settings),
          .pace = {.checkpoint_every = settings.ledger.checkpoint_every, .idle_every = settings.ledger.idle_every},
          .is_store_enabled = {settings.postgres.enabled, settings.mongodb.enabled}};
}

}  // namespace

Status take_enrolment_key(AgentParts& parts) {
  const std::string& file = parts.settings.ledger.enrolment_key_file;
  if (file.empty()) {
    return {};
  }
  Result<SigningKey> key = read_enrolment_key(file);
  if (!key) {
    return key.error();
  }
  parts.ledger.enrolment_key = std::move(*key);
  return {};
}

void start_notary(AgentParts& parts) {
  LedgerParts& ledger = parts.ledger;
  add_reader(parts, StoreId::kPostgres);
  add_reader(parts, StoreId::kMongodb);
  const bool is_throw_away = !ledger.enrolment_key;
  SigningKey key = is_throw_away ? throw_away_key(parts.settings.ledger.origin, parts.spool->identity())
                                 : std::move(*std::exchange(ledger.enrolment_key, std::nullopt));
  if (!is_throw_away) {
    ledger.witnesses = make_witness_pool(parts, key.verifier());
  }
  ledger.notary =
      std::make_unique<Notary>(notary_settings(parts.settings),
                               Enrolment(is_throw_away ? "" : parts.settings.ledger.enrolment_key_file, std::move(key)),
                               Notary::Parts{.spool = *parts.spool,
                                             .clock = parts.clock,
                                             .boottime = boottime,
                                             .random = parts.random,
                                             .log = parts.log,
                                             .answers = [&parts] { return answers_of(parts.intake_counters); },
                                             .witnesses = [&ledger] { return witnesses_of(ledger); },
                                             .on_signed = [&parts] { wake_couriers(parts); },
                                             .wake = [&parts] { parts.writer_wakeup.wake(); }});
  // Where the disk refuses, what waits is delivered all the same: the notary tries again before anything is taken.
  static_cast<void>(ledger.notary->begin());
}

void start_audit(AgentParts& parts) {
  LedgerParts& ledger = parts.ledger;
  ledger.auditor = std::make_unique<Worker>("ledger-watch", ledger.audit_wakeup, [&ledger] {
    std::chrono::milliseconds wait = LedgerWatch::kRound;
    for (const Audited& audited : ledger.audited) {
      wait = audited.watch == nullptr ? wait : std::min(wait, audited.watch->step());
    }
    return ledger.witnesses == nullptr ? wait : std::min(wait, ledger.witnesses->step());
  });
  ledger.auditor->start();
}

LedgerWatch* watch_of(AgentParts& parts, StoreId store) {
  const auto found = std::ranges::find(parts.ledger.audited, store, &Audited::store);
  return found == parts.ledger.audited.end() ? nullptr : found->watch.get();
}

}  // namespace twinlog
