// Short ways to read one event in a test and to look at what of it would be stored.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "ledger/record/event_reader.h"

namespace twinlog::testing {

/// Chance that is always the same.
class SameRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override;
};

/// Default settings, SameRandom, and 32 times 'k' as the key for generated log ids.
EventReaderSettings test_settings();

/// An event of tenant "t", log_id "l", login_failed at 1700000000000 with `members` (JSON members, e.g.
/// R"("ip":"::1")") beside them.
std::string event_with(std::string_view members);

/// What the reader makes of one text with default settings.
ReadOutcome read(std::string_view json, ReadCounts* counts = nullptr);

/// The canonical content of event_with(members) without the four members that every such event has; "rejected: ..."
/// when it is not taken.
std::string stored(std::string_view members);

/// "field: reason" of a text that is refused; "taken" when it is not.
std::string refusal(std::string_view json);

}  // namespace twinlog::testing
