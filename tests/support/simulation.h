// The outside world for a pipeline that runs on one thread: a clock that moves when told, repeatable randomness, a log
// that is kept, and a store in memory that can be away, slow to confirm, or forgetful. Fakes with behaviour; the spool
// under test is the real one.
#pragma once

#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "ledger/base/clock.h"
#include "ledger/base/log.h"
#include "ledger/base/wakeup.h"
#include "plugins/api/store.h"

namespace twinlog::testing {

class VirtualClock final : public Clock {
 public:
  UtcMicros utc_now() const override { return utc_; }
  std::chrono::steady_clock::time_point steady_now() const override { return steady_; }
  void advance(std::chrono::milliseconds by) {
    utc_ += std::chrono::microseconds(by).count();
    steady_ += by;
  }

 private:
  UtcMicros utc_ = 1'790'000'000'000'000;
  std::chrono::steady_clock::time_point steady_{std::chrono::hours{1}};
};

class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) {
      byte = static_cast<std::uint8_t>(engine_());
    }
  }

 private:
  std::mt19937_64 engine_;
};

/// Callable from every thread, as Log promises; read it when the threads have ended.
class KeptLog final : public Log {
 public:
  void write(LogLevel level, std::string_view event, std::string_view words, std::span<const LogField> fields) override;
  bool has(std::string_view event) const { return counts_.find(event) != counts_.end(); }
  std::size_t count(std::string_view event) const;
  const std::string& text() const { return text_; }

 private:
  std::mutex mutex_;
  std::map<std::string, std::size_t, std::less<>> counts_;
  std::string text_;
};

/// Nobody sleeps: the simulation steps everything itself.
class NoWait final : public Wait {
 public:
  void wait_for(std::chrono::milliseconds /*most*/) override {}
  void wake() override {}
};

/// What a store promises, in memory: each key once, replays harmless, a position per epoch.
class MemoryStore final : public Store {
 public:
  StoreResult<std::vector<std::optional<AgentPosition>>> connect(std::span<const Uuid> epochs) override;
  bool is_connected() const override { return is_connected_; }
  StoreResult<FlushReport> flush(const FlushBatch& batch) override;
  StoreResult<bool> has_record(const EventKey& key) override { return records_.contains(key); }
  void disconnect() override { is_connected_ = false; }
  std::optional<std::chrono::microseconds> clock_offset() const override { return clock_offset_; }

  void set_clock_offset(std::optional<std::chrono::microseconds> offset) { clock_offset_ = offset; }
  void go_away() { is_away_ = true; }
  void come_back() { is_away_ = false; }
  /// The next `count` flushes are written but their reply is lost.
  void lose_replies(unsigned count) { replies_to_lose_ = count; }
  /// From now on every flush of more than `above` events is answered with this; nothing ends it.
  void refuse_with(std::optional<StoreError> error, std::size_t above = 0) {
    refusal_ = std::move(error);
    refused_above_ = above;
  }
  /// From now on these events are refused for good, and so on: as `error`, which is kPoison, or an unknown one that
  /// names no leaves yet.
  void refuse_events(std::set<std::string> log_ids, std::optional<StoreError> error) {
    refused_ids_ = std::move(log_ids);
    event_refusal_ = std::move(error);
  }
  // Of the epoch that was flushed last, or else of the last that connect() was asked for.
  /// What a restore from an older backup does: leaves above `leaf` are gone, and so is the connection.
  void forget_above(std::uint64_t leaf, UtcMicros newest_effective_at = 0);
  /// The same behind a connection that looks alive.
  void forget_silently(std::uint64_t leaf, UtcMicros newest_effective_at = 0);
  void set_position(std::uint64_t leaf);
  /// What dropping the table of records and making it anew does: the position stays.
  void empty_records() { records_.clear(); }

  std::optional<AgentPosition> position() const { return position_of(newest_); }
  std::optional<AgentPosition> position_of(const Uuid& epoch_id) const;
  /// What the flushes brought of the ledger, by epoch; repeated rows once.
  struct Ledger {
    std::optional<EpochBeginning> beginning;
    std::map<std::uint64_t, Digest> hashes;
    std::map<std::uint64_t, std::string> own_leaves;
    std::map<std::uint64_t, LedgerCheckpoint> checkpoints;
    bool is_closed = false;
  };
  const std::map<Uuid, Ledger>& ledger() const { return ledger_; }
  std::vector<std::string> log_ids() const;
  std::size_t writes_of(const std::string& log_id) const;
  std::size_t largest_batch() const { return largest_batch_; }
  std::size_t flushes() const { return flushes_; }

 private:
  std::vector<std::uint64_t> refused_leaves(const FlushBatch& batch) const;

  bool is_connected_ = false;
  bool is_away_ = false;
  unsigned replies_to_lose_ = 0;
  std::optional<StoreError> refusal_;
  std::size_t refused_above_ = 0;
  std::set<std::string> refused_ids_;
  std::optional<StoreError> event_refusal_;
  std::map<EventKey, Version> records_;
  std::map<std::string, std::size_t> writes_;
  void keep(const FlushBatch& batch);

  std::map<Uuid, AgentPosition> positions_;
  std::map<Uuid, Ledger> ledger_;
  Uuid newest_{};
  /// As connect() read it, or the last flush wrote it; another one ends a flush.
  std::map<Uuid, std::uint64_t> expected_leaves_;
  std::size_t largest_batch_ = 0;
  std::size_t flushes_ = 0;
  std::optional<std::chrono::microseconds> clock_offset_;
};

}  // namespace twinlog::testing
