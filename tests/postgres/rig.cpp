#include "tests/postgres/rig.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "ledger/record/canonical.h"
#include "plugins/postgres/connector.h"

namespace twinlog::testing {
namespace {

template <typename T>
T taken(StoreResult<T> result) {
  if (const StoreError* error = result.ok() ? nullptr : &result.error()) {
    ADD_FAILURE() << "store error " << error->code << ": " << error->words;
    return T{};
  }
  return std::move(*result);
}

std::unique_ptr<postgres::Connection> open(const StoreSettings& settings) {
  auto opened = postgres::Connector(settings, real_clock()).open();
  if (const StoreError* error = opened.ok() ? nullptr : &opened.error()) {
    throw std::runtime_error("no session: " + error->words);  // Ends the test: nothing works without.
  }
  return std::move(*opened);
}

Uuid next_epoch() {
  static std::atomic<std::uint8_t> number{0};
  Uuid epoch{};
  epoch[15] = ++number;
  return epoch;
}

}  // namespace

const Clock& real_clock() {
  static const SystemClock clock;
  return clock;
}

LiveServer& server() {
  static LiveServer instance("postgres");
  return instance;
}

LiveServer& second_server() {
  static LiveServer instance("postgres");
  return instance;
}

Database::Database(const std::string& owner, LiveServer& on) : server_(on) {
  static std::atomic<int> number{0};
  schema_ = "test_" + std::to_string(++number);
  const auto administrator = session();
  if (owner != "postgres") {
    execute(*administrator, {"CREATE ROLE " + owner + " LOGIN"});
  }
  execute(*administrator, {"CREATE SCHEMA " + schema_ + " AUTHORIZATION " + owner});
}

std::string Database::uri(const std::string& user) const {
  const std::string base = server_.uri();  // postgresql://postgres@127.0.0.1:PORT/postgres
  return "postgresql://" + user + base.substr(base.find('@')) + "?options=-c%20search_path%3D" + schema_;
}

StoreSettings Database::settings(const std::string& user) const {
  StoreSettings settings;
  settings.uri = Secret::literal(uri(user));
  return settings;
}

void Database::migrate(const std::string& user) const {
  taken(make_postgres_admin(settings(user))->migrate());
}

std::unique_ptr<postgres::Connection> Database::session(const std::string& user) const {
  return open(settings(user));
}

void execute(postgres::Connection& session, const std::vector<std::string>& commands) {
  for (const std::string& command : commands) {
    const auto rows = session.run_one({command, {}}, kTestLimit);
    if (const StoreError* error = rows.ok() ? nullptr : &rows.error()) {
      ADD_FAILURE() << command << " failed: " << error->code << " " << error->words;
      return;
    }
  }
}

std::vector<std::string> select(postgres::Connection& session, const std::string& sql) {
  const std::string as_text = "SELECT q::text FROM (" + sql + ") q";
  const auto result = session.run_one({as_text, {}}, kTestLimit);
  std::vector<std::string> lines;
  if (const StoreError* error = result.ok() ? nullptr : &result.error()) {
    ADD_FAILURE() << sql << " failed: " << error->code << " " << error->words;
    return lines;
  }
  const postgres::Rows& rows = *result;
  for (int row = 0; row < rows.count(); ++row) {
    lines.emplace_back(rows.value(row, 0));
  }
  return lines;
}

std::string sqlstate_of(postgres::Connection& session, const std::string& sql) {
  const auto rows = session.run_one({sql, {}}, kTestLimit);
  const StoreError* error = rows.ok() ? nullptr : &rows.error();
  return error == nullptr ? "" : error->code;
}

void wait_for_row(postgres::Connection& session, const std::string& sql) {
  const auto deadline = real_clock().steady_now() + kTestLimit;
  while (select(session, sql).empty()) {
    if (::testing::Test::HasFailure() || real_clock().steady_now() > deadline) {
      ADD_FAILURE() << "nothing from " << sql;
      return;
    }
  }
}

AuthEvent event(const std::string& type, const std::string& log_id, std::int64_t seconds) {
  AuthEvent event;
  event.tenant_id = "acme";
  event.log_id = log_id;
  event.event_type = type;
  event.occurred_at = kNoon + seconds * 1'000'000;
  return event;
}

AuthEvent event_of(const std::string& user_id, const std::string& type, const std::string& log_id,
                   std::int64_t seconds) {
  AuthEvent made = event(type, log_id, seconds);
  made.user_id = user_id;
  made.account = "id:" + user_id;
  return made;
}

TestAgent::TestAgent(const Database& database, const std::string& name, const std::string& user, const Clock& clock,
                     std::chrono::milliseconds recount_limit)
    : epoch_(next_epoch()),
      name_(name),
      store_(make_postgres_store({.store = database.settings(user), .agent = name, .recount_limit = recount_limit},
                                 clock)) {}

Version TestAgent::accept(AuthEvent event) {
  Version version;
  version.content_hash = content_hash(canonical_content(event));
  version.received_at = std::max(event.occurred_at, kNoon) + 1000;
  version.effective_at = std::min(event.occurred_at, version.received_at);
  version.agent = name_;
  version.epoch_id = epoch_;
  version.leaf_index = ++last_leaf_;
  version.event = std::move(event);
  return version;
}

std::vector<Version> TestAgent::accept_all(const std::vector<AuthEvent>& events) {
  std::vector<Version> versions;
  versions.reserve(events.size());
  for (const AuthEvent& each : events) {
    versions.push_back(accept(each));
  }
  return versions;
}

StoreResult<FlushReport> TestAgent::try_flush(const std::vector<Version>& versions) {
  if (!store_->is_connected()) {
    const auto connected = connect();
    if (const StoreError* error = connected.ok() ? nullptr : &connected.error()) {
      return *error;
    }
  }
  AgentPosition position;
  position.flushed_at = kNoon;
  for (const Version& version : versions) {
    position.last_leaf = version.leaf_index;
    position.newest_effective_at = std::max(position.newest_effective_at, version.effective_at);
  }
  return store_->flush({.epoch_id = epoch_, .versions = versions, .position = position});
}

FlushReport TestAgent::flush(const std::vector<Version>& versions) {
  return taken(try_flush(versions));
}

FlushReport TestAgent::replay(const std::vector<Version>& versions) {
  return taken(store_->flush({.epoch_id = epoch_, .versions = versions, .position = {}, .is_replay = true}));
}

StoreError TestAgent::failing_flush(const std::vector<Version>& versions) {
  auto result = try_flush(versions);
  if (StoreError* error = result.ok() ? nullptr : &result.error()) {
    return std::move(*error);
  }
  ADD_FAILURE() << "the flush worked";
  return {};
}

std::vector<EventKey> keys_of(const std::vector<Version>& versions) {
  std::vector<EventKey> keys;
  keys.reserve(versions.size());
  for (const Version& version : versions) {
    keys.push_back({version.event.tenant_id, version.event.log_id});
  }
  return keys;
}

std::vector<StoredVersion> records(const Database& database, const std::vector<EventKey>& keys) {
  return taken(make_postgres_reader(database.settings())->records(keys));
}

std::vector<StoredVersion> conflicts(const Database& database, const std::vector<EventKey>& keys) {
  return taken(make_postgres_reader(database.settings())->conflicts(keys));
}

std::optional<ShownAccount> account(const Database& database, const AccountKey& key) {
  return taken(make_postgres_reader(database.settings())->account(key));
}

}  // namespace twinlog::testing
