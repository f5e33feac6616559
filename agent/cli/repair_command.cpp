#include "agent/cli/repair_command.h"

#include <algorithm>

#include "agent/cli/agent_asking.h"
#include "agent/cli/json_members.h"
#include "ledger/base/quantity_words.h"
#include "spool/check_spool.h"
#include "spool/repair_spool.h"
#include "spool/stopped_spool.h"

namespace twinlog {
namespace {

int refuse(const Error& error, const OperatorIo& io) {
  io.err << "twinlog: " << error.message() << "\n";
  return 1;
}

Result<SpoolCheck> check_with_progress(const std::string& path, const OperatorIo& io) {
  auto check = check_spool(path, [&io](std::string_view what, std::uint64_t done, std::uint64_t all) {
    if (io.is_err_terminal) {
      io.err << "\r\x1b[Kreading " << what;
      if (all > 0) {
        io.err << ": " << done << " of " << all;
      }
      io.err << std::flush;
    }
  });
  io.err << (io.is_err_terminal ? "\r\x1b[K" : "") << std::flush;
  return check;
}

std::string loss_line(const LeafRange& leaves, const std::string& from, const std::string& until,
                      const std::string& found_at) {
  return "lost: " + range_text(leaves) + ", accepted between " + shown_text(from) + " and " + shown_text(until) +
         ", found at " + shown_text(found_at) + "; once somebody knows: twinlog spool acknowledge " +
         range_text(leaves) + " --reason ..\n";
}

void print_check(const SpoolCheck& check, const OperatorIo& io) {
  for (const std::string& finding : check.findings) {
    io.out << "finding: " << shown_text(finding) << "\n";
  }
  for (const std::string& words : check.known_damage) {
    io.out << "known: " << shown_text(words) << "; what it lost is on record\n";
  }
  for (const Loss& loss : check.losses) {
    io.out << loss_line(loss.leaves, utc_text(loss.from), utc_text(loss.until), utc_text(loss.found_at));
  }
  for (const std::string& folder : check.kept) {
    io.out << "kept: " << shown_text(folder) << ", the files of an earlier opening that found damage\n";
  }
  io.out << "read: " << check.tables << " tables, " << check.logs << " logs, " << events_text(check.events) << ", "
         << check.dead_letters << " dead letters\n";
}

/// What a running agent knows; nothing is read behind its back.
int tell_of_running(const HttpAnswer& losses, const OperatorIo& io) {
  std::string_view lines = losses.body;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    if (const auto loss = parse_object(line)) {
      io.out << loss_line({count_member(*loss, "first"), count_member(*loss, "last")},
                          std::string(text_member(*loss, "from")), std::string(text_member(*loss, "until")),
                          std::string(text_member(*loss, "found_at")));
    }
  }
  io.err << "twinlog: an agent has this spool open, and only the losses that it has on record are told; to have all of "
            "it read, stop the agent, or check a copy of the folder with --path\n";
  return 1;
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
    io.out << "plan: put on record as lost events " << ranges_text(check.to_lose) << "\n";
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
  const Result<FolderCopy> kept = copy_spool(options.at.path, copy);
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
  if (!places.socket.empty()) {
    const Result<HttpAnswer> losses = ask_admin_socket(places.socket, {.target = "/spool/losses"});
    if (losses) {
      return tell_of_running(*losses, io);
    }
    if (places.path.empty()) {
      return refuse(losses.error(), io);
    }
  }
  const Result<SpoolCheck> check = check_with_progress(places.path, io);
  if (!check) {
    return refuse(check.error(), io);
  }
  print_check(*check, io);
  const bool is_fine = check->findings.empty() && check->losses.empty();
  if (is_fine) {
    io.out << "ok: everything that was promised is there, was delivered, or is on record as lost\n";
  } else if (!check->findings.empty()) {
    io.out << "to do: twinlog spool repair says what can be done about it\n";
  }
  return is_fine ? 0 : 1;
}

int run_spool_repair(const RepairOptions& options, Random& random, const OperatorIo& io) {
  const std::string& path = options.at.path;
  if (path.empty()) {
    return refuse(
        Error(ErrorKind::kRefused, "only a stopped spool is repaired; say where it is with --path or --config"), io);
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
  const std::string copy = path + ".before-repair-" + std::to_string(io.clock.utc_now());
  print_plan(*check, copy, folder_bytes(path), io);
  if (options.applies) {
    return apply(options, *check, copy, random, io);
  }
  io.out << "to do: twinlog spool repair --apply\n";
  return 1;
}

}  // namespace twinlog
