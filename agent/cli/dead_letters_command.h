// `twinlog spool dead-letters`: what a store refused for good, of a running agent or of a stopped spool.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/cli/letter_source.h"
#include "agent/cli/operator_io.h"

namespace twinlog {

/// The leaf, or the key of the event.
using LetterId = std::variant<std::uint64_t, EventKey>;
/// "17", "acme/e-1"; nothing for anything else.
std::optional<LetterId> letter_id_from(std::string_view text);

/// All that is given must hold; nothing given selects every letter.
struct LetterSelection {
  std::vector<LetterId> ids = {};  ///< One of them.
  std::optional<StoreId> store = {};
  std::optional<std::string> code = {};
  std::optional<std::chrono::milliseconds> older_than = {};
};
bool selects(const LetterSelection& selection, const LetterView& letter, UtcMicros now);

/// Longer reasons are refused: they stand in the head of a request.
inline constexpr std::size_t kReasonBytesMost = 500;
/// "" when it will do, else what it should be.
std::string_view check_reason(std::string_view reason);

struct LettersOptions {
  SpoolPlaces at;
  SpoolOpening opening;
  LetterSelection selection;
  bool is_json = false;
  std::string who;                                            ///< Of a discard.
  std::string reason;                                         ///< Of a discard.
  std::chrono::milliseconds most = std::chrono::minutes{10};  ///< For a replay by a running agent.
};

/// All: 1 when no spool could be looked at, and when an id was asked for that is no dead letter.
int run_letters_list(const LettersOptions& options, const OperatorIo& io);
int run_letters_show(const LettersOptions& options, const OperatorIo& io);
/// 1 also when a store refused one again, or not all were tried.
int run_letters_replay(const LettersOptions& options, const OperatorIo& io);
int run_letters_discard(const LettersOptions& options, const OperatorIo& io);

struct AcknowledgeOptions {
  SpoolPlaces at;
  SpoolOpening opening;
  LeafRange lost;
  std::string who;
  std::string reason;
};
/// "5-9", as `twinlog spool check` prints it; one number alone is a range of it.
std::optional<LeafRange> leaf_range_from(std::string_view text);
/// `twinlog spool acknowledge`. 1 when exactly these leaves are not among the losses.
int run_acknowledge(const AcknowledgeOptions& options, const OperatorIo& io);

}  // namespace twinlog
