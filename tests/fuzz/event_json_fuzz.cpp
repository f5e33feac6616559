// Arbitrary bytes as one event, and the same as elements of an array.
#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/fuzz/event_properties.h"
#include "tests/fuzz/require.h"

namespace twinlog::fuzz {
namespace {

constexpr std::size_t kMostEvents = 4;

/// Two of the event in an array: the first is as it was alone, the second differs at most in a generated id.
void require_same_in_array(const std::string& json, const AcceptedEvent& alone, const EventReader& reader) {
  EventReader::RequestContext request;
  const auto both = reader.read_document("[" + json + " ,\n" + json + "]", kMostEvents, request);
  require(both.has_value() && both->size() == 2, "an event alone is an event in an array");
  const auto* first = both->data();
  const auto* second = first + 1;
  require(std::holds_alternative<AcceptedEvent>(*first) && std::holds_alternative<AcceptedEvent>(*second),
          "an event that is accepted alone is accepted in an array");
  require(std::get<AcceptedEvent>(*first).canonical == alone.canonical, "its canonical bytes are the same there");
  AuthEvent rest = std::get<AcceptedEvent>(*second).event;
  rest.log_id = alone.event.log_id;
  require(rest == alone.event, "its repetition differs in a generated id at most");
}

void run(const std::string& json) {
  static const EventReader reader(reader_settings());
  EventReader::RequestContext request;
  const ReadOutcome outcome = reader.read_event(json, request);
  require_sound(outcome, reader);
  if (const auto* accepted = std::get_if<AcceptedEvent>(&outcome)) {
    require_same_in_array(json, *accepted, reader);
  }
  EventReader::RequestContext document;
  if (const auto outcomes = reader.read_document(json, kMostEvents, document)) {
    for (const ReadOutcome& each : *outcomes) {
      require_sound(each, reader);
    }
  }
}

}  // namespace
}  // namespace twinlog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  twinlog::fuzz::run(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
