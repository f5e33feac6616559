// One session with a PostgreSQL server: statements in a pipeline, binary both ways, and never an endless wait.
//
// libpq's blocking calls wait for as long as the peer keeps the socket open; a server that takes the connection and
// never answers would stop a courier for ever. So everything here runs non-blocking against a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ledger/base/clock.h"
#include "plugins/api/store.h"
#include "plugins/postgres/binary_array.h"
#include "plugins/postgres/connect_options.h"

struct pg_conn;
struct pg_result;

namespace twinlog::postgres {

/// One statement. `sql` must outlive the run.
struct Statement {
  std::string_view sql;
  std::vector<Parameter> parameters;
};

/// What one statement gave.
class Rows {
 public:
  explicit Rows(pg_result* result, bool warned);
  int count() const;
  int columns() const;
  bool is_null(int row, int column) const;
  /// Binary; valid while this object lives.
  std::string_view value(int row, int column) const;
  /// The command tag, e.g. "COMMIT", "INSERT 0 5".
  std::string_view tag() const;
  /// The server sent a WARNING while this statement ran.
  bool warned() const { return warned_; }

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
  bool warned_;
};

/// Where an error came from, as the server named it.
struct ErrorPlace {
  std::size_t statement = 0;  ///< Of those of the run, from 0.
  std::string schema;         ///< Of the table; both are "" where none was named.
  std::string table;
};

/// One thread at a time.
class Connection {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Connects to the one place of these options, which must let us in and take writes by the deadline.
  static StoreResult<std::unique_ptr<Connection>> open(const ConnectOptions& options, TimePoint deadline,
                                                       const Clock& clock);

  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends all statements in one pipeline with one sync: one round trip. Gives the rows of each, or the first error;
  /// the statements after it were not run. After the limit the connection is unusable and the outcome unknown.
  StoreResult<std::vector<Rows>> run(std::span<const Statement> statements, std::chrono::milliseconds limit);
  /// The same with a single statement.
  StoreResult<Rows> run_one(Statement statement, std::chrono::milliseconds limit);

  /// Runs a COPY ... TO STDOUT and gives the data of each message, which with the binary form is a row (the first has
  /// the header before it, the last is the trailer). Waits that long for each. An Error of `take` ends the session.
  StoreStatus copy_out(std::string_view sql, std::chrono::milliseconds limit,
                       const std::function<Status(std::string_view)>& take);

  /// Of the last error that run() gave.
  const ErrorPlace& error_place() const { return error_place_; }

  bool is_usable() const;
  bool is_in_transaction() const;
  /// PQserverVersion: 150004 is 15.4.
  int server_version() const;
  std::string server_encoding() const;
  std::uint64_t round_trips() const { return round_trips_; }

 private:
  explicit Connection(const Clock& clock) : clock_(clock) {}

  bool finish_connecting(TimePoint deadline);
  /// Nothing where this server takes writes.
  std::optional<StoreError> refusal_to_write(TimePoint deadline);
  StoreError refusal() const;
  bool send(std::span<const Statement> statements);
  bool flush_output(TimePoint deadline);
  bool wait_for_result(TimePoint deadline);
  bool wait_for_socket(short events, TimePoint deadline);
  StoreResult<std::vector<Rows>> collect(std::size_t statements, TimePoint deadline);
  StoreStatus take_copy(std::chrono::milliseconds limit, const std::function<Status(std::string_view)>& take);
  StoreStatus finish_copy(TimePoint deadline);
  StoreError broken();
  static void note_notice(void* connection, const pg_result* notice);

  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  const Clock& clock_;
  std::unique_ptr<pg_conn, Finish> connection_;
  std::uint64_t round_trips_ = 0;
  ErrorPlace error_place_;
  bool warned_ = false;     ///< A WARNING came since the last result was taken.
  bool timed_out_ = false;  ///< The peer did not answer in time.
  bool broken_ = false;     ///< The state of the session is unknown: nothing more is asked of it.
};

}  // namespace twinlog::postgres
