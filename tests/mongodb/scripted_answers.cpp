#include "tests/mongodb/scripted_answers.h"

#include "plugins/mongodb/document.h"
#include "tests/lockout/version_builder.h"

namespace twinlog::testing {

std::string found(const std::string& collection, const std::string& document) {
  return R"({"ok":1,"cursor":{"id":{"$numberLong":"0"},"ns":"db.)" + collection + R"(","firstBatch":[)" + document +
         "]}}";
}

std::string account_of_another_agent(UtcMicros failed_at) {
  const Version version = failed(failed_at).log_id("theirs");
  mongodb::StoredAccount account{.state = {}, .version = 1};
  merge(account.state, {&version});
  const Result<mongodb::Bson> document = mongodb::account_document({"t", "id:u"}, account, "another");
  char* json = bson_as_canonical_extended_json(document->get(), nullptr);
  std::string answer = found("account_lockouts", json);
  bson_free(json);
  return answer;
}

}  // namespace twinlog::testing
