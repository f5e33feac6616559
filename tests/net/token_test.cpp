// The bearer token: who is let in, and what becomes of senders while its file cannot be read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "tests/net/intake_rig.h"

namespace twinlog {
namespace {

using testing::answer;
using testing::Client;
using testing::event;
using testing::eventually;
using ::testing::HasSubstr;
using testing::HttpReply;
using testing::IntakeRig;
using testing::post;

/// One request on a connection of its own.
HttpReply ask(const IntakeRig& rig, const std::string& request) {
  Client client = rig.connect_http();
  return client.send(request) ? client.read_reply() : HttpReply{};
}

std::string with_token(const std::string& token) {
  return post("[]", "application/json", "Authorization: Bearer " + token + "\r\n");
}

TEST(Token, TheBearerTokenIsAskedForAndReadAnewWhenItsFileChanges) {
  IntakeRig rig;
  rig.folder.write("token", "first-token\n");
  rig.settings.http.bearer_token_file = rig.folder.file("token");
  ASSERT_TRUE(rig.start());
  const auto with = [&](const std::string& field) { return ask(rig, post("[]", "application/json", field)).status; };
  const HttpReply without = ask(rig, post("[]"));
  EXPECT_EQ(without.status, 401);
  EXPECT_EQ(without.fields.at("www-authenticate"), "Bearer");
  EXPECT_EQ(with("Authorization: Bearer first-token\r\n"), 200);
  EXPECT_EQ(with("authorization: bearer first-token\r\n"), 200);
  EXPECT_EQ(with("Authorization: Bearer first-toke\r\n"), 401);
  EXPECT_EQ(with("Authorization: Bearer first-tokenx\r\n"), 401);
  EXPECT_EQ(with("Authorization: Basic first-token\r\n"), 401);
  EXPECT_EQ(with("Authorization: Bearer \r\n"), 401);
  rig.folder.write("token", "second-token");
  EXPECT_EQ(with("Authorization: Bearer first-token\r\n"), 401);
  EXPECT_EQ(with("Authorization: Bearer second-token\r\n"), 200);
  EXPECT_EQ(rig.counters.http_answers.answered[2], 6U);
}

TEST(Token, WhileItsFileCannotBeReadOrIsEmptySendersAreAskedToComeAgainAndNeverSentAway) {
  IntakeRig rig;
  const std::string file = rig.folder.file("token");
  rig.settings.http.bearer_token_file = file;
  ASSERT_TRUE(rig.start()) << "the other way in works without a token";
  EXPECT_THAT(rig.server->token_trouble(), HasSubstr(file));
  for (const std::string content : {"", "\n"}) {
    const HttpReply reply = ask(rig, with_token("first"));
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.fields.at("retry-after"), "1");
    EXPECT_THAT(reply.body, HasSubstr(R"("status":"busy","retry_after_ms":500)"));
    rig.folder.write("token", content);
  }
  EXPECT_EQ(ask(rig, with_token("first")).status, 503);
  EXPECT_THAT(rig.server->token_trouble(), HasSubstr("empty"));
  rig.folder.write("token", "first");
  EXPECT_EQ(ask(rig, with_token("first")).status, 200);
  EXPECT_EQ(ask(rig, with_token("other")).status, 401);
  EXPECT_EQ(rig.server->token_trouble(), "");
  ASSERT_EQ(::unlink(file.c_str()), 0);
  EXPECT_EQ(ask(rig, with_token("first")).status, 503);
  EXPECT_EQ(rig.counters.http_answers.answered[2], 1U);
}

TEST(Token, AFileThatDoesNotAnswerHoldsUpNoSenderOfTheSocketAndNoStop) {
  IntakeRig rig;
  const std::string file = rig.folder.file("token");
  rig.folder.write("token", "first");
  rig.settings.http.bearer_token_file = file;
  ASSERT_TRUE(rig.start());
  ASSERT_EQ(::unlink(file.c_str()), 0);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);  // Who opens it waits for somebody who writes.
  Client waiting = rig.connect_http();
  ASSERT_TRUE(waiting.send(with_token("first")));
  Client line = rig.connect();
  ASSERT_TRUE(line.send(event("meanwhile") + "\n"));
  EXPECT_EQ(line.read_line(), answer("stored", "meanwhile"));
  EXPECT_EQ(waiting.read_reply().status, 503);
  EXPECT_TRUE(eventually([&] { return !rig.server->token_trouble().empty(); }));
  rig.server.reset();
}

TEST(Token, ABodyThatComesWithOrBehindItsHeaderIsReadOnceTheTokenIsJudged) {
  IntakeRig rig;
  rig.folder.write("token", "first");
  rig.settings.http.bearer_token_file = rig.folder.file("token");
  ASSERT_TRUE(rig.start());
  const std::string field = "Authorization: Bearer first\r\n";
  Client client = rig.connect_http();
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests += post(event("e" + std::to_string(i)), "application/json", i % 2 == 0 ? field : "");
  }
  for (std::size_t at = 0; at < requests.size(); at += 7) {
    ASSERT_TRUE(client.send(requests.substr(at, 7)));
  }
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(client.read_reply().status, i % 2 == 0 ? 200 : 401) << i;
  }
  EXPECT_EQ(rig.intake.log_ids().size(), 10U);
}

}  // namespace
}  // namespace twinlog
