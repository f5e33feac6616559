// From what a sender sent to a normalised event: mends bytes, parses, repairs, redacts, folds (docs/EVENTS.md).
// No clock, no I/O, and chance only for log ids. Callable from several threads at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/base/result.h"
#include "ledger/record/auth_event.h"
#include "ledger/record/rejection.h"

namespace twinlog {

/// An event ready for the spool.
struct AcceptedEvent {
  AuthEvent event;
  std::string canonical;  ///< canonical_content(event)
  Digest content_hash{};
};

using ReadOutcome = std::variant<AcceptedEvent, Rejection>;

/// The redaction rules, each counted by itself. The text of a rule is what stands in "[redacted:<rule>]".
enum class RedactionRule : std::uint8_t {
  kKey,  ///< By a name: of a member, or inside of text.
  kJwt,
  kBearer,
  kBasic,
  kDigest,
  kToken,  ///< `Token ...`, and tokens of well-known issuers.
  kPem,    ///< A private key.
  kHeader,
  kUrl,      ///< The password in a URL.
  kSession,  ///< A session id inside of text; as a member it is hashed, which is no redaction.
};
inline constexpr std::size_t kRedactionRules = 10;
std::string_view redaction_rule_text(RedactionRule rule);

/// The repair rules, each counted by itself.
enum class RepairRule : std::uint8_t {
  kCharacters,     ///< A text that held invalid UTF-8, NUL, C0 or lone surrogates.
  kCut,            ///< A text over its field's limit.
  kWrongValue,     ///< A member of the wrong type or outside its list, moved into metadata.
  kUnknownMember,  ///< A member without a place of its own (unknown, the agent's own, a spare alias), moved likewise.
  kNumber,         ///< A number outside the range, kept as text.
  kRepeatedKey,    ///< A metadata in which a key came more than once; the last was kept.
  kSeconds,        ///< A time given as epoch seconds.
  kMetadataLimit,  ///< A metadata over its limits, kept as size and hash.
};
inline constexpr std::size_t kRepairRules = 8;
std::string_view repair_rule_text(RepairRule rule);

/// What reading changed, for the metrics. An event is marked as repaired exactly when it adds to one of these, or when
/// it is a record that is sent again (sent_again.h).
struct ReadCounts {
  std::array<std::uint64_t, kRedactionRules> redactions{};
  std::array<std::uint64_t, kRepairRules> repairs{};

  void add(RedactionRule rule) { ++redactions[static_cast<std::size_t>(rule)]; }
  void add(RepairRule rule, std::uint64_t times = 1) { repairs[static_cast<std::size_t>(rule)] += times; }
};

struct EventReaderSettings {
  std::size_t max_event = 1U << 20U;       ///< Bytes of one event's raw text.
  std::string default_tenant;              ///< "": every event must name its tenant.
  std::vector<std::string> allow_tenants;  ///< Empty: any.
  std::string log_id_key;                  ///< The spool's HMAC key for ids of keyed requests; 32 bytes.
  Random* random = nullptr;                ///< For ids that are drawn. Outlives the reader.
  bool operator==(const EventReaderSettings&) const = default;
};

/// Reads the events of one request (a socket line is a request of its own).
class EventReader {
 public:
  explicit EventReader(EventReaderSettings settings) : settings_(std::move(settings)) {}

  const EventReaderSettings& settings() const { return settings_; }

  struct RequestContext {
    /// What the request carries as such, visible ASCII; "": nothing. Then each missing log_id is drawn anew, else it
    /// depends on this and on the event's place in the request.
    std::string idempotency_key;
    std::uint64_t next_place = 0;
    ReadCounts counts;
  };
  /// One JSON object, the next of its request.
  ReadOutcome read_event(std::string_view json, RequestContext& request) const;

  /// The time of an event; nothing when it would not be taken, whatever tenant it names or leaves out.
  std::optional<UtcMicros> time_of(std::string_view json) const;

  /// A JSON array of events, or one object: the outcome of each, in order. kInvalid when the text as a whole is not
  /// JSON (HTTP 400), or holds more than `most_events` (kFull: HTTP 413). Elements that are not objects are
  /// rejections.
  Result<std::vector<ReadOutcome>> read_document(std::string_view json, std::size_t most_events,
                                                 RequestContext& request) const;

 private:
  EventReaderSettings settings_;
};

}  // namespace twinlog
