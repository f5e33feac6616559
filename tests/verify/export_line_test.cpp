// Lines of exports as the reader takes them: hostile JSON, and the forms of values.
#include "plugins/exports/export_line.h"

#include <gtest/gtest.h>

#include "ledger/base/base64.h"
#include "ledger/base/bytes.h"
#include "ledger/base/put_bytes.h"

namespace twinlog::testing {
namespace {

using namespace std::string_literals;

bool reads(const std::string& json) {
  return ExportLine(ExportDialect::kPostgres).read(json);
}

std::string repeated(std::string_view part, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) {
    text.append(part);
  }
  return text;
}

TEST(ExportLine, IsAnObjectAndNothingElse) {
  EXPECT_TRUE(reads(R"({})"));
  EXPECT_TRUE(reads(" \t{ \"log_id\" : \"x\" }\r"));
  EXPECT_TRUE(reads("\xEF\xBB\xBF{}"));  // As some programs begin a file.
  for (const std::string& line :
       {""s, "null"s, "[]"s, "{"s, "{}{}"s, "{} x"s, R"({"log_id":"x",})"s, R"({"log_id":"\ud800"})"s,
        R"({"log_id":1e400})"s, "{\"log_id\":\"a\xff\"}"s, "{\"log_id\":\"\xed\xa0\x80\"}"s, "{}\xc3\xa4"s, "{}\0"s,
        "{\"log_id\":\"a\0b\"}"s, "{\0}"s}) {
    EXPECT_FALSE(reads(line)) << line;
  }
}

// Some builds of the parser let them pass where they look at sixteen bytes at a time.
TEST(ExportLine, HasNoControlCharacterInAnyStringWhereverItStands) {
  for (char control = 0; control < ' '; ++control) {
    for (std::size_t before = 0; before < 40; ++before) {
      EXPECT_FALSE(reads("{\"log_id\":\"" + std::string(before, 'a') + control + "aaaaaaaaaaaaaaaaaaaaaa\"}"))
          << static_cast<int>(control) << " behind " << before;
    }
  }
}

TEST(ExportLine, HasNoMemberTwice) {
  EXPECT_FALSE(reads(R"({"log_id":"a","tenant_id":"b","log_id":"a"})"));
  EXPECT_FALSE(reads(R"({"log_id":"a","log\u005fid":"a"})"));
  EXPECT_FALSE(reads(R"({"other":1,"log_id":"a","another":2,"other":3})"));
  EXPECT_TRUE(reads(R"({"other":1,"log_id":"a","Log_id":2,"log_id ":3})"));
}

TEST(ExportLine, MayBeAsDeepAsItLikes) {
  constexpr std::size_t kDeep = 1'000'000;
  EXPECT_TRUE(reads(R"({"other":)" + repeated("[", kDeep) + repeated("]", kDeep) + "}"));
  EXPECT_TRUE(reads(R"({"other":)" + repeated(R"({"a":)", kDeep) + "1" + repeated("}", kDeep) + "}"));
  EXPECT_FALSE(reads(R"({"other":)" + repeated("[", kDeep)));
  EXPECT_TRUE(reads(R"({"log_id":")" + repeated("[{", kDeep) + "\"}"));
}

TEST(ExportLine, ForgetsTheLineBefore) {
  ExportLine line(ExportDialect::kPostgres);
  ASSERT_TRUE(line.read(R"({"log_id":"first","user_id":null,"other":1,"_id":2,"ip":"::1"})"));
  EXPECT_EQ(line.text("log_id"), "first");
  EXPECT_EQ(line.nulls(), 1U);
  EXPECT_EQ(line.names_beyond(kVersionNames), (std::vector<std::string_view>{"other", "_id"}));
  EXPECT_EQ(line.names_beyond(kDocumentNames), (std::vector<std::string_view>{"other"}));
  ASSERT_TRUE(line.read("{\"log_id\":\"\xc3\xa4\\u00e4\\n\"}"));
  EXPECT_EQ(line.text("log_id"), "\xc3\xa4\xc3\xa4\n");
  EXPECT_FALSE(line.has("ip"));
  EXPECT_EQ(line.nulls(), 0U);
  EXPECT_TRUE(line.names_beyond(kVersionNames).empty());
  EXPECT_FALSE(line.read("{"));
  EXPECT_FALSE(line.has("log_id"));
}

TEST(ExportLine, OddNumbersAnywhereSpoilMetadataOfPostgresql) {
  ExportLine line(ExportDialect::kPostgres);
  for (const char* usable : {R"({"metadata":{"a":"-0 \" -0"}})", R"({"leaf_index":7,"metadata":{"a":-1.5}})",
                             R"({"metadata":{"a\\":0}})", R"({"metadata":{"\\\"":[0,12]}})"}) {
    ASSERT_TRUE(line.read(usable));
    EXPECT_TRUE(line.object("metadata")) << usable;
  }
  for (const char* odd :
       {R"({"metadata":{"a":-0}})", R"({"leaf_index":-0,"metadata":{"a":"b"}})", R"({"metadata":{"a\\":1.0}})",
        R"({"metadata":{"a":9007199254740993}})", R"({"metadata":{"a":1},"leaf_index":1E2})"}) {
    ASSERT_TRUE(line.read(odd));
    EXPECT_FALSE(line.object("metadata")) << odd;
  }
}

TEST(ExportNames, AreAllFoundByTheirText) {
  for (std::size_t i = 0; i < kExportNameCount; ++i) {
    EXPECT_EQ(export_name_number(kExportNames.at(i)), i) << kExportNames.at(i);
    EXPECT_EQ(export_name_number(std::string(kExportNames.at(i)) + "x"), kNoName);
  }
  EXPECT_EQ(export_name_number(""), kNoName);
  EXPECT_EQ(ExportName("received_at").micros(), ExportName("received_at_us").number());
  EXPECT_EQ(ExportName("user_id").micros(), kNoName);
}

TEST(PutBytes, TakeWhatIsWrittenAndNothingElse) {
  std::string bytes = "of before";
  for (std::size_t size = 0; size < 70; ++size) {
    std::string wanted;
    for (std::size_t i = 0; i < size; ++i) {
      wanted.push_back(static_cast<char>(static_cast<std::uint8_t>(i * 37 + size)));
    }
    EXPECT_TRUE(put_from_base64(bytes, base64(wanted)));
    EXPECT_EQ(bytes, wanted);
    EXPECT_TRUE(put_from_hex(bytes, hex(wanted)));
    EXPECT_EQ(bytes, wanted);
  }
  for (const char* text : {"A", "AA", "AAA", "A===", "====", "AB==", "AAB=", "AA=A", "AA==AAAA", "AA==\n", " AAA",
                           "AAA ", "AA\nA", "AA-_", "AAAA====", "\x80zzz"}) {
    EXPECT_FALSE(put_from_base64(bytes, text)) << text;
  }
  for (const char* text : {"0", "0g", "g0", " 0", "0x", "00 ", "\xff\xff"}) {
    EXPECT_FALSE(put_from_hex(bytes, text)) << text;
  }
  EXPECT_TRUE(put_from_hex(bytes, "aBCdeF09"));
  EXPECT_EQ(bytes, "\xab\xcd\xef\x09");
}

}  // namespace
}  // namespace twinlog::testing
