#include "agent/keeper/eraser.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "agent/keeper/leaf_ranges.h"

namespace twinlog {
namespace {

constexpr std::size_t kPage = 10'000;  // Keys of an account that are asked for at a time.

std::string counted(std::uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string report_text(const ErasureReport& report) {
  return counted(report.records, "record", "records") + ", " + counted(report.conflicts, "conflict", "conflicts") +
         ", " + counted(report.further_acceptances, "further acceptance", "further acceptances") + ", " +
         counted(report.accounts, "row of accounts", "rows of accounts");
}

void add(ErasureReport& sum, const ErasureReport& more) {
  sum.records += more.records;
  sum.conflicts += more.conflicts;
  sum.further_acceptances += more.further_acceptances;
  sum.accounts += more.accounts;
}

bool is_given_up(const std::vector<GivenUp>& all, GapStore side, const LeafPlace& place) {
  return std::ranges::any_of(all, [&](const GivenUp& one) {
    return (!one.store || *one.store == side) && one.leaves.epoch_id == place.epoch_id &&
           one.leaves.first <= place.index && place.index <= one.leaves.last;
  });
}

Error again(const Error& error) {
  return {error.kind(), error.message() + kOrderAgain};
}

}  // namespace

Result<std::string> Eraser::run() {
  if (Status connected = connect(); !connected) {
    return connected.error();
  }
  if (Status settled = agent_.settle(); !settled) {
    return settled.error();
  }
  Result<std::vector<EventKey>> found = keys();
  if (!found) {
    return found.error();
  }
  if (Status checked = check_letters(*found); !checked) {
    return checked.error();
  }
  for (std::size_t from = 0; from < found->size(); from += kBatch) {
    const std::span batch = std::span(*found).subspan(from, std::min(kBatch, found->size() - from));
    Status done = declare(batch);
    done = done ? erase(batch) : done;
    if (!done) {
      return again(done.error());
    }
    agent_.tell(std::to_string(from + batch.size()) + " of " + counted(found->size(), "record", "records"));
  }
  if (Status forgotten = agent_.forget(); !forgotten) {
    return again(forgotten.error());
  }
  return report();
}

Status Eraser::connect() {
  for (const KeptStore& store : stores_) {
    if (const auto failed = store.keeper->connect()) {
      return store_failure(store, *failed);
    }
  }
  return {};
}

Result<std::vector<EventKey>> Eraser::keys() {
  if (!order_.log_id.empty()) {
    return std::vector<EventKey>{{order_.tenant_id, order_.log_id}};
  }
  std::set<EventKey> united;
  for (const KeptStore& store : stores_) {
    std::string after;
    for (;;) {
      const auto page = store.keeper->keys_of_account({order_.tenant_id, order_.account}, after, kPage);
      if (!page) {
        return store_failure(store, page.error());
      }
      united.insert(page->begin(), page->end());
      if (page->size() < kPage) {
        break;
      }
      after = page->back().log_id;
    }
  }
  return std::vector<EventKey>(united.begin(), united.end());
}

/// A letter holds the whole event, and a replay would bring it back.
Status Eraser::check_letters(const std::vector<EventKey>& keys) {
  const Result<std::set<EventKey>> letters = agent_.dead_letters();
  if (!letters) {
    return letters.error();
  }
  const auto waiting = static_cast<std::uint64_t>(
      std::ranges::count_if(keys, [&](const EventKey& key) { return letters->contains(key); }));
  return waiting == 0 ? Status()
                      : Status(Error(ErrorKind::kRefused,
                                     counted(waiting, "of these records waits", "of these records wait") +
                                         " in the spool as dead letters: replay or discard them first (`twinlog spool "
                                         "dead-letters`); nothing was erased"));
}

Result<Eraser::Found> Eraser::look(std::span<const EventKey> keys) {
  Found found;
  std::vector<Places> of_stores;
  std::set<EventKey> there;
  for (const KeptStore& store : stores_) {
    const auto records = store.keeper->records(keys);
    if (!records) {
      return store_failure(store, records.error());
    }
    Places& places = of_stores.emplace_back();
    for (const KeptRecord& record : *records) {
      there.insert(record.key);
      places.insert(record.leaves.begin(), record.leaves.end());
    }
    found.all.insert(places.begin(), places.end());
  }
  const Result<std::uint64_t> lacking = count_lacking(of_stores, found.all);
  if (!lacking) {
    return lacking.error();
  }
  found.lacking = *lacking;
  found.records = there.size();
  return found;
}

Result<std::uint64_t> Eraser::count_lacking(const std::vector<Places>& of_stores, const Places& all) {
  std::uint64_t lacking = 0;
  for (std::size_t i = 0; i < of_stores.size(); ++i) {
    Places left;
    std::ranges::set_difference(all, of_stores[i], std::inserter(left, left.end()));
    if (left.empty()) {
      continue;
    }
    if (!given_up_) {
      Result<std::vector<GivenUp>> given_up = agent_.given_up();
      if (!given_up) {
        return given_up.error();
      }
      given_up_ = std::move(*given_up);
    }
    lacking += static_cast<std::uint64_t>(std::ranges::count_if(
        left, [&](const LeafPlace& place) { return !is_given_up(*given_up_, stores_[i].side, place); }));
  }
  return lacking;
}

/// Until nothing is there that no leaf names.
Status Eraser::declare(std::span<const EventKey> keys) {
  Places declared;
  for (int round = 0; round < kMostRounds; ++round) {
    const Result<Found> found = look(keys);
    if (!found) {
      return found.error();
    }
    Places left;
    std::ranges::set_difference(found->all, declared, std::inserter(left, left.end()));
    if (left.empty()) {
      records_ += found->records;
      lacking_ += found->lacking;
      return {};
    }
    const EraseLeaf leaf{.fields = std::string(order_.fields.begin(), order_.fields.end()),
                         .request = order_.request.empty() ? std::nullopt : std::optional(order_.request),
                         .ranges = {}};
    if (Status put = agent_.declare(leaves_over(leaf, left)); !put) {
      return put;
    }
    declared.insert(left.begin(), left.end());
  }
  return Error(ErrorKind::kTransient, "versions of these records keep arriving");
}

Status Eraser::erase(std::span<const EventKey> keys) {
  for (const KeptStore& store : stores_) {
    const auto erased = store.keeper->erase({.keys = keys, .fields = order_.fields});
    if (!erased) {
      return store_failure(store, erased.error());
    }
    add(done_[store.name], *erased);
  }
  return {};
}

Result<std::string> Eraser::report() const {
  if (records_ == 0) {
    return Error(ErrorKind::kInvalid,
                 order_.account.empty() ? "no store has a record of this tenant and log_id"
                                        : "no store has a record of this account; where its names were erased before, "
                                          "nothing tells any more that they were its");
  }
  std::string words;
  for (const auto& [name, report] : done_) {
    words += (words.empty() ? "" : "; ") + name + ": " + report_text(report);
  }
  words = "erased. " + words;
  if (lacking_ > 0) {
    return Error(ErrorKind::kTransient,
                 words + ". But " + counted(lacking_, "version is", "versions are") +
                     " in one store and not in the other: where it still lies with another agent, it comes whole; run "
                     "the same command again when all agents have delivered");
  }
  return words;
}

}  // namespace twinlog
