#include "config/reload.h"

#include <gmock/gmock.h>

#include "config/keys.h"

namespace twinlog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Reload, NothingChangedIsNothingToDo) {
  Settings running;
  running.agent.name = "auth-1";
  const Reload reload = plan_reload(running, running);
  EXPECT_THAT(reload.taken, IsEmpty());
  EXPECT_THAT(reload.need_restart, IsEmpty());
  EXPECT_EQ(reload.settings, running);
}

TEST(Reload, WhatCanBeTakenOverIsAndTheRestIsNamedAndStays) {
  const Settings running;
  Settings wanted;
  wanted.log.level = "debug";
  wanted.retry.most = std::chrono::seconds{5};
  wanted.intake.allow_tenants = {"acme"};
  wanted.spool.max_bytes = 1U << 30U;
  wanted.spool.compress = false;
  wanted.log.format = LogFormat::kJson;
  const Reload reload = plan_reload(running, wanted);
  EXPECT_THAT(reload.taken, ElementsAre("intake.allow_tenants", "retry.most", "log.level"));
  EXPECT_THAT(reload.need_restart, ElementsAre("spool.max_bytes", "spool.compression", "log.format"));
  Settings expected;
  expected.log.level = "debug";
  expected.retry.most = std::chrono::seconds{5};
  expected.intake.allow_tenants = {"acme"};
  EXPECT_EQ(reload.settings, expected);
}

TEST(Reload, AChangedSecretIsNamedOnceByTheFormThatNowStandsThere) {
  Settings running;
  running.postgres.password = Secret::literal("old");
  running.mongodb.uri = Secret::in_file("/old");
  Settings wanted = running;
  wanted.postgres.password = Secret::in_file("/new");
  wanted.mongodb.uri = Secret::literal("mongodb://db/audit");
  EXPECT_THAT(plan_reload(running, wanted).need_restart,
              ElementsAre("stores.postgres.password_file", "stores.mongodb.uri"));
}

TEST(Reload, EveryKeyIsEitherTakenOverOrNeedsARestart) {
  std::size_t live = 0;
  for (const ConfigKey& key : config_keys()) {
    live += key.takes_effect == TakesEffect::kAtReload ? 1 : 0;
  }
  EXPECT_EQ(live, 13U);
}

}  // namespace
}  // namespace twinlog
