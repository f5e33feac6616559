#include "agent/net/admin/admin_session.h"

#include <utility>

#include "agent/net/loop/session_loop.h"

namespace twinlog {
namespace {

constexpr std::size_t kHeaderMost = 8U << 10U;

HttpResponse response_of(AdminPage page) {
  HttpResponse response;
  response.status = page.status;
  response.content_type = std::move(page.content_type);
  response.body = std::move(page.body);
  response.fields = std::move(page.fields);
  response.fields.emplace_back("Cache-Control", "no-store");
  response.fields.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

HttpResponse plain(unsigned status, std::string_view reason) {
  AdminPage page;
  page.status = status;
  page.body = std::string(reason) + "\n";
  return response_of(std::move(page));
}

}  // namespace

AdminSession::AdminSession(SessionLoop& loop, const Behind& behind, Descriptor connection)
    : StreamSession(loop, std::move(connection)),
      behind_(behind),
      closes_from_(loop.now() + behind.age),
      reader_({kHeaderMost, 0}) {}

std::size_t AdminSession::consume(std::string_view bytes) {
  using Progress = HttpRequestReader::Progress;
  const std::size_t taken = reader_.feed(bytes);
  switch (reader_.progress()) {
    case Progress::kHeader:
      break;
    case Progress::kComplete:
      begin_anew();
      answer(reader_.take());
      break;
    case Progress::kHostUnclear:
      refuse(400, "a request names its host once");
      break;
    case Progress::kMalformed:
      refuse(400, "this is not HTTP");
      break;
    case Progress::kHeaderTooLong:
      refuse(431, "the header is longer than 8 KiB");
      break;
    case Progress::kBody:  // A chunked one says only later how long it is.
    case Progress::kBodyTooLong:
      refuse(413, "a request here has no body");
      break;
  }
  return taken;
}

HttpResponse AdminSession::respond(const HttpRequest& request) {
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  const std::string_view wanted = behind_.commands == nullptr ? "" : behind_.commands->method_of(request.path);
  if (wanted.empty() && is_read) {
    return response_of(behind_.pages.page(request.path));
  }
  if (!wanted.empty() && (request.method == wanted || (wanted == "GET" && is_read))) {
    return response_of(behind_.commands->run(request.path, request.query));
  }
  const bool takes_get = wanted.empty() || wanted == "GET";
  HttpResponse refusal = plain(405, takes_get ? "read only: GET" : "this is a command: " + std::string(wanted));
  refusal.fields.emplace_back("Allow", takes_get ? "GET, HEAD" : std::string(wanted));
  return refusal;
}

void AdminSession::answer(const HttpRequest& request) {
  const bool is_head = request.method == "HEAD";
  const HttpResponse response = respond(request);
  behind_.counters.add(response.status);
  const bool goes_on = request.keeps_alive && is_open() && loop().now() < closes_from_;
  send(write_response(response, loop().utc_now(), goes_on ? AfterResponse::kKeepAlive : AfterResponse::kClose,
                      is_head ? BodyShown::kNo : BodyShown::kYes));
  if (!goes_on && is_open()) {
    end(Ending::kLinger);
  }
}

void AdminSession::refuse(unsigned status, std::string_view reason) {
  behind_.counters.add(status);
  reader_.reset();
  send(write_response(plain(status, reason), loop().utc_now(), AfterResponse::kClose));
  end(Ending::kLinger);
}

}  // namespace twinlog
