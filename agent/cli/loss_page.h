// Losses as the admin socket gives them and as `twinlog spool check` shows them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "spool/spool.h"

namespace twinlog {

struct LossView {
  LeafRange leaves;
  std::string store;  ///< That alone can never have them; "": no store can.
  std::string found_at;
  std::string from;
  std::string until;
  std::string acknowledged_at;  ///< "": nobody has.
  std::string who;
  std::string reason;
};

LossView view_of(const Loss& loss);
LossView view_of(const AcknowledgedLoss& loss);

/// One line of JSON, without its end, and back.
std::string loss_json(const LossView& loss);
std::optional<LossView> read_loss(std::string_view json);

/// One line for people, with its end. Pure.
std::string loss_line(const LossView& loss);

}  // namespace twinlog
