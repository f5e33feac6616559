// The Unix socket's protocol (docs/INTAKE.md): one JSON event a line, one answer line an event, in order.
//
// A line ends at LF, whatever it holds; a CR before it is dropped and an empty line is no event. Bytes after the last
// LF are no event either: when the peer ends there, they are never answered and never kept. A line over max_event is
// answered `rejected` and ends the connection after that answer.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/net/intake/answers.h"
#include "agent/net/intake/intake_port.h"
#include "agent/net/loop/stream_session.h"

namespace twinlog {

class LineSession final : public StreamSession {
 public:
  struct Limits {
    std::size_t max_event = 0;
    std::size_t unanswered_lines = 0;
    std::size_t unsent_answer_bytes = 0;
  };
  LineSession(SessionLoop& loop, IntakePort& port, const Limits& limits, Descriptor connection);

 protected:
  std::size_t consume(std::string_view bytes) override;
  bool wants_input() const override;
  bool has_outstanding() const override { return !sheets_.empty(); }
  std::size_t held_bytes() const override { return sheet_bytes_; }
  void on_received(std::size_t bytes) override;
  void on_cut() override;
  void on_closed() override;

 private:
  /// Who is connected is asked before the connection moves on.
  LineSession(SessionLoop& loop, IntakePort& port, const Limits& limits, const Arrival& arrival,
              Descriptor&& connection);
  /// The lines read at once, and what became of the accepted ones among them.
  struct Sheet {
    AnswerSheet answers;
    std::vector<Disposition> dispositions;
    bool is_complete = false;
    Time read_at{};
  };
  ReadOutcome read(std::string_view line);
  ReadOutcome too_long() const;
  void hand_over(AnswerSheet answers, Time read_at);
  void answered(std::uint64_t number, std::vector<Disposition> dispositions);
  void write_complete();

  IntakePort& port_;
  const Limits limits_;
  const Arrival arrival_;
  std::size_t searched_ = 0;               // of the unconsumed bytes: holds no LF
  std::map<std::uint64_t, Sheet> sheets_;  // in the order of the lines; an empty map takes no memory
  std::uint64_t next_number_ = 0;
  std::size_t unanswered_ = 0;  // lines in sheets_
  std::size_t sheet_bytes_ = 0;
};

}  // namespace twinlog
