// The members that lines of exports may have, numbered: a name in our own code becomes its number while it is compiled,
// one from a line by a table that no line can fill.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ledger/record/stored_texts.h"

namespace twinlog {

namespace export_names {

/// Of both dialects' auth_logs, beside the texts of an event.
inline constexpr auto kVersionFields =
    std::to_array<std::string_view>({"tenant_id",    "log_id",      "event_type",  "failed_login_attempts",
                                     "lock_kind",    "metadata",    "repaired",    "agent",
                                     "content_hash", "epoch_id",    "leaf_index",  "has_conflict",
                                     "tenant_seq",   "ingress",     "peer_uid",    "peer_gid",
                                     "record_key",   "salts",       "occurred_at", "account_locked_until",
                                     "received_at",  "effective_at"});
/// Of documents of auth_logs alone.
inline constexpr auto kDocumentFields = std::to_array<std::string_view>(
    {"_id", "occurred_at_us", "account_locked_until_us", "received_at_us", "effective_at_us"});
/// Of the other tables.
inline constexpr auto kOtherFields = std::to_array<std::string_view>({"fold_state",
                                                                      "last_failed_at",
                                                                      "last_failed_at_us",
                                                                      "last_success_at",
                                                                      "last_success_at_us",
                                                                      "last_locked_at",
                                                                      "last_locked_at_us",
                                                                      "last_reset_at",
                                                                      "last_reset_at_us",
                                                                      "origin",
                                                                      "open",
                                                                      "note",
                                                                      "retired",
                                                                      "first_index",
                                                                      "leaf_count",
                                                                      "first_accept_at",
                                                                      "first_accept_at_us",
                                                                      "last_accept_at",
                                                                      "last_accept_at_us",
                                                                      "hashes",
                                                                      "leaf",
                                                                      "size",
                                                                      "root",
                                                                      "accepted_at",
                                                                      "accepted_at_us"});

}  // namespace export_names

/// Numbers below are those of auth_logs in PostgreSQL ...
inline constexpr std::size_t kVersionNames = kStoredTexts.size() + export_names::kVersionFields.size();
/// ... and in the document store.
inline constexpr std::size_t kDocumentNames = kVersionNames + export_names::kDocumentFields.size();
inline constexpr std::size_t kExportNameCount = kDocumentNames + export_names::kOtherFields.size();
inline constexpr std::uint8_t kNoName = 0xFF;

inline constexpr std::array<std::string_view, kExportNameCount> kExportNames = [] {
  std::array<std::string_view, kExportNameCount> names{};
  auto* place = std::transform(kStoredTexts.begin(), kStoredTexts.end(), names.begin(),
                               [](const StoredText& field) { return std::string_view(field.name); });
  place = std::copy(export_names::kVersionFields.begin(), export_names::kVersionFields.end(), place);
  place = std::copy(export_names::kDocumentFields.begin(), export_names::kDocumentFields.end(), place);
  std::copy(export_names::kOtherFields.begin(), export_names::kOtherFields.end(), place);
  return names;
}();

inline constexpr std::string_view kMicrosEnd = "_us";
/// For each name the number of the one that has a document's time in microseconds; kNoName where it is no time.
inline constexpr std::array<std::uint8_t, kExportNameCount> kMicrosNames = [] {
  std::array<std::uint8_t, kExportNameCount> numbers{};
  for (std::size_t i = 0; i < kExportNameCount; ++i) {
    const auto* place = std::find_if(kExportNames.begin(), kExportNames.end(), [i](std::string_view name) {
      return name.ends_with(kMicrosEnd) && name.substr(0, name.size() - kMicrosEnd.size()) == kExportNames[i];
    });
    numbers[i] = place == kExportNames.end() ? kNoName : static_cast<std::uint8_t>(place - kExportNames.begin());
  }
  return numbers;
}();

/// One of kExportNames; what is none of them does not compile.
class ExportName {
 public:
  template <std::size_t kSize>
  consteval ExportName(const char (&text)[kSize])  // NOLINT(google-explicit-constructor): a name is written as text.
      : number_(static_cast<std::uint8_t>(
            std::find(kExportNames.begin(), kExportNames.end(), std::string_view(text, kSize - 1)) -
            kExportNames.begin())) {
    if (number_ == kExportNameCount) {
      throw "no member of an export";
    }
  }
  explicit constexpr ExportName(std::size_t number) : number_(static_cast<std::uint8_t>(number)) {}

  constexpr std::uint8_t number() const { return number_; }
  constexpr std::uint8_t micros() const { return kMicrosNames[number_]; }
  constexpr std::string_view text() const { return kExportNames[number_]; }

 private:
  std::uint8_t number_;
};

/// The number of a name that a line has; kNoName where it is none of kExportNames.
std::uint8_t export_name_number(std::string_view name);

}  // namespace twinlog
