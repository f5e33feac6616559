#include "agent/cli/spool_command.h"

#include <algorithm>

#include "ledger/base/quantity_words.h"
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

Status export_all(const SpoolSource& source, const SpoolExportOptions& options, const OperatorIo& io,
                  std::uint64_t& done) {
  const Result<SpoolPage> status = source.status();
  if (!status) {
    return status.error();
  }
  std::uint64_t leaf = options.only_waiting ? delivered_to_all(*status) : status->first_leaf - 1;
  while (leaf < status->last_event) {
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
    done += page->events;
    if (io.is_err_terminal) {
      io.err << "\r\x1b[K" << events_text(done) << ", up to " << leaf << " of " << status->last_event << std::flush;
    }
  }
  return {};
}

}  // namespace

std::string spool_status_text(const SpoolPage& page, bool is_running) {
  std::string text = "spool:    " + shown_text(page.path) + (is_running ? " (a running agent's)" : " (stopped)") + "\n";
  const std::string no_epoch = "none" + (page.epoch_trouble.empty() ? "" : "; " + page.epoch_trouble);
  text += "epoch:    " + shown_text(page.epoch_id.empty() ? no_epoch : page.epoch_id) + "\n";
  text += "format:   " + std::to_string(page.format) + "\n";
  text += "records:  " + std::to_string(page.records());
  text += page.records() > 0 ? " kept, " + std::to_string(page.first_leaf) + " to " + std::to_string(page.last_leaf)
                             : ", the last was " + std::to_string(page.last_leaf);
  text += "\nsize:     " + bytes_words(page.size_bytes) +
          (page.max_bytes > 0 ? " of " + bytes_words(page.max_bytes) : "") + "\n";
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
  std::uint64_t done = 0;
  const Status exported = export_all(**source, options, io, done);
  io.err << (io.is_err_terminal ? "\r\x1b[K" : "") << "exported " << events_text(done) << "\n";
  return exported ? 0 : refuse(exported.error(), io);
}

}  // namespace twinlog
