#include "agent/cli/spool_command.h"

#include <algorithm>

#include "ledger/record/inert_json.h"

namespace twinlog {
namespace {

int refuse(const Error& error, const OperatorIo& io) {
  io.err << "twinlog: " << error.message() << "\n";
  return 1;
}

std::string store_line(const StoreProgress& store) {
  std::string text = "waiting for " + shown_text(store.name) + ": ";
  if (!store.is_enabled) {
    return text + "turned off\n";
  }
  text += std::to_string(store.waiting) + " (it has everything up to " + std::to_string(store.last_leaf) + ")";
  text += store.incomplete_since.empty() ? "" : ", may be incomplete since " + shown_text(store.incomplete_since);
  if (!store.error_class.empty()) {
    text += ", " + shown_text(store.error_class + ": " + store.error_words);
  }
  return text + "\n";
}

/// After which leaf what waits begins.
std::uint64_t delivered_to_all(const SpoolPage& page) {
  std::uint64_t leaf = page.last_leaf;
  for (const StoreProgress& store : page.stores) {
    leaf = store.is_enabled ? std::min(leaf, store.last_leaf) : leaf;
  }
  return leaf;
}

struct Exported {
  std::uint64_t events = 0;
  std::uint64_t repaired = 0;
};

void say_exported(const Exported& done, const SpoolExportOptions& options, const OperatorIo& io) {
  io.err << (io.is_err_terminal ? "\r\x1b[K" : "") << "exported " << events_text(done.events) << "\n";
  if (options.members == VersionMembers::kSendable && done.repaired > 0) {
    io.err << "twinlog: warning: " << done.repaired
           << " of them were repaired when they were taken; sent again, a repaired event is another content and is "
              "kept beside the first as a conflict\n";
  }
}

Status export_all(const SpoolSource& source, const SpoolExportOptions& options, const OperatorIo& io, Exported& done) {
  const Result<SpoolPage> status = source.status();
  if (!status) {
    return status.error();
  }
  std::uint64_t leaf = options.only_waiting ? delivered_to_all(*status) : status->first_leaf - 1;
  while (leaf < status->last_leaf) {
    const Result<ExportPage> page = source.page_after(leaf, options.members);
    if (!page) {
      return page.error();
    }
    if (page->events == 0) {
      break;  // Trimmed meanwhile: every store has had it.
    }
    if (!(io.out << page->lines << std::flush)) {
      return Error(ErrorKind::kTransient, "standard output takes no more; the export is not complete");
    }
    leaf = page->last_leaf;
    done.events += page->events;
    done.repaired += page->repaired;
    if (io.is_err_terminal) {
      io.err << "\r\x1b[K" << events_text(done.events) << ", up to " << leaf << " of " << status->last_leaf
             << std::flush;
    }
  }
  return {};
}

}  // namespace

std::string spool_status_text(const SpoolPage& page, bool is_running) {
  std::string text = "spool:    " + shown_text(page.path) + (is_running ? " (a running agent's)" : " (stopped)") + "\n";
  text += "epoch:    " + shown_text(page.epoch_id) + "\n";
  text += "format:   " + std::to_string(page.format) + "\n";
  text += "records:  " + std::to_string(page.records());
  text += page.records() > 0 ? " kept, " + std::to_string(page.first_leaf) + " to " + std::to_string(page.last_leaf)
                             : ", the last was " + std::to_string(page.last_leaf);
  text += "\nsize:     " + bytes_text(page.size_bytes) +
          (page.max_bytes > 0 ? " of " + bytes_text(page.max_bytes) : "") + "\n";
  if (!page.oldest_received_at.empty()) {
    text += "oldest:   " + shown_text(page.oldest_received_at) + "\nnewest:   " + shown_text(page.newest_received_at) +
            "\n";
  }
  if (!page.drain_requested_at.empty()) {
    text += "draining: since " + shown_text(page.drain_requested_at) + "\n";
  }
  for (const StoreProgress& store : page.stores) {
    text += store_line(store);
  }
  return text;
}

int run_spool_status(const SpoolStatusOptions& options, const OperatorIo& io) {
  const auto source = find_spool(options.at);
  if (!source) {
    return refuse(source.error(), io);
  }
  const Result<SpoolPage> page = (*source)->status();
  if (!page) {
    return refuse(page.error(), io);
  }
  io.out << (options.is_json ? inert_json(spool_page_json(*page)) : spool_status_text(*page, (*source)->is_running()))
         << std::flush;
  return io.out.good() ? 0 : refuse(Error(ErrorKind::kTransient, "standard output takes no more"), io);
}

int run_spool_export(const SpoolExportOptions& options, const OperatorIo& io) {
  const auto source = find_spool(options.at);
  if (!source) {
    return refuse(source.error(), io);
  }
  Exported done;
  const Status exported = export_all(**source, options, io, done);
  say_exported(done, options, io);
  return exported ? 0 : refuse(exported.error(), io);
}

}  // namespace twinlog
