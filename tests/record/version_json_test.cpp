#include "ledger/record/version_json.h"

#include <gtest/gtest.h>

#include "ledger/record/canonical.h"

namespace twinlog {
namespace {

Version version() {
  Version made;
  made.event.tenant_id = "acme";
  made.event.log_id = "e-1";
  made.event.event_type = "account_locked";
  made.event.occurred_at = 1'709'204'400'123'456;
  made.event.account = "id:u1";
  made.event.user_id = "u1";
  made.event.username = "Zo\xc3\xab \"x\"";
  made.event.remote_host = "not an address";
  made.event.account_locked_until = kLatestTime;
  made.event.lock_kind = LockKind::kPermanent;
  made.event.failed_login_attempts = 7;
  made.event.metadata = R"({"a":[1.5,null]})";
  made.event.repaired = {"channel", "username"};
  made.content_hash = content_hash("abc");
  made.received_at = 1'709'204'400'500'000;
  made.effective_at = 1'709'204'400'123'456;
  made.agent = "auth-1";
  made.leaf_index = 258;
  return made;
}

std::string line_of(const Version& from, VersionMembers members) {
  std::string line;
  append_version_line(line, from, members);
  return line;
}

TEST(VersionJson, AllMembersStandInTheOrderOfTheirNames) {
  EXPECT_EQ(line_of(version(), VersionMembers::kAll),
            R"({"account":"id:u1","account_locked_until":"9999-12-31T23:59:59.999999Z","agent":"auth-1",)"
            R"("content_hash":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",)"
            R"("effective_at":"2024-02-29T11:00:00.123456Z","epoch_id":"00000000-0000-0000-0000-000000000000",)"
            R"("event_type":"account_locked","failed_login_attempts":7,"leaf_index":258,"lock_kind":"permanent",)"
            R"("log_id":"e-1","metadata":{"a":[1.5,null]},"occurred_at":"2024-02-29T11:00:00.123456Z",)"
            R"("received_at":"2024-02-29T11:00:00.500000Z","remote_host":"not an address",)"
            R"("repaired":["channel","username"],"tenant_id":"acme","user_id":"u1","username":"Zo)"
            "\xc3\xab"
            R"( \"x\""})"
            "\n");
}

TEST(VersionJson, WhatASenderSendsHasTheHashThatProvesItWhereItWasRepaired) {
  EXPECT_EQ(line_of(version(), VersionMembers::kSendable),
            R"({"account_locked_until":"9999-12-31T23:59:59.999999Z",)"
            R"("content_hash":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",)"
            R"("event_type":"account_locked","failed_login_attempts":7,"lock_kind":"permanent","log_id":"e-1",)"
            R"("metadata":{"a":[1.5,null]},"occurred_at":"2024-02-29T11:00:00.123456Z",)"
            R"("remote_host":"not an address","repaired":["channel","username"],"tenant_id":"acme",)"
            R"("user_id":"u1","username":"Zo)"
            "\xc3\xab"
            R"( \"x\""})"
            "\n");
}

TEST(VersionJson, ADoubleThatLooksLikeALongIntegerIsSentAsADouble) {
  Version made = version();
  made.event.metadata =
      R"({"a":100000000000000000000,"b":[9007199254740992,-9007199254740994,"9007199254740994\\\""]})";
  EXPECT_NE(
      line_of(made, VersionMembers::kSendable)
          .find(R"({"a":100000000000000000000e0,"b":[9007199254740992,-9007199254740994e0,"9007199254740994\\\""]})"),
      std::string::npos);
}

TEST(VersionJson, WhatASenderSendsHasNoMemberOfTheAgentAndTheHostAsIp) {
  Version made = version();
  made.event.repaired.clear();
  EXPECT_EQ(line_of(made, VersionMembers::kSendable),
            R"({"account_locked_until":"9999-12-31T23:59:59.999999Z","event_type":"account_locked",)"
            R"("failed_login_attempts":7,"ip":"not an address","lock_kind":"permanent","log_id":"e-1",)"
            R"("metadata":{"a":[1.5,null]},"occurred_at":"2024-02-29T11:00:00.123456Z","tenant_id":"acme",)"
            R"("user_id":"u1","username":"Zo)"
            "\xc3\xab"
            R"( \"x\""})"
            "\n");
}

TEST(VersionJson, WhatATerminalMayObeyIsEscaped) {
  Version made = version();
  made.event.username =
      "\xc2\x9b"
      "2Jroot";
  made.event.metadata = "{\"a\":\"\xe2\x80\xae\"}";
  const std::string line = line_of(made, VersionMembers::kSendable);
  EXPECT_NE(line.find(R"("username":"\u009b2Jroot")"), std::string::npos);
  EXPECT_NE(line.find(R"("metadata":{"a":"\u202e"})"), std::string::npos);
}

}  // namespace
}  // namespace twinlog
