#include "agent/cli/verify_command.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>

#include "agent/cli/changed_fields.h"
#include "agent/cli/verify_report.h"
#include "ledger/proof/check_proof.h"
#include "ledger/record/timestamp.h"
#include "ledger/verify/known_findings.h"
#include "ledger/verify/verify.h"

namespace twinlog {
namespace {

constexpr std::string_view kProofEnd = ".tlog-proof";

std::optional<std::string> read_file(const std::string& path, const OperatorIo& io) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.is_open() || file.bad()) {
    io.err << "twinlog: " << path << " cannot be read\n";
    return std::nullopt;
  }
  return bytes;
}

/// What the files of the command line say.
struct VerifyInput {
  std::optional<TrustFile> trust;
  Archive archive;
  KnownFindings known;
  std::optional<UtcMicros> since;
  UtcMicros now = 0;
};

std::optional<UtcMicros> time_of(const std::string& text, std::string_view option, const OperatorIo& io) {
  const auto time = rfc3339_time(text);
  if (!time || time->range != TimeRange::kWithin) {
    io.err << "twinlog: " << option << " is a time such as 2026-11-24T13:45:00Z\n";
    return std::nullopt;
  }
  return time->micros;
}

bool read_archives(const VerifyOptions& options, VerifyInput& input, const OperatorIo& io) {
  for (const std::string& path : options.checkpoints) {
    std::ifstream file(path, std::ios::binary);
    std::string line;
    while (std::getline(file, line)) {
      if (const Status taken = input.archive.take_line(line); !taken) {
        io.err << "twinlog: " << path << ": " << taken.error().message() << "\n";
        return false;
      }
    }
    if (!file.is_open() || file.bad()) {
      io.err << "twinlog: " << path << " cannot be read\n";
      return false;
    }
  }
  return true;
}

bool read_known(const VerifyOptions& options, VerifyInput& input, const OperatorIo& io) {
  if (!options.known) {
    return true;
  }
  std::ifstream file(*options.known, std::ios::binary);
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (const Status taken = take_known(line, input.known); !taken) {
      io.err << "twinlog: " << *options.known << ": line " << number << ": " << taken.error().message() << "\n";
      return false;
    }
  }
  if (!file.is_open() || file.bad()) {
    io.err << "twinlog: " << *options.known << " cannot be read\n";
    return false;
  }
  return true;
}

std::optional<VerifyInput> read_input(const VerifyOptions& options, const OperatorIo& io) {
  VerifyInput input;
  input.now = io.clock.utc_now();
  if (options.trust) {
    input.trust = read_trust_file(*options.trust, io);
  }
  const bool is_trust_bad = options.trust && !input.trust;
  if (is_trust_bad || !read_archives(options, input, io) || !read_known(options, input, io)) {
    return std::nullopt;
  }
  if (options.since) {
    input.since = time_of(*options.since, "--since", io);
    if (!input.since) {
      return std::nullopt;
    }
  }
  if (options.now) {
    const auto now = time_of(*options.now, "--now", io);
    if (!now) {
      return std::nullopt;
    }
    input.now = *now;
  }
  return input;
}

std::array<ProofReader*, kStoreSides> rows_of(const std::vector<StoreToVerify>& stores) {
  std::array<ProofReader*, kStoreSides> rows{};
  for (const StoreToVerify& store : stores) {
    rows.at(static_cast<std::size_t>(store.side)) = store.rows.get();
  }
  return rows;
}

}  // namespace

std::optional<TrustFile> read_trust_file(const std::string& path, const OperatorIo& io) {
  const auto text = read_file(path, io);
  if (!text) {
    return std::nullopt;
  }
  Result<TrustFile> trust = parse_trust_file(*text);
  if (!trust) {
    io.err << "twinlog: " << path << ": " << trust.error().message() << "\n";
    return std::nullopt;
  }
  return std::move(*trust);
}

std::string temporary_folder(const std::optional<std::string>& option) {
  const char* const usual = std::getenv("TMPDIR");
  return option.value_or(usual != nullptr && *usual != '\0' ? usual : "/tmp");
}

bool open_stores(const std::vector<StoreToVerify>& stores, const OperatorIo& io) {
  for (const StoreToVerify& store : stores) {
    if (const StoreStatus failed = store.reader->open()) {
      io.err << "twinlog: " << side_text(store.side) << ": " << failed->words
             << (failed->code.empty() ? "" : " (code " + failed->code + ")") << "\n";
      return false;
    }
  }
  return true;
}

std::function<void(const VerifyProgress&)> shown_progress(const OperatorIo& io) {
  if (!io.is_err_terminal) {
    return {};
  }
  return [&io, begun = io.clock.steady_now()](const VerifyProgress& progress) {
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(io.clock.steady_now() - begun);
    io.err << "\r\x1b[K" << progress_line(progress, elapsed) << std::flush;
  };
}

int run_verify(const VerifyOptions& options, const std::vector<StoreToVerify>& stores, const OperatorIo& io) {
  std::optional<VerifyInput> input = read_input(options, io);
  if (!input || !open_stores(stores, io)) {
    return kVerifyInput;
  }
  ChangedFields fields(rows_of(stores));
  VerifyReport report(io, fields);
  const auto clear = [&io] { io.err << (io.is_err_terminal ? "\r\x1b[K" : ""); };
  FindingLog log(std::move(input->known), [&](const Finding& finding, Judged known) {
    clear();
    if (options.is_json) {
      io.out << finding_json(finding, known) << "\n";
    } else {
      report.show(finding, known);
    }
  });
  VerifyOrder order;
  order.trust = std::move(input->trust);
  order.archive = std::move(input->archive);
  order.since = input->since;
  order.now = input->now;
  order.sorting.folder = temporary_folder(options.temporary);
  order.on_progress = shown_progress(io);
  std::vector<std::string> unknown;
  for (const StoreToVerify& store : stores) {
    order.stores.push_back({store.side, *store.reader});
  }
  const Result<VerifyOutcome> outcome = verify_stores(order, log);
  clear();
  if (!outcome) {
    io.err << "twinlog: " << outcome.error().message() << "\n";
    return kVerifyInput;
  }
  for (const StoreToVerify& store : stores) {
    for (const std::string& column : store.reader->unknown_columns()) {
      unknown.push_back(std::string(side_text(store.side)) + ": " + column);
    }
  }
  if (options.is_json) {
    io.out << summary_json(outcome->summary, log, log.exit_code()) << "\n";
  } else {
    report.finish(*outcome, log, unknown);
  }
  io.out.flush();
  return log.exit_code();
}

int run_verify_proof(const VerifyOptions& options, const OperatorIo& io) {
  const std::optional<VerifyInput> input = read_input(options, io);
  if (!input) {
    return kVerifyInput;
  }
  std::string base = *options.proof;
  if (base.ends_with(kProofEnd)) {
    base.resize(base.size() - kProofEnd.size());
  }
  const auto proof = read_file(*options.proof, io);
  const auto disclosure = read_file(base + ".disclosure.json", io);
  if (!proof || !disclosure) {
    return kVerifyInput;
  }
  const Result<ProofReport> report = check_proof(*proof, *disclosure, input->trust, input->archive);
  if (!report) {
    io.err << "twinlog: " << report.error().message() << "\n";
    return kVerifyInput;
  }
  for (const std::string& reason : report->reasons) {
    io.out << shown_text(reason) << "\n";
  }
  if (report->verdict == ProofVerdict::kProved) {
    io.out << "proved: leaf " << report->leaf.index << " of " << shown_text(report->origin) << ", accepted "
           << utc_text(report->leaf.accept_at) << "\n";
    return 0;
  }
  io.out << (report->verdict == ProofVerdict::kUnknownKey ? "not known whose word it is\n" : "NOT proved\n");
  return report->verdict == ProofVerdict::kUnknownKey ? 2 : 1;
}

}  // namespace twinlog
