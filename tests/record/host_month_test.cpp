// A host's month (tests/oracle/host_month.py), by the way of every test: tame, and in the manner of a sender that is
// not ours.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <variant>

#include "ledger/record/canonical.h"
#include "tests/record/read_support.h"

namespace twinlog {
namespace {

TEST(HostMonth, IsTakenWholeAndReadBack) {
  std::ifstream file(TWINLOG_HOST_MONTH);
  ASSERT_TRUE(file.is_open());
  std::size_t count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    const ReadOutcome outcome = testing::read(line);
    ASSERT_TRUE(std::holds_alternative<AcceptedEvent>(outcome)) << "line " << count + 1;
    const auto& accepted = std::get<AcceptedEvent>(outcome);
    const auto back = parse_content(accepted.canonical);
    ASSERT_TRUE(back.has_value()) << "line " << count + 1;
    EXPECT_EQ(*back, accepted.event);
    EXPECT_EQ(accepted.content_hash, content_hash(accepted.canonical));
  }
  EXPECT_GT(count, 1000U);
}

}  // namespace
}  // namespace twinlog
