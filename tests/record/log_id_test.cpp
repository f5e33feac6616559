// Log ids where the sender gave none.
#include "ledger/record/log_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <variant>

#include "tests/record/read_support.h"

namespace twinlog {
namespace {

constexpr std::string_view kMembers = R"("event_type":"logout","occurred_at":1700000000123)";

class MissingIds : public ::testing::Test {
 protected:
  static std::string id(const EventReaderSettings& settings, EventReader::RequestContext& request,
                        std::string_view members = kMembers, std::string_view tenant = "t") {
    const std::string json = "{\"tenant_id\":\"" + std::string(tenant) + "\"," + std::string(members) + "}";
    const ReadOutcome outcome = EventReader(settings).read_event(json, request);
    const auto* accepted = std::get_if<AcceptedEvent>(&outcome);
    return accepted == nullptr ? "refused" : accepted->event.log_id;
  }
  static EventReader::RequestContext keyed(std::string key) {
    EventReader::RequestContext request;
    request.idempotency_key = std::move(key);
    return request;
  }
};

TEST_F(MissingIds, AreNewEachTimeTheSameEventIsSent) {
  SystemRandom random;
  EventReaderSettings settings = testing::test_settings();
  settings.random = &random;
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    EventReader::RequestContext request;
    ids.insert(id(settings, request));
    ids.insert(id(settings, request));
  }
  EXPECT_EQ(ids.size(), 2000U);
}

TEST_F(MissingIds, AreUuidsOfVersion7WithTheTimeOfTheEvent) {
  testing::SameRandom random;
  EXPECT_EQ(drawn_log_id(1'700'000'000'123'999, random), "018bcfe5-687b-7a5a-9a5a-5a5a5a5a5a5a");
  EXPECT_EQ(drawn_log_id(-1, random).substr(0, 15), "ffffffff-ffff-7");
  EXPECT_EQ(drawn_log_id(-1000, random).substr(0, 13), "ffffffff-ffff");
  EXPECT_EQ(drawn_log_id(-1001, random).substr(0, 13), "ffffffff-fffe");
}

TEST_F(MissingIds, OfAKeyedRequestAreTheVectorOfFormatMd) {
  auto request = keyed("retry-7");
  EXPECT_EQ(id(testing::test_settings(), request), "018bcfe5-687b-8736-aea8-ac7a6d6025f3");
  EXPECT_EQ(id(testing::test_settings(), request), "018bcfe5-687b-8ca7-a546-802917b410b0");
}

TEST_F(MissingIds, OfAKeyedRequestDependOnKeyTenantPlaceTimeAndSpoolButNotOnContent) {
  const EventReaderSettings settings = testing::test_settings();
  const auto first_of = [&](const EventReaderSettings& spool, std::string key, std::string_view members,
                            std::string_view tenant) {
    auto request = keyed(std::move(key));
    return id(spool, request, members, tenant);
  };
  const std::string one = first_of(settings, "k", kMembers, "t");
  EXPECT_EQ(first_of(settings, "k", R"("event_type":"logout","occurred_at":1700000000123,"user_id":"u")", "t"), one);
  EXPECT_NE(first_of(settings, "l", kMembers, "t"), one);
  EXPECT_NE(first_of(settings, "k", kMembers, "s"), one);
  EXPECT_NE(first_of(settings, "k", R"("event_type":"logout","occurred_at":1700000000124)", "t"), one);
  EventReaderSettings other = settings;
  other.log_id_key = std::string(32, 'j');
  EXPECT_NE(first_of(other, "k", kMembers, "t"), one);
  auto behind_a_refused_one = keyed("k");
  EXPECT_EQ(id(settings, behind_a_refused_one, R"("event_type":"logout")"), "refused");
  EXPECT_NE(id(settings, behind_a_refused_one), one);
}

TEST_F(MissingIds, OfAKeyedRequestLeaveIdsThatWereSentAlone) {
  auto request = keyed("k");
  EXPECT_EQ(id(testing::test_settings(), request, R"("log_id":"mine","event_type":"logout","occurred_at":1)"), "mine");
}

}  // namespace
}  // namespace twinlog
