// The byte form of an account's state; layout and a vector: ledger/lockout/FORMAT.md.
#include <cstdlib>
#include <limits>
#include <utility>

#include "ledger/base/bytes.h"
#include "ledger/lockout/account_state.h"

namespace twinlog {
namespace {

constexpr std::uint8_t kLayout = 1;

// What a state holds: one bit each, in the order in which they follow.
constexpr unsigned kAttempts = 0x01;
constexpr unsigned kLock = 0x02;
constexpr unsigned kSuccess = 0x04;
constexpr unsigned kNewest = 0x08;
constexpr unsigned kLastFailed = 0x10;
constexpr unsigned kLastSuccess = 0x20;
constexpr unsigned kLastLocked = 0x40;
constexpr unsigned kLastReset = 0x80;

// The byte before a position: its rank, and whether a stated number follows; or where it was written before.
constexpr unsigned kRankMask = 0x03;
constexpr unsigned kIsStated = 0x04;
constexpr unsigned kIsEarlier = 0x80;

// The byte before a lock.
constexpr unsigned kKindMask = 0x03;
constexpr unsigned kHasUntil = 0x04;
constexpr unsigned kHasReason = 0x08;

void put_u8(std::string& out, std::size_t value) {
  out.push_back(static_cast<char>(static_cast<std::uint8_t>(value)));
}

/// Everything that comes here is limited by docs/EVENTS.md to far less than 64 KiB.
void put_text(std::string& out, std::string_view text) {
  if (text.size() > std::numeric_limits<std::uint16_t>::max()) {
    std::abort();
  }
  put_u16(out, static_cast<std::uint16_t>(text.size()));
  out.append(text);
}

class Writer {
 public:
  void position(const Position& position) {
    for (std::size_t i = 0; i < written_.size(); ++i) {
      if (*written_[i] == position) {
        put_u8(out_, kIsEarlier | i);
        return;
      }
    }
    written_.push_back(&position);
    const bool is_stated = position.stated >= 0;
    put_u8(out_, position.rank | (is_stated ? kIsStated : 0U));
    put_i64(out_, position.effective_at);
    if (is_stated) {
      put_u32(out_, static_cast<std::uint32_t>(position.stated));
    }
    put_text(out_, position.log_id);
    out_.append(as_text(position.content_hash));
  }
  void lock(const AccountState::Lock& lock) {
    const unsigned kind = static_cast<unsigned>(lock.kind);
    put_u8(out_, kind | (lock.until ? kHasUntil : 0U) | (lock.reason ? kHasReason : 0U));
    position(lock.position);
    time(lock.until);
    text(lock.reason);
  }
  void newest(const AccountState::Newest& newest) {
    put_u8(out_, newest.organisation_id ? 1U : 0U);
    position(newest.position);
    text(newest.organisation_id);
  }
  void time(const std::optional<UtcMicros>& time) {
    if (time) {
      put_i64(out_, *time);
    }
  }
  void text(const std::optional<std::string>& text) {
    if (text) {
      put_text(out_, *text);
    }
  }
  std::string& out() { return out_; }

 private:
  std::string out_;
  std::vector<const Position*> written_;
};

/// Reads what Writer writes. After something that cannot be right `ok()` is false and the rest means nothing.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  Position position() {
    const unsigned head = bytes_.u8();
    if ((head & kIsEarlier) != 0) {
      const std::size_t index = head & ~kIsEarlier;
      ok_ = ok_ && index < read_.size();
      return ok_ ? read_[index] : Position{};
    }
    Position position;
    position.rank = static_cast<std::uint8_t>(head & kRankMask);
    position.effective_at = bytes_.i64();
    position.stated = (head & kIsStated) != 0 ? attempts() : -1;
    position.log_id = text();
    const auto hash = array_from<sizeof(Digest)>(bytes_.bytes(sizeof(Digest)));
    position.content_hash = hash.value_or(Digest{});
    read_.push_back(position);
    return position;
  }
  AccountState::Lock lock() {
    const unsigned head = bytes_.u8();
    const unsigned kind = head & kKindMask;
    ok_ = ok_ && kind <= static_cast<unsigned>(LockKind::kPermanent);
    AccountState::Lock lock;
    lock.kind = ok_ ? static_cast<LockKind>(kind) : LockKind::kNone;
    lock.position = position();
    lock.until = time((head & kHasUntil) != 0);
    lock.reason = text((head & kHasReason) != 0);
    return lock;
  }
  AccountState::Newest newest() {
    const bool has_organisation = bytes_.u8() != 0;
    AccountState::Newest newest;
    newest.position = position();
    newest.organisation_id = text(has_organisation);
    return newest;
  }
  std::int64_t attempts() {
    const std::uint32_t value = bytes_.u32();
    ok_ = ok_ && value <= kMostAttempts;
    return value;
  }
  std::optional<UtcMicros> time(bool is_present) { return is_present ? std::optional(bytes_.i64()) : std::nullopt; }
  std::string text() { return std::string(bytes_.bytes(bytes_.u16())); }
  std::optional<std::string> text(bool is_present) { return is_present ? std::optional(text()) : std::nullopt; }
  std::map<Uuid, AccountState::Mark> marks() {
    std::map<Uuid, AccountState::Mark> marks;
    const std::uint32_t count = bytes_.u32();
    for (std::uint32_t i = 0; i < count && ok(); ++i) {
      const auto epoch = array_from<sizeof(Uuid)>(bytes_.bytes(sizeof(Uuid)));
      const std::uint64_t leaf_index = bytes_.u64();
      marks[epoch.value_or(Uuid{})] = {leaf_index, bytes_.i64()};
    }
    return marks;
  }
  std::uint64_t u64() { return bytes_.u64(); }
  std::uint8_t u8() { return bytes_.u8(); }
  bool ok() const { return ok_ && bytes_.ok(); }

 private:
  ByteReader bytes_;
  std::vector<Position> read_;
  bool ok_ = true;
};

unsigned presence(const AccountState& state) {
  return (state.attempts ? kAttempts : 0U) | (state.lock ? kLock : 0U) | (state.success ? kSuccess : 0U) |
         (state.newest ? kNewest : 0U) | (state.last_failed_at ? kLastFailed : 0U) |
         (state.last_success_at ? kLastSuccess : 0U) | (state.last_locked_at ? kLastLocked : 0U) |
         (state.last_reset_at ? kLastReset : 0U);
}

AccountState read_state(Reader& reader) {
  AccountState state;
  const unsigned present = reader.u8();
  if ((present & kAttempts) != 0) {
    AccountState::Attempts attempts;
    attempts.position = reader.position();
    attempts.value = reader.attempts();
    state.attempts = std::move(attempts);
  }
  state.failures_after = reader.u64();
  if ((present & kLock) != 0) {
    state.lock = reader.lock();
  }
  if ((present & kSuccess) != 0) {
    state.success = reader.position();
  }
  if ((present & kNewest) != 0) {
    state.newest = reader.newest();
  }
  state.last_failed_at = reader.time((present & kLastFailed) != 0);
  state.last_success_at = reader.time((present & kLastSuccess) != 0);
  state.last_locked_at = reader.time((present & kLastLocked) != 0);
  state.last_reset_at = reader.time((present & kLastReset) != 0);
  state.marks = reader.marks();
  return state;
}

}  // namespace

std::string encode_account_state(const AccountState& state) {
  Writer writer;
  put_u8(writer.out(), kLayout);
  put_u8(writer.out(), presence(state));
  if (state.attempts) {
    writer.position(state.attempts->position);
    put_u32(writer.out(), static_cast<std::uint32_t>(state.attempts->value));
  }
  put_u64(writer.out(), state.failures_after);
  if (state.lock) {
    writer.lock(*state.lock);
  }
  if (state.success) {
    writer.position(*state.success);
  }
  if (state.newest) {
    writer.newest(*state.newest);
  }
  writer.time(state.last_failed_at);
  writer.time(state.last_success_at);
  writer.time(state.last_locked_at);
  writer.time(state.last_reset_at);
  put_u32(writer.out(), static_cast<std::uint32_t>(state.marks.size()));
  for (const auto& [epoch, mark] : state.marks) {
    writer.out().append(as_text(epoch));
    put_u64(writer.out(), mark.leaf_index);
    put_i64(writer.out(), mark.moved_at);
  }
  return std::move(writer.out());
}

Result<AccountState> decode_account_state(std::string_view bytes) {
  if (bytes.empty() || static_cast<std::uint8_t>(bytes.front()) != kLayout) {
    return Error(ErrorKind::kCorrupt,
                 "an account's state in the store has a layout that this version does not know; if a newer twinlog "
                 "writes to this store, upgrade this one; otherwise another program wrote it: restore that row of "
                 "account_lockouts from a backup");
  }
  Reader reader(bytes.substr(1));
  AccountState state = read_state(reader);
  // One state has one byte form, so writing it again finds whatever the reader let pass.
  if (!reader.ok() || encode_account_state(state) != bytes) {
    return Error(ErrorKind::kCorrupt,
                 "an account's state in the store is damaged; restore that row of account_lockouts from a backup");
  }
  return state;
}

}  // namespace twinlog
