#include "agent/main/spool_orders.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "agent/cli/dead_letters_command.h"
#include "agent/cli/letter_page.h"
#include "agent/cli/loss_page.h"
#include "agent/cli/query_text.h"

namespace twinlog {
namespace {

constexpr std::string_view kLetters = "/spool/dead-letters";
constexpr std::string_view kDiscard = "/spool/dead-letters/discard";
constexpr std::string_view kReplay = "/spool/dead-letters/replay";
constexpr std::string_view kReplays = "/spool/dead-letters/replays";
constexpr std::string_view kLosses = "/spool/losses";
constexpr std::string_view kAcknowledge = "/spool/acknowledge";

AdminPage plain(unsigned status, std::string words) {
  return {.status = status, .body = std::move(words) + "\n"};
}

AdminPage json(std::string text) {
  return {.content_type = "application/json", .body = std::move(text) + "\n"};
}

AdminPage of_error(const Error& error) {
  return plain(error.kind() == ErrorKind::kRefused ? 400 : 500, error.message());
}

std::string value_of(const std::map<std::string, std::string>& query, const std::string& name) {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

std::optional<std::uint64_t> number_from(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// "5,17"; nothing for anything else.
std::optional<std::vector<std::uint64_t>> leaves_from(std::string_view text) {
  std::vector<std::uint64_t> leaves;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const auto leaf = number_from(part);
    if (!leaf || *leaf == 0) {
      return std::nullopt;
    }
    leaves.push_back(*leaf);
  }
  return leaves.empty() ? std::nullopt : std::optional(std::move(leaves));
}

std::optional<Decision> decision_from(const std::map<std::string, std::string>& query, const Clock& clock) {
  Decision by{.at = clock.utc_now(), .who = value_of(query, "who"), .reason = value_of(query, "reason")};
  return check_reason(by.who).empty() && check_reason(by.reason).empty() ? std::optional(std::move(by)) : std::nullopt;
}

std::string count_json(const char* name, std::uint64_t count) {
  return "{\"" + std::string(name) + "\":" + std::to_string(count) + "}";
}

}  // namespace

std::string_view SpoolOrders::method_of(std::string_view path) {
  constexpr std::array kRead{kLetters, kReplays, kLosses};
  constexpr std::array kChange{kDiscard, kReplay, kAcknowledge};
  if (std::ranges::find(kRead, path) != kRead.end()) {
    return "GET";
  }
  return std::ranges::find(kChange, path) != kChange.end() ? "POST" : "";
}

AdminPage SpoolOrders::run(std::string_view path, std::string_view query, const Clock& clock) {
  const auto members = read_query(query);
  if (!members) {
    return plain(400, "the query is not understood: name=value&name=value, other characters as %XX");
  }
  if (path == kLosses) {
    return losses();
  }
  if (path == kAcknowledge) {
    return acknowledge(*members, clock);
  }
  if (!store_named(value_of(*members, "store"))) {
    return plain(400, "store is postgres or mongodb");
  }
  if (path == kLetters) {
    return letters(*members);
  }
  if (path == kReplays) {
    return replays(*members);
  }
  return path == kReplay ? replay(*members) : discard(*members, clock);
}

AdminPage SpoolOrders::letters(const Query& query) const {
  const auto after = number_from(value_of(query, "after"));
  if (!after || *after == UINT64_MAX) {
    return plain(400, "dead letters are asked for with store=NAME&after=LEAF, and records=true where wanted");
  }
  const StoreId store = *store_named(value_of(query, "store"));
  const auto found = parts_.spool->dead_letters(store, *after, kPageLetters);
  if (!found) {
    return of_error(found.error());
  }
  const bool has_records = value_of(query, "records") == "true";
  AdminPage page{.content_type = "application/x-ndjson", .body = ""};
  for (const DeadLetter& letter : *found) {
    LetterView view = view_of(store, letter, has_records ? LetterMembers::kRecord : LetterMembers::kFacts);
    const std::string record = std::exchange(view.record, "");
    page.body += letter_json(view) + "\n" + (has_records ? record + "\n" : "");
  }
  return page;
}

AdminPage SpoolOrders::discard(const Query& query, const Clock& clock) {
  const auto leaves = leaves_from(value_of(query, "leaves"));
  const auto by = decision_from(query, clock);
  if (!leaves || !by) {
    return plain(400, "dead letters are discarded with store=NAME&leaves=LEAF,LEAF&who=NAME&reason=WORDS");
  }
  const Status settled = parts_.spool->settle_dead_letters(*store_named(value_of(query, "store")), *leaves,
                                                           {.kind = Settlement::Kind::kDiscarded, .by = *by});
  return settled ? json(count_json("leaves", leaves->size())) : of_error(settled.error());
}

Courier* SpoolOrders::courier_of(const Query& query) const {
  const StoreId store = *store_named(value_of(query, "store"));
  const auto courier =
      std::ranges::find_if(parts_.couriers, [store](const Courier* candidate) { return candidate->store() == store; });
  return courier == parts_.couriers.end() ? nullptr : *courier;
}

AdminPage SpoolOrders::replay(const Query& query) {
  const auto leaves = leaves_from(value_of(query, "leaves"));
  Courier* const courier = courier_of(query);
  if (!leaves || courier == nullptr) {
    return plain(400, !leaves ? "dead letters are replayed with store=NAME&leaves=LEAF,LEAF"
                              : "this store is turned off: nothing can be replayed to it");
  }
  courier->replay(*leaves);
  return json(count_json("leaves", leaves->size()));
}

AdminPage SpoolOrders::replays(const Query& query) const {
  const Courier* const courier = courier_of(query);
  const ReplayTally tally = courier == nullptr ? ReplayTally{} : courier->status().replay;
  return json("{\"waiting\":" + std::to_string(tally.waiting) + ",\"taken\":" + std::to_string(tally.taken) +
              ",\"refused\":" + std::to_string(tally.refused) + "}");
}

AdminPage SpoolOrders::losses() const {
  const SpoolStats stats = parts_.spool->stats();
  AdminPage page{.content_type = "application/x-ndjson", .body = ""};
  for (const Loss& loss : stats.losses) {
    page.body += loss_json(view_of(loss)) + "\n";
  }
  for (const AcknowledgedLoss& loss : stats.acknowledged) {
    page.body += loss_json(view_of(loss)) + "\n";
  }
  return page;
}

AdminPage SpoolOrders::acknowledge(const Query& query, const Clock& clock) {
  const auto range = leaf_range_from(value_of(query, "range"));
  const auto by = decision_from(query, clock);
  if (!range || !by) {
    return plain(400, "a loss is acknowledged with range=FIRST-LAST&who=NAME&reason=WORDS");
  }
  const Status done = parts_.spool->acknowledge(*range, *by);
  return done ? json("{}") : of_error(done.error());
}

}  // namespace twinlog
