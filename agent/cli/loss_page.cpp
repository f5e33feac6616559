#include "agent/cli/loss_page.h"

#include "agent/cli/json_members.h"
#include "agent/cli/terminal.h"
#include "ledger/record/canonical.h"
#include "ledger/record/json_writer.h"
#include "spool/holes.h"

namespace twinlog {
namespace {

void append_member(std::string& json, std::string_view name, std::string_view text) {
  json.append(",\"").append(name).append("\":");
  append_json_string(json, text);
}

}  // namespace

LossView view_of(const Loss& loss) {
  return {.leaves = loss.leaves,
          .store = loss.stores == kAllStores                   ? ""
                   : loss.stores == bit_of(StoreId::kPostgres) ? std::string(store_name(StoreId::kPostgres))
                                                               : std::string(store_name(StoreId::kMongodb)),
          .found_at = utc_micros_text(loss.found_at),
          .from = utc_micros_text(loss.from),
          .until = utc_micros_text(loss.until),
          .acknowledged_at = "",
          .who = "",
          .reason = ""};
}

LossView view_of(const AcknowledgedLoss& loss) {
  LossView view = view_of(static_cast<const Loss&>(loss));
  view.acknowledged_at = utc_micros_text(loss.by.at);
  view.who = loss.by.who;
  view.reason = loss.by.reason;
  return view;
}

std::string loss_json(const LossView& loss) {
  std::string json =
      "{\"first\":" + std::to_string(loss.leaves.first) + ",\"last\":" + std::to_string(loss.leaves.last);
  if (!loss.store.empty()) {
    append_member(json, "store", loss.store);
  }
  append_member(json, "found_at", loss.found_at);
  append_member(json, "from", loss.from);
  append_member(json, "until", loss.until);
  if (!loss.acknowledged_at.empty()) {
    append_member(json, "acknowledged_at", loss.acknowledged_at);
    append_member(json, "who", loss.who);
    append_member(json, "reason", loss.reason);
  }
  return json + "}";
}

std::optional<LossView> read_loss(std::string_view json) {
  const auto object = parse_object(json);
  if (!object) {
    return std::nullopt;
  }
  return LossView{.leaves = {count_member(*object, "first"), count_member(*object, "last")},
                  .store = std::string(text_member(*object, "store")),
                  .found_at = std::string(text_member(*object, "found_at")),
                  .from = std::string(text_member(*object, "from")),
                  .until = std::string(text_member(*object, "until")),
                  .acknowledged_at = std::string(text_member(*object, "acknowledged_at")),
                  .who = std::string(text_member(*object, "who")),
                  .reason = std::string(text_member(*object, "reason"))};
}

std::string loss_line(const LossView& loss) {
  const std::string range = range_text(loss.leaves);
  const std::string what = range + (loss.store.empty() ? "" : ", of " + shown_text(loss.store) + " alone") +
                           ", accepted between " + shown_text(loss.from) + " and " + shown_text(loss.until) +
                           ", found at " + shown_text(loss.found_at);
  if (loss.acknowledged_at.empty()) {
    return "lost: " + what + "; once somebody knows: twinlog spool acknowledge " + range + " --reason ..\n";
  }
  return "acknowledged: " + what + "; at " + shown_text(loss.acknowledged_at) + " by " +
         (loss.who.empty() ? "somebody whose name was not kept" : shown_text(loss.who)) + ": " +
         shown_text(loss.reason) + "\n";
}

}  // namespace twinlog
