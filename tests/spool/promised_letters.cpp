#include "tests/spool/promised_letters.h"

#include <gmock/gmock.h>

#include <array>
#include <optional>

namespace twinlog::testing {
namespace {

std::optional<DeadLetter> listed(const Spool& spool, StoreId store, std::uint64_t leaf) {
  const Result<std::vector<DeadLetter>> letters = spool.dead_letters(store, leaf - 1, 1);
  EXPECT_TRUE(letters.has_value()) << letters.error().message();
  return letters && !letters->empty() && letters->front().version.leaf_index == leaf ? std::optional(letters->front())
                                                                                     : std::nullopt;
}

}  // namespace

DeadLetter PromisedLetters::letter_of(const Version& refused) {
  return {.version = refused,
          .refused_at = refused.received_at + 1,
          .code = "23514",
          .constraint = "a_check",
          .where = "records",
          .words = "the store refuses it"};
}

bool PromisedLetters::keep(Spool& spool, StoreId store, std::uint64_t cursor, const std::vector<Version>& refused) {
  std::vector<DeadLetter> letters;
  letters.reserve(refused.size());
  for (const Version& version : refused) {
    letters.push_back(letter_of(version));
  }
  const bool is_kept = spool.keep_dead_letters(store, cursor, letters).ok();
  for (const DeadLetter& letter : letters) {
    Letter& known = letters_[{store, letter.version.leaf_index}];
    known.sent = letter;
    if (is_kept) {
      known.may_be.erase(Fate::kNone);
      known.may_be.erase(Fate::kTaken);
    } else if (known.may_be.empty()) {
      known.may_be.insert(Fate::kNone);
    }
    if (known.may_be != std::set{Fate::kDiscarded}) {  // That stays so.
      known.may_be.insert(Fate::kWaiting);
    }
  }
  return is_kept;
}

void PromisedLetters::settle(Spool& spool, StoreId store, std::uint64_t leaf, Settlement::Kind kind) {
  const auto found = letters_.find({store, leaf});
  if (found == letters_.end() || found->second.may_be != std::set{Fate::kWaiting}) {
    return;
  }
  const Fate fate = kind == Settlement::Kind::kTaken ? Fate::kTaken : Fate::kDiscarded;
  const Settlement settlement{.kind = kind, .by = {1, "maria (1000)", "a test"}};
  if (spool.settle_dead_letters(store, {&leaf, 1}, settlement).ok()) {
    found->second.may_be.clear();
  }
  found->second.may_be.insert(fate);
}

PromisedLetters::Fate PromisedLetters::fate_of(const Spool& spool, StoreId store, const Letter& letter) {
  const std::uint64_t leaf = letter.sent.version.leaf_index;
  if (const std::optional<DeadLetter> waits = listed(spool, store, leaf)) {
    EXPECT_EQ(waits->version, letter.sent.version);
    EXPECT_EQ(waits->refused_at, letter.sent.refused_at);
    EXPECT_EQ(waits->words, letter.sent.words);
    return Fate::kWaiting;
  }
  if (!spool.dead_leaves(store, {leaf, leaf}).empty()) {
    return Fate::kDiscarded;
  }
  return letter.may_be.contains(Fate::kTaken) ? Fate::kTaken : Fate::kNone;
}

void PromisedLetters::check(const Spool& spool) {
  std::array<std::uint64_t, kStores> waiting{};
  for (auto& [place, letter] : letters_) {
    const auto& [store, leaf] = place;
    const Fate fate = fate_of(spool, store, letter);
    EXPECT_TRUE(letter.may_be.contains(fate))
        << "letter " << leaf << " for " << store_name(store) << " is now " << static_cast<int>(fate);
    EXPECT_TRUE(fate != Fate::kNone || spool.cursor(store) < leaf)
        << store_name(store) << " has passed leaf " << leaf << ", and nobody knows that it was refused";
    letter.may_be = {fate};
    waiting.at(static_cast<std::size_t>(store)) += fate == Fate::kWaiting ? 1 : 0;
  }
  for (std::size_t store = 0; store < kStores; ++store) {
    EXPECT_EQ(spool.stats().dead_letters.at(store).letters, waiting.at(store));
  }
}

std::set<std::uint64_t> PromisedLetters::waiting() const {
  std::set<std::uint64_t> leaves;
  for (const auto& [place, letter] : letters_) {
    if (letter.may_be == std::set{Fate::kWaiting}) {
      leaves.insert(place.second);
    }
  }
  return leaves;
}

}  // namespace twinlog::testing
