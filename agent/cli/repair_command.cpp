#include "agent/cli/repair_command.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/cli/agent_asking.h"
#include "agent/cli/loss_page.h"
#include "agent/cli/spool_page.h"
#include "ledger/base/quantity_words.h"
#include "spool/check_spool.h"
#include "spool/folder_copy.h"
#include "spool/holes.h"
#include "spool/repair_spool.h"
#include "spool/stopped_spool.h"

namespace twinlog {
namespace {

int refuse(const Error& error, const OperatorIo& io) {
  io.err << "twinlog: " << error.message() << "\n";
  return 1;
}

CheckProgress progress_on(const OperatorIo& io) {
  return [&io](std::string_view what, std::uint64_t done, std::uint64_t all) {
    if (io.is_err_terminal) {
      io.err << "\r\x1b[K" << what;
      if (all > 0) {
        io.err << ": " << done << " of " << all;
      }
      io.err << std::flush;
    }
  };
}

void end_progress(const OperatorIo& io) {
  io.err << (io.is_err_terminal ? "\r\x1b[K" : "") << std::flush;
}

Result<SpoolCheck> check_with_progress(const std::string& path, const OperatorIo& io) {
  auto check = check_spool(path, progress_on(io));
  end_progress(io);
  return check;
}

void print_check(const SpoolCheck& check, const OperatorIo& io) {
  for (const std::string& finding : check.findings) {
    io.out << "finding: " << shown_text(finding) << "\n";
  }
  for (const std::string& words : check.known_damage) {
    io.out << "known: " << shown_text(words) << "; what it lost is on record\n";
  }
  for (const Loss& loss : check.losses) {
    io.out << loss_line(view_of(loss));
  }
  for (const AcknowledgedLoss& loss : check.acknowledged) {
    io.out << loss_line(view_of(loss));
  }
  for (const std::string& folder : check.kept) {
    io.out << "kept: " << shown_text(folder) << ", the files of an earlier opening that found damage\n";
  }
  io.out << "read: " << check.tables << " tables, " << check.logs << " logs, " << events_text(check.events) << ", "
         << check.dead_letters << " dead letters" << (check.is_in_use ? ", beside the agent that has it open" : "")
         << "\n";
}

/// What a running agent says of itself.
struct RunningAgent {
  SpoolPage page;
  std::string socket;
};

/// Its files cannot be read from here: what it has on record is better than nothing.
int tell_of_unread(const RunningAgent& agent, const std::string& why, const OperatorIo& io) {
  const Result<HttpAnswer> losses = ask_admin_socket(agent.socket, {.target = "/spool/losses"});
  std::string_view lines = losses ? std::string_view(losses->body) : std::string_view();
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    if (const auto loss = read_loss(line)) {
      io.out << loss_line(*loss);
    }
  }
  io.err << "twinlog: the files of the agent's spool cannot be read from here, and only the losses that it has on "
            "record are told: "
         << why << "\n";
  return 1;
}

int judge(const SpoolCheck& check, const OperatorIo& io) {
  print_check(check, io);
  const bool is_fine = check.findings.empty() && check.losses.empty();
  if (is_fine) {
    io.out << "ok: everything that was promised is there, was delivered, or is on record as lost\n";
  } else if (!check.findings.empty()) {
    io.out << "to do: "
           << (check.is_in_use ? "let the agent deliver what it can (twinlog drain --wait), stop it, then " : "")
           << "twinlog spool repair says what can be done about it\n";
  }
  return is_fine ? 0 : 1;
}

void print_plan(const SpoolCheck& check, const std::string& copy, std::uint64_t bytes, const OperatorIo& io) {
  io.out << "plan: keep what is there now as " << shown_text(copy) << " (hard links where the volume can; else "
         << bytes_words(bytes) << ")\n";
  if (!check.does_open) {
    io.out << "plan: put the database together anew from its tables and logs, as the same spool\n";
  }
  if (!check.to_put_back.empty()) {
    io.out << "plan: put back events " << ranges_text(check.to_put_back) << "\n";
  }
  if (!check.to_lose.empty()) {
    io.out << "plan: put on record as lost leaves " << ranges_text(check.to_lose) << "\n";
  }
  if (check.is_ids_damaged) {
    io.out << "plan: begin the memory of ids anew; the ids that it held are forgotten\n";
  }
  io.out << "plan: what the opening finds damaged stays in a folder damaged-* of the spool; nothing is deleted\n";
}

int apply(const RepairOptions& options, const SpoolCheck& check, const std::string& copy, Random& random,
          const OperatorIo& io) {
  if (const Status owned = check_owner(options.at.path); !owned) {
    return refuse(owned.error(), io);
  }
  const Result<FolderCopy> kept = copy_spool(options.at.path, copy, progress_on(io));
  end_progress(io);
  if (!kept) {
    return refuse(kept.error(), io);
  }
  io.out << "kept: " << shown_text(kept->path) << " (" << bytes_words(kept->copied_bytes)
         << " of its own; the rest are hard links)\n";
  const Result<std::vector<std::string>> done = repair_spool(options.spool, check, random, io.clock);
  if (!done) {
    return refuse(done.error(), io);
  }
  for (const std::string& words : *done) {
    io.out << "done: " << shown_text(words) << "\n";
  }
  const Result<SpoolCheck> after = check_with_progress(options.at.path, io);
  if (!after) {
    return refuse(after.error(), io);
  }
  print_check(*after, io);
  io.out << (after->findings.empty() ? "repaired: the spool is whole, and what is gone is on record\n"
                                     : "not repaired: see what was found\n");
  return after->findings.empty() ? 0 : 1;
}

}  // namespace

int run_spool_check(const SpoolPlaces& places, const OperatorIo& io) {
  std::optional<RunningAgent> agent;
  if (!places.socket.empty()) {
    const Result<HttpAnswer> answer = ask_admin_socket(places.socket, {.target = "/spool/status"});
    auto page = answer ? read_spool_page(answer->body) : std::nullopt;
    if (page) {
      agent = RunningAgent{std::move(*page), places.socket};
    } else if (places.path.empty()) {
      return refuse(answer ? Error(ErrorKind::kTransient, "what answers at " + places.socket + " is no twinlog agent")
                           : answer.error(),
                    io);
    }
  }
  const Result<SpoolCheck> check = check_with_progress(agent ? agent->page.path : places.path, io);
  if (!check) {
    return agent ? tell_of_unread(*agent, check.error().message(), io) : refuse(check.error(), io);
  }
  if (agent && !agent->page.epoch_id.empty() && check->does_open &&
      uuid_text(check->epoch_id) != agent->page.epoch_id) {
    return tell_of_unread(*agent, "what lies in " + agent->page.path + " here is another spool", io);
  }
  return judge(*check, io);
}

int run_spool_repair(const RepairOptions& options, Random& random, const OperatorIo& io) {
  const std::string& path = options.at.path;
  if (path.empty()) {
    return refuse(
        Error(ErrorKind::kRefused, "only a stopped spool is repaired; say where it is with --path or --config"), io);
  }
  if (const Status stopped = check_stopped(path); !stopped) {
    return refuse(stopped.error(), io);
  }
  const Result<SpoolCheck> check = check_with_progress(path, io);
  if (!check) {
    return refuse(check.error(), io);
  }
  print_check(*check, io);
  if (check->findings.empty()) {
    io.out << "nothing to repair\n";
    return 0;
  }
  const std::string copy = copy_path(path, io.clock.utc_now());
  print_plan(*check, copy, folder_bytes(path), io);
  if (options.applies) {
    return apply(options, *check, copy, random, io);
  }
  io.out << "to do: twinlog spool repair --apply\n";
  return 1;
}

}  // namespace twinlog
