// Result<T> and Status: the one way in which a function of ours says that it failed.
//
// The kind says what the caller can do about it; the message says what happened, to which object, and what an
// operator does next. A message never holds a secret, an event's content or a server's own text.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace twinlog {

enum class ErrorKind {
  kInvalid,    ///< The input is wrong; the same input fails again.
  kRefused,    ///< Rights, authentication or schema: an operator has to act.
  kFull,       ///< No room; try again later.
  kTransient,  ///< The same call may succeed later.
  kCorrupt,    ///< Bytes read back are not those written.
};

class [[nodiscard]] Error {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}
  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }

 private:
  ErrorKind kind_;
  std::string message_;
};

/// A value or an Error. Asking the wrong one of the two ends the process (a bug of the caller).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { return *checked(); }
  const T& value() const& { return *const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(*checked()); }
  T& operator*() & { return *checked(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*checked()); }
  T* operator->() { return checked(); }
  const T* operator->() const { return &value(); }
  const Error& error() const {
    const Error* error = std::get_if<1>(&state_);
    if (error == nullptr) {
      std::abort();
    }
    return *error;
  }

 private:
  T* checked() {
    T* value = std::get_if<0>(&state_);
    if (value == nullptr) {
      std::abort();
    }
    return value;
  }
  std::variant<T, Error> state_;
};

/// Success or an Error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    if (!error_) {
      std::abort();
    }
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace twinlog
