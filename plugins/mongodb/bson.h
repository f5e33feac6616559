// Owning and checked access to BSON for the files of this folder. libbson reports a failed append only by its return
// value (a key with a NUL, a document beyond 2 GiB), and the field would vanish silently: BsonWriter remembers it.
#pragma once

#include <bson/bson.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/base/clock.h"

namespace twinlog::mongodb {

/// One owned BSON document. Allocation failure ends the process (libbson aborts).
class Bson {
 public:
  Bson() : bson_(bson_new()) {}
  ~Bson() { bson_destroy(bson_); }
  Bson(Bson&& other) noexcept : bson_(std::exchange(other.bson_, nullptr)) {}
  Bson& operator=(Bson&& other) noexcept {
    std::swap(bson_, other.bson_);
    return *this;
  }
  bson_t* get() { return bson_; }
  const bson_t* get() const { return bson_; }
  std::size_t size() const { return bson_->len; }

 private:
  bson_t* bson_;  // Null only after a move.
};

/// Appends to a document that outlives it. After the first failed append ok() is false and the rest is left out: the
/// document must then not be sent.
class BsonWriter {
 public:
  explicit BsonWriter(Bson& target) : root_(target.get()) {}
  BsonWriter(const BsonWriter&) = delete;
  BsonWriter& operator=(const BsonWriter&) = delete;

  BsonWriter& text(std::string_view key, std::string_view value);
  BsonWriter& int32(std::string_view key, std::int32_t value);
  BsonWriter& int64(std::string_view key, std::int64_t value);
  BsonWriter& real(std::string_view key, double value);
  BsonWriter& boolean(std::string_view key, bool value);
  BsonWriter& null(std::string_view key);
  BsonWriter& binary(std::string_view key, std::string_view bytes);  ///< Subtype 0.
  BsonWriter& date(std::string_view key, UtcMicros time);            ///< Rounded down to its millisecond.
  /// `key` as a date and `<key>_us` as int64: dates are milliseconds, we keep microseconds.
  BsonWriter& time(std::string_view key, UtcMicros time);
  BsonWriter& time_or_null(std::string_view key, const std::optional<UtcMicros>& time);
  BsonWriter& text_or_null(std::string_view key, const std::optional<std::string>& value);
  BsonWriter& document(std::string_view key, const Bson& value);
  BsonWriter& begin_document(std::string_view key);
  BsonWriter& begin_array(std::string_view key);  ///< Elements need the keys "0", "1", ...
  BsonWriter& end();

  /// Everything was appended and every document begun was ended.
  bool ok() const { return ok_ && open_.empty(); }

 private:
  struct Open {
    bson_t child;
    bool is_array = false;
  };
  bson_t* top() { return open_.empty() ? root_ : &open_.back().child; }
  BsonWriter& begin(std::string_view key, bool is_array);

  bson_t* root_;
  std::deque<Open> open_;
  bool ok_ = true;
};

/// A position at one field. A type of its own, as the alignment of a bare bson_iter_t is lost in templates.
struct BsonField {
  bson_iter_t iter;
};

/// Looks fields up by name, in an index made once; a field of another type counts as absent, and of two of one name the
/// first is found. The document must outlive it, unchanged.
class BsonFields {
 public:
  explicit BsonFields(const bson_t& document);
  explicit BsonFields(const Bson& document) : BsonFields(*document.get()) {}
  std::optional<std::string> text(std::string_view key) const;
  /// The texts of an array; other elements are left out.
  std::vector<std::string> texts(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;  ///< int32 or int64
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string> binary(std::string_view key) const;
  std::optional<Bson> document(std::string_view key) const;  ///< A copy.
  std::optional<UtcMicros> date(std::string_view key) const;
  /// The int64 `<key>_us`.
  std::optional<UtcMicros> time(std::string_view key) const;
  std::optional<std::int64_t> number(std::string_view key) const;  ///< Of any number's type.
  /// A position at the field, whatever its type.
  std::optional<BsonField> find(std::string_view key) const;

  // By place, in their order.
  std::size_t size() const { return entries_.size(); }
  std::string_view name(std::size_t place) const { return entries_[place].name; }
  BsonField at(std::size_t place) const;
  /// Of the first of that name.
  std::optional<std::size_t> place_of(std::string_view key) const;

 private:
  struct Entry {
    std::string_view name;
    std::uint32_t offset = 0;
  };
  const bson_t& document_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> by_name_;  ///< Places.
};

}  // namespace twinlog::mongodb
