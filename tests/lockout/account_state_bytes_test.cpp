// The bytes of an account's state: ledger/lockout/FORMAT.md.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "ledger/lockout/account_state.h"
#include "tests/lockout/histories.h"
#include "tests/lockout/version_builder.h"

namespace twinlog {
namespace {

using namespace testing;

constexpr std::uint64_t kSeed = 20'260'303;

/// The account of the vector in FORMAT.md: one failure with a lock, a success, two failures, two marks.
AccountState vector_state() {
  const Version first = failed(-1).log_id("a-1").hash(0xa1).stated(5).until(kPermanentFrom).reason("too_many");
  const Version second = success(1'700'000'000'000'000).log_id("b-2").hash(0xb2);
  const Version third = failed(1'700'000'000'000'001).log_id("c-3").hash(0xc3).organisation("north");
  const Version fourth = failed(1'700'000'000'000'001).log_id("d-4").hash(0xd4).organisation("n");
  AccountState state;
  EXPECT_EQ(merge(state, {&first, &second, &third, &fourth}), Recount::kNotNeeded);
  state.marks[Uuid{1, 2}] = {9, 1'700'000'000'000'002};
  state.marks[Uuid{0x01, 0x9a}] = {1, 0};
  return state;
}

/// A state in which each part is there or not, as the choices fall.
AccountState random_state(Choices& choices) {
  const auto position = [&choices] {
    static const std::vector<std::int64_t> numbers = {-1, 0, 7, kMostAttempts};
    Position made;
    made.effective_at = static_cast<UtcMicros>(choices.below(3)) - 1;
    made.rank = static_cast<std::uint8_t>(choices.below(4));
    made.stated = choices.one_of(numbers);
    made.log_id = std::string(choices.below(3) * 64, 'x');
    made.content_hash[31] = static_cast<std::uint8_t>(choices.below(2));
    return made;
  };
  const auto time = [&choices] { return choices.percent(50) ? std::optional<UtcMicros>(-7) : std::nullopt; };
  const auto text = [&choices] {
    return choices.percent(50) ? std::optional<std::string>("t\xff" + std::string(choices.below(40), 'y'))
                               : std::nullopt;
  };
  AccountState state;
  if (choices.percent(70)) {
    state.attempts = {position(), static_cast<std::int64_t>(choices.below(2)) * kMostAttempts};
  }
  state.failures_after = choices.percent(50) ? choices.generator()() : 0;
  if (choices.percent(70)) {
    state.lock = {position(), static_cast<LockKind>(choices.below(3)), time(), text()};
  }
  if (choices.percent(70)) {
    state.success = position();
  }
  if (choices.percent(70)) {
    state.newest = {position(), text()};
  }
  state.last_failed_at = time();
  state.last_success_at = time();
  state.last_locked_at = time();
  state.last_reset_at = time();
  for (std::size_t i = choices.below(4); i > 0; --i) {
    state.marks[Uuid{static_cast<std::uint8_t>(choices.below(256))}] = {choices.generator()(), -3};
  }
  return state;
}

std::string random_bytes(Choices& choices, std::size_t count) {
  std::string bytes(count, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(choices.below(256));
  }
  return bytes;
}

/// Either the bytes are refused as corrupt, or they are the one form of what was read from them.
void expect_refused_or_exact(const std::string& bytes) {
  const Result<AccountState> state = decode_account_state(bytes);
  if (state) {
    ASSERT_EQ(encode_account_state(*state), bytes);
    shown(*state);
  } else {
    ASSERT_EQ(state.error().kind(), ErrorKind::kCorrupt);
  }
}

TEST(LockoutBytes, TheVectorOfTheFormatPageIsWhatIsWritten) {
  std::ifstream page(TWINLOG_SOURCE_DIR "/ledger/lockout/FORMAT.md");
  std::stringstream text;
  text << page.rdbuf();
  std::string digits;
  std::string line;
  bool is_inside = false;
  while (std::getline(text, line)) {
    if (line.starts_with("```")) {
      is_inside = line == "```hex";
    } else if (is_inside) {
      digits += line.substr(0, line.find(' '));
    }
  }
  EXPECT_EQ(hex(encode_account_state(vector_state())), digits);
  const auto bytes = from_hex(digits);
  ASSERT_TRUE(bytes.has_value());
  const Result<AccountState> state = decode_account_state(*bytes);
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(*state, vector_state());
}

TEST(LockoutBytes, AnAccountWithoutAnyEventRoundTrips) {
  const std::string bytes = encode_account_state(AccountState{});
  EXPECT_EQ(bytes.size(), 14U);
  const Result<AccountState> state = decode_account_state(bytes);
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(*state, AccountState{});
}

TEST(LockoutBytes, EveryStateRoundTrips) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  Choices choices(kSeed);
  for (int i = 0; i < 5'000; ++i) {
    const AccountState state = random_state(choices);
    const Result<AccountState> back = decode_account_state(encode_account_state(state));
    ASSERT_TRUE(back.has_value()) << i;
    ASSERT_EQ(*back, state) << i;
  }
}

TEST(LockoutBytes, APositionThatSeveralRegistersShareIsWrittenOnce) {
  const Version version = reset(5).log_id(std::string(128, 'l'));
  AccountState state;
  merge(state, {&version});
  EXPECT_LT(encode_account_state(state).size(), 250U);
  EXPECT_EQ(*decode_account_state(encode_account_state(state)), state);
}

TEST(LockoutBytes, BytesThatEndEarlyOrGoOnAreCorrupt) {
  const std::string bytes = encode_account_state(vector_state());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Result<AccountState> state = decode_account_state(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(state.has_value()) << size;
    ASSERT_EQ(state.error().kind(), ErrorKind::kCorrupt);
  }
  EXPECT_FALSE(decode_account_state(bytes + '\0').has_value());
}

TEST(LockoutBytes, AnotherLayoutIsCorrupt) {
  std::string bytes = encode_account_state(vector_state());
  bytes[0] = 2;
  ASSERT_FALSE(decode_account_state(bytes).has_value());
  EXPECT_NE(decode_account_state(bytes).error().message().find("upgrade"), std::string::npos);
}

TEST(LockoutBytes, AMarkCountBeyondTheBytesIsCorruptAndTakesNoMemory) {
  std::string bytes = encode_account_state(AccountState{});
  bytes.replace(bytes.size() - 4, 4, "\xff\xff\xff\xff");
  const Result<AccountState> state = decode_account_state(bytes);
  ASSERT_FALSE(state.has_value());
  EXPECT_EQ(state.error().kind(), ErrorKind::kCorrupt);
}

TEST(LockoutBytes, NumbersKindsAndReferencesOutOfRangeAreCorrupt) {
  const std::string nothing_after(12, '\0');  // failures_after and the mark count
  const std::string position = std::string(9, '\0') + std::string("\0\0", 2) + std::string(32, '\0');
  const std::string attempts = std::string("\x01\x01", 2) + position;
  EXPECT_TRUE(decode_account_state(attempts + std::string("\x7f\xff\xff\xff", 4) + nothing_after).has_value());
  EXPECT_FALSE(decode_account_state(attempts + std::string("\x80\0\0\0", 4) + nothing_after).has_value());
  const std::string lock_start = std::string("\x01\x02", 2) + std::string(8, '\0');
  const std::string marks(4, '\0');
  EXPECT_TRUE(decode_account_state(lock_start + '\x02' + position + marks).has_value());
  EXPECT_FALSE(decode_account_state(lock_start + '\x03' + position + marks).has_value());
  EXPECT_FALSE(decode_account_state(lock_start + '\x12' + position + marks).has_value());
  EXPECT_FALSE(decode_account_state(lock_start + '\x02' + '\x80' + marks).has_value());
}

TEST(LockoutBytes, DamageIsRefusedOrReadAsExactlyWhatItSays) {
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  Choices choices(kSeed);
  const std::string good = encode_account_state(vector_state());
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string damaged = good;
    damaged[bit / 8] = static_cast<char>(static_cast<std::uint8_t>(damaged[bit / 8]) ^ (1U << (bit % 8)));
    expect_refused_or_exact(damaged);
  }
  for (int i = 0; i < 20'000; ++i) {
    expect_refused_or_exact('\x01' + random_bytes(choices, choices.below(80)));
    std::string damaged = good;
    const std::size_t at = choices.below(good.size());
    expect_refused_or_exact(damaged.replace(at, choices.below(9), random_bytes(choices, choices.below(9))));
  }
}

}  // namespace
}  // namespace twinlog
