#include "agent/cli/send_window.h"

#include <algorithm>
#include <utility>

namespace twinlog {

void SendWindow::add(InputLine line) {
  ++counts_.lines;
  if (line.is_too_long) {
    reject(line.number, "", "the line is longer than any agent takes; it was not sent");
    return;
  }
  line.text += '\n';
  bytes_ += line.text.size();
  waiting_.push_back({line.number, std::move(line.text), 0});
}

const std::string* SendWindow::take_next() {
  if (waiting_.empty()) {
    return nullptr;
  }
  on_their_way_.push_back(std::move(waiting_.front()));
  waiting_.pop_front();
  Line& line = on_their_way_.back();
  bytes_taken_ += line.text.size();
  line.written_at = bytes_taken_;
  return &line.text;
}

bool SendWindow::answered(const Answer& answer) {
  if (on_their_way_.empty()) {
    return false;
  }
  Line line = std::move(on_their_way_.front());
  on_their_way_.pop_front();
  if (answer.status == AnswerStatus::kBusy) {
    ++counts_.busy;
    waiting_.push_back(std::move(line));
    return true;
  }
  bytes_ -= line.text.size();
  switch (answer.status) {
    case AnswerStatus::kStored:
      ++counts_.stored;
      break;
    case AnswerStatus::kDuplicate:
      ++counts_.duplicate;
      break;
    case AnswerStatus::kConflict:
      ++counts_.conflict;
      break;
    default:
      reject(line.number, answer.field, answer.reason);
  }
  return true;
}

void SendWindow::reject(std::uint64_t line, std::string field, std::string reason) {
  ++counts_.rejected;
  if (counts_.rejections.size() < kReasonsKept) {
    counts_.rejections.push_back({line, std::move(field), std::move(reason)});
  }
}

void SendWindow::lost_connection(std::uint64_t bytes_written) {
  ++counts_.lost_connections;
  for (const Line& line : on_their_way_) {
    // A line ends at its LF: one that was not written whole, the agent has not taken.
    if (line.written_at <= bytes_written) {
      ++counts_.sent_again;
      counts_.sent_again_without_log_id += has_log_id(line.text) ? 0U : 1U;
    }
  }
  waiting_.insert(waiting_.begin(), std::make_move_iterator(on_their_way_.begin()),
                  std::make_move_iterator(on_their_way_.end()));
  on_their_way_.clear();
  bytes_taken_ = 0;
}

std::optional<std::uint64_t> SendWindow::first_unanswered() const {
  std::optional<std::uint64_t> first;
  for (const auto* const lines : {&waiting_, &on_their_way_}) {
    for (const Line& line : *lines) {
      first = std::min(first.value_or(line.number), line.number);
    }
  }
  return first;
}

}  // namespace twinlog
