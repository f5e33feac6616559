#include "plugins/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/postgres/error_table.h"

namespace twinlog::postgres {
namespace {

constexpr int kBinaryFormat = 1;
constexpr std::size_t kSqlstateLength = 5;
/// On a standby, or where default_transaction_read_only was turned on: that is somebody's decision, and it is
/// respected.
constexpr std::string_view kIsReadOnly = "SELECT current_setting('transaction_read_only') = 'on'";
constexpr std::string_view kReadOnlyCode = "25006";

std::string_view field(const PGresult* result, int code) {
  const char* const text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view{} : std::string_view(text);
}

/// With PQERRORS_SQLSTATE a refused connection's message ends in "FATAL:  28P01": the one way in which libpq 15 tells
/// the code. Local failures (nobody listens, TLS) have none.
std::string_view sqlstate_of_refusal(std::string_view message) {
  while (message.ends_with('\n')) {
    message.remove_suffix(1);
  }
  constexpr std::string_view kBefore = ":  ";
  if (message.size() < kSqlstateLength + kBefore.size()) {
    return {};
  }
  const std::string_view code = message.substr(message.size() - kSqlstateLength);
  const std::string_view before = message.substr(0, message.size() - kSqlstateLength);
  const bool is_code =
      std::all_of(code.begin(), code.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
  return is_code && before.ends_with(kBefore) ? code : std::string_view{};
}

}  // namespace

Rows::Rows(pg_result* result, bool warned) : result_(result), warned_(warned) {}
void Rows::Clear::operator()(pg_result* result) const {
  PQclear(result);
}
int Rows::count() const {
  return PQntuples(result_.get());
}
int Rows::columns() const {
  return PQnfields(result_.get());
}
bool Rows::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}
std::string_view Rows::value(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}
std::string_view Rows::tag() const {
  return PQcmdStatus(result_.get());
}

Connection::~Connection() = default;
void Connection::Finish::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

StoreResult<std::unique_ptr<Connection>> Connection::open(const ConnectOptions& options, TimePoint deadline,
                                                          const Clock& clock) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : options) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  std::unique_ptr<Connection> opened(new Connection(clock));
  opened->connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  PGconn* const raw = opened->connection_.get();
  if (raw == nullptr) {
    std::abort();  // Out of memory.
  }
  PQsetErrorVerbosity(raw, PQERRORS_SQLSTATE);
  PQsetNoticeReceiver(raw, &Connection::note_notice, opened.get());
  if (!opened->finish_connecting(deadline) || PQsetnonblocking(raw, 1) != 0 || PQenterPipelineMode(raw) != 1) {
    return opened->refusal();
  }
  if (auto error = opened->refusal_to_write(deadline)) {
    return std::move(*error);
  }
  return opened;
}

std::optional<StoreError> Connection::refusal_to_write(TimePoint deadline) {
  auto rows = run_one({kIsReadOnly, {}}, std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_.steady_now()));
  if (!rows) {
    return timed_out_ ? refusal() : std::move(rows).error();  // No batch was sent that a smaller one could stand for.
  }
  return bool_value(rows->value(0, 0)) ? std::optional(classify(kReadOnlyCode, "")) : std::nullopt;
}

bool Connection::finish_connecting(TimePoint deadline) {
  if (PQstatus(connection_.get()) == CONNECTION_BAD) {
    return false;
  }
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED || !wait_for_socket(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
      return false;
    }
    next = PQconnectPoll(connection_.get());
  }
  return true;
}

StoreError Connection::refusal() const {
  if (PQconnectionNeedsPassword(connection_.get()) != 0) {
    return {.reaction = Reaction::kHold,
            .code = "",
            .constraint = "",
            .words = "PostgreSQL asks for a password and none is configured; set stores.postgres.password_file"};
  }
  const std::string_view code = sqlstate_of_refusal(PQerrorMessage(connection_.get()));
  if (!code.empty()) {
    return classify(code, "");
  }
  return timed_out_ ? StoreError{.reaction = Reaction::kReconnect,
                                 .code = "",
                                 .constraint = "",
                                 .words =
                                     "PostgreSQL did not answer the connection in time; check address, network "
                                     "and server"}
                    : classify_local(PQerrorMessage(connection_.get()));
}

bool Connection::is_usable() const {
  return !broken_ && PQstatus(connection_.get()) == CONNECTION_OK;
}
bool Connection::is_in_transaction() const {
  return PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
}
int Connection::server_version() const {
  return PQserverVersion(connection_.get());
}
std::string Connection::server_encoding() const {
  const char* const name = PQparameterStatus(connection_.get(), "server_encoding");
  return name == nullptr ? "" : name;
}

StoreResult<std::vector<Rows>> Connection::run(std::span<const Statement> statements, std::chrono::milliseconds limit) {
  const TimePoint deadline = clock_.steady_now() + limit;
  ++round_trips_;
  warned_ = false;
  if (!is_usable() || !send(statements) || !flush_output(deadline)) {
    return broken();
  }
  TWINLOG_KILL_POINT("postgres.sent");
  return collect(statements.size(), deadline);
}

StoreResult<Rows> Connection::run_one(Statement statement, std::chrono::milliseconds limit) {
  auto rows = run(std::span<const Statement>(&statement, 1), limit);
  if (!rows) {
    return std::move(rows).error();
  }
  return std::move(rows->front());
}

bool Connection::send(std::span<const Statement> statements) {
  for (const Statement& statement : statements) {
    std::vector<Oid> types;
    std::vector<const char*> values;
    std::vector<int> lengths;
    for (const Parameter& parameter : statement.parameters) {
      types.push_back(parameter.type);
      values.push_back(parameter.bytes.data());
      lengths.push_back(static_cast<int>(parameter.bytes.size()));
    }
    const std::vector<int> formats(types.size(), kBinaryFormat);
    const std::string sql(statement.sql);
    if (PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(types.size()), types.data(), values.data(),
                          lengths.data(), formats.data(), kBinaryFormat) != 1) {
      return false;
    }
  }
  return PQpipelineSync(connection_.get()) == 1;
}

bool Connection::flush_output(TimePoint deadline) {
  for (int left = PQflush(connection_.get()); left != 0; left = PQflush(connection_.get())) {
    // The server may answer before it has read everything: both directions, or each waits for the other.
    if (left < 0 || !wait_for_socket(POLLIN | POLLOUT, deadline) || PQconsumeInput(connection_.get()) != 1) {
      return false;
    }
  }
  return true;
}

bool Connection::wait_for_result(TimePoint deadline) {
  while (PQisBusy(connection_.get()) != 0) {
    if (!wait_for_socket(POLLIN, deadline)) {
      return false;
    }
    if (PQconsumeInput(connection_.get()) != 1) {
      return true;  // Lost: the last words of the server may still be there as a result.
    }
  }
  return true;
}

bool Connection::wait_for_socket(short events, TimePoint deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_.steady_now());
  pollfd descriptor{PQsocket(connection_.get()), events, 0};
  if (descriptor.fd < 0) {
    return false;
  }
  const int ready = left.count() <= 0 ? 0 : poll(&descriptor, 1, static_cast<int>(left.count()));
  timed_out_ = timed_out_ || ready == 0;
  return ready > 0 || (ready < 0 && errno == EINTR);
}

StoreResult<std::vector<Rows>> Connection::collect(std::size_t statements, TimePoint deadline) {
  std::vector<Rows> all;
  std::optional<StoreError> first_error;
  bool was_null = false;
  while (true) {
    if (!wait_for_result(deadline)) {
      return broken();
    }
    PGresult* const result = PQgetResult(connection_.get());
    if (result == nullptr) {
      if (was_null || !is_usable()) {
        return first_error.value_or(broken());
      }
      was_null = true;
      continue;
    }
    was_null = false;
    Rows rows(result, std::exchange(warned_, false));
    switch (PQresultStatus(result)) {
      case PGRES_PIPELINE_SYNC:
        if (!first_error && all.size() != statements) {
          return broken();
        }
        return first_error ? StoreResult<std::vector<Rows>>(*first_error) : std::move(all);
      case PGRES_COMMAND_OK:
      case PGRES_TUPLES_OK:
        all.push_back(std::move(rows));
        break;
      case PGRES_PIPELINE_ABORTED:
        break;
      default:
        if (!first_error) {
          first_error = classify(field(result, PG_DIAG_SQLSTATE), field(result, PG_DIAG_CONSTRAINT_NAME));
          error_place_ = {.statement = all.size(),
                          .schema = std::string(field(result, PG_DIAG_SCHEMA_NAME)),
                          .table = std::string(field(result, PG_DIAG_TABLE_NAME))};
        }
    }
  }
}

StoreStatus Connection::copy_out(std::string_view sql, std::chrono::milliseconds limit,
                                 const std::function<Status(std::string_view)>& take) {
  const std::string text(sql);
  ++round_trips_;
  // COPY is no part of a pipeline.
  if (!is_usable() || PQexitPipelineMode(connection_.get()) != 1 || PQsendQuery(connection_.get(), text.c_str()) != 1 ||
      !flush_output(clock_.steady_now() + limit) || !wait_for_result(clock_.steady_now() + limit)) {
    return broken();
  }
  PGresult* const begun = PQgetResult(connection_.get());
  const Rows rows(begun, false);
  if (PQresultStatus(begun) == PGRES_COPY_OUT) {
    if (auto failure = take_copy(limit, take)) {
      return failure;
    }
    return finish_copy(clock_.steady_now() + limit);
  }
  StoreError error = classify(field(begun, PG_DIAG_SQLSTATE), field(begun, PG_DIAG_CONSTRAINT_NAME));
  if (auto failure = finish_copy(clock_.steady_now() + limit)) {
    return failure;
  }
  return error;
}

StoreStatus Connection::take_copy(std::chrono::milliseconds limit,
                                  const std::function<Status(std::string_view)>& take) {
  struct Free {
    void operator()(char* buffer) const { PQfreemem(buffer); }
  };
  while (true) {
    char* buffer = nullptr;
    const int length = PQgetCopyData(connection_.get(), &buffer, 1);
    const std::unique_ptr<char, Free> freed(buffer);
    if (length > 0) {
      if (Status taken = take({buffer, static_cast<std::size_t>(length)}); !taken) {
        broken_ = true;
        return StoreError{.reaction = Reaction::kStop, .code = "", .constraint = "", .words = taken.error().message()};
      }
    } else if (length < 0) {
      return std::nullopt;  // The end, or an error that is in the result.
    } else if (!wait_for_socket(POLLIN, clock_.steady_now() + limit) || PQconsumeInput(connection_.get()) != 1) {
      return broken();
    }
  }
}

/// To the end of what a COPY gives, and back into the pipeline.
StoreStatus Connection::finish_copy(TimePoint deadline) {
  StoreStatus failure;
  while (true) {
    if (!wait_for_result(deadline)) {
      return broken();
    }
    PGresult* const result = PQgetResult(connection_.get());
    if (result == nullptr) {
      break;
    }
    const Rows rows(result, false);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && !failure) {
      failure = classify(field(result, PG_DIAG_SQLSTATE), field(result, PG_DIAG_CONSTRAINT_NAME));
    }
  }
  if (PQstatus(connection_.get()) != CONNECTION_OK || PQenterPipelineMode(connection_.get()) != 1) {
    return failure ? failure : StoreStatus(broken());
  }
  return failure;
}

StoreError Connection::broken() {
  broken_ = true;
  error_place_ = {};
  StoreError error = classify("", "");
  if (timed_out_) {
    error.reaction = Reaction::kReconnectSmaller;
    error.words = "PostgreSQL did not answer in time; the agent closes the connection and sends the batch again";
  }
  return error;
}

void Connection::note_notice(void* connection, const pg_result* notice) {
  if (field(notice, PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING") {
    static_cast<Connection*>(connection)->warned_ = true;
  }
}

}  // namespace twinlog::postgres
