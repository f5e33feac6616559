// Random hostile input: everything that is an event is taken, and what is kept is canonical and stays what it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "ledger/record/canonical.h"
#include "ledger/record/version_json.h"
#include "tests/record/read_support.h"
#include "tests/support/random_event.h"

namespace twinlog {
namespace {

constexpr std::uint64_t kSeed = 20'260'102;
constexpr int kRounds = 4'000;

constexpr auto kNames = std::to_array<std::string_view>({"user_id",
                                                         "username",
                                                         "actor_id",
                                                         "ip",
                                                         "user_agent",
                                                         "channel",
                                                         "service",
                                                         "auth_method",
                                                         "failure_reason",
                                                         "failure_code",
                                                         "session_ref",
                                                         "session_id",
                                                         "request_id",
                                                         "failed_login_attempts",
                                                         "account_locked_until",
                                                         "lock_kind",
                                                         "lock_reason",
                                                         "reset_reason",
                                                         "metadata",
                                                         "organisation_id",
                                                         "organization_id",
                                                         "schema_version",
                                                         "account",
                                                         "repaired",
                                                         "received_at",
                                                         "password",
                                                         "a",
                                                         "a_",
                                                         "remote_host",
                                                         "content_hash",
                                                         "JSESSIONID",
                                                         "x_api_key"});

constexpr auto kPieces =
    std::to_array<std::string_view>({"a",           "B",       " ",        ".",
                                     "_",           "\\u0000", "\\ud800",  "\\ud83d\\ude00",
                                     "\\n",         "\xff",    "\xc3",     "\xed\xa0\x80",
                                     "\x01",        "\t",      "\u00e9",   "\U0001F600",
                                     "\\\"",        "\\\\",    "Bearer x", "eyJhbGciOiJub25lIn0.e30.",
                                     "-----BEGIN ", "\\u00e9", "\\/"});

constexpr auto kTimes = std::to_array<std::string_view>(
    {"1700000000000", "1700000000", "1700000000.123456", "0", "\"2024-01-01T00:00:60Z\""});

constexpr auto kScalars = std::to_array<std::string_view>({"null",
                                                           "true",
                                                           "false",
                                                           "0",
                                                           "-0",
                                                           "1",
                                                           "1.0",
                                                           "2147483647",
                                                           "2147483648",
                                                           "9007199254740993",
                                                           "1e20",
                                                           "-1.7e18",
                                                           "12345678901234567890.0",
                                                           "1700000000",
                                                           "\"infinity\"",
                                                           "1e400",
                                                           "-1e-400",
                                                           "0.1",
                                                           "1e21",
                                                           "\"\"",
                                                           "\"none\"",
                                                           "\"permanent\"",
                                                           "\"web\"",
                                                           "\"::1\"",
                                                           "\"2024-01-01T00:00:60Z\"",
                                                           "[]",
                                                           "{}"});

/// Writes random JSON text, valid but for what the reader mends.
class HostileJson {
 public:
  explicit HostileJson(std::mt19937_64& random) : random_(random) {}

  std::map<std::string, std::string> members() {
    std::map<std::string, std::string> members{
        {"tenant_id", "\"t\""}, {"event_type", "\"login_failed\""}, {"occurred_at", one_of(kTimes)}};
    if (below(2) == 0) {
      members["log_id"] = "\"l\"";
    }
    for (std::size_t i = below(8); i > 0; --i) {
      members.emplace(one_of(kNames), value(3));
    }
    for (const char* id : {"organisation_id", "organization_id", "schema_version"}) {
      if (members.contains(id)) {
        members[id] = id == std::string_view("schema_version") ? "1" : "\"o\"";
      }
    }
    return members;
  }

 private:
  std::size_t below(std::size_t count) { return random_() % count; }
  template <typename List>
  std::string one_of(const List& list) {
    return std::string(list[below(list.size())]);
  }
  std::string string() {
    std::string text = "\"";
    for (std::size_t i = below(12); i > 0; --i) {
      text += below(10) == 0 ? std::string(below(400), 'x') : one_of(kPieces);
    }
    return text + "\"";
  }
  std::string value(int depth) {
    switch (depth == 0 ? below(4) : below(6)) {
      case 0:
      case 1:
        return one_of(kScalars);
      case 4:
        return list(depth, "[", "]", false);
      case 5:
        return list(depth, "{", "}", true);
      default:
        return string();
    }
  }
  std::string list(int depth, std::string_view open, std::string_view close, bool has_keys) {
    std::string json(open);
    for (std::size_t i = below(4); i > 0; --i) {
      json += has_keys ? (below(2) == 0 ? string() : "\"" + one_of(kNames) + "\"") + ":" : "";
      json += value(depth - 1) + (i > 1 ? " , " : "");
    }
    return json.append(close);
  }

  std::mt19937_64& random_;
};

std::string joined(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string json = "{";
  for (const auto& [name, value] : members) {
    json.append(json.size() > 1 ? "," : "").append("\"").append(name).append("\":").append(value);
  }
  return json + "}";
}

std::uint64_t changes_in(const ReadCounts& counts) {
  const auto repairs = std::accumulate(counts.repairs.begin(), counts.repairs.end(), std::uint64_t{0});
  return std::accumulate(counts.redactions.begin(), counts.redactions.end(), repairs);
}

TEST(HostileEvents, AreTakenWhateverTheOrderOfTheirMembersAndReadBack) {
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    const auto by_name = HostileJson(random).members();
    std::vector<std::pair<std::string, std::string>> members(by_name.begin(), by_name.end());
    const std::string json = joined(members);
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round) + " " + json);
    ReadCounts counts;
    const ReadOutcome outcome = testing::read(json, &counts);
    ASSERT_TRUE(std::holds_alternative<AcceptedEvent>(outcome)) << std::get<Rejection>(outcome).reason;
    const auto& accepted = std::get<AcceptedEvent>(outcome);
    const auto back = parse_content(accepted.canonical);
    ASSERT_TRUE(back.has_value()) << accepted.canonical;
    EXPECT_EQ(*back, accepted.event);
    EXPECT_EQ(accepted.event.repaired.empty(), changes_in(counts) == 0);
    std::shuffle(members.begin(), members.end(), random);
    EXPECT_EQ(std::get<AcceptedEvent>(testing::read(joined(members))).canonical, accepted.canonical);
  }
}

std::string exported(const AuthEvent& event) {
  Version version;
  version.event = event;
  version.content_hash = content_hash(canonical_content(event));
  std::string line;
  append_version_line(line, version, VersionMembers::kSendable);
  return line;
}

TEST(StoredEvents, SentAgainAreStoredAsTheyAre) {
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < kRounds / 2; ++round) {
    const AuthEvent event = testing::random_event(random);
    const std::string line = exported(event);
    const ReadOutcome outcome = testing::read(line);
    ASSERT_TRUE(std::holds_alternative<AcceptedEvent>(outcome)) << line;
    EXPECT_EQ(std::get<AcceptedEvent>(outcome).canonical, canonical_content(event))
        << "seed " << kSeed << " round " << round;
  }
}

TEST(StoredEvents, OfHostileInputSentAgainAreStoredAsTheyAre) {
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    const auto by_name = HostileJson(random).members();
    const std::string json = joined({by_name.begin(), by_name.end()});
    const auto first = std::get<AcceptedEvent>(testing::read(json));
    const ReadOutcome again = testing::read(exported(first.event));
    ASSERT_TRUE(std::holds_alternative<AcceptedEvent>(again)) << json;
    EXPECT_EQ(std::get<AcceptedEvent>(again).canonical, first.canonical)
        << "seed " << kSeed << " round " << round << " " << json;
  }
}

TEST(HostileEvents, ThatAreCutAnywhereAreRefusedOrTakenButNeverCrash) {
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 40; ++round) {
    const auto by_name = HostileJson(random).members();
    const std::string json = joined({by_name.begin(), by_name.end()});
    for (std::size_t size = 0; size < json.size(); ++size) {
      EXPECT_NE(testing::refusal(json.substr(0, size)), "taken");
    }
  }
}

}  // namespace
}  // namespace twinlog
