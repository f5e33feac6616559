// POST /v1/events: every status of docs/INTAKE.md, and how requests follow each other on one connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/net/intake_rig.h"

namespace twinlog {
namespace {

using testing::answer;
using testing::Client;
using ::testing::ElementsAre;
using testing::event;
using ::testing::HasSubstr;
using testing::HttpReply;
using testing::IntakeRig;
using testing::post;
using ::testing::StartsWith;

constexpr const char* kNdjson = "application/x-ndjson";

/// One request on a connection of its own.
HttpReply ask(const IntakeRig& rig, const std::string& request, bool has_body = true) {
  Client client = rig.connect_http();
  return client.send(request) ? client.read_reply(has_body) : HttpReply{};
}

std::string results(const std::string& answers) {
  return R"({"results":[)" + answers + "]}";
}

TEST(Http, OneObjectAnArrayAndLinesAreAllTaken) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  const HttpReply object = ask(rig, post(event("a")));
  EXPECT_EQ(object.status, 200);
  EXPECT_EQ(object.fields.at("content-type"), "application/json");
  EXPECT_EQ(object.body, results(answer("stored", "a")));
  const HttpReply array = ask(rig, post("[" + event("b") + "," + event("conflict-c") + "]"));
  EXPECT_EQ(array.status, 200);
  EXPECT_EQ(array.body, results(answer("stored", "b") + "," + answer("conflict", "conflict-c")));
  const HttpReply lines = ask(rig, post(event("d") + "\r\n\n" + event("duplicate-e"), kNdjson));
  EXPECT_EQ(lines.status, 200);
  EXPECT_EQ(lines.body, results(answer("stored", "d") + "," + answer("duplicate", "duplicate-e")));
  EXPECT_THAT(rig.intake.submission_sizes(), ElementsAre(1U, 2U, 2U));
}

TEST(Http, ParametersAndCaseOfTheMediaTypeDoNotMatter) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  EXPECT_EQ(ask(rig, post(event("a"), "Application/JSON; charset=utf-8")).status, 200);
  EXPECT_EQ(ask(rig, post(event("b"), "application/x-ndjson ;charset=utf-8")).status, 200);
}

TEST(Http, LinesHaveThreeNamesAndAByteOrderMarkIsNoPartOfTheBody) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  for (const std::string type : {"application/x-ndjson", "application/ndjson", "application/jsonl"}) {
    EXPECT_EQ(ask(rig, post("\xEF\xBB\xBF" + event("a") + "\n" + event("b"), type)).body,
              results(answer("stored", "a") + "," + answer("stored", "b")))
        << type;
  }
  EXPECT_EQ(ask(rig, post("\xEF\xBB\xBF" + event("c"))).body, results(answer("stored", "c")));
}

TEST(Http, AbsoluteFormAndAnOfferOfHttp2AreServedAsIfTheyWerePlain) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect_http();
  const std::string offer =
      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
      "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n";
  ASSERT_TRUE(client.send(post(event("offer"), "application/json", offer)));
  EXPECT_EQ(client.read_reply().body, results(answer("stored", "offer")));
  ASSERT_TRUE(client.send("POST http://x:1/v1/events HTTP/1.1" + post(event("absolute")).substr(24)));
  const HttpReply reply = client.read_reply();
  EXPECT_EQ(reply.body, results(answer("stored", "absolute")));
  EXPECT_EQ(reply.fields.count("date"), 1U);
  ASSERT_TRUE(client.send("POST http://x:1/v1/event HTTP/1.1" + post(event("elsewhere")).substr(24)));
  EXPECT_EQ(client.read_reply().status, 404);
}

TEST(Http, EveryAnswerIsCountedByItsStatus) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  std::map<int, std::uint64_t> given;
  for (const std::string& request :
       {post("[]"), post("[]"), post("nonsense"), post("[7]"), post("[]", "text/plain"),
        post("[]").replace(0, 4, "PUT"), post(event("busy")), std::string("GET / HTTP/1.1\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        post("[]", "application/json", "X: " + std::string(17'000, 'x') + "\r\n")}) {
    ++given[ask(rig, request).status];
  }
  std::map<int, std::uint64_t> counted;
  for (std::size_t i = 0; i < kIntakeStatuses.size(); ++i) {
    if (const std::uint64_t count = rig.counters.http_answers.answered.at(i); count > 0) {
      counted[static_cast<int>(kIntakeStatuses.at(i))] = count;
    }
  }
  EXPECT_EQ(counted, given);
  EXPECT_EQ(counted.size(), 8U);
}

TEST(Http, AnIdempotencyKeyGivesTheSameRequestTheSameIdsWhateverItsForm) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  const std::string bare = R"({"tenant_id":"t","event_type":"logout","occurred_at":1700000000123})";
  const std::string two = "[" + bare + "," + bare + "]";
  const HttpReply first = ask(rig, post(two, "application/json", "Idempotency-Key: retry-7\r\n"));
  EXPECT_THAT(first.body, HasSubstr("018bcfe5-687b-8736-aea8-ac7a6d6025f3"));
  EXPECT_THAT(first.body, HasSubstr("018bcfe5-687b-8ca7-a546-802917b410b0"));
  EXPECT_EQ(ask(rig, post(bare + "\n\n" + bare, kNdjson, "idempotency-key: retry-7\r\n")).body, first.body);
  EXPECT_NE(ask(rig, post(two, "application/json", "Idempotency-Key: retry-8\r\n")).body, first.body);
  EXPECT_NE(ask(rig, post(two)).body, ask(rig, post(two)).body);
}

TEST(Http, AnIdempotencyKeyHas1To255VisibleCharacters) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  const auto status_of = [&](const std::string& field) {
    const HttpReply reply = ask(rig, post(event("a"), "application/json", field));
    if (reply.status != 200) {
      EXPECT_THAT(reply.body, HasSubstr("Idempotency-Key"));
    }
    return reply.status;
  };
  EXPECT_EQ(status_of("Idempotency-Key: !\r\n"), 200);
  EXPECT_EQ(status_of("Idempotency-Key: " + std::string(255, '~') + "\r\n"), 200);
  for (const std::string& value : {std::string(), std::string(256, 'k'), std::string("a b"), std::string("\xc3\xa9")}) {
    EXPECT_EQ(status_of("Idempotency-Key: " + value + "\r\n"), 400) << value;
  }
  EXPECT_EQ(status_of("Idempotency-Key: a\r\nIdempotency-Key: a\r\n"), 400);
}

TEST(Http, AnEmptyArrayOrNoLinesAre200WithNoResults) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  EXPECT_EQ(ask(rig, post("[]")).body, results(""));
  const HttpReply none = ask(rig, post("\n\n", kNdjson));
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.body, results(""));
  EXPECT_TRUE(rig.intake.submission_sizes().empty());
}

TEST(Http, AMixtureIs200WithEveryAnswerInItsPlace) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  const HttpReply reply = ask(rig, post("nonsense\n" + event("a") + "\n{}", kNdjson));
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.body, StartsWith(R"({"results":[{"status":"rejected")"));
  EXPECT_THAT(reply.body, HasSubstr(answer("stored", "a") + R"(,{"status":"rejected")"));
  EXPECT_EQ(rig.http().rejected, 2U);
  EXPECT_EQ(rig.http().stored, 1U);
}

TEST(Http, AllRejectedIs422) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  const HttpReply reply = ask(rig, post("[{},7]"));
  EXPECT_EQ(reply.status, 422);
  EXPECT_THAT(reply.body, StartsWith(R"({"results":[{"status":"rejected","error":{"field":)"));
  EXPECT_EQ(ask(rig, post("nonsense", kNdjson)).status, 422);
  EXPECT_TRUE(rig.intake.submission_sizes().empty());
}

TEST(Http, WhatIsNotJsonIs400) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  for (const std::string body : {"", "[{}", "nonsense"}) {
    const HttpReply reply = ask(rig, post(body));
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_THAT(reply.body, StartsWith(R"({"error":{"reason":")"));
  }
}

TEST(Http, BusyIs503AndNothingOfTheRequestIsStored) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  const HttpReply reply = ask(rig, post("[" + event("a") + "," + event("busy-b") + "]"));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.fields.at("retry-after"), "1");
  EXPECT_THAT(reply.body, HasSubstr(R"("status":"busy","retry_after_ms":500)"));
  EXPECT_EQ(rig.http().busy, 2U);
  EXPECT_EQ(rig.http().stored, 0U);
}

TEST(Http, OtherPathsAre404AndOtherMethods405) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  EXPECT_EQ(ask(rig, "GET / HTTP/1.1\r\nHost: h\r\n\r\n").status, 404);
  EXPECT_EQ(ask(rig, "POST /v1/events/ HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").status, 404);
  for (const std::string method : {"GET", "PUT", "DELETE", "OPTIONS", "post"}) {
    const HttpReply reply = ask(rig, method + " /v1/events?x=1 HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_EQ(reply.fields.at("allow"), "POST");
  }
  EXPECT_EQ(ask(rig, "HEAD /v1/events HTTP/1.1\r\nHost: h\r\n\r\n", false).status, 405);
}

TEST(Http, OtherMediaTypesAndEveryContentEncodingAre415) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  for (const std::string type : {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"}) {
    EXPECT_EQ(ask(rig, post(event("a"), type)).status, 415) << type;
  }
  EXPECT_EQ(ask(rig, post(event("a"), "application/json", "Content-Encoding: gzip\r\n")).status, 415);
  EXPECT_EQ(
      ask(rig, post(event("a"), "application/json", "Content-Encoding: identity\r\nContent-Encoding: br\r\n")).status,
      415);
  EXPECT_EQ(ask(rig, post(event("a"), "application/json; charset=ISO-8859-1")).status, 415);
  EXPECT_EQ(ask(rig, post(event("a"), "application/json", "Content-Type: text/plain\r\n")).status, 415);
  EXPECT_EQ(ask(rig, post(event("a"), "application/json", "Content-Encoding: identity\r\n")).status, 200);
  EXPECT_EQ(ask(rig, post(event("b"), "application/json", "Content-Type: application/json\r\n")).status, 200);
  EXPECT_THAT(rig.intake.log_ids(), ElementsAre("a", "b"));
}

TEST(Http, WhatIsNotHttpIs400AndCloses) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect_http();
  ASSERT_TRUE(client.send("hello\r\n\r\n"));
  EXPECT_EQ(client.read_reply().status, 400);
  EXPECT_TRUE(client.is_at_end());
}

TEST(Http, AConnectionIsKeptAndARefusedBodyIsSkipped) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect_http();
  ASSERT_TRUE(client.send(post(event("a"))));
  EXPECT_EQ(client.read_reply().status, 200);
  ASSERT_TRUE(client.send(post(std::string(100'000, 'x'), "text/plain")));
  EXPECT_EQ(client.read_reply().status, 415);
  ASSERT_TRUE(client.send(post(event("b"))));
  EXPECT_EQ(client.read_reply().body, results(answer("stored", "b")));
  EXPECT_EQ(rig.http().connections, 1U);
}

TEST(Http, PipelinedRequestsAreAnsweredInOrder) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect_http();
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    requests += i % 3 == 0 ? post("{") : post(event("e" + std::to_string(i)));
  }
  ASSERT_TRUE(client.send(requests));
  for (int i = 0; i < 50; ++i) {
    const HttpReply reply = client.read_reply();
    ASSERT_EQ(reply.status, i % 3 == 0 ? 400 : 200) << i;
    if (reply.status == 200) {
      ASSERT_EQ(reply.body, results(answer("stored", "e" + std::to_string(i))));
    }
  }
}

TEST(Http, ConnectionCloseAndHttp10CloseAfterTheAnswer) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect_http();
  ASSERT_TRUE(client.send(post(event("a"), "application/json", "Connection: close\r\n")));
  EXPECT_EQ(client.read_reply().fields.at("connection"), "close");
  EXPECT_TRUE(client.is_at_end());
  Client old = rig.connect_http();
  ASSERT_TRUE(old.send("POST /v1/events HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"));
  EXPECT_EQ(old.read_reply().status, 200);
  EXPECT_TRUE(old.is_at_end());
}

TEST(Http, AChunkedBodyIsTakenByteByByte) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  Client client = rig.connect_http();
  const std::string body = event("chunked");
  char size[32];
  std::snprintf(size, sizeof(size), "%zx", body.size() - 10);
  const std::string request =
      "POST /v1/events HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\na\r\n" +
      body.substr(0, 10) + "\r\n" + size + "\r\n" + body.substr(10) + "\r\n0\r\n\r\n";
  for (const char byte : request) {
    ASSERT_TRUE(client.send({&byte, 1}));
  }
  EXPECT_EQ(client.read_reply().body, results(answer("stored", "chunked")));
}

TEST(Http, ExpectContinueIsAnsweredBeforeTheBodyOrRefusedWithoutIt) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  const std::string whole = post(event("a"), "application/json", "Expect: 100-continue\r\n");
  const std::size_t body = whole.find("\r\n\r\n") + 4;
  Client client = rig.connect_http();
  ASSERT_TRUE(client.send(whole.substr(0, body)));
  EXPECT_EQ(client.read_reply().status, 100);
  ASSERT_TRUE(client.send(whole.substr(body)));
  EXPECT_EQ(client.read_reply().status, 200);
  Client refused = rig.connect_http();
  const std::string wrong = post(event("b"), "text/plain", "Expect: 100-continue\r\n");
  ASSERT_TRUE(refused.send(wrong.substr(0, wrong.find("\r\n\r\n") + 4)));
  EXPECT_EQ(refused.read_reply().status, 415);
  EXPECT_TRUE(refused.is_at_end());
}

TEST(Http, IsReachableOnAUnixPathToo) {
  IntakeRig rig;
  rig.settings.http.listen = "unix:" + rig.folder.file("http.sock");
  ASSERT_TRUE(rig.start());
  EXPECT_EQ(rig.server->http_address(), "");
  Client client = Client::to_unix(rig.folder.file("http.sock"));
  ASSERT_TRUE(client.send(post(event("a"))));
  EXPECT_EQ(client.read_reply().body, results(answer("stored", "a")));
  EXPECT_EQ(rig.http().stored, 1U);
}

TEST(Http, EqualEventsWithoutAnIdAreNewOnesInEveryRequest) {
  IntakeRig rig;
  ASSERT_TRUE(rig.start());
  const std::string line = R"({"tenant_id":"t","event_type":"logout","occurred_at":1700000000000})";
  EXPECT_EQ(ask(rig, post(line + "\n" + line, kNdjson)).status, 200);
  EXPECT_EQ(ask(rig, post(line + "\n" + line, kNdjson)).status, 200);
  const std::vector<std::string> ids = rig.intake.log_ids();
  ASSERT_EQ(ids.size(), 4U);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 4U);
}

}  // namespace
}  // namespace twinlog
