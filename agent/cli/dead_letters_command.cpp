#include "agent/cli/dead_letters_command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <span>

#include "ledger/record/inert_json.h"

namespace twinlog {
namespace {

constexpr std::array<StoreId, kStores> kEachStore{StoreId::kPostgres, StoreId::kMongodb};
constexpr std::chrono::milliseconds kLookEvery{100};

int refuse(const Error& error, const OperatorIo& io) {
  io.err << "twinlog: " << error.message() << "\n";
  return 1;
}

std::string letters_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " dead letter" : " dead letters");
}

std::optional<std::uint64_t> leaf_from(std::string_view text) {
  std::uint64_t leaf = 0;
  const char* const end = text.data() + text.size();
  const auto [read_to, error] = std::from_chars(text.data(), end, leaf);
  return error == std::errc{} && read_to == end && leaf > 0 ? std::optional(leaf) : std::nullopt;
}

using VisitLetter = std::function<void(LetterView&)>;

Status for_each_of_store(const LetterSource& source, StoreId store, LetterMembers members, const VisitLetter& visit) {
  std::uint64_t after = 0;
  while (true) {
    Result<std::vector<LetterView>> page = source.letters(store, after, members);
    if (!page || page->empty()) {
      return page ? Status() : page.error();
    }
    after = page->back().leaf;
    std::ranges::for_each(*page, visit);
  }
}

Status for_each_selected(const LetterSource& source, const LettersOptions& options, LetterMembers members,
                         UtcMicros now, const VisitLetter& visit) {
  const VisitLetter visit_selected = [&](LetterView& letter) {
    if (selects(options.selection, letter, now)) {
      visit(letter);
    }
  };
  Status read;
  for (const StoreId store : kEachStore) {
    if (read && options.selection.store.value_or(store) == store) {
      read = for_each_of_store(source, store, members, visit_selected);
    }
  }
  return read;
}

std::string key_text(const LetterView& letter) {
  return shown_text(letter.tenant_id + "/" + letter.log_id);
}

std::string or_dash(const std::string& text) {
  return text.empty() ? "-" : shown_text(text);
}

using Row = std::array<std::string, 8>;

Row row_of(const LetterView& letter) {
  return {std::string(store_name(letter.store)),
          std::to_string(letter.leaf),
          shown_text(letter.refused_at),
          or_dash(letter.code),
          or_dash(letter.constraint),
          or_dash(letter.where),
          key_text(letter),
          shown_text(letter.words)};
}

void print_table(const std::vector<LetterView>& letters, std::ostream& out) {
  std::vector<Row> rows{{"STORE", "LEAF", "REFUSED AT", "CODE", "CONSTRAINT", "WHERE", "TENANT/LOG ID", "WHY"}};
  for (const LetterView& letter : letters) {
    rows.push_back(row_of(letter));
  }
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths.at(column) = std::max(widths.at(column), row.at(column).size());
    }
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      line += row.at(column);
      if (column + 1 < row.size()) {
        line.append(widths.at(column) + 2 - row.at(column).size(), ' ');
      }
    }
    out << line << "\n";
  }
}

std::string letter_text(const LetterView& letter) {
  return "store:      " + std::string(store_name(letter.store)) + "\nleaf:       " + std::to_string(letter.leaf) +
         "\nevent:      " + key_text(letter) + "\nrefused at: " + shown_text(letter.refused_at) +
         "\ncode:       " + or_dash(letter.code) + "\nconstraint: " + or_dash(letter.constraint) +
         "\nwhere:      " + or_dash(letter.where) + "\nwhy:        " + shown_text(letter.words) +
         "\nrecord:     " + inert_json(letter.record) + "\n\n";
}

/// 1 where something was named that is not there.
int end_of(const LettersOptions& options, std::size_t found, const OperatorIo& io) {
  if (!io.out.flush()) {
    return refuse(Error(ErrorKind::kTransient, "standard output takes no more"), io);
  }
  if (found == 0) {
    io.err << "twinlog: no such dead letter\n";
  }
  return found == 0 && !options.selection.ids.empty() ? 1 : 0;
}

/// An array with a letter on each line.
class JsonLetters {
 public:
  explicit JsonLetters(std::ostream& out) : out_(out) {}
  void add(const LetterView& letter) {
    out_ << (is_empty_ ? "[\n" : ",\n") << inert_json(letter_json(letter));
    is_empty_ = false;
  }
  void end() { out_ << (is_empty_ ? "[]\n" : "\n]\n"); }

 private:
  std::ostream& out_;
  bool is_empty_ = true;
};

using LeavesOfStores = std::array<std::vector<std::uint64_t>, kStores>;

Result<LeavesOfStores> selected_leaves(const LetterSource& source, const LettersOptions& options,
                                       const OperatorIo& io) {
  LeavesOfStores leaves;
  const Status read = for_each_selected(source, options, LetterMembers::kFacts, io.clock.utc_now(),
                                        [&leaves](const LetterView& letter) {
                                          leaves.at(static_cast<std::size_t>(letter.store)).push_back(letter.leaf);
                                        });
  return read ? Result(std::move(leaves)) : read.error();
}

/// How many of `leaves` (in order) still are letters.
Result<std::size_t> still_letters(const LetterSource& source, StoreId store, std::span<const std::uint64_t> leaves) {
  LettersOptions of_store;
  of_store.selection.store = store;
  std::size_t count = 0;
  const Status read = for_each_selected(source, of_store, LetterMembers::kFacts, 0, [&](const LetterView& letter) {
    count += std::ranges::binary_search(leaves, letter.leaf) ? 1U : 0U;
  });
  return read ? Result(count) : read.error();
}

/// False when a store refused one again, or not all were tried.
bool replay_to(LetterSource& source, StoreId store, std::span<const std::uint64_t> leaves,
               const LettersOptions& options, const OperatorIo& io) {
  const std::string name(store_name(store));
  const auto deadline = io.clock.steady_now() + options.most;
  const Status replayed = source.replay(store, leaves, [&](std::uint64_t waiting) {
    if (io.is_err_terminal) {
      io.err << "\r\x1b[K" << name << ": " << letters_text(waiting) << " to be tried" << std::flush;
    }
    return io.clock.steady_now() < deadline && io.wait(kLookEvery);
  });
  io.err << (io.is_err_terminal ? "\r\x1b[K" : "");
  const Result<std::size_t> left = still_letters(source, store, leaves);
  if (!left || !replayed) {
    refuse(!replayed ? replayed.error() : left.error(), io);
    return false;
  }
  io.out << name << ": " << letters_text(leaves.size()) << " replayed, " << leaves.size() - *left << " taken, " << *left
         << " refused again\n";
  return *left == 0;
}

}  // namespace

std::optional<LetterId> letter_id_from(std::string_view text) {
  if (const auto leaf = leaf_from(text)) {
    return *leaf;
  }
  const std::size_t slash = text.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == text.size()) {
    return std::nullopt;
  }
  return EventKey{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

bool selects(const LetterSelection& selection, const LetterView& letter, UtcMicros now) {
  const auto is_it = [&letter](const LetterId& id) {
    const auto* key = std::get_if<EventKey>(&id);
    return key == nullptr ? std::get<std::uint64_t>(id) == letter.leaf
                          : key->tenant_id == letter.tenant_id && key->log_id == letter.log_id;
  };
  const bool is_old =
      !selection.older_than ||
      letter.refused_at <
          utc_micros_text(now - std::chrono::duration_cast<std::chrono::microseconds>(*selection.older_than).count());
  return (selection.ids.empty() || std::ranges::any_of(selection.ids, is_it)) &&
         selection.store.value_or(letter.store) == letter.store &&
         selection.code.value_or(letter.code) == letter.code && is_old;
}

std::string_view check_reason(std::string_view reason) {
  const bool has_control = std::ranges::any_of(reason, [](char c) { return (c >= '\0' && c < ' ') || c == '\x7f'; });
  return reason.empty() || reason.size() > kReasonBytesMost || has_control ? "1 to 500 bytes on one line" : "";
}

std::optional<LeafRange> leaf_range_from(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = leaf_from(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : leaf_from(text.substr(dash + 1));
  return first && last && *first <= *last ? std::optional(LeafRange{*first, *last}) : std::nullopt;
}

int run_letters_list(const LettersOptions& options, const OperatorIo& io) {
  const auto source = find_letters(options.at, options.opening, LetterAccess::kRead);
  if (!source) {
    return refuse(source.error(), io);
  }
  std::vector<LetterView> letters;
  const Status read = for_each_selected(**source, options, LetterMembers::kFacts, io.clock.utc_now(),
                                        [&letters](LetterView& letter) { letters.push_back(std::move(letter)); });
  if (!read) {
    return refuse(read.error(), io);
  }
  if (options.is_json) {
    JsonLetters json(io.out);
    std::ranges::for_each(letters, [&json](const LetterView& letter) { json.add(letter); });
    json.end();
  } else if (!letters.empty()) {
    print_table(letters, io.out);
  }
  return end_of(options, letters.size(), io);
}

int run_letters_show(const LettersOptions& options, const OperatorIo& io) {
  const auto source = find_letters(options.at, options.opening, LetterAccess::kRead);
  if (!source) {
    return refuse(source.error(), io);
  }
  JsonLetters json(io.out);
  std::size_t found = 0;
  const Status read =
      for_each_selected(**source, options, LetterMembers::kRecord, io.clock.utc_now(), [&](const LetterView& letter) {
        ++found;
        if (options.is_json) {
          json.add(letter);
        } else {
          io.out << letter_text(letter);
        }
      });
  if (options.is_json) {
    json.end();
  }
  return read ? end_of(options, found, io) : refuse(read.error(), io);
}

int run_letters_replay(const LettersOptions& options, const OperatorIo& io) {
  const auto source = find_letters(options.at, options.opening, LetterAccess::kChange);
  const auto leaves = source ? selected_leaves(**source, options, io) : source.error();
  if (!leaves) {
    return refuse(leaves.error(), io);
  }
  bool is_fine = true;
  std::size_t found = 0;
  for (const StoreId store : kEachStore) {
    const std::vector<std::uint64_t>& of_store = leaves->at(static_cast<std::size_t>(store));
    found += of_store.size();
    is_fine = (of_store.empty() || replay_to(**source, store, of_store, options, io)) && is_fine;
  }
  const int end = end_of(options, found, io);
  return is_fine ? end : 1;
}

int run_letters_discard(const LettersOptions& options, const OperatorIo& io) {
  const auto source = find_letters(options.at, options.opening, LetterAccess::kChange);
  const auto leaves = source ? selected_leaves(**source, options, io) : source.error();
  if (!leaves) {
    return refuse(leaves.error(), io);
  }
  const Decision by{.at = io.clock.utc_now(), .who = options.who, .reason = options.reason};
  std::size_t found = 0;
  for (const StoreId store : kEachStore) {
    const std::vector<std::uint64_t>& of_store = leaves->at(static_cast<std::size_t>(store));
    found += of_store.size();
    if (of_store.empty()) {
      continue;
    }
    if (const Status discarded = (*source)->discard(store, of_store, by); !discarded) {
      return refuse(discarded.error(), io);
    }
    io.out << store_name(store) << ": " << letters_text(of_store.size()) << " discarded by " << shown_text(options.who)
           << "\n";
  }
  return end_of(options, found, io);
}

int run_acknowledge(const AcknowledgeOptions& options, const OperatorIo& io) {
  const auto source = find_letters(options.at, options.opening, LetterAccess::kChange);
  const Status done = source ? (*source)->acknowledge(options.lost, {io.clock.utc_now(), options.who, options.reason})
                             : Status(source.error());
  if (!done) {
    return refuse(done.error(), io);
  }
  io.out << "acknowledged: leaves " << options.lost.first << " to " << options.lost.last
         << " are lost; that stays on record, with the reason and " << shown_text(options.who) << "\n";
  return 0;
}

}  // namespace twinlog
