// The seams for time and chance. Nothing of ours calls now(), sleep() or a random generator directly.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace twinlog {

/// A point of UTC in microseconds since 1970-01-01T00:00:00Z. Year 0001 to 9999 fits.
using UtcMicros = std::int64_t;

/// RFC 3339 in UTC to the second, for people: "2026-11-24T13:45:00Z". Years 0001 to 9999.
std::string utc_text(UtcMicros time);
/// The same with six digits behind the second: nothing is lost.
std::string utc_micros_text(UtcMicros time);

/// Both clocks. Callable from every thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// The wall clock: may jump in both directions.
  virtual UtcMicros utc_now() const = 0;
  /// Never goes back; only differences mean something.
  virtual std::chrono::steady_clock::time_point steady_now() const = 0;
};

/// Cryptographically strong random bytes. Callable from every thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> bytes) = 0;
  std::uint64_t next() {
    std::uint8_t bytes[8];
    fill(bytes);
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) {
      value = value << 8U | byte;
    }
    return value;
  }
};

/// The real clock of this host.
class SystemClock final : public Clock {
 public:
  UtcMicros utc_now() const override;
  std::chrono::steady_clock::time_point steady_now() const override;
};

/// The operating system's generator (OpenSSL RAND_bytes). A failure ends the process.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace twinlog
