// The quick way to tell which fields are there says what the table of fields says.
#include <gtest/gtest.h>

#include "ledger/leaf/field_table.h"
#include "ledger/verify/store_intake.h"
#include "tests/verify/store_image.h"

namespace twinlog::testing {
namespace {

TEST(PresentFields, AreThoseOfTheTableOfFields) {
  AuthEvent event = login("acme", "e1", "account_locked");
  event.organisation_id = event.actor_id = event.remote_host = event.user_agent = event.channel = event.service = "x";
  event.auth_method = event.failure_reason = event.failure_code = event.session_ref = event.request_id = "x";
  event.lock_reason = event.reset_reason = "x";
  event.metadata = "{}";
  event.failed_login_attempts = 3;
  event.account_locked_until = kBegin;
  event.repaired = {"ip"};
  for (std::uint8_t left_out = 0; left_out <= kFields; ++left_out) {
    AuthEvent one = event;
    const std::array<std::optional<std::string>*, 6> some = {&one.ip,          &one.user_agent, &one.request_id,
                                                             &one.lock_reason, &one.metadata,   &one.account};
    some.at(left_out % some.size())->reset();
    std::uint32_t expected = 0;
    for (std::uint8_t field = 1; field <= kFields; ++field) {
      expected |= field_value(one, field) ? 1U << field : 0U;
    }
    EXPECT_EQ(present_fields(one), expected);
  }
}

}  // namespace
}  // namespace twinlog::testing
