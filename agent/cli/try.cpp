#include "agent/cli/try.h"

#include <fcntl.h>

#include <cerrno>
#include <span>
#include <system_error>

#include "agent/cli/send_lines.h"
#include "agent/cli/tried_event.h"
#include "ledger/base/descriptor.h"
#include "ledger/record/timestamp.h"

namespace twinlog {
namespace {

constexpr int kTaken = 0;
constexpr int kRefused = 1;
constexpr int kCannotOpen = 2;

/// What became of all lines.
struct Tally {
  std::uint64_t kept = 0;
  std::uint64_t repaired = 0;
  std::uint64_t redacted = 0;
  std::uint64_t refused = 0;

  void add(const TriedEvent& tried) {
    const auto* accepted = std::get_if<AcceptedEvent>(&tried.outcome);
    if (accepted == nullptr) {
      ++refused;
      return;
    }
    ++kept;
    repaired += accepted->event.repaired.empty() ? 0U : 1U;
    redacted += tried.counts.redactions == ReadCounts().redactions ? 0U : 1U;
  }
  std::string text() const {
    return events_text(kept + refused) + ": " + std::to_string(kept) + " would be kept (" + std::to_string(repaired) +
           " repaired, " + std::to_string(redacted) + " redacted), " + std::to_string(refused) + " refused\n";
  }
};

/// Shows whether an id had to be made.
class NoticedRandom final : public Random {
 public:
  explicit NoticedRandom(Random& inner) : inner_(inner) {}
  void fill(std::span<std::uint8_t> bytes) override {
    is_drawn = true;
    inner_.fill(bytes);
  }
  bool is_drawn = false;

 private:
  Random& inner_;
};

class Trial {
 public:
  Trial(const TryOptions& options, const OperatorIo& io)
      : options_(options), io_(io), random_(*options.reader.random), reader_(with_random(options.reader)) {}

  int run(int input) {
    LineReader lines(input, options_.reader.max_event);
    while (!lines.at_end()) {
      if (const Status status = lines.read_some(); !status.ok()) {
        io_.err << "twinlog: " << status.error().message() << "\n";
        return kRefused;
      }
      while (const auto line = lines.next()) {
        show(tried(*line));
      }
    }
    if (!options_.is_json) {
      io_.out << tally_.text();
    }
    io_.out << std::flush;
    return tally_.refused == 0 && io_.out.good() ? kTaken : kRefused;
  }

 private:
  TriedEvent tried(const InputLine& line) {
    TriedEvent result{.line = line.number, .sent_bytes = line.text.size(), .outcome = Rejection{}, .counts = {}};
    if (line.is_too_long) {
      result.outcome = larger_than(options_.reader.max_event);
      return result;
    }
    EventReader::RequestContext request;
    random_.is_drawn = false;
    result.outcome = reader_.read_event(line.text, request);
    result.counts = request.counts;
    if (const auto* accepted = std::get_if<AcceptedEvent>(&result.outcome)) {
      result.has_own_id = !random_.is_drawn;
      result.is_implausible = is_implausible_time(accepted->event.occurred_at, io_.clock.utc_now());
    }
    return result;
  }

  void show(const TriedEvent& tried) {
    tally_.add(tried);
    io_.out << (options_.is_json ? tried_json(tried) : tried_text(tried));
  }

  EventReaderSettings with_random(EventReaderSettings settings) {
    settings.random = &random_;
    return settings;
  }

  const TryOptions& options_;
  const OperatorIo& io_;
  NoticedRandom random_;
  EventReader reader_;
  Tally tally_;
};

}  // namespace

int run_try(const TryOptions& options, int input, const OperatorIo& io) {
  const bool has_file = !options.file.empty() && options.file != "-";
  const Descriptor file(has_file ? ::open(options.file.c_str(), O_RDONLY | O_CLOEXEC) : -1);
  if (has_file && !file.is_open()) {
    io.err << "twinlog: " << options.file << ": " << std::generic_category().message(errno) << "\n";
    return kCannotOpen;
  }
  return Trial(options, io).run(has_file ? file.get() : input);
}

}  // namespace twinlog
