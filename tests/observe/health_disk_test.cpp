// What the kernel says when it refuses a write, and what health makes of it.
#include <cerrno>
#include <system_error>

#include "tests/observe/well_facts.h"

namespace twinlog::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Cause {
  int error;
  const char* diagnosis;
  const char* action;
};

class HealthDisk : public ::testing::TestWithParam<Cause> {};

TEST_P(HealthDisk, AWriteThatTheKernelRefusesForThisIsExplainedInPlainWords) {
  HealthFacts facts = well_facts();
  facts.spool.writable = false;
  facts.spool.is_volume_full = GetParam().error == EDQUOT;
  facts.spool.trouble = "the spool cannot be written, in /var/lib/twinlog/spool (IO error: " +
                        std::generic_category().message(GetParam().error) + ": While appending to file)";
  const HealthComponent disk = judged(facts, "disk");
  EXPECT_EQ(disk.state, HealthState::kFailing);
  EXPECT_THAT(disk.impact, HasSubstr("`busy`"));
  EXPECT_THAT(disk.diagnosis, AllOf(HasSubstr(GetParam().diagnosis), HasSubstr("While appending")));
  EXPECT_THAT(disk.action, AllOf(HasSubstr(GetParam().action), HasSubstr("goes on by itself")));
  EXPECT_THAT(troubled(facts), ElementsAre("spool", "disk"));
  facts.spool = well_facts().spool;
  EXPECT_TRUE(troubled(facts).empty());
}

INSTANTIATE_TEST_SUITE_P(Causes, HealthDisk,
                         ::testing::Values(Cause{EDQUOT, "The quota on the volume is used up", "quota -s"},
                                           Cause{EFBIG, "A limit on the size of files", "LimitFSIZE="},
                                           Cause{EROFS, "mounted read-only", "findmnt -T /var/lib/twinlog/spool"}));

}  // namespace
}  // namespace twinlog::testing
