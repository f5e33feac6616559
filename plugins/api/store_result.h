// StoreResult<T>: a value, or why a store did not give it. The shape of Result<T>; the error says what the courier
// does.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace twinlog {

/// What the courier does about an error. Each store's table (one file, data only) maps its codes to these.
enum class Reaction : std::uint8_t {
  kRetry,         ///< Same batch again after the backoff.
  kRetrySmaller,  ///< Same batch again; half of it after three times.
  kReconnect,     ///< Drop the connection, then as kRetry. The outcome of a commit may be unknown; repeating is safe.
  kReconnectSmaller,  ///< As kReconnect; half of the batch after three times: too big for the time a flush may take?
  kRetrySlowly,       ///< Disk full, limits: as kRetry with the longest wait, and loudly.
  kHold,    ///< Schema, rights, authentication: an operator must act. Tried again every longest wait; never dropped.
  kPoison,  ///< The store can never take one of these events: the flush finds out which, and takes the rest.
  kStop,    ///< Corruption in the store: as kHold.
};

/// What was asked for over this connection is over.
inline bool needs_a_new_session(Reaction reaction) {
  return reaction == Reaction::kReconnect || reaction == Reaction::kReconnectSmaller;
}
/// Waiting alone mends nothing.
inline bool needs_an_operator(Reaction reaction) {
  return reaction == Reaction::kHold || reaction == Reaction::kPoison || reaction == Reaction::kStop ||
         reaction == Reaction::kRetrySlowly;
}
std::string_view reaction_text(Reaction reaction);

/// What was being done when the error came.
enum class StoreStage : std::uint8_t {
  kConnect,    ///< Connecting, logging in, asking the server about itself.
  kSchema,     ///< Reading or bringing up the schema.
  kPosition,   ///< Reading or writing the agent's position.
  kRecords,    ///< Writing records.
  kConflicts,  ///< Writing conflicts, marking their records.
  kAccounts,   ///< Reading, recounting or writing accounts.
  kLedger,     ///< Writing leaves, tiles, epochs or checkpoints.
};
std::string_view stage_text(StoreStage stage);

/// Why a store did not take a batch, in our words: the server's own text (which quotes values) is never kept.
struct StoreError {
  Reaction reaction = Reaction::kRetry;
  std::string code;        ///< SQLSTATE, server error code, or "" for a broken connection.
  std::string constraint;  ///< Constraint or index name where the server named one.
  std::string words;       ///< What happened and what an operator does next.
  StoreStage where = StoreStage::kConnect;
  /// Of the versions that alone met an error which the store's table does not know. Nobody can tell whether it lasts.
  std::vector<std::uint64_t> leaves = {};
};

/// The error with where it came from. Only records and conflicts hold what one event alone is guilty of: elsewhere
/// kPoison becomes kHold, or a search for the guilty event would condemn every event of an account.
StoreError at(StoreStage where, StoreError error);

/// Nothing, or why not.
using StoreStatus = std::optional<StoreError>;
StoreStatus at(StoreStage where, StoreStatus status);

/// A value or a StoreError. Asking the wrong one of the two ends the process (a bug of the caller).
template <typename T>
class [[nodiscard]] StoreResult {
 public:
  StoreResult(T value)  // NOLINT: implicit by design
      : held_(std::in_place_index<0>, std::move(value)) {}
  StoreResult(StoreError error)  // NOLINT: implicit by design
      : held_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return held_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return *checked<0>(held_); }
  const T& value() const& { return *checked<0>(held_); }
  T&& value() && { return std::move(*checked<0>(held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  StoreError& error() & { return *checked<1>(held_); }
  const StoreError& error() const& { return *checked<1>(held_); }
  StoreError&& error() && { return std::move(*checked<1>(held_)); }

 private:
  template <std::size_t kIndex, typename Held>
  static auto* checked(Held& held) {
    auto* found = std::get_if<kIndex>(&held);
    if (found == nullptr) {
      std::abort();
    }
    return found;
  }

  std::variant<T, StoreError> held_;
};

}  // namespace twinlog
