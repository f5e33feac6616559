// Both ways in: the Unix socket (one JSON event a line) and HTTP (docs/INTAKE.md), on one I/O thread, into one
// Intake. Boost's headers stay inside this folder's .cpp files.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/net/http/status_counters.h"
#include "agent/pipeline/intake.h"
#include "config/settings.h"
#include "ledger/base/clock.h"
#include "ledger/base/histogram.h"

namespace twinlog {

/// Every status that the intake answers with.
inline constexpr auto kIntakeStatuses =
    std::to_array<unsigned>({200, 400, 401, 404, 405, 408, 413, 415, 422, 431, 500, 503});

/// Peers of Unix sockets that intake.unix.allow_uids and allow_gids do not let in.
struct RefusedPeers {
  std::atomic<std::uint64_t> total{0};
  std::atomic<std::uint64_t> last{0};  ///< The uid of the last one in the upper half, its gid in the lower.
};

enum class Transport : std::uint8_t { kUnix = 0, kHttp = 1 };
inline constexpr std::size_t kTransports = 2;

/// What the intake counts. Written by the I/O thread, read by any.
struct IntakeCounters {
  struct PerTransport {
    std::atomic<std::uint64_t> stored{0}, duplicate{0}, conflict{0}, rejected{0}, busy{0};
    /// `rejected` by RejectedField and RejectionCause.
    std::array<std::array<std::atomic<std::uint64_t>, kRejectionCauses>, kRejectedFields> rejected_by{};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> connections{0};  ///< Open now.
    std::atomic<std::uint64_t> cut{0};          ///< Connections closed by a limit, or for a new one.
    /// From a complete request, or complete lines read at once, to their answer on its way out.
    Histogram answer_micros{kDurationBounds};
  };
  std::array<PerTransport, kTransports> transports;
  std::array<std::atomic<std::uint64_t>, kRedactionRules> redactions{};
  std::array<std::atomic<std::uint64_t>, kRepairRules> repairs{};
  StatusCounters<kIntakeStatuses> http_answers;
  RefusedPeers peers_refused;
};

struct IntakeLimits {
  /// Open at once, both ways in together. Each keeps a quarter for itself. Where there is no room, the HTTP connection
  /// that has been silent longest gives way; where there is none, a new one waits in the kernel's backlog.
  std::size_t connections = 16384;
  std::size_t unanswered_lines = 4096;          ///< Per socket connection; reading pauses there.
  std::size_t unsent_answer_bytes = 1U << 20U;  ///< Per connection; reading pauses there: a peer must read its answers.
  std::chrono::milliseconds unfinished = std::chrono::seconds{30};  ///< An unfinished line or request is cut.
  /// For the first whole request of a HTTP connection. (A sender on the socket may connect long before its first event:
  /// it passed the file's mode, and costs no buffer.)
  std::chrono::milliseconds first_request = std::chrono::seconds{10};
};

/// What stands behind the ways in.
struct IntakeParts {
  Intake& intake;
  IntakeCounters& counters;
  Random& random;
};

/// Listening starts in start() and runs on a thread of its own until stop().
class IntakeServer {
 public:
  virtual ~IntakeServer() = default;
  /// No new connections and no further reading; everything read completely so far is answered, for at most `grace`;
  /// then all connections are closed and the thread ends. Does not wait. Once more: `grace` counts from then.
  virtual void ask_to_stop(std::chrono::milliseconds grace) = 0;
  virtual bool has_stopped() const = 0;
  /// Asks, and waits until the thread has ended. May be called twice.
  virtual void stop(std::chrono::milliseconds grace) = 0;
  /// Peers of the Unix sockets that connect from now on; both lists empty: the file mode decides.
  virtual void set_allowed_peers(std::vector<std::uint32_t> uids, std::vector<std::uint32_t> gids) = 0;
  /// When the I/O thread last ticked (it ticks at least every second), for /livez.
  virtual std::chrono::steady_clock::time_point last_tick() const = 0;
  /// Where HTTP listens, "host:port" with the real port ("" when off or on a unix: path).
  virtual std::string http_address() const = 0;
  /// Where a way in listens: the path of its socket, or "host:port"; "" when it is off. From any thread.
  virtual std::string address(Transport transport) const = 0;
  /// False where the file of its socket is gone from its path or is another's: nobody new finds in. From any thread;
  /// looks at the file system.
  virtual bool can_be_found(Transport transport) const = 0;
  /// The folders of sockets in which others than their owner may put a socket of their own into our place (writable by
  /// others and not sticky), as found at the start. From any thread.
  virtual std::vector<std::string> open_folders() const = 0;
  /// Why no HTTP sender can show the right bearer token; "" when all is well. From any thread.
  virtual std::string token_trouble() const = 0;
  /// Whether a new connection would have to wait. From any thread.
  virtual bool is_full(Transport transport) const = 0;
};

/// kRefused names the address and what is wrong with it (in use by a live process, no rights, path too long). A bearer
/// token's file that cannot be read is no reason: the other way in works without it. `activated` are listening sockets
/// that were opened for us (sd_listen_fds(3)); ownership passes in. A Unix one serves events, unless http.listen is
/// "unix:" with its path; a TCP one serves HTTP; each stands in for the address of the settings. Mode and allowed peers
/// of the Unix socket hold for HTTP on a "unix:" path, too.
Result<std::unique_ptr<IntakeServer>> start_intake_server(const IntakeSettings& settings, const IntakeLimits& limits,
                                                          const IntakeParts& parts,
                                                          const std::vector<int>& activated = {});

}  // namespace twinlog
