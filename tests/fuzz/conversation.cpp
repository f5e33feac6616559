#include "tests/fuzz/conversation.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "agent/net/http/bearer_token.h"
#include "agent/net/intake/http_session.h"
#include "agent/net/intake/line_session.h"
#include "agent/net/loop/session_loop.h"
#include "tests/fuzz/event_properties.h"
#include "tests/fuzz/require.h"

namespace twinlog::fuzz {
namespace {

constexpr std::size_t kBuffered = 64U << 20U;
constexpr std::size_t kUnansweredLines = 4;  // So few that inputs reach it.
constexpr std::size_t kUnsentAnswerBytes = 64U << 10U;
constexpr int kRoundsMost = 100'000;

EventReaderSettings settings() {
  EventReaderSettings settings = reader_settings();
  settings.max_event = kMostEvent;
  return settings;
}

/// Every kind of answer, chosen by the id.
Disposition disposition_of(const AcceptedEvent& accepted) {
  return static_cast<Disposition>(static_cast<std::uint8_t>(accepted.event.log_id.back()) % 4);
}

std::string answer_to(const AcceptedEvent& accepted) {
  const Disposition became = disposition_of(accepted);
  if (became == Disposition::kBusy) {
    return R"({"status":"busy","retry_after_ms":500})";
  }
  const std::string status = became == Disposition::kStored      ? "stored"
                             : became == Disposition::kDuplicate ? "duplicate"
                                                                 : "conflict";
  return R"({"status":")" + status + R"(","tenant_id":")" + accepted.event.tenant_id + R"(","log_id":")" +
         accepted.event.log_id + "\"}";
}

/// Answers at once: a spool on a disk would only make the run slow.
class ImmediateIntake final : public Intake {
 public:
  void submit(Submission submission) override {
    std::vector<Disposition> dispositions;
    bool is_any_busy = false;
    for (const AcceptedEvent& event : submission.events) {
      require_normalised(event, roomy_reader_);
      dispositions.push_back(disposition_of(event));
      is_any_busy = is_any_busy || dispositions.back() == Disposition::kBusy;
    }
    if (is_any_busy && submission.atomicity == Atomicity::kWhole) {
      dispositions.assign(dispositions.size(), Disposition::kBusy);
    }
    submission.done(std::move(dispositions));
  }
  const EventReader& reader() const override { return reader_; }

 private:
  EventReader reader_{settings()};
  EventReader roomy_reader_{reader_settings()};  // What is kept may be longer than what was sent.
};

}  // namespace

struct Conversation::Parts {
  ImmediateIntake intake;
  IntakeCounters counters;
  SessionLoop loop{{.connections = 4, .buffered = kBuffered, .unfinished = std::chrono::hours{1}}};
  /// Draws the shortest time of a busy answer.
  class Zeros final : public Random {
   public:
    void fill(std::span<std::uint8_t> bytes) override { std::fill(bytes.begin(), bytes.end(), std::uint8_t{0}); }
  };
  Zeros random;
  IntakePort port{loop, {intake, counters, random}};
  BearerToken token{"", loop.io(), loop.mailbox()};
  Descriptor peer;
  std::shared_ptr<StreamSession> session;
  std::string answered;

  /// Runs the loop until nothing is left to do, and reads what was answered; false when the session has closed.
  bool step() {
    for (int round = 0; round < kRoundsMost; ++round) {
      loop.io().restart();
      const bool has_run = loop.io().poll() > 0;
      std::array<char, 4096> buffer{};
      const ssize_t size = ::recv(peer.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size > 0) {
        answered.append(buffer.data(), static_cast<std::size_t>(size));
      } else if (!has_run) {
        return size != 0;
      }
    }
    require(false, "a session comes to rest");
    return false;
  }
};

Conversation::Conversation() : parts_(std::make_unique<Parts>()) {}
Conversation::~Conversation() = default;

void Conversation::open(Protocol protocol) {
  std::array<int, 2> ends{};
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "there is a socket pair");
  parts_->peer = Descriptor(ends[0]);
  parts_->answered.clear();
  Descriptor ours(ends[1]);
  if (protocol == Protocol::kLines) {
    const LineSession::Limits limits{kMostEvent, kUnansweredLines, kUnsentAnswerBytes};
    parts_->session = std::make_shared<LineSession>(parts_->loop, parts_->port, limits, std::move(ours));
  } else {
    const HttpSession::Limits limits{kMostBody, kMostEvents};
    parts_->session = std::make_shared<HttpSession>(parts_->loop, parts_->port, parts_->token, limits, std::move(ours));
  }
  parts_->session->start();
  parts_->step();
}

void Conversation::say(std::string_view part) {
  while (!part.empty()) {
    const ssize_t size = ::send(parts_->peer.get(), part.data(), part.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size > 0) {
      part.remove_prefix(static_cast<std::size_t>(size));
    }
    if (!parts_->step() || (size < 0 && errno != EAGAIN)) {
      return;  // It has closed; what it did not read is nobody's.
    }
  }
}

namespace {

/// HTTP answers tell the second in which they were written.
std::string without_dates(std::string answers) {
  constexpr std::string_view kDate = "\r\nDate: ";
  for (std::size_t at = answers.find(kDate); at != std::string::npos; at = answers.find(kDate, at)) {
    answers.erase(at, answers.find("\r\n", at + kDate.size()) - at);
  }
  return answers;
}

}  // namespace

std::string Conversation::finish() {
  ::shutdown(parts_->peer.get(), SHUT_WR);
  require(!parts_->step(), "a session ends when its peer has ended");
  parts_->session.reset();
  parts_->peer = Descriptor();
  require(parts_->loop.budget().used() == 0, "a closed session holds no buffer");
  return without_dates(std::move(parts_->answered));
}

std::string Conversation::expected_lines(std::string_view bytes) const {
  std::string answers;
  for (std::size_t end = bytes.find('\n'); !bytes.empty(); end = bytes.find('\n')) {
    std::string_view line = bytes.substr(0, end);
    const bool has_end = end != std::string_view::npos;
    bytes.remove_prefix(std::min(line.size() + 1, bytes.size()));
    if (has_end && line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (line.size() > kMostEvent + (has_end ? 0 : 1)) {
      const std::string reason = "the line is longer than intake.max_event, " + std::to_string(kMostEvent) + " bytes";
      return answers + rejected_answer({RejectionCause::kTooLong, "", reason}) + "\n";
    }
    if (!has_end || line.empty()) {
      continue;
    }
    EventReader::RequestContext request;
    const ReadOutcome outcome = parts_->intake.reader().read_event(line, request);
    const auto* accepted = std::get_if<AcceptedEvent>(&outcome);
    answers += (accepted != nullptr ? answer_to(*accepted) : rejected_answer(std::get<Rejection>(outcome))) + "\n";
  }
  return answers;
}

}  // namespace twinlog::fuzz
