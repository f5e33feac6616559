// One private PostgreSQL per test binary, a fresh schema per test, and agents that write to it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "plugins/postgres/connection.h"
#include "plugins/postgres/postgres_store.h"
#include "tests/support/live_server.h"

namespace twinlog::testing {

const Clock& real_clock();

/// The server of this binary; started by the first call.
LiveServer& server();

/// A second one, for tests that stop it or that need one without the roles of twinlog: only plain owners migrate there.
LiveServer& second_server();

inline constexpr std::chrono::milliseconds kTestLimit = std::chrono::minutes{3};

/// A schema of its own in the server's database, empty unless migrated: the first in the search path of all its
/// sessions.
class Database {
 public:
  /// `owner` is created as a plain login role where it is another than the superuser postgres.
  explicit Database(const std::string& owner = "postgres", LiveServer& on = server());

  /// The address for a user; the server trusts every local one.
  std::string uri(const std::string& user = "postgres") const;
  StoreSettings settings(const std::string& user = "postgres") const;
  /// Creates the schema as `user`; fails the test where that does not work.
  void migrate(const std::string& user = "postgres") const;

  /// A session for plain SQL.
  std::unique_ptr<postgres::Connection> session(const std::string& user = "postgres") const;

  const std::string& schema() const { return schema_; }

 private:
  LiveServer& server_;
  std::string schema_;
};

/// Runs commands one after the other; fails the test at the first that fails.
void execute(postgres::Connection& session, const std::vector<std::string>& commands);
/// The rows of a SELECT as text, e.g. "(a,5)"; fails the test where it fails.
std::vector<std::string> select(postgres::Connection& session, const std::string& sql);
/// The SQLSTATE with which a statement fails; "" when it does not.
std::string sqlstate_of(postgres::Connection& session, const std::string& sql);

/// Noon of 2026-01-05 in UTC microseconds: the agents' clock in these tests.
inline constexpr UtcMicros kNoon = 1'767'614'400'000'000;

/// A minimal event; `seconds` after kNoon.
AuthEvent event(const std::string& type, const std::string& log_id, std::int64_t seconds = 0);
/// The same with a user and the account that follows from it.
AuthEvent event_of(const std::string& user_id, const std::string& type, const std::string& log_id,
                   std::int64_t seconds = 0);

/// An agent with an epoch of its own that accepts events and flushes them.
class TestAgent {
 public:
  explicit TestAgent(const Database& database, const std::string& name = "agent", const std::string& user = "postgres",
                     const Clock& clock = real_clock(),
                     std::chrono::milliseconds recount_limit = std::chrono::minutes{1});

  StoreResult<std::vector<std::optional<AgentPosition>>> connect() {
    return store_->connect(std::span<const Uuid>(&epoch_, 1));
  }
  /// Accepts an event: hash, times, leaf.
  Version accept(AuthEvent event);
  std::vector<Version> accept_all(const std::vector<AuthEvent>& events);

  /// Flushes versions; fails the test where the store does.
  FlushReport flush(const std::vector<Version>& versions);
  FlushReport deliver(const std::vector<AuthEvent>& events) { return flush(accept_all(events)); }
  StoreResult<FlushReport> try_flush(const std::vector<Version>& versions);
  /// As dead letters that are offered again.
  FlushReport replay(const std::vector<Version>& versions);
  /// The error of a flush; fails the test where it works.
  StoreError failing_flush(const std::vector<Version>& versions);

  Store& store() { return *store_; }
  const Uuid& epoch() const { return epoch_; }

 private:
  Uuid epoch_;
  std::string name_;
  std::unique_ptr<Store> store_;
  std::uint64_t last_leaf_ = 0;
};

std::vector<EventKey> keys_of(const std::vector<Version>& versions);
/// A clock that can be told to leap half a minute at every look, so that every deadline has passed at once.
class LeapingClock final : public Clock {
 public:
  UtcMicros utc_now() const override { return real_.utc_now(); }
  std::chrono::steady_clock::time_point steady_now() const override {
    if (leaps_) {
      leapt_ = leapt_.load() + std::chrono::seconds{30};
    }
    return real_.steady_now() + leapt_.load();
  }
  void leap(bool leaps) { leaps_ = leaps; }

 private:
  SystemClock real_;
  std::atomic<bool> leaps_{false};
  mutable std::atomic<std::chrono::seconds> leapt_{std::chrono::seconds{0}};
};

/// Asks until `sql` gives a row; fails the test after a long while.
void wait_for_row(postgres::Connection& session, const std::string& sql);

/// What a reader gives; fails the test where it fails.
std::vector<StoredVersion> records(const Database& database, const std::vector<EventKey>& keys);
std::vector<StoredVersion> conflicts(const Database& database, const std::vector<EventKey>& keys);
std::optional<ShownAccount> account(const Database& database, const AccountKey& key);

}  // namespace twinlog::testing
