#include "agent/net/intake/line_session.h"

#include <memory>
#include <optional>
#include <utility>

#include "agent/net/loop/peer_credentials.h"

namespace twinlog {
namespace {

Arrival arrival_of(int socket) {
  const std::optional<Peer> peer = peer_of(socket);
  return {Ingress::kUnix, peer ? peer->uid : kNobody, peer ? peer->gid : kNobody};
}

}  // namespace

LineSession::LineSession(SessionLoop& loop, IntakePort& port, const Limits& limits, Descriptor connection)
    : LineSession(loop, port, limits, arrival_of(connection.get()), std::move(connection)) {}

LineSession::LineSession(SessionLoop& loop, IntakePort& port, const Limits& limits, const Arrival& arrival,
                         Descriptor&& connection)
    : StreamSession(loop, std::move(connection)), port_(port), limits_(limits), arrival_(arrival) {
  ++port_.counters(Transport::kUnix).connections;
}

std::size_t LineSession::consume(std::string_view bytes) {
  const Time read_at = std::chrono::steady_clock::now();
  AnswerSheet answers;
  std::size_t taken = 0;
  bool is_over = false;
  while (!is_over && unanswered_ + answers.size() < limits_.unanswered_lines) {
    const std::size_t end = bytes.find('\n', taken + searched_);
    std::string_view line = bytes.substr(taken, end == std::string_view::npos ? end : end - taken);
    const bool has_end = end != std::string_view::npos;
    searched_ = has_end ? 0 : line.size();
    taken += has_end ? line.size() + 1 : 0;
    if (has_end && line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    // An unfinished line may still turn out to end in CR LF.
    is_over = line.size() > limits_.max_event + (has_end ? 0 : 1);
    if (is_over) {
      answers.add(too_long());
    } else if (!has_end) {
      break;
    } else if (!line.empty()) {
      answers.add(read(line));
    }
  }
  if (taken > 0) {
    begin_anew();
  }
  hand_over(std::move(answers), read_at);
  if (is_over) {
    end(Ending::kLinger);
    return bytes.size();
  }
  return taken;
}

ReadOutcome LineSession::read(std::string_view line) {
  EventReader::RequestContext request;
  ReadOutcome outcome = port_.reader().read_event(line, request);
  port_.count(request.counts);
  return outcome;
}

ReadOutcome LineSession::too_long() const {
  return Rejection{RejectionCause::kTooLong, "",
                   "the line is longer than intake.max_event, " + std::to_string(limits_.max_event) + " bytes"};
}

bool LineSession::wants_input() const {
  return unanswered_ < limits_.unanswered_lines && unsent_bytes() < limits_.unsent_answer_bytes;
}

void LineSession::hand_over(AnswerSheet answers, Time read_at) {
  if (answers.size() == 0) {
    return;
  }
  port_.count_rejections(Transport::kUnix, answers);
  const std::uint64_t number = next_number_++;
  std::vector<AcceptedEvent> events = answers.take_events();
  unanswered_ += answers.size();
  sheet_bytes_ += answers.bytes();
  sheets_.emplace(number, Sheet{std::move(answers), {}, events.empty(), read_at});
  if (events.empty()) {
    write_complete();
    return;
  }
  const std::weak_ptr<StreamSession> weak = weak_from_this();
  port_.submit({Transport::kUnix, Atomicity::kPerEvent, arrival_, std::move(events)},
               [this, weak, number](std::vector<Disposition> dispositions) {
                 if (const auto self = weak.lock()) {
                   answered(number, std::move(dispositions));
                 }
               });
}

void LineSession::answered(std::uint64_t number, std::vector<Disposition> dispositions) {
  Sheet& sheet = sheets_.at(number);
  sheet.dispositions = std::move(dispositions);
  sheet.is_complete = true;
  write_complete();
  proceed();
}

void LineSession::write_complete() {
  std::string out;
  while (!sheets_.empty() && sheets_.begin()->second.is_complete) {
    const Sheet& sheet = sheets_.begin()->second;
    sheet.answers.write(out, "\n", sheet.dispositions, port_.random());
    out += '\n';
    port_.counters(Transport::kUnix).answer_micros.observe(micros_of(std::chrono::steady_clock::now() - sheet.read_at));
    unanswered_ -= sheet.answers.size();
    sheet_bytes_ -= sheet.answers.bytes();
    sheets_.erase(sheets_.begin());
  }
  send(out);
}

void LineSession::on_received(std::size_t bytes) {
  port_.counters(Transport::kUnix).bytes += bytes;
}

void LineSession::on_cut() {
  ++port_.counters(Transport::kUnix).cut;
}

void LineSession::on_closed() {
  --port_.counters(Transport::kUnix).connections;
}

}  // namespace twinlog
