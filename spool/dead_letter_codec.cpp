#include "spool/dead_letter_codec.h"

#include "ledger/base/bytes.h"
#include "ledger/record/canonical.h"

namespace twinlog {
namespace {

constexpr std::uint8_t kWaiting = 1;
constexpr std::uint8_t kDiscarded = 2;

/// As the ledger numbers the stores.
std::uint8_t number_of(StoreId store) {
  return static_cast<std::uint8_t>(static_cast<std::uint8_t>(store) + 1);
}

std::string why(std::uint8_t state, const DeadLetter& letter) {
  std::string value(1, static_cast<char>(state));
  put_i64(value, letter.refused_at);
  for (const std::string* text : {&letter.code, &letter.constraint, &letter.where, &letter.words}) {
    put_text(value, *text);
  }
  return value;
}

}  // namespace

std::string dead_letter_key(StoreId store, std::uint64_t leaf) {
  std::string key(1, static_cast<char>(number_of(store)));
  put_u64(key, leaf);
  return key;
}

std::optional<std::pair<StoreId, std::uint64_t>> place_of_dead_letter(std::string_view key) {
  ByteReader reader(key);
  const std::uint8_t store = reader.u8();
  const std::uint64_t leaf = reader.u64();
  if (!reader.ok() || !reader.at_end() || store < 1 || store > kStores) {
    return std::nullopt;
  }
  return std::pair(static_cast<StoreId>(store - 1), leaf);
}

std::string dead_letter_value(const DeadLetter& letter) {
  return why(kWaiting, letter) + encode_version(letter.version, canonical_content(letter.version.event));
}

std::optional<DeadLetter> dead_letter_from(std::string_view value) {
  ByteReader reader(value);
  const std::uint8_t state = reader.u8();
  DeadLetter letter;
  letter.refused_at = reader.i64();
  for (std::string* text : {&letter.code, &letter.constraint, &letter.where, &letter.words}) {
    *text = text_from(reader);
  }
  if (!reader.ok() || state != kWaiting) {
    return std::nullopt;
  }
  Result<Version> version = decode_version(reader.bytes(reader.left()));
  if (!version) {
    return std::nullopt;
  }
  letter.version = std::move(*version);
  return letter;
}

std::string discarded_value(const DeadLetter& letter, const Settlement& settlement) {
  std::string value = why(kDiscarded, letter);
  put_text(value, letter.version.event.tenant_id);
  put_text(value, letter.version.event.log_id);
  value.append(as_text(letter.version.content_hash));
  put_decision(value, settlement.by);
  return value;
}

bool is_discarded_letter(std::string_view value) {
  return !value.empty() && value.front() == static_cast<char>(kDiscarded);
}

LetterMark mark_of(const DeadLetter& letter) {
  return {.is_discarded = false, .refused_at = letter.refused_at, .received_at = letter.version.received_at};
}

std::string letter_mark_key(StoreId store, std::uint64_t leaf) {
  return std::string(kLetterMarkPrefix) + dead_letter_key(store, leaf);
}

std::optional<std::pair<StoreId, std::uint64_t>> place_of_letter_mark(std::string_view key) {
  return key.starts_with(kLetterMarkPrefix) ? place_of_dead_letter(key.substr(kLetterMarkPrefix.size())) : std::nullopt;
}

std::string letter_mark_value(const LetterMark& mark) {
  std::string value(1, static_cast<char>(mark.is_discarded ? kDiscarded : kWaiting));
  put_i64(value, mark.refused_at);
  put_i64(value, mark.received_at);
  return value;
}

std::optional<LetterMark> letter_mark_from(std::string_view value) {
  ByteReader reader(value);
  const std::uint8_t state = reader.u8();
  LetterMark mark{.is_discarded = state == kDiscarded, .refused_at = reader.i64(), .received_at = reader.i64()};
  const bool is_mark = reader.ok() && reader.at_end() && (state == kWaiting || state == kDiscarded);
  return is_mark ? std::optional(mark) : std::nullopt;
}

bool is_letter_of(const LetterMark& mark, std::string_view value) {
  return mark.is_discarded ? is_discarded_letter(value) : dead_letter_from(value).has_value();
}

}  // namespace twinlog
