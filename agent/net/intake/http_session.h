// The HTTP way in (docs/INTAKE.md): POST /v1/events. One request at a time per connection; what a peer pipelines
// waits unparsed, so answers are in order.
//
// A request that its header condemns is read to its end without keeping the body, so that the connection goes on; but
// one whose peer waits for "100 Continue", or is over a limit, is answered at once and the connection ends.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/net/http/bearer_token.h"
#include "agent/net/http/http_codec.h"
#include "agent/net/intake/answers.h"
#include "agent/net/intake/intake_port.h"
#include "agent/net/loop/stream_session.h"

namespace twinlog {

class HttpSession final : public StreamSession {
 public:
  struct Limits {
    std::size_t max_body = 0;
    std::size_t max_events = 0;
  };
  HttpSession(SessionLoop& loop, IntakePort& port, BearerToken& token, const Limits& limits, Descriptor connection);

 protected:
  std::size_t consume(std::string_view bytes) override;
  /// The next request is looked at only once the answer before it has left: unread answers cannot pile up.
  bool wants_input() const override { return !has_outstanding() && unsent_bytes() == 0; }
  bool has_outstanding() const override { return sheet_.has_value() || awaits_token_; }
  bool holds_part() const override { return reader_.has_begun(); }
  std::size_t held_bytes() const override { return reader_.held_bytes() + (sheet_ ? sheet_->bytes() : 0); }
  bool limits_unread_answers() const override { return true; }
  bool limits_first_request() const override { return true; }
  bool yields() const override { return !has_outstanding(); }
  void on_unfinished() override;
  void on_received(std::size_t bytes) override;
  void on_cut() override;
  void on_closed() override;

 private:
  void judge_header();
  void judged(BearerToken::Verdict verdict);
  HttpResponse refusal_for_token(BearerToken::Verdict verdict);
  /// The header is judged: what comes of the request.
  void settle(std::optional<HttpResponse> refusal);
  void complete();
  HttpResponse busy_response(std::string_view reason);
  void handle(const HttpRequest& request);
  /// An Error is the answer: kFull is 413, everything else 400.
  Result<AnswerSheet> read_events(const HttpRequest& request);
  Result<AnswerSheet> read_lines(std::string_view body, EventReader::RequestContext& request);
  void answered(const std::vector<Disposition>& dispositions);
  void respond_results(const AnswerSheet& sheet, const std::vector<Disposition>& dispositions);
  void respond(const HttpResponse& response);
  void respond_and_end(const HttpResponse& response);

  IntakePort& port_;
  BearerToken& token_;
  const Limits limits_;
  HttpRequestReader reader_;
  std::optional<HttpResponse> refusal_;  // of the request being read
  std::optional<Time> read_at_;          // the request being answered, when it was complete
  bool is_judged_ = false;               // the header of the request being read
  bool awaits_token_ = false;            // its token is being judged
  bool keeps_alive_ = true;              // after the request being answered
  bool is_head_ = false;                 // the request being answered
  std::optional<AnswerSheet> sheet_;     // at the front door
};

}  // namespace twinlog
