#include "agent/net/http/http_codec.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "agent/net/http/media_type.h"

namespace twinlog {
namespace {

constexpr UtcMicros kNow = 1'795'750'863'000'000;

using Progress = HttpRequestReader::Progress;

/// Feeds `bytes` in pieces of `size`, offering again what was not taken, until something is decided.
Progress feed_in_pieces(HttpRequestReader& reader, const std::string& bytes, std::size_t size) {
  std::string pending;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    pending += bytes.substr(at, size);
    for (std::size_t taken = 1; taken > 0 && reader.progress() <= Progress::kBody && !pending.empty();) {
      taken = reader.feed(pending);
      pending.erase(0, taken);
    }
    if (reader.progress() > Progress::kBody) {
      break;
    }
  }
  return reader.progress();
}

TEST(HttpCodec, ARequestIsTheSameInPiecesOfEverySize) {
  const std::vector<std::string> requests = {
      "POST /p?q HTTP/1.1\r\nHost: h\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nhello",
      "\r\nPOST /p HTTP/1.1\r\nHost: h\r\ncontent-type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: 1\r\nContent-Type: c/d\r\n\r\n",
      "POST /p HTTP/1.1\r\nHost: h\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  };
  for (const std::string& request : requests) {
    for (std::size_t size = 1; size <= request.size(); ++size) {
      HttpRequestReader reader({1000, 1000});
      ASSERT_EQ(feed_in_pieces(reader, request, size), Progress::kComplete) << request << size;
      const HttpRequest read = reader.take();
      EXPECT_EQ(read.path, "/p");
      EXPECT_EQ(read.content_type, "a/b");
      EXPECT_EQ(read.body, "hello");
      EXPECT_TRUE(read.keeps_alive);
    }
  }
}

TEST(HttpCodec, AnEmptyChunkedBodyMayComeInPiecesOfEverySize) {
  const std::string request = "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (std::size_t size = 1; size <= request.size(); ++size) {
    HttpRequestReader reader({1000, 1000});
    EXPECT_EQ(feed_in_pieces(reader, request, size), Progress::kComplete) << size;
  }
}

TEST(HttpCodec, BodiesThatContradictThemselvesAreMalformed) {
  for (const std::string fields :
       {"Content-Length: 1\r\nContent-Length: 2", "Content-Length: -1", "Content-Length: 1x",
        "Content-Length: 1\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 1",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "No Colon", "A : b", "A: b\n\nC: d"}) {
    HttpRequestReader reader({1000, 1000});
    EXPECT_EQ(feed_in_pieces(reader, "POST /p HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n\r\n1\r\nx\r\n0\r\n\r\n", 4096),
              Progress::kMalformed)
        << fields;
  }
}

TEST(HttpCodec, DamagedRequestsInRandomPiecesAreDecidedWithoutHarm) {
  const unsigned seed = std::random_device{}();
  std::mt19937 random(seed);
  const std::string whole =
      "POST /p HTTP/1.1\r\nHost: h\r\nExpect: x\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n0\r\nT: 1\r\n\r\n";
  std::map<Progress, int> seen;
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = whole;
    for (unsigned changes = random() % 4; changes > 0; --changes) {
      const std::size_t at = random() % damaged.size();
      random() % 2 == 0 ? damaged.erase(at, 1 + random() % 8) : damaged.insert(at, 1, "\r\n0:; \0z"[random() % 8]);
    }
    HttpRequestReader reader({100, 10});
    ++seen[feed_in_pieces(reader, damaged, 1 + random() % damaged.size())];
    EXPECT_LE(reader.held_bytes(), 4096U);
  }
  EXPECT_GT(seen[Progress::kComplete], 1000) << "seed " << seed;
  EXPECT_GT(seen[Progress::kMalformed], 1000) << "seed " << seed;
}

TEST(HttpCodec, ADiscardedBodyIsReadAndNotKept) {
  HttpRequestReader reader({1000, 1000});
  const std::string header = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n";
  ASSERT_EQ(reader.feed(header + "hello"), header.size());
  ASSERT_EQ(reader.progress(), Progress::kBody);
  reader.discard_body();
  EXPECT_EQ(reader.feed("hello"), 5U);
  ASSERT_EQ(reader.progress(), Progress::kComplete);
  EXPECT_EQ(reader.take().body, "");
  EXPECT_FALSE(reader.has_begun());
}

TEST(HttpCodec, AbsoluteFormLeadsToThePathWhateverHostItNames) {
  const std::vector<std::pair<std::string, std::string>> targets{{"/v1/events?a=1", "/v1/events"},
                                                                 {"http://127.0.0.1:8840/v1/events?a=1", "/v1/events"},
                                                                 {"HTTP://x/v1/events", "/v1/events"},
                                                                 {"https://[::1]:1/v1/events", "/v1/events"},
                                                                 {"http://x", "/"},
                                                                 {"http://x/", "/"},
                                                                 {"//x/v1/events", "//x/v1/events"},
                                                                 {"httpx://x/v1/events", "httpx://x/v1/events"},
                                                                 {"*", "*"}};
  for (const auto& [target, path] : targets) {
    HttpRequestReader reader({1000, 0});
    reader.feed("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_EQ(reader.progress(), Progress::kComplete) << target;
    EXPECT_EQ(reader.take().path, path) << target;
  }
}

TEST(HttpCodec, ARequestNamesItsHostOnceAndOfHttp10AtMostOnce) {
  const auto progress_of = [](const std::string& version, const std::string& fields) {
    HttpRequestReader reader({1000, 10});
    reader.feed("POST / HTTP/" + version + "\r\n" + fields + "Content-Length: 1\r\n\r\n");
    return reader.progress();
  };
  EXPECT_EQ(progress_of("1.1", "Host: h\r\n"), Progress::kBody);
  EXPECT_EQ(progress_of("1.1", "host:\r\n"), Progress::kBody);
  EXPECT_EQ(progress_of("1.1", ""), Progress::kHostUnclear);
  EXPECT_EQ(progress_of("1.1", "Host: h\r\nHost: h\r\n"), Progress::kHostUnclear);
  EXPECT_EQ(progress_of("1.0", ""), Progress::kBody);
  EXPECT_EQ(progress_of("1.0", "Host: h\r\nHost: i\r\n"), Progress::kHostUnclear);
}

TEST(HttpCodec, AMediaTypeIsReadWithItsCharsetAndSaidTwiceAlikeItIsOne) {
  const auto utf8 = [](std::string_view text) {
    const auto type = media_type_of(text);
    return type && type->name == "application/json" && type->is_utf8;
  };
  for (const char* text :
       {"application/json", "application/json;charset=utf-8", "application/json ; Charset=\"UTF-8\"",
        "application/json; charset=utf8", "application/json; x=\"a;charset=latin1,b\"; charset=UTF-8",
        "application/json, application/json", "application/json;charset=utf-8, application/JSON;charset=UTF-8"}) {
    EXPECT_TRUE(utf8(text)) << text;
  }
  for (const char* text : {"application/json; charset=ISO-8859-1", "application/json;charset=\"latin1\"",
                           "application/json; charset=utf-16",
                           "application/json; charset=", "application/json; charset=utf-8; charset=latin1"}) {
    ASSERT_TRUE(media_type_of(text)) << text;
    EXPECT_FALSE(media_type_of(text)->is_utf8) << text;
  }
  EXPECT_FALSE(media_type_of("application/json, text/plain"));
  EXPECT_FALSE(media_type_of("application/json; x=y, application/json"));
  EXPECT_EQ(media_type_of("")->name, "");
}

TEST(HttpCodec, AResponseIsWrittenWholeAndWithoutItsBodyForHead) {
  HttpResponse response;
  response.status = 405;
  response.body = "no\n";
  response.fields = {{"Allow", "GET"}};
  EXPECT_EQ(write_response(response, kNow, AfterResponse::kKeepAlive),
            "HTTP/1.1 405 Method Not Allowed\r\nDate: Fri, 27 Nov 2026 03:41:03 GMT\r\nContent-Type: "
            "application/json\r\nAllow: GET\r\n"
            "Content-Length: 3\r\n\r\nno\n");
  EXPECT_EQ(write_response(response, kNow, AfterResponse::kClose, BodyShown::kNo),
            "HTTP/1.1 405 Method Not Allowed\r\nDate: Fri, 27 Nov 2026 03:41:03 GMT\r\nContent-Type: "
            "application/json\r\nAllow: GET\r\n"
            "Content-Length: 3\r\nConnection: close\r\n\r\n");
}

}  // namespace
}  // namespace twinlog
