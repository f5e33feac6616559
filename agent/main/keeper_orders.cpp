#include "agent/main/keeper_orders.h"

#include <charconv>
#include <optional>
#include <utility>

#include "agent/cli/query_text.h"
#include "ledger/record/json_writer.h"

namespace twinlog {
namespace {

constexpr std::string_view kErase = "/ledger/erase";
constexpr std::string_view kPrune = "/ledger/prune";
constexpr std::string_view kOrder = "/ledger/order";

AdminPage plain(unsigned status, std::string words) {
  return {.status = status, .body = std::move(words) + "\n"};
}

AdminPage json(std::string text) {
  return {.content_type = "application/json", .body = std::move(text) + "\n"};
}

std::string value_of(const std::map<std::string, std::string>& query, const std::string& name) {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

std::string_view stage_text(OrderState::Stage stage) {
  switch (stage) {
    case OrderState::Stage::kRunning:
      return "running";
    case OrderState::Stage::kDone:
      return "done";
    case OrderState::Stage::kFailed:
      return "failed";
  }
  return "";
}

Result<KeeperOrder> erasure(const std::map<std::string, std::string>& query) {
  Result<EraseOrder> order = erase_order({.tenant_id = value_of(query, "tenant"),
                                          .log_id = value_of(query, "log_id"),
                                          .account = value_of(query, "account"),
                                          .fields = value_of(query, "fields"),
                                          .request = value_of(query, "request")});
  return order ? Result<KeeperOrder>(std::move(*order)) : Result<KeeperOrder>(order.error());
}

Result<KeeperOrder> retention(const std::map<std::string, std::string>& query) {
  Result<PruneOrder> order = prune_order({.before = value_of(query, "before"),
                                          .policy = value_of(query, "policy"),
                                          .applies = value_of(query, "apply") == "true"});
  return order ? Result<KeeperOrder>(std::move(*order)) : Result<KeeperOrder>(order.error());
}

}  // namespace

std::string_view KeeperOrders::method_of(std::string_view path) {
  if (path == kErase || path == kPrune) {
    return "POST";
  }
  return path == kOrder ? "GET" : "";
}

AdminPage KeeperOrders::run(std::string_view path, std::string_view query) {
  const auto members = read_query(query);
  if (!members) {
    return plain(400, "the query is not understood: name=value&name=value, other characters as %XX");
  }
  if (path == kOrder) {
    return state(*members);
  }
  return take(path == kErase ? erasure(*members) : retention(*members));
}

AdminPage KeeperOrders::take(Result<KeeperOrder> order) {
  if (!order) {
    return plain(400, order.error().message());
  }
  const Result<std::uint64_t> taken = desk_->take(std::move(*order));
  return taken ? json("{\"order\":" + std::to_string(*taken) + "}") : plain(503, taken.error().message());
}

AdminPage KeeperOrders::state(const Query& query) const {
  const std::string text = value_of(query, "number");
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto found = error == std::errc{} && end == text.data() + text.size() ? desk_->state(number) : std::nullopt;
  if (!found) {
    return plain(400, "an order is asked for with number=N, and only the newest is known");
  }
  std::string body = "{\"order\":" + std::to_string(found->number) + ",\"state\":\"";
  body.append(stage_text(found->stage)).append("\",\"words\":");
  append_json_string(body, found->words);
  return json(body + "}");
}

}  // namespace twinlog
