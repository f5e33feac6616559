#include "agent/net/intake/http_session.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "agent/net/http/media_type.h"

namespace twinlog {
namespace {

constexpr std::size_t kHeaderMost = 16U << 10U;
constexpr std::size_t kIdempotencyKeyMost = 255;
constexpr std::string_view kEventsPath = "/v1/events";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // RFC 8259 section 8.1: may be ignored.

HttpResponse error_response(unsigned status, std::string_view reason) {
  HttpResponse response;
  response.status = status;
  response.body = error_body(reason);
  return response;
}

/// Whether the body is lines; nothing when it is nothing that we read.
std::optional<bool> has_lines(std::string_view content_type) {
  const auto type = media_type_of(content_type);
  const auto is = [&type](std::string_view name) { return type && equals_ignoring_case(type->name, name); };
  if (is("application/x-ndjson") || is("application/ndjson") || is("application/jsonl")) {
    return true;
  }
  return is("application/json") ? std::optional(false) : std::nullopt;
}

bool is_plain(std::string_view coding, std::string_view plain) {
  return coding.empty() || equals_ignoring_case(coding, plain);
}

bool is_idempotency_key(std::string_view text) {
  return !text.empty() && text.size() <= kIdempotencyKeyMost &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

std::optional<HttpResponse> refusal_of_target(const HttpRequest& request) {
  if (request.path != kEventsPath) {
    return error_response(404, "events go to /v1/events");
  }
  if (request.method != "POST") {
    HttpResponse response = error_response(405, "events are sent with POST");
    response.fields.emplace_back("Allow", "POST");
    return response;
  }
  return std::nullopt;
}

std::optional<HttpResponse> refusal_of_body(const HttpRequest& request) {
  if (!is_plain(request.content_encoding, "identity") || !is_plain(request.transfer_encoding, "chunked")) {
    return error_response(415, "send the body uncompressed");
  }
  if (!has_lines(request.content_type)) {
    return error_response(415, "send application/json or application/x-ndjson");
  }
  if (!media_type_of(request.content_type)->is_utf8) {
    return error_response(415, "send UTF-8: the charset that Content-Type names is another one");
  }
  if (request.idempotency_key && !is_idempotency_key(*request.idempotency_key)) {
    return error_response(400, "Idempotency-Key is 1 to 255 visible ASCII characters, and is sent once");
  }
  return std::nullopt;
}

/// The next line of `rest` without its line end; takes it off. The last one needs no LF.
std::string_view next_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  return line;
}

}  // namespace

HttpSession::HttpSession(SessionLoop& loop, IntakePort& port, BearerToken& token, const Limits& limits,
                         Descriptor connection)
    : StreamSession(loop, std::move(connection)),
      port_(port),
      token_(token),
      limits_(limits),
      reader_({kHeaderMost, limits.max_body}) {
  ++port_.counters(Transport::kHttp).connections;
}

std::size_t HttpSession::consume(std::string_view bytes) {
  using Progress = HttpRequestReader::Progress;
  const std::size_t taken = reader_.feed(bytes);
  switch (reader_.progress()) {
    case Progress::kHeader:
      break;
    case Progress::kBody:
      judge_header();
      break;
    case Progress::kComplete:
      judge_header();
      if (!awaits_token_) {
        complete();
      }
      break;
    case Progress::kHostUnclear:
      respond_and_end(error_response(400, "a request names its host once"));
      break;
    case Progress::kMalformed:
      respond_and_end(error_response(400, "this is not HTTP"));
      break;
    case Progress::kHeaderTooLong:
      respond_and_end(error_response(431, "the header is longer than 16 KiB"));
      break;
    case Progress::kBodyTooLong:
      respond_and_end(error_response(
          413, "the body is longer than intake.http.max_body, " + std::to_string(limits_.max_body) + " bytes"));
      break;
  }
  return taken;
}

void HttpSession::judge_header() {
  if (std::exchange(is_judged_, true)) {
    return;
  }
  std::optional<HttpResponse> refusal = refusal_of_target(reader_.request());
  if (refusal || !token_.is_required()) {
    settle(refusal ? std::move(refusal) : refusal_of_body(reader_.request()));
    return;
  }
  awaits_token_ = true;
  const std::weak_ptr<StreamSession> weak = weak_from_this();
  token_.judge(reader_.request().authorization, [this, weak](BearerToken::Verdict verdict) {
    if (const auto self = weak.lock(); self && std::exchange(awaits_token_, false)) {
      judged(verdict);
    }
  });
}

void HttpSession::judged(BearerToken::Verdict verdict) {
  const bool is_whole = reader_.progress() == HttpRequestReader::Progress::kComplete;
  settle(verdict == BearerToken::Verdict::kRight ? refusal_of_body(reader_.request()) : refusal_for_token(verdict));
  if (is_whole) {
    complete();
  }
  proceed();
}

HttpResponse HttpSession::refusal_for_token(BearerToken::Verdict verdict) {
  if (verdict == BearerToken::Verdict::kUnreadable) {
    return busy_response("the agent cannot read its bearer token now; send the request again");
  }
  HttpResponse response = error_response(401, "the bearer token is missing or wrong");
  response.fields.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

void HttpSession::settle(std::optional<HttpResponse> refusal) {
  const bool has_body_to_come = reader_.progress() == HttpRequestReader::Progress::kBody;
  const bool waits = has_body_to_come && equals_ignoring_case(reader_.request().expect, "100-continue");
  refusal_ = std::move(refusal);
  if (!refusal_) {
    if (waits) {
      send(continue_response());
    }
  } else if (waits) {
    respond_and_end(*refusal_);
  } else if (has_body_to_come) {
    reader_.discard_body();
  }
}

void HttpSession::complete() {
  if (reader_.has_begun()) {
    begin_anew();
    handle(reader_.take());
  }
}

void HttpSession::handle(const HttpRequest& request) {
  read_at_ = std::chrono::steady_clock::now();
  // Behind a transfer coding that we do not know nothing can be found.
  keeps_alive_ = request.keeps_alive && is_plain(request.transfer_encoding, "chunked");
  is_head_ = request.method == "HEAD";
  is_judged_ = false;
  if (refusal_) {
    respond(*std::exchange(refusal_, std::nullopt));
    return;
  }
  auto sheet = read_events(request);
  if (!sheet) {
    respond(error_response(sheet.error().kind() == ErrorKind::kFull ? 413 : 400, sheet.error().message()));
    return;
  }
  port_.count_rejections(Transport::kHttp, *sheet);
  std::vector<AcceptedEvent> events = sheet->take_events();
  if (events.empty()) {
    respond_results(*sheet, {});
    return;
  }
  sheet_ = *std::move(sheet);
  const std::weak_ptr<StreamSession> weak = weak_from_this();
  port_.submit({Transport::kHttp, Atomicity::kWhole, {.ingress = Ingress::kHttp}, std::move(events)},
               [this, weak](const std::vector<Disposition>& dispositions) {
                 if (const auto self = weak.lock()) {
                   answered(dispositions);
                 }
               });
}

Result<AnswerSheet> HttpSession::read_events(const HttpRequest& request) {
  EventReader::RequestContext context;
  context.idempotency_key = request.idempotency_key.value_or("");
  AnswerSheet sheet;
  std::string_view body = request.body;
  body.remove_prefix(body.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
  if (has_lines(request.content_type) == true) {
    auto lines = read_lines(body, context);
    if (!lines) {
      return lines.error();
    }
    sheet = *std::move(lines);
  } else {
    auto outcomes = port_.reader().read_document(body, limits_.max_events, context);
    if (!outcomes) {
      return outcomes.error();
    }
    for (ReadOutcome& outcome : *outcomes) {
      sheet.add(std::move(outcome));
    }
  }
  port_.count(context.counts);
  return sheet;
}

Result<AnswerSheet> HttpSession::read_lines(std::string_view body, EventReader::RequestContext& request) {
  std::size_t count = 0;
  for (std::string_view rest = body; !rest.empty();) {
    count += next_line(rest).empty() ? 0U : 1U;
  }
  if (count > limits_.max_events) {
    return Error(ErrorKind::kFull, "more than intake.http.max_events, " + std::to_string(limits_.max_events) +
                                       ", events in one request; send several");
  }
  AnswerSheet sheet;
  for (std::string_view rest = body; !rest.empty();) {
    const std::string_view line = next_line(rest);
    if (!line.empty()) {
      sheet.add(port_.reader().read_event(line, request));
    }
  }
  return sheet;
}

HttpResponse HttpSession::busy_response(std::string_view reason) {
  constexpr unsigned kMsPerSecond = 1000;
  const unsigned retry_after_ms = draw_retry_after_ms(port_.random());
  HttpResponse response;
  response.status = 503;
  response.body = busy_body(reason, retry_after_ms);
  response.fields.emplace_back("Retry-After", std::to_string((retry_after_ms + kMsPerSecond - 1) / kMsPerSecond));
  return response;
}

void HttpSession::answered(const std::vector<Disposition>& dispositions) {
  const AnswerSheet sheet = *std::exchange(sheet_, std::nullopt);
  respond_results(sheet, dispositions);
  proceed();
}

void HttpSession::respond_results(const AnswerSheet& sheet, const std::vector<Disposition>& dispositions) {
  HttpResponse response;
  for (const Disposition disposition : dispositions) {
    if (disposition == Disposition::kBusy) {  // kWhole: then all of them are.
      respond(busy_response("the spool has no room now; nothing of this request was stored, send it again"));
      return;
    }
  }
  response.status = sheet.accepted() == 0 && sheet.rejected() > 0 ? 422 : 200;
  response.body = R"({"results":[)";
  sheet.write(response.body, ",", dispositions, port_.random());
  response.body += "]}";
  respond(response);
}

void HttpSession::respond(const HttpResponse& response) {
  const bool goes_on = keeps_alive_ && is_open();
  port_.counters().http_answers.add(response.status);
  send(write_response(response, loop().utc_now(), goes_on ? AfterResponse::kKeepAlive : AfterResponse::kClose,
                      is_head_ ? BodyShown::kNo : BodyShown::kYes));
  if (const auto read_at = std::exchange(read_at_, std::nullopt)) {
    port_.counters(Transport::kHttp).answer_micros.observe(micros_of(std::chrono::steady_clock::now() - *read_at));
  }
  if (!goes_on && is_open()) {
    end(Ending::kLinger);
  }
}

void HttpSession::respond_and_end(const HttpResponse& response) {
  keeps_alive_ = false;
  is_head_ = false;
  reader_.reset();
  respond(response);
}

void HttpSession::on_unfinished() {
  respond_and_end(error_response(408, "the request was not finished in time"));
}

void HttpSession::on_received(std::size_t bytes) {
  port_.counters(Transport::kHttp).bytes += bytes;
}

void HttpSession::on_cut() {
  ++port_.counters(Transport::kHttp).cut;
}

void HttpSession::on_closed() {
  --port_.counters(Transport::kHttp).connections;
}

}  // namespace twinlog
