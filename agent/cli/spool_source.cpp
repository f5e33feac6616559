#include "agent/cli/spool_source.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "agent/cli/agent_asking.h"
#include "spool/stopped_spool.h"

namespace twinlog {
namespace {

constexpr std::size_t kPageEvents = 2000;
constexpr std::size_t kPageBytes = 1U << 20U;

Error no_agent(const std::string& words) {
  return {ErrorKind::kTransient, words};
}

class RunningSpool final : public SpoolSource {
 public:
  explicit RunningSpool(std::string socket) : socket_(std::move(socket)) {}

  bool is_running() const override { return true; }

  Result<SpoolPage> status() const override {
    const Result<HttpAnswer> answer = ask("/spool/status");
    if (!answer) {
      return answer.error();
    }
    auto page = read_spool_page(answer->body);
    return page ? Result(std::move(*page)) : no_agent("what answers at " + socket_ + " is no twinlog agent");
  }

  Result<ExportPage> page_after(std::uint64_t leaf, VersionMembers members) const override {
    Result<HttpAnswer> answer = ask("/spool/export?after=" + std::to_string(leaf) +
                                    (members == VersionMembers::kSendable ? "&members=sendable" : ""));
    if (!answer) {
      return answer.error();
    }
    ExportPage page;
    page.last_leaf = number(*answer, "twinlog-last-leaf");
    page.events = number(*answer, "twinlog-events");
    page.lines = std::move(answer->body);
    return page;
  }

 private:
  Result<HttpAnswer> ask(const std::string& target) const { return ask_admin_socket(socket_, {.target = target}); }

  static std::uint64_t number(const HttpAnswer& answer, const std::string& field) {
    const auto found = answer.fields.find(field);
    std::uint64_t value = 0;
    if (found != answer.fields.end()) {
      std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
    }
    return value;
  }

  std::string socket_;
};

class SpoolFolder final : public SpoolSource {
 public:
  SpoolFolder(SpoolPlaces places, std::unique_ptr<StoppedSpool> spool)
      : places_(std::move(places)), spool_(std::move(spool)) {}

  bool is_running() const override { return false; }

  Result<SpoolPage> status() const override {
    const StoppedSpoolFacts facts = spool_->facts();
    SpoolPage page;
    page.path = places_.path;
    page.epoch_id = uuid_text(facts.epoch_id);
    page.format = facts.format;
    page.first_leaf = facts.first_kept_leaf;
    page.last_leaf = facts.last_leaf;
    page.size_bytes = facts.folder_bytes;
    page.last_event = facts.newest_event;
    page.own_leaves = facts.own_leaves;
    if (page.records() > 0) {
      page.oldest_received_at = received_after(facts.first_kept_leaf - 1);
      page.newest_received_at = received_after(facts.newest_event - 1);
    }
    for (const auto& [store, is_enabled] :
         {std::pair(StoreId::kPostgres, places_.has_postgres), std::pair(StoreId::kMongodb, places_.has_mongodb)}) {
      const auto index = static_cast<std::size_t>(store);
      StoreProgress progress;
      progress.name = store_name(store);
      progress.is_enabled = is_enabled;
      progress.last_leaf = facts.cursors.at(index);
      progress.waiting = is_enabled ? facts.waiting.at(index) : 0;
      if (const auto since = facts.incomplete_since.at(index)) {
        progress.incomplete_since = utc_micros_text(*since);
      }
      page.stores.push_back(std::move(progress));
    }
    return page;
  }

  Result<ExportPage> page_after(std::uint64_t leaf, VersionMembers members) const override {
    const auto versions = spool_->read(leaf, kPageEvents, kPageBytes);
    if (!versions) {
      return versions.error();
    }
    ExportPage page;
    page.last_leaf = versions->empty() ? leaf : versions->back().number;
    page.events = versions->size();
    for (const Version& version : *versions) {
      append_version_line(page.lines, version, members);
    }
    return page;
  }

 private:
  std::string received_after(std::uint64_t leaf) const {
    const auto versions = spool_->read(leaf, 1, 1);
    return versions && !versions->empty() ? utc_micros_text(versions->front().received_at) : "";
  }

  SpoolPlaces places_;
  std::unique_ptr<StoppedSpool> spool_;
};

}  // namespace

Result<std::unique_ptr<SpoolSource>> find_spool(const SpoolPlaces& places) {
  std::string no_agent_words;
  if (!places.socket.empty()) {
    auto running = std::make_unique<RunningSpool>(places.socket);
    const Result<SpoolPage> asked = running->status();
    if (asked) {
      return std::unique_ptr<SpoolSource>(std::move(running));
    }
    no_agent_words = asked.error().message();
    if (places.path.empty()) {
      return asked.error();
    }
  }
  auto stopped = open_stopped_spool(places.path);
  if (!stopped) {
    return Error(stopped.error().kind(),
                 stopped.error().message() + (no_agent_words.empty() ? "" : "; and " + no_agent_words));
  }
  return std::unique_ptr<SpoolSource>(std::make_unique<SpoolFolder>(places, std::move(*stopped)));
}

}  // namespace twinlog
