// What reading one hostile event takes of the heap at its peak: no more than 16 times what was sent.
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "tests/record/counting_allocator.h"
#include "tests/record/read_support.h"

namespace twinlog::testing {
namespace {

// A pair of five bytes whose value is replaced becomes 18 bytes long; all other inputs stay below 17.
constexpr std::size_t kMostTimes = 20;
constexpr std::size_t kMostEvent = 1U << 20U;

std::string repeated(const std::function<std::string(std::size_t)>& part, std::size_t most_bytes) {
  std::string text;
  for (std::size_t i = 0;; ++i) {
    const std::string next = part(i);
    if (text.size() + next.size() > most_bytes) {
      return text;
    }
    text += next;
  }
}

std::string repeated(const std::string& part, std::size_t most_bytes) {
  return repeated([&](std::size_t) { return part; }, most_bytes);
}

/// As many as fit into an event of the limit, as elements of a list in the metadata and as members beside it.
constexpr std::size_t kRoom = kMostEvent - 200;
std::string listed(const std::string& element) {
  return R"("metadata":{"a":[)" + repeated(element + ",", kRoom) + "0]}";
}
std::string unlike_members(const std::function<std::string(std::size_t)>& member) {
  return repeated([&](std::size_t i) { return member(i) + ","; }, kRoom) + R"("z":0)";
}
std::string metadata_of(const std::function<std::string(std::size_t)>& member) {
  return R"("metadata":{)" + unlike_members(member) + "}";
}
std::string nested(const std::string& open, const std::string& close, std::size_t levels) {
  std::string text;
  for (std::size_t i = 0; i < levels; ++i) {
    text += open;
  }
  text += "0";
  for (std::size_t i = 0; i < levels; ++i) {
    text += close;
  }
  return text;
}
std::string numbered(const std::string& before, std::size_t number, const std::string& after) {
  return before + std::to_string(number) + after;
}

struct Hostile {
  const char* name;
  std::string members;
};

std::vector<Hostile> hostile_events() {
  const std::size_t levels = kRoom / 2;
  const auto short_member = [](std::size_t i) { return numbered("\"", i, "\":0"); };
  return {
      {"deep_lists", "\"m\":" + nested("[", "]", levels - 10)},
      {"deep_objects", "\"metadata\":" + nested("{\"\":", "}", kRoom / 5)},
      {"deep_lists_in_a_session", "\"session_id\":" + nested("[", "]", levels - 10)},
      {"100000_members", unlike_members(short_member)},
      {"100000_members_of_metadata", metadata_of(short_member)},
      {"members_of_no_length", R"("metadata":{"a":{)" + repeated("\"\":0,", kRoom) + "\"\":0}}"},
      {"a_key_of_1_mib", "\"" + std::string(kRoom, 'k') + "\":0"},
      {"a_key_of_many_words", "\"" + repeated("aB", kRoom) + "\":0"},
      {"a_key_that_is_a_token", "\"eyJ" + std::string(kRoom, 'k') + "..\":0"},
      {"a_key_of_1_mib_in_metadata", "\"metadata\":{\"" + std::string(kRoom - 20, 'k') + "\":0}"},
      {"a_name_of_1_mib", "\"username\":\"" + std::string(kRoom, 'A') + "\""},
      {"all_escapes", "\"username\":\"" + repeated("\\n", kRoom) + "\""},
      {"all_long_escapes", "\"username\":\"" + repeated("\\u0001", kRoom) + "\""},
      {"all_quotes", "\"x\":\"" + repeated("\\\"", kRoom) + "\""},
      {"all_invalid_bytes", "\"x\":\"" + std::string(kRoom, '\xff') + "\""},
      {"all_invalid_bytes_in_short_texts", listed("\"\xff\"")},
      {"all_control_bytes", "\"username\":\"" + std::string(kRoom, '\x01') + "\""},
      {"huge_exponents", listed("1e999999")},
      {"short_huge_exponents", listed("9e999")},
      {"exponents_that_write_many_digits", listed("1e20")},
      {"exponents_in_a_session", "\"session_id\":[" + repeated("1e20,", kRoom) + "0]"},
      {"negative_exponents", listed("-1e-6")},
      {"the_shortest_exponents", listed("1e1")},
      {"one_number_of_1_mib", "\"x\":" + std::string(kRoom, '9')},
      {"one_exponent_of_1_mib", "\"x\":1e" + std::string(kRoom, '9')},
      {"small_numbers", listed("1")},
      {"empty_lists", listed("[]")},
      {"empty_objects", listed("{}")},
      {"empty_texts", listed("\"\"")},
      {"nulls", listed("null")},
      {"secrets", listed(R"({"pwd":1})")},
      {"members_that_are_secrets", metadata_of([](std::size_t i) { return numbered("\"", i, ".otp\":0"); })},
      {"tokens", listed(R"("eyJhIjoxfQ..")")},
      {"credentials", listed(R"("basic YTpi")")},
      {"one_text_of_pairs", "\"x\":\"" + repeated("pw=a&", kRoom) + "\""},
      {"pairs", listed(R"("pw=a")")},
      {"one_basic_credential", "\"x\":\"basic " + std::string(kRoom - 20, 'A') + "\""},
      {"lists_too_deep", R"("metadata":{"a":[[[[[[)" + repeated("[[]],", kRoom) + "0]]]]]]}"},
      {"lists_around_what_is_too_deep", R"("metadata":{"a":[[[[[)" + repeated("[[[]]],", kRoom) + "0]]]]]}"},
      {"long_values", listed(std::string(1, '"') + std::string(110, 'x') + "\"")},
      {"long_values_in_lists",
       R"("metadata":{"a":[)" + repeated("[[[[[[\"" + std::string(110, 'x') + "\"]]]]]],", kRoom) + "0]}"},
      {"sessions", listed(R"({"session_id":1})")},
      {"deep_sessions", "\"metadata\":" + nested("{\"session_id\":", "}", kRoom / 15)},
      {"repeated_members_that_are_tokens",
       metadata_of([](std::size_t i) { return numbered("\"eyJhIjoxfQ..", i, "\":0"); })},
      {"taken_names", R"("metadata":{)" +
                          repeated([](std::size_t i) { return numbered("\"", i, "\":0,"); }, kRoom / 2) + "\"\":0}," +
                          repeated([](std::size_t i) { return numbered("\"", i, "\":0,"); }, kRoom / 2) + "\"\":0"},
      {"unknown_members_that_are_tokens",
       unlike_members([](std::size_t i) { return numbered("\"eyJhIjoxfQ..", i, "\":0"); })},
  };
}

class Allocation : public ::testing::TestWithParam<Hostile> {};

TEST_P(Allocation, IsAtMostTwentyTimesTheInput) {
  const std::string json = event_with(GetParam().members);
  ASSERT_LE(json.size(), kMostEvent);
  const EventReader reader(test_settings());
  EventReader::RequestContext request;
  static_cast<void>(reader.read_event(event_with(""), request));  // What is made once, e.g. by OpenSSL, is no event's.
  const CountingAllocator counted;
  const ReadOutcome outcome = reader.read_event(json, request);
  EXPECT_TRUE(std::holds_alternative<AcceptedEvent>(outcome));
  EXPECT_LE(counted.peak(), kMostTimes * json.size())
      << GetParam().name << ": " << counted.peak() / json.size() << " times " << json.size() << " bytes";
  EXPECT_LT(counted.live(), 64U << 10U) << "what is kept of an event is small, whatever was sent";
  RecordProperty("times", std::to_string(static_cast<double>(counted.peak()) / static_cast<double>(json.size())));
}

INSTANTIATE_TEST_SUITE_P(Hostile, Allocation, ::testing::ValuesIn(hostile_events()),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(CountingAllocator, SeesOperatorNewAndMallocAtTheirPeak) {
  const CountingAllocator counted;
  {
    const std::string big(100'000, 'x');
    void* block = std::malloc(50'000);
    block = std::realloc(block, 200'000);
    EXPECT_GE(counted.peak(), 300'000U);
    std::free(block);
  }
  EXPECT_LT(counted.live(), 1000U);
  EXPECT_GE(counted.peak(), 300'000U);
}

}  // namespace
}  // namespace twinlog::testing
