// Every setting, typed, with its default (docs/OPERATING.md). Values only; config/load.h fills it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ledger/base/result.h"

namespace twinlog {

/// A longer file is no secret but a mistaken path.
inline constexpr std::size_t kSecretFileBytesMost = 64U << 10U;

/// A secret that stands in the configuration or, better, in a file of its own, which is read anew at every reveal().
/// Callable from every thread once it is filled.
class Secret {
 public:
  Secret() = default;
  static Secret literal(std::string value);
  static Secret in_file(std::string path);

  bool is_set() const { return !value_.empty() || !path_.empty(); }
  bool is_file() const { return !path_.empty(); }
  const std::string& path() const { return path_; }
  /// The value; a file without the one line end at its end. kRefused names the file and what is wrong (it cannot be
  /// read, is empty, longer than kSecretFileBytesMost, or holds a NUL or more than one line), never its content. An
  /// unset secret is "".
  Result<std::string> reveal() const;
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string value_;
  std::string path_;
};

struct AgentSettings {
  std::string name;  ///< Default: the host's name.
  std::string default_tenant;
  std::chrono::milliseconds drain_timeout = std::chrono::seconds{20};
  std::chrono::milliseconds position_every = std::chrono::seconds{10};  ///< Nothing reads it yet.
  friend bool operator==(const AgentSettings&, const AgentSettings&) = default;
};

struct UnixIntakeSettings {
  std::string path = "/run/twinlog/events.sock";  ///< "" turns it off.
  unsigned mode = 0660;
  std::vector<std::uint32_t> allow_uids;
  std::vector<std::uint32_t> allow_gids;
  friend bool operator==(const UnixIntakeSettings&, const UnixIntakeSettings&) = default;
};

struct HttpIntakeSettings {
  std::string listen = "127.0.0.1:8840";  ///< host:port or "unix:/path"; "" turns it off.
  std::string bearer_token_file;
  std::size_t max_events = 1000;
  std::size_t max_body = 4U << 20U;
  friend bool operator==(const HttpIntakeSettings&, const HttpIntakeSettings&) = default;
};

struct IntakeSettings {
  std::size_t max_event = 1U << 20U;
  std::size_t max_buffered = 64U << 20U;
  std::vector<std::string> allow_tenants;
  UnixIntakeSettings unix_socket;
  HttpIntakeSettings http;
  friend bool operator==(const IntakeSettings&, const IntakeSettings&) = default;
};

struct AdminSettings {
  std::string listen = "[::]:9464";  ///< IPv4, too; where there is no IPv6, that alone. "" turns it off.
  std::string socket = "/run/twinlog/admin.sock";
  bool ready_when_full = false;
  friend bool operator==(const AdminSettings&, const AdminSettings&) = default;
};

enum class VolumeKind : std::uint8_t { kAuto, kDurable, kEphemeral };

/// A part of spool.max_bytes, or a size of its own.
struct Share {
  std::uint64_t percent = 0;  ///< 0: `bytes` says it.
  std::uint64_t bytes = 0;
  friend bool operator==(const Share&, const Share&) = default;
};
/// In bytes, of `whole` and never more than that.
inline std::uint64_t bytes_of(const Share& share, std::uint64_t whole) {
  return share.percent > 0 ? whole / 100 * share.percent : std::min(share.bytes, whole);
}

struct SpoolSettings {
  std::string path = "/var/lib/twinlog/spool";
  std::uint64_t max_bytes = 2ULL << 30U;
  VolumeKind volume = VolumeKind::kAuto;
  std::chrono::milliseconds keep_delivered = std::chrono::minutes{15};
  Share dead_letters_max{.percent = 10};  ///< What dead letters may take, of all stores together.
  bool compress = true;                   ///< `compression = "lz4"` (default) or "none".
  friend bool operator==(const SpoolSettings&, const SpoolSettings&) = default;
};

struct StoreSettings {
  bool enabled = true;
  Secret uri;
  Secret password;    ///< Overrides one in the address.
  Secret keeper_uri;  ///< A login that may erase, prune and retire; its password is in it.
  bool migrate = true;
  std::size_t batch_events = 1000;
  std::chrono::milliseconds linger{50};
  friend bool operator==(const StoreSettings&, const StoreSettings&) = default;
};

struct RetrySettings {
  std::chrono::milliseconds first{200};
  std::chrono::milliseconds most = std::chrono::seconds{30};
  friend bool operator==(const RetrySettings&, const RetrySettings&) = default;
};

enum class LogFormat : std::uint8_t { kText, kJson };

struct LogSettings {
  std::string level = "info";  ///< trace debug info warn error
  LogFormat format = LogFormat::kText;
  friend bool operator==(const LogSettings&, const LogSettings&) = default;
};

/// The ledger (ledger/FORMAT.md).
struct LedgerSettings {
  std::string origin = "twinlog";
  std::string enrolment_key_file;
  std::chrono::milliseconds checkpoint_every = std::chrono::seconds{10};
  std::chrono::milliseconds idle_every = std::chrono::minutes{5};
  bool self_audit = true;
  friend bool operator==(const LedgerSettings&, const LedgerSettings&) = default;
};

struct Settings {
  std::string file;  ///< Where they were read; "" when they come from no file.
  AgentSettings agent;
  IntakeSettings intake;
  AdminSettings admin;
  SpoolSettings spool;
  StoreSettings postgres;
  StoreSettings mongodb;
  RetrySettings retry;
  LedgerSettings ledger;
  LogSettings log;
  friend bool operator==(const Settings&, const Settings&) = default;
};

}  // namespace twinlog
