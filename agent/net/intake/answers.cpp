#include "agent/net/intake/answers.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <utility>

namespace twinlog {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

std::string text_of(const rapidjson::StringBuffer& buffer) {
  return {buffer.GetString(), buffer.GetSize()};
}

std::string_view status_text(Disposition disposition) {
  switch (disposition) {
    case Disposition::kStored:
      return "stored";
    case Disposition::kDuplicate:
      return "duplicate";
    case Disposition::kConflict:
      return "conflict";
    case Disposition::kBusy:
      break;
  }
  return "busy";
}

}  // namespace

std::string rejected_answer(const Rejection& rejection) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  put(writer, "status");
  put(writer, "rejected");
  put(writer, "error");
  writer.StartObject();
  put(writer, "field");
  put(writer, rejection.field);
  put(writer, "reason");
  put(writer, rejection.reason);
  writer.EndObject();
  writer.EndObject();
  return text_of(buffer);
}

std::string error_body(std::string_view reason) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  put(writer, "error");
  writer.StartObject();
  put(writer, "reason");
  put(writer, reason);
  writer.EndObject();
  writer.EndObject();
  return text_of(buffer);
}

unsigned draw_retry_after_ms(Random& random) {
  return kRetryAfterMsLeast + static_cast<unsigned>(random.next() % (kRetryAfterMsMost - kRetryAfterMsLeast + 1));
}

std::string busy_body(std::string_view reason, unsigned retry_after_ms) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  put(writer, "status");
  put(writer, "busy");
  put(writer, "retry_after_ms");
  writer.Uint(retry_after_ms);
  put(writer, "error");
  writer.StartObject();
  put(writer, "reason");
  put(writer, reason);
  writer.EndObject();
  writer.EndObject();
  return text_of(buffer);
}

void AnswerSheet::add(ReadOutcome outcome) {
  Line line;
  if (auto* accepted = std::get_if<AcceptedEvent>(&outcome)) {
    // Both ids consist of [A-Za-z0-9._:~-] only (docs/EVENTS.md), so there is nothing to escape.
    line.is_accepted = true;
    line.text = R"(,"tenant_id":")" + accepted->event.tenant_id + R"(","log_id":")" + accepted->event.log_id + R"("})";
    ++accepted_;
    events_.push_back(std::move(*accepted));
  } else {
    const Rejection& rejection = std::get<Rejection>(outcome);
    rejections_.emplace_back(rejection.counted_field(), rejection.cause);
    line.text = rejected_answer(rejection);
  }
  bytes_ += sizeof(Line) + line.text.capacity();
  lines_.push_back(std::move(line));
}

void AnswerSheet::write(std::string& out, std::string_view separator, const std::vector<Disposition>& dispositions,
                        Random& random) const {
  auto disposition = dispositions.begin();
  bool is_first = true;
  for (const Line& line : lines_) {
    if (!std::exchange(is_first, false)) {
      out += separator;
    }
    if (!line.is_accepted) {
      out += line.text;
      continue;
    }
    // A front door that answers too few is treated as one that took nothing: `stored` is never said without its word.
    const Disposition became = disposition == dispositions.end() ? Disposition::kBusy : *disposition++;
    if (became == Disposition::kBusy) {
      out += R"({"status":"busy","retry_after_ms":)" + std::to_string(draw_retry_after_ms(random)) + "}";
    } else {
      out.append(R"({"status":")").append(status_text(became)).append("\"").append(line.text);
    }
  }
}

}  // namespace twinlog
