#include "agent/cli/letter_source.h"

#include <algorithm>
#include <utility>

#include "agent/cli/agent_asking.h"
#include "agent/cli/json_members.h"
#include "agent/cli/query_text.h"
#include "agent/pipeline/replay.h"
#include "spool/holes.h"
#include "spool/stopped_spool.h"

namespace twinlog {
namespace {

constexpr std::size_t kPageLetters = 100;
/// In one request, whose head has a limit.
constexpr std::size_t kLeavesOfOrder = 100;

/// When it was is for the agent to say.
std::string query_of(const Decision& by) {
  return "&who=" + query_value(by.who) + "&reason=" + query_value(by.reason);
}

class RunningLetters final : public LetterSource {
 public:
  explicit RunningLetters(std::string socket) : socket_(std::move(socket)) {}

  Result<std::vector<LetterView>> letters(StoreId store, std::uint64_t after, LetterMembers members) const override {
    const bool has_records = members == LetterMembers::kRecord;
    const Result<HttpAnswer> answer =
        ask("GET", "/spool/dead-letters?store=" + std::string(store_name(store)) + "&after=" + std::to_string(after) +
                       (has_records ? "&records=true" : ""));
    if (!answer) {
      return answer.error();
    }
    std::vector<LetterView> letters;
    std::string_view lines = answer->body;
    const auto next_line = [&lines] {
      const std::string_view line = lines.substr(0, lines.find('\n'));
      lines.remove_prefix(std::min(lines.size(), line.size() + 1));
      return line;
    };
    while (!lines.empty()) {
      auto letter = read_letter(next_line());
      if (!letter) {
        return Error(ErrorKind::kTransient, "what answers at " + socket_ + " is no twinlog agent");
      }
      letter->record = has_records ? next_line() : std::string_view();
      letters.push_back(std::move(*letter));
    }
    return letters;
  }

  Status discard(StoreId store, std::span<const std::uint64_t> leaves, const Decision& by) override {
    return in_orders(leaves, "/spool/dead-letters/discard?store=" + std::string(store_name(store)) + query_of(by));
  }

  Status replay(StoreId store, std::span<const std::uint64_t> leaves, const ReplayWatch& watch) override {
    const std::string of_store = "?store=" + std::string(store_name(store));
    Status ordered = in_orders(leaves, "/spool/dead-letters/replay" + of_store);
    for (std::uint64_t waiting = leaves.size(); ordered && waiting > 0;) {
      const Result<HttpAnswer> answer = ask("GET", "/spool/dead-letters/replays" + of_store);
      if (!answer) {
        return answer.error();
      }
      const auto tally = parse_object(answer->body);
      waiting = tally ? count_member(*tally, "waiting") : waiting;
      if (waiting > 0 && !watch(waiting)) {
        return Error(ErrorKind::kTransient, "not waited for any longer: " + std::to_string(waiting) +
                                                " dead letters still wait to be offered to " +
                                                std::string(store_name(store)) +
                                                "; the agent goes on, and `twinlog status` says how the store is");
      }
    }
    return ordered;
  }

  Status acknowledge(const LeafRange& lost, const Decision& by) override {
    const Result<HttpAnswer> answer = ask("POST", "/spool/acknowledge?range=" + range_text(lost) + query_of(by));
    return answer ? Status() : answer.error();
  }

 private:
  Result<HttpAnswer> ask(const std::string& method, const std::string& target) const {
    return ask_admin_socket(socket_, {.method = method, .target = target});
  }
  Status in_orders(std::span<const std::uint64_t> leaves, const std::string& target) const {
    while (!leaves.empty()) {
      std::string list;
      for (const std::uint64_t leaf : leaves.first(std::min(leaves.size(), kLeavesOfOrder))) {
        list += (list.empty() ? "" : ",") + std::to_string(leaf);
      }
      leaves = leaves.subspan(std::min(leaves.size(), kLeavesOfOrder));
      if (const Result<HttpAnswer> answer = ask("POST", target + "&leaves=" + query_value(list)); !answer) {
        return answer.error();
      }
    }
    return {};
  }

  const std::string socket_;
};

std::vector<LetterView> views_of(StoreId store, const std::vector<DeadLetter>& letters, LetterMembers members) {
  std::vector<LetterView> views;
  views.reserve(letters.size());
  for (const DeadLetter& letter : letters) {
    views.push_back(view_of(store, letter, members));
  }
  return views;
}

class ReadLetters final : public LetterSource {
 public:
  explicit ReadLetters(std::unique_ptr<StoppedSpool> spool) : spool_(std::move(spool)) {}

  Result<std::vector<LetterView>> letters(StoreId store, std::uint64_t after, LetterMembers members) const override {
    const auto found = spool_->dead_letters(store, after, kPageLetters);
    return found ? Result(views_of(store, *found, members)) : found.error();
  }
  Status discard(StoreId /*store*/, std::span<const std::uint64_t> /*leaves*/, const Decision& /*by*/) override {
    return only_read();
  }
  Status replay(StoreId /*store*/, std::span<const std::uint64_t> /*leaves*/, const ReplayWatch& /*watch*/) override {
    return only_read();
  }
  Status acknowledge(const LeafRange& /*lost*/, const Decision& /*by*/) override { return only_read(); }

 private:
  static Status only_read() { return Error(ErrorKind::kRefused, "the spool is opened to be read only"); }

  const std::unique_ptr<StoppedSpool> spool_;
};

class OpenedLetters final : public LetterSource {
 public:
  OpenedLetters(std::unique_ptr<Spool> spool, SpoolOpening opening)
      : spool_(std::move(spool)), opening_(std::move(opening)) {}

  Result<std::vector<LetterView>> letters(StoreId store, std::uint64_t after, LetterMembers members) const override {
    const auto found = spool_->dead_letters(store, after, kPageLetters);
    return found ? Result(views_of(store, *found, members)) : found.error();
  }
  Status discard(StoreId store, std::span<const std::uint64_t> leaves, const Decision& by) override {
    return spool_->settle_dead_letters(store, leaves, {.kind = Settlement::Kind::kDiscarded, .by = by});
  }
  Status replay(StoreId id, std::span<const std::uint64_t> leaves, const ReplayWatch& watch) override {
    const Result<std::unique_ptr<Store>> store = opening_.connect(id, *spool_);
    if (!store) {
      return store.error();
    }
    while (!leaves.empty()) {
      if (!watch(leaves.size())) {
        return Error(ErrorKind::kTransient,
                     "interrupted: " + std::to_string(leaves.size()) + " dead letters were not offered");
      }
      const auto batch = leaves.first(std::min(leaves.size(), opening_.batch_events));
      if (const auto outcome = replay_letters(*spool_, id, **store, batch); !outcome) {
        return Error(ErrorKind::kTransient,
                     std::string(store_name(id)) + ": " + outcome.error().words +
                         (outcome.error().code.empty() ? "" : " (code " + outcome.error().code + ")"));
      }
      leaves = leaves.subspan(batch.size());
    }
    return {};
  }
  Status acknowledge(const LeafRange& lost, const Decision& by) override { return spool_->acknowledge(lost, by); }

 private:
  const std::unique_ptr<Spool> spool_;
  const SpoolOpening opening_;
};

Result<std::unique_ptr<LetterSource>> open_stopped(const std::string& path, const SpoolOpening& opening,
                                                   LetterAccess access) {
  // Looked at first: nothing is made where no spool is, and one that is in use is left alone.
  auto stopped = open_stopped_spool(path);
  if (access == LetterAccess::kRead) {
    return stopped ? Result<std::unique_ptr<LetterSource>>(std::make_unique<ReadLetters>(std::move(*stopped)))
                   : stopped.error();
  }
  if (!stopped && stopped.error().kind() == ErrorKind::kRefused) {
    return stopped.error();
  }
  if (stopped) {
    stopped->reset();
  }
  if (const Status owned = check_owner(path); !owned) {
    return owned.error();
  }
  auto opened = opening.open(path);
  return opened ? Result<std::unique_ptr<LetterSource>>(std::make_unique<OpenedLetters>(std::move(*opened), opening))
                : opened.error();
}

}  // namespace

Result<std::unique_ptr<LetterSource>> find_letters(const SpoolPlaces& places, const SpoolOpening& opening,
                                                   LetterAccess access) {
  std::string no_agent;
  if (!places.socket.empty()) {
    const Result<HttpAnswer> asked = ask_admin_socket(places.socket, {.target = "/spool/status"});
    if (asked) {
      return std::unique_ptr<LetterSource>(std::make_unique<RunningLetters>(places.socket));
    }
    no_agent = asked.error().message();
    if (places.path.empty()) {
      return asked.error();
    }
  }
  auto stopped = open_stopped(places.path, opening, access);
  if (!stopped) {
    return Error(stopped.error().kind(), stopped.error().message() + (no_agent.empty() ? "" : "; and " + no_agent));
  }
  return stopped;
}

}  // namespace twinlog
