// Spools of format 1, made by a build that wrote it (tests/spool/format1): opened by this one they lose nothing.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "spool/layout.h"
#include "spool/stopped_spool.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::make_event;
using D = Disposition;

/// What the old build said of its spool.
struct GoldenFacts {
  std::map<std::string, std::string> named;
  struct Event {
    std::uint64_t leaf = 0;
    std::string log_id = {};
    std::string content_hash = {};
    UtcMicros received_at = 0;
    bool operator==(const Event&) const = default;
  };
  std::vector<Event> events;

  std::uint64_t number(const std::string& name) const { return std::stoull(named.at(name)); }
};

GoldenFacts read_facts(const fs::path& path) {
  GoldenFacts facts;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name;
    fields >> name;
    if (std::isdigit(static_cast<unsigned char>(name.front())) != 0) {
      GoldenFacts::Event event{.leaf = std::stoull(name)};
      fields >> event.log_id >> event.content_hash >> event.received_at;
      facts.events.push_back(event);
    } else {
      fields >> facts.named[name];
    }
  }
  return facts;
}

class SpoolUpgrade : public testing::SpoolTest, public ::testing::WithParamInterface<const char*> {
 protected:
  SpoolUpgrade() {
    settings_.max_bytes = 16U << 20U;
    const fs::path golden = fs::path(TWINLOG_SOURCE_DIR) / "tests/spool/format1";
    fs::copy(golden / GetParam(), settings_.path, fs::copy_options::recursive);
    std::ofstream(settings_.path + "/LOCK").flush();
    facts_ = read_facts(golden / (std::string(GetParam()) + ".tsv"));
  }

  template <typename Source>
  std::vector<GoldenFacts::Event> events_of(const Source& source) {
    std::vector<GoldenFacts::Event> events;
    const Result<std::vector<Version>> read = source.read(0, 10'000, 1U << 30U);
    EXPECT_TRUE(read.has_value()) << (read ? "" : read.error().message());
    for (const Version& version : *read) {
      EXPECT_EQ(version.arrival, Arrival{});
      EXPECT_EQ(uuid_text(version.epoch_id), facts_.named.at("epoch"));
      events.push_back({version.leaf_index, version.event.log_id, hex(version.content_hash), version.received_at});
    }
    return events;
  }

  GoldenFacts facts_;
};

TEST_P(SpoolUpgrade, KeepsEventsCursorsAndLossesAndIsDoneOnce) {
  ASSERT_FALSE(facts_.events.empty());
  for (int start = 0; start < 2; ++start) {
    open();
    EXPECT_EQ(events_of(spool()), facts_.events);
    EXPECT_EQ(uuid_text(spool().identity().epoch_id), facts_.named.at("epoch"));
    EXPECT_EQ(hex(spool().identity().log_id_key), facts_.named.at("log_id_key"));
    EXPECT_EQ(spool().last_leaf(), facts_.number("last_leaf"));
    EXPECT_EQ(spool().cursor(StoreId::kPostgres), facts_.number("postgres"));
    EXPECT_EQ(spool().cursor(StoreId::kMongodb), facts_.number("mongodb"));
    const SpoolStats stats = spool().stats();
    EXPECT_EQ(stats.first_kept_leaf, facts_.number("first_kept"));
    EXPECT_EQ(static_cast<std::uint64_t>(stats.incomplete_since[0].value_or(0)), facts_.number("incomplete_since"));
    EXPECT_THAT(stats.losses, ::testing::IsEmpty()) << "what was skipped is no loss";
    EXPECT_THAT(spool().take_warnings(), ::testing::IsEmpty());
  }
}

TEST_P(SpoolUpgrade, WhatTheOldSpoolRemembersIsADuplicateAndNewEventsCountOn) {
  open();
  const std::uint64_t last = spool().last_leaf();
  const UtcMicros received = facts_.events.back().received_at;
  const auto offered = make_event("new");
  ASSERT_EQ(offer_one(offered), D::kStored);
  EXPECT_EQ(offer_one(offered), D::kDuplicate);
  EXPECT_EQ(spool().last_leaf(), last + 1);
  const Version kept = spool().read(last, 1, 1)->front();
  EXPECT_GE(kept.received_at, received) << "times of acceptance never fall";
  // Of e1 to e59 the last ones are kept in every state.
  EXPECT_EQ(offer_one(make_event("e59", {.event_type = "token_refreshed", .username = "user3"})), D::kDuplicate);
}

TEST_P(SpoolUpgrade, AStoppedSpoolOfFormatOneIsReadAsItIs) {
  const auto stopped = open_stopped_spool(settings_.path);
  ASSERT_TRUE(stopped.has_value()) << stopped.error().message();
  EXPECT_EQ((*stopped)->facts().format, 1U);
  EXPECT_EQ(uuid_text((*stopped)->facts().epoch_id), facts_.named.at("epoch"));
  EXPECT_EQ(events_of(**stopped), facts_.events);
}

TEST_P(SpoolUpgrade, WithDamageInItsLogKeepsWhatCanBeRead) {
  for (const auto& file : fs::directory_iterator(settings_.path)) {
    if (file.path().extension() == ".log") {
      std::fstream log(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      log.seekp(static_cast<std::streamoff>(fs::file_size(file.path()) / 2));
      log.put('\xff').put('\xff').put('\xff');
    }
  }
  open();
  const std::vector<GoldenFacts::Event> kept = events_of(spool());
  std::uint64_t lost = 0;
  for (const Loss& loss : spool().stats().losses) {
    lost += loss.leaves.last - loss.leaves.first + 1;
  }
  EXPECT_GE(kept.size() + lost, facts_.events.size());
  EXPECT_GE(kept.size() + 3, facts_.events.size()) << "one record of the log is damaged, and no more goes with it";
  EXPECT_LE(lost, 3U) << "what was skipped is no loss";
  close();
  const auto stopped = open_stopped_spool(settings_.path);
  ASSERT_TRUE(stopped.has_value()) << stopped.error().message();
  EXPECT_EQ((*stopped)->facts().format, 3U);
}

INSTANTIATE_TEST_SUITE_P(Golden, SpoolUpgrade, ::testing::Values("backlog", "conflicts", "rewind"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace twinlog
