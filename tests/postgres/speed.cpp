// How fast a flush is beside a bare insert of the same rows into the same table, on a private server. Not a test: run
// it by hand from an optimised build, on a machine that does nothing else.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "ledger/record/canonical.h"
#include "plugins/postgres/columns.h"
#include "plugins/postgres/connection.h"
#include "plugins/postgres/postgres_store.h"
#include "tests/support/live_server.h"

namespace twinlog {
namespace {

constexpr int kRounds = 60;
constexpr int kWarmUp = 10;
constexpr std::size_t kBatch = 1000;
constexpr std::size_t kAccounts = 600;
constexpr std::chrono::milliseconds kLimit{60'000};

Version login(std::uint64_t number, std::size_t percent_base_four) {
  Version version;
  AuthEvent& event = version.event;
  const bool moves_lockout = number * 37 % 100 < percent_base_four;
  event.tenant_id = "tenant-" + std::to_string(number % 8);
  Uuid log_id{0x01, 0x94, 0x1f, 0x3a, 0, 0, 0x70, 0, 0x80};  // Ascending, as UUIDv7 are.
  std::string digits;
  put_u64(digits, number);
  std::copy(digits.end() - 6, digits.end(), log_id.begin() + 10);
  event.log_id = uuid_text(log_id);
  event.event_type = moves_lockout ? (number % 4 == 0 ? "login_success" : "login_failed") : "mfa_challenged";
  event.occurred_at = 1'767'614'400'000'000 + static_cast<UtcMicros>(number) * 1000;
  event.user_id = "user-" + std::to_string(number * 7919 % kAccounts);
  event.account = "id:" + *event.user_id;
  event.ip = "10.1." + std::to_string(number % 200) + "." + std::to_string(number * 31 % 250);
  event.user_agent =
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36";
  event.metadata = R"({"device":"laptop","risk":{"reasons":["new_network"],"score":12}})";
  version.content_hash = content_hash(canonical_content(event));
  version.received_at = version.effective_at = event.occurred_at;
  version.agent = "speed";
  version.leaf_index = number;
  return version;
}

std::vector<Version> batch(std::uint64_t& number, std::size_t percent_base_four) {
  std::vector<Version> versions;
  for (std::size_t i = 0; i < kBatch; ++i) {
    versions.push_back(login(++number, percent_base_four));
  }
  return versions;
}

double bare_insert(postgres::Connection& session, const std::vector<Version>& versions, const Clock& clock) {
  static const std::string sql = postgres::insert_head("auth_logs");
  const auto started = clock.steady_now();
  std::vector<const Version*> pointers;
  std::transform(versions.begin(), versions.end(), std::back_inserter(pointers), [](const Version& v) { return &v; });
  const postgres::Statement statements[] = {{"BEGIN", {}}, {sql, postgres::column_arrays(pointers)}, {"COMMIT", {}}};
  if (session.run(statements, kLimit).index() != 0) {
    std::puts("the bare insert failed");
  }
  return std::chrono::duration<double>(clock.steady_now() - started).count();
}

double flush(Store& store, const std::vector<Version>& versions, const Clock& clock) {
  const auto started = clock.steady_now();
  if (store.flush({.versions = versions, .position = {.last_leaf = versions.back().leaf_index}}).index() != 0) {
    std::puts("the flush failed");
  }
  return std::chrono::duration<double>(clock.steady_now() - started).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

int run() {
  testing::LiveServer server("postgres");
  const SystemClock clock;
  StoreSettings settings;
  settings.uri = Secret::literal(server.uri());
  const auto store = make_postgres_store({.store = settings, .epoch_id = {}, .agent = "speed"}, clock);
  auto session = postgres::Connection::open(settings, clock);
  if (store->connect().index() != 0 || session.index() != 0) {
    return 1;
  }
  std::uint64_t number = 0;
  for (const std::size_t percent : {0U, 10U, 100U}) {
    std::vector<double> bare;
    std::vector<double> full;
    for (int round = 0; round < kWarmUp + kRounds; ++round) {
      const double bare_seconds = bare_insert(*std::get<0>(session), batch(number, percent), clock);
      const double full_seconds = flush(*store, batch(number, percent), clock);
      if (round >= kWarmUp) {
        bare.push_back(bare_seconds);
        full.push_back(full_seconds);
      }
    }
    std::printf("%3zu %% base-four events: bare insert %8.0f rows/s, flush %8.0f rows/s, %.2f of it\n", percent,
                kBatch / median(bare), kBatch / median(full), median(bare) / median(full));
  }
  return 0;
}

}  // namespace
}  // namespace twinlog

int main() {
  return twinlog::run();
}
