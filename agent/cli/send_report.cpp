#include "agent/cli/send_report.h"

#include <cerrno>
#include <cstddef>
#include <system_error>

#include "agent/cli/terminal.h"

namespace twinlog {
namespace {

constexpr std::size_t kReasonBytesMost = 200;

/// An agent's words on a terminal, bounded.
std::string shown(const std::string& text) {
  return shown_text(text.substr(0, kReasonBytesMost));
}

std::string lines(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " line" : " lines");
}

std::string seconds(std::chrono::milliseconds time) {
  const auto tenths = (time.count() + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

std::string rate(std::uint64_t count, std::chrono::milliseconds time) {
  return time.count() > 0 ? std::to_string(count * 1000 / static_cast<std::uint64_t>(time.count())) + "/s" : "-/s";
}

std::string rejections_text(const SendCounts& counts) {
  std::string text;
  for (const RefusedLine& rejection : counts.rejections) {
    text += "rejected line " + std::to_string(rejection.line) + ": ";
    text += rejection.field.empty() ? "" : shown(rejection.field) + ": ";
    text += shown(rejection.reason) + "\n";
  }
  if (counts.rejected > counts.rejections.size()) {
    text += "and " + lines(counts.rejected - counts.rejections.size()) + " more rejected\n";
  }
  return text;
}

std::string resends_text(const SendCounts& counts) {
  std::string text;
  if (counts.busy > 0) {
    text += "busy answers " + std::to_string(counts.busy) + " (those lines were sent again)\n";
  }
  if (counts.lost_connections > 0) {
    text += "lost connections " + std::to_string(counts.lost_connections) + " (" + lines(counts.sent_again) +
            " sent again)\n";
  }
  if (counts.sent_again_without_log_id > 0) {
    text += "warning: " + lines(counts.sent_again_without_log_id) +
            " without a log_id were sent again after a lost connection. Each such line is a new event, so some may be "
            "recorded twice: give events a log_id before they are sent.\n";
  }
  return text;
}

}  // namespace

std::string summary_text(const SendSummary& summary) {
  const SendCounts& counts = summary.counts;
  std::string text = lines(counts.lines) + " in " + seconds(summary.time) + " (" +
                     rate(counts.answered(), summary.time) + ") through " + summary.socket + "\n";
  text += "stored " + std::to_string(counts.stored) + ", duplicate " + std::to_string(counts.duplicate) +
          ", conflict " + std::to_string(counts.conflict) + ", rejected " + std::to_string(counts.rejected) + "\n";
  text += rejections_text(counts) + resends_text(counts);
  if (summary.implausible > 0) {
    text += "warning: " + lines(summary.implausible) +
            " say a time before the year 2000 or over a day ahead: is the sender's clock right, and occurred_at in "
            "milliseconds?\n";
  }
  if (summary.unanswered > 0) {
    text += "without an answer: " + lines(summary.unanswered) + "\n";
  }
  if (summary.resume_at) {
    text += "not all was sent: go on from line " + std::to_string(*summary.resume_at) +
            " (what the agent has already, it answers with duplicate)\n";
  }
  return text;
}

std::string progress_text(const SendProgress& progress) {
  std::string text = std::to_string(progress.answered) + " answered, " + rate(progress.answered, progress.time);
  if (progress.percent) {
    text += ", " + std::to_string(*progress.percent) + " % read";
  }
  if (progress.rejected > 0) {
    text += ", " + std::to_string(progress.rejected) + " rejected";
  }
  switch (progress.state) {
    case SendProgress::State::kAgentBusy:
      return text + ", waiting: the agent is busy";
    case SendProgress::State::kReconnecting:
      return text + ", waiting: the agent is away";
    case SendProgress::State::kStopping:
      return text + ", stopping";
    case SendProgress::State::kSending:
      break;
  }
  return text;
}

std::string connect_problem(const std::string& socket, int error) {
  switch (error) {
    case ENOENT:
      return "there is no socket at " + socket +
             ": is the agent running, and is this its intake.unix.path? (--socket names another)";
    case ECONNREFUSED:
      return "nobody listens at " + socket + ": start the agent, then send again";
    case EACCES:
      return "no right to connect to " + socket + ": the socket's owner, group and intake.unix.mode say who may send";
    default:
      return "cannot connect to " + socket + ": " + std::generic_category().message(error);
  }
}

}  // namespace twinlog
