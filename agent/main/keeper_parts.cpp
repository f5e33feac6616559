#include "agent/main/keeper_parts.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include "agent/keeper/eraser.h"
#include "agent/keeper/pruner.h"
#include "agent/main/agent_parts.h"
#include "agent/main/keeper_stores.h"
#include "ledger/base/uuid.h"
#include "ledger/leaf/leaf.h"
#include "ledger/note/origin.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/postgres/postgres_store.h"

namespace twinlog {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLook{20};
constexpr milliseconds kIdle = std::chrono::hours{1};
constexpr milliseconds kDeliverMost = std::chrono::minutes{5};
constexpr milliseconds kTrimMost = std::chrono::minutes{1};
constexpr std::size_t kLetters = 100;

Error stopping() {
  return {ErrorKind::kTransient, "the agent is stopping"};
}

/// Until the condition holds; `late` is what is wrong where it does not in time.
template <typename Condition>
Status wait_until(AgentParts& parts, Condition holds, milliseconds most, const Error& late) {
  const auto deadline = parts.clock.steady_now() + most;
  while (!holds()) {
    if (parts.observed.phase.load() == Phase::kStopping) {
      return stopping();
    }
    if (parts.clock.steady_now() >= deadline) {
      return late;
    }
    parts.keeper.pauses.wait_for(kLook);
  }
  return {};
}

std::string stores_behind(const AgentParts& parts, std::uint64_t number) {
  std::string names;
  for (const auto& delivery : parts.deliveries) {
    const StoreId store = delivery->courier.store();
    if (parts.spool->cursor(store) < number) {
      names += (names.empty() ? "" : " and ") + std::string(store_name(store));
    }
  }
  return names;
}

Status wait_delivered(AgentParts& parts, std::uint64_t number) {
  wake_couriers(parts);
  Status waited =
      wait_until(parts, [&] { return stores_behind(parts, number).empty(); }, kDeliverMost,
                 {ErrorKind::kTransient, "a store did not take within five minutes what this agent has for it"});
  return waited;
}

Status declare(AgentParts& parts, std::vector<LeafContent> leaves) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const bool is_last = i + 1 == leaves.size();
    Notary& notary = *parts.ledger.notary;
    const Result<Notary::Placed> placed = is_last ? notary.declare_covered(std::move(leaves[i]), Notary::kDeclareMost)
                                                  : notary.declare(std::move(leaves[i]), Notary::kDeclareMost);
    if (!placed) {
      return placed.error();
    }
    number = placed->number;
  }
  return wait_delivered(parts, number);
}

Result<std::set<EventKey>> dead_letters(const Spool& spool) {
  std::set<EventKey> keys;
  for (const StoreId store : {StoreId::kPostgres, StoreId::kMongodb}) {
    std::uint64_t after = 0;
    for (;;) {
      const auto page = spool.dead_letters(store, after, kLetters);
      if (!page) {
        return page.error();
      }
      for (const DeadLetter& letter : *page) {
        keys.insert({letter.version.event.tenant_id, letter.version.event.log_id});
        after = letter.version.number;
      }
      if (page->size() < kLetters) {
        break;
      }
    }
  }
  return keys;
}

Status forget(AgentParts& parts) {
  Spool& spool = *parts.spool;
  std::uint64_t number = spool.last_leaf();
  for (const auto& delivery : parts.deliveries) {
    number = std::min(number, spool.cursor(delivery->courier.store()));
  }
  spool.trim_delivered(number);
  Status trimmed =
      wait_until(parts, [&] { return spool.stats().first_kept_leaf > number; }, kTrimMost,
                 {ErrorKind::kTransient, "the spool still holds what was erased, as its disk does not take changes"});
  return trimmed ? spool.drop_trimmed() : trimmed;
}

std::unique_ptr<LedgerReader> make_reader(const Settings& settings) {
  return settings.postgres.enabled ? make_postgres_ledger_reader(settings.postgres)
                                   : make_mongodb_ledger_reader(settings.mongodb);
}

/// Those that this agent began, on this spool or one before it.
StoreStatus read_own_epochs(LedgerReader& reader, const Settings& settings, std::set<Uuid>& own) {
  return reader.epochs([&](LedgerEpochRow&& row) -> Status {
    const auto id = uuid_from_text(row.epoch_id);
    if (id && row.origin == origin_of(settings.ledger.origin, settings.agent.name, *id)) {
      own.insert(*id);
    }
    return {};
  });
}

/// A read of all leaves, where a store lacks something.
Result<std::vector<GivenUp>> given_up(const Settings& settings) {
  const auto reader = make_reader(settings);
  std::set<Uuid> own;
  std::vector<GivenUp> all;
  auto failed = reader->open();
  failed = failed ? std::move(failed) : read_own_epochs(*reader, settings, own);
  failed = failed ? std::move(failed) : reader->leaves([&](LedgerLeafRow&& row) -> Status {
    const Result<Leaf> leaf = parse_leaf(row.leaf);
    const auto* gap = leaf ? std::get_if<GapLeaf>(&leaf->content) : nullptr;
    for (const EpochRange& range : gap == nullptr ? std::vector<EpochRange>() : gap->ranges) {
      if (gap->reason == GapReason::kDamagedSpool || own.contains(range.epoch_id)) {
        all.push_back({gap->store, range});
      }
    }
    return {};
  });
  return failed ? Result<std::vector<GivenUp>>(Error(ErrorKind::kTransient, failed->words)) : std::move(all);
}

/// A read of all leaves, for what was broken off.
Result<std::vector<EpochRange>> pruned_before(const Settings& settings) {
  const auto reader = make_reader(settings);
  std::vector<EpochRange> ranges;
  auto failed = reader->open();
  failed = failed ? std::move(failed) : reader->leaves([&ranges](LedgerLeafRow&& row) -> Status {
    const Result<Leaf> leaf = parse_leaf(row.leaf);
    if (const auto* prune = leaf ? std::get_if<PruneLeaf>(&leaf->content) : nullptr) {
      ranges.insert(ranges.end(), prune->ranges.begin(), prune->ranges.end());
    }
    return {};
  });
  return failed ? Result<std::vector<EpochRange>>(Error(ErrorKind::kTransient, failed->words)) : std::move(ranges);
}

Result<std::string> carry_out(AgentParts& parts, const Settings& settings, const KeeperOrder& order,
                              const KeeperDesk::Tell& tell) {
  if (const std::string missing = missing_keeper_addresses(settings); !missing.empty()) {
    return Error(ErrorKind::kRefused, missing);
  }
  std::vector<KeptStore> stores = make_kept_stores(settings);
  const KeeperAgent agent{
      .settle = [&parts] { return wait_delivered(parts, parts.spool->last_leaf()); },
      .declare = [&parts](std::vector<LeafContent> leaves) { return declare(parts, std::move(leaves)); },
      .dead_letters = [&parts] { return dead_letters(*parts.spool); },
      .forget = [&parts] { return forget(parts); },
      .pruned_before = [&settings] { return pruned_before(settings); },
      .given_up = [&settings] { return given_up(settings); },
      .on_pruning =
          [&parts](std::span<const EventKey> keys) {
            for (const Audited& audited : parts.ledger.audited) {
              if (audited.watch != nullptr) {
                audited.watch->forget(keys);
              }
            }
          },
      .tell = tell};
  const auto* const erasure = std::get_if<EraseOrder>(&order);
  Result<std::string> outcome = erasure != nullptr ? Eraser(*erasure, stores, agent).run()
                                                   : Pruner(std::get<PruneOrder>(order), stores, agent).run();
  if (outcome) {
    parts.log.line(LogLevel::kInfo, "keeper_done", *outcome);
  } else {
    parts.log.line(LogLevel::kWarning, "keeper_failed", outcome.error().message());
  }
  return outcome;
}

}  // namespace

void start_keeper(AgentParts& parts) {
  KeeperParts& keeper = parts.keeper;
  keeper.desk = std::make_unique<KeeperDesk>(
      // As they were at the start: a reload changes those of the agent on another thread.
      [&parts, settings = parts.settings](const KeeperOrder& order, const KeeperDesk::Tell& tell) {
        return carry_out(parts, settings, order, tell);
      },
      [&keeper] { keeper.wakeup.wake(); });
  keeper.worker = std::make_unique<Worker>("keeper", keeper.wakeup, [&keeper] {
    keeper.desk->step();
    return kIdle;
  });
  keeper.worker->start();
}

}  // namespace twinlog
