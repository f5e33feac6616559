#include "agent/main/admin_commands.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "ledger/record/version_json.h"
#include "plugins/api/store.h"
#include "spool/layout.h"

namespace twinlog {
namespace {

constexpr std::string_view kDrain = "/drain";
constexpr std::string_view kSpoolStatus = "/spool/status";
constexpr std::string_view kSpoolExport = "/spool/export";

AdminPage plain(unsigned status, std::string words) {
  return {.status = status, .body = std::move(words) + "\n"};
}

struct ExportQuery {
  std::uint64_t after = 0;
  VersionMembers members = VersionMembers::kAll;
};

/// "after=7&members=sendable" in any order; nothing for anything else.
std::optional<ExportQuery> export_query(std::string_view query) {
  ExportQuery wanted;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    const std::string_view name = part.substr(0, part.find('='));
    const std::string_view value = part.substr(std::min(part.size(), name.size() + 1));
    if (name == "after") {
      const char* const end = value.data() + value.size();
      const auto [read_to, error] = std::from_chars(value.data(), end, wanted.after);
      if (error != std::errc{} || read_to != end || value.empty()) {
        return std::nullopt;
      }
    } else if (part == "members=sendable") {
      wanted.members = VersionMembers::kSendable;
    } else {
      return std::nullopt;
    }
  }
  return wanted;
}

/// When the first version after `after` was received; "" when there is none or it cannot be read.
std::string received_after(const Spool& spool, std::uint64_t after) {
  const auto versions = spool.read(after, 1, 1);
  return versions && !versions->empty() ? utc_micros_text(versions->front().received_at) : "";
}

}  // namespace

std::string_view AdminAgentCommands::method_of(std::string_view path) const {
  if (path == kDrain) {
    return "POST";
  }
  if (path == kSpoolStatus || path == kSpoolExport) {
    return "GET";
  }
  const std::string_view of_keeper = KeeperOrders::method_of(path);
  return of_keeper.empty() ? SpoolOrders::method_of(path) : of_keeper;
}

AdminPage AdminAgentCommands::run(std::string_view path, std::string_view query) {
  if (observed_.phase.load() == Phase::kStarting) {
    return plain(503, "starting: the spool is not open yet; try again in a moment");
  }
  if (path == kDrain) {
    drain_.request(observed_.clock);
    return spool_status(Times::kUnread);
  }
  if (!KeeperOrders::method_of(path).empty()) {
    return keeper_orders_.run(path, query);
  }
  if (!SpoolOrders::method_of(path).empty()) {
    return orders_.run(path, query, observed_.clock);
  }
  return path == kSpoolStatus ? spool_status(Times::kRead) : spool_export(query);
}

StoreProgress AdminAgentCommands::progress_of(StoreId store, const SpoolStats& stats) const {
  const auto index = static_cast<std::size_t>(store);
  const auto courier = std::ranges::find_if(observed_.couriers,
                                            [store](const Courier* candidate) { return candidate->store() == store; });
  StoreProgress progress;
  progress.name = store_name(store);
  progress.is_enabled = courier != observed_.couriers.end();
  progress.last_leaf = stats.cursors.at(index);
  if (const auto since = stats.incomplete_since.at(index)) {
    progress.incomplete_since = utc_micros_text(*since);
  }
  if (!progress.is_enabled) {
    return progress;
  }
  progress.waiting = (*courier)->backlog();
  if (const auto error = (*courier)->status().last_error) {
    progress.error_class = reaction_text(error->reaction);
    progress.error_code = error->code;
    progress.error_words = error->words;
  }
  return progress;
}

AdminPage AdminAgentCommands::spool_status(Times times) const {
  const Spool& spool = *observed_.spool;
  const SpoolStats stats = spool.stats();
  SpoolPage page;
  page.path = spool_path_;
  if (const NotaryStatus ledger = observed_.notary->status(); ledger.has_epoch) {
    page.epoch_id = uuid_text(spool.tree().epoch_id);
  } else {
    page.epoch_trouble = ledger.trouble;
  }
  page.format = kSpoolFormat;
  page.first_leaf = stats.first_kept_leaf;
  page.last_leaf = stats.last_leaf;
  page.last_event = spool.newest_event(stats.last_leaf);
  page.own_leaves = stats.own_leaves;
  page.size_bytes = stats.disk_bytes;
  page.max_bytes = stats.max_bytes;
  if (times == Times::kRead && page.records() > 0) {
    page.oldest_received_at = received_after(spool, stats.first_kept_leaf - 1);
    page.newest_received_at = received_after(spool, page.last_event - 1);
  }
  if (const auto drain = drain_.requested_at()) {
    page.drain_requested_at = utc_micros_text(drain->utc);
  }
  page.stores = {progress_of(StoreId::kPostgres, stats), progress_of(StoreId::kMongodb, stats)};
  return {.content_type = "application/json", .body = spool_page_json(page)};
}

AdminPage AdminAgentCommands::spool_export(std::string_view query) const {
  const auto wanted = export_query(query);
  if (!wanted) {
    return plain(400, "an export is asked for with after=LEAF, and members=sendable where wanted");
  }
  const auto versions = observed_.spool->read(wanted->after, kExportEvents, kExportBytes);
  if (!versions) {
    return plain(500, versions.error().message());
  }
  AdminPage page;
  page.content_type = "application/x-ndjson";
  for (const Version& version : *versions) {
    append_version_line(page.body, version, wanted->members);
  }
  const std::uint64_t last = versions->empty() ? wanted->after : versions->back().number;
  page.fields = {{"Twinlog-Last-Leaf", std::to_string(last)}, {"Twinlog-Events", std::to_string(versions->size())}};
  return page;
}

}  // namespace twinlog
