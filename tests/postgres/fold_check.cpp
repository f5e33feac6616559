#include "tests/postgres/fold_check.h"

#include <algorithm>
#include <iterator>

#include "tests/lockout/plain_fold.h"
#include "tests/lockout/show_account.h"

namespace twinlog::testing {

void expect_fold(const Database& database, const std::vector<const Version*>& versions, Coverage& coverage) {
  const auto wanted = plain_fold_all(versions, coverage);
  const auto reader = make_postgres_reader(database.settings());
  std::map<PlainKey, ShownAccount> stored;
  for (const auto& [key, ignored] : wanted) {
    const auto found = reader->account({key.first, key.second});
    if (found.ok() && *found) {
      stored[key] = **found;
    }
  }
  EXPECT_EQ(stored, wanted);
  EXPECT_EQ(select(*database.session(), "SELECT count(*) FROM account_lockouts"),
            std::vector<std::string>{"(" + std::to_string(wanted.size()) + ")"});
}

void expect_fold(const Database& database, const std::vector<Version>& versions) {
  Coverage coverage{};
  std::vector<const Version*> all;
  std::ranges::transform(versions, std::back_inserter(all), [](const Version& each) { return &each; });
  expect_fold(database, all, coverage);
}

}  // namespace twinlog::testing
