// Bytes as the spool's values: as they are, as content under a header of ours, and as an event that is kept and
// damaged. The first byte chooses; the second, where an event is damaged, says where.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/lockout/account_state.h"
#include "ledger/record/canonical.h"
#include "spool/layout.h"
#include "tests/fuzz/event_properties.h"
#include "tests/fuzz/require.h"

namespace twinlog::fuzz {
namespace {

enum class Mode : std::uint8_t { kRaw, kContent, kEvent, kAccount };
constexpr std::uint8_t kModes = 4;

void decode_raw(std::string_view bytes) {
  if (const auto version = decode_version(bytes); version && bytes.front() == static_cast<char>(kVersionLayout)) {
    require(encode_version(*version, canonical_content(version->event)) == bytes,
            "what is decoded encodes to its bytes");
  }
  if (const auto newest = newest_version_from(bytes)) {
    require(newest_version_value(*newest) == bytes, "a newest version encodes to its bytes");
  }
  if (const auto leaf = leaf_of_event_key(bytes)) {
    require(event_key(*leaf) == bytes, "an event key encodes to its bytes");
  }
  if (const auto format = format_from(bytes)) {
    require(format_value(*format) == bytes, "a format encodes to its bytes");
  }
  require(leaf_of_id_value(bytes).has_value() == (bytes.size() == 8 || bytes.size() == 40),
          "an id value has two sizes");
}

Version version_around(AuthEvent event, std::string_view canonical) {
  Version version;
  version.event = std::move(event);
  version.content_hash = content_hash(canonical);
  version.received_at = 1'700'000'000'000'000;
  version.effective_at = std::min(version.event.occurred_at, version.received_at);
  version.agent = std::string(canonical.substr(0, canonical.size() % 40));
  version.epoch_id = Uuid{1, 2, 3};
  version.leaf_index = canonical.size();
  return version;
}

/// Content that nobody has normalised, under a header whose checks are right.
void decode_content(std::string_view content) {
  const Version around = version_around({}, content);
  const std::string bytes = encode_version(around, content);
  const auto version = decode_version(bytes);
  if (version) {
    require(canonical_content(version->event) == content, "only canonical content is decoded");
    require(encode_version(*version, content) == bytes, "decoded content encodes to its bytes");
  }
}

void keep_and_damage(std::uint8_t where, std::string_view json) {
  static const EventReader reader(reader_settings());
  EventReader::RequestContext request;
  const ReadOutcome outcome = reader.read_event(json, request);
  const auto* accepted = std::get_if<AcceptedEvent>(&outcome);
  if (accepted == nullptr) {
    return;
  }
  const Version version = version_around(accepted->event, accepted->canonical);
  std::string bytes = encode_version(version, accepted->canonical);
  const auto decoded = decode_version(bytes);
  require(decoded.has_value() && *decoded == version, "what is kept decodes to itself");
  const std::size_t place = bytes.size() * where / 256;
  std::string flipped = bytes;
  flipped[place] = static_cast<char>(static_cast<std::uint8_t>(bytes[place]) ^ 1U << where % 8U);
  require(!decode_version(flipped).has_value(), "a single flipped bit is found");
  bytes.resize(place);
  require(!decode_version(bytes).has_value(), "a cut value is found");
}

void decode_account(std::string_view bytes) {
  const auto state = decode_account_state(bytes);
  if (state) {
    require(encode_account_state(*state) == bytes, "an account's state encodes to its bytes");
  }
}

void run(std::string_view input) {
  if (input.size() < 2) {
    return;
  }
  const std::string_view rest = input.substr(2);
  switch (static_cast<Mode>(static_cast<std::uint8_t>(input[0]) % kModes)) {
    case Mode::kRaw:
      decode_raw(rest);
      break;
    case Mode::kContent:
      decode_content(rest);
      break;
    case Mode::kEvent:
      keep_and_damage(static_cast<std::uint8_t>(input[1]), rest);
      break;
    case Mode::kAccount:
      decode_account(rest);
      break;
  }
}

}  // namespace
}  // namespace twinlog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  twinlog::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
