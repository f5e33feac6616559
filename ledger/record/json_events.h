// Walks canonical JSON text (RFC 8785, as in AuthEvent::metadata) value by value, for stores that keep it in a form of
// their own. The text must be canonical: it comes from an AuthEvent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ledger/base/result.h"

namespace twinlog {

/// Called in document order. Keys are unescaped.
class JsonVisitor {
 public:
  virtual ~JsonVisitor() = default;
  virtual void begin_object() = 0;
  virtual void end_object() = 0;
  virtual void begin_array() = 0;
  virtual void end_array() = 0;
  virtual void key(std::string_view name) = 0;
  virtual void string(std::string_view value) = 0;
  virtual void integer(std::int64_t value) = 0;  ///< Within +-2^53.
  virtual void number(double value) = 0;         ///< Finite, not an integer within +-2^53.
  virtual void boolean(bool value) = 0;
  virtual void null() = 0;
};

/// kCorrupt when `json` is not JSON.
Status visit_json(std::string_view json, JsonVisitor& visitor);

/// Builds canonical JSON (RFC 8785: keys sorted by UTF-16 code units, ES6 numbers) from a walk in any order, e.g. of a
/// document read back from a store. Repeated keys keep the last. Invalid UTF-8 is the caller's bug.
class CanonicalJsonBuilder final : public JsonVisitor {
 public:
  CanonicalJsonBuilder();
  ~CanonicalJsonBuilder() override;
  void begin_object() override;
  void end_object() override;
  void begin_array() override;
  void end_array() override;
  void key(std::string_view name) override;
  void string(std::string_view value) override;
  void integer(std::int64_t value) override;
  void number(double value) override;
  void boolean(bool value) override;
  void null() override;
  /// The text of everything visited, which must be one complete value; the builder is empty afterwards.
  std::string take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twinlog
