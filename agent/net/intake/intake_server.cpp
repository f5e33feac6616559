#include "agent/net/intake/intake_server.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "agent/net/http/bearer_token.h"
#include "agent/net/intake/http_session.h"
#include "agent/net/intake/intake_port.h"
#include "agent/net/intake/line_session.h"
#include "agent/net/loop/listener.h"
#include "agent/net/loop/peer_credentials.h"
#include "agent/net/loop/session_loop.h"
#include "ledger/base/address.h"

namespace twinlog {
namespace {

class Server final : public IntakeServer {
 public:
  Server(const IntakeSettings& settings, const IntakeLimits& limits, const IntakeParts& parts)
      : settings_(settings),
        limits_(limits),
        allowed_{settings.unix_socket.allow_uids, settings.unix_socket.allow_gids},
        loop_({.connections = limits.connections,
               .buffered = settings.max_buffered,
               .unfinished = limits.unfinished,
               .first = limits.first_request,
               .thread = "intake"}),
        port_(loop_, parts),
        token_(settings.http.bearer_token_file, loop_.io(), loop_.mailbox()) {}
  ~Server() override { loop_.stop(std::chrono::milliseconds{0}); }

  Status open(const std::vector<int>& activated) {
    if (Status adopted = adopt(activated); !adopted) {
      return adopted;
    }
    if (!has_lines_ && !settings_.unix_socket.path.empty()) {
      Status opened = add(listen_unix(settings_.unix_socket.path, settings_.unix_socket.mode), Transport::kUnix);
      if (!opened) {
        return opened;
      }
    }
    if (!has_http_ && !settings_.http.listen.empty()) {
      const std::string path(unix_path_of(settings_.http.listen));
      Status opened = add(path.empty() ? listen_tcp(settings_.http.listen)
                                       : listen_unix(path, settings_.unix_socket.mode, "intake.http.listen"),
                          Transport::kHttp);
      if (!opened) {
        return opened;
      }
    }
    return {};
  }

  void start() { loop_.start(); }
  void ask_to_stop(std::chrono::milliseconds grace) override { loop_.ask_to_stop(grace); }
  bool has_stopped() const override { return loop_.has_stopped(); }
  void stop(std::chrono::milliseconds grace) override { loop_.stop(grace); }
  void set_allowed_peers(std::vector<std::uint32_t> uids, std::vector<std::uint32_t> gids) override {
    loop_.mailbox()->post([this, peers = AllowedPeers{std::move(uids), std::move(gids)}] { allowed_ = peers; });
  }
  std::chrono::steady_clock::time_point last_tick() const override { return loop_.last_tick(); }
  std::string http_address() const override { return http_address_; }
  std::string address(Transport transport) const override {
    const auto way = std::ranges::find(ways_, transport, &Way::transport);
    return way == ways_.end() ? "" : way->address;
  }
  std::vector<std::string> open_folders() const override { return open_folders_; }
  std::string token_trouble() const override { return token_.trouble(); }
  bool is_full(Transport transport) const override {
    const Crowd* crowd = crowds_.at(static_cast<std::size_t>(transport));
    return crowd != nullptr && crowd->is_full();
  }
  bool can_be_found(Transport transport) const override {
    return std::ranges::all_of(ways_, [transport](const Way& way) {
      return way.transport != transport || !way.file || way.file->still_holds();
    });
  }

 private:
  struct Way {
    Transport transport;
    std::string address;
    std::optional<FilePlace> file;
  };

  Status adopt(const std::vector<int>& activated) {
    std::vector<Listener> listeners;
    for (const int descriptor : activated) {
      auto listener = adopt_listener(descriptor);
      if (!listener) {
        return listener.error();
      }
      listeners.push_back(*std::move(listener));
    }
    const std::string_view http_path = unix_path_of(settings_.http.listen);
    for (Listener& listener : listeners) {
      const bool is_http =
          listener.family == Listener::Family::kTcp || (!http_path.empty() && listener.address == http_path);
      Status added = add(std::move(listener), is_http ? Transport::kHttp : Transport::kUnix);
      if (!added) {
        return added;
      }
    }
    return {};
  }

  Status add(Result<Listener> listener, Transport transport) {
    if (!listener) {
      return listener.error();
    }
    (transport == Transport::kHttp ? has_http_ : has_lines_) = true;
    const bool has_peers = listener->family == Listener::Family::kUnix;
    ways_.push_back({transport, listener->address, has_peers ? FilePlace::at(listener->address) : std::nullopt});
    if (!listener->open_folder.empty()) {
      open_folders_.push_back(listener->open_folder);
    }
    if (transport == Transport::kHttp && !has_peers) {
      http_address_ = listener->address;
    }
    Crowd*& crowd = crowds_.at(static_cast<std::size_t>(transport));
    crowd = crowd != nullptr ? crowd : &loop_.add_crowd(limits_.connections / 4);
    return loop_.add_listener(
        *std::move(listener), *crowd, [this, transport, has_peers](SessionLoop&, Descriptor connection) {
          return has_peers && !is_allowed(connection) ? nullptr : make_session(transport, std::move(connection));
        });
  }

  bool is_allowed(const Descriptor& connection) {
    const bool allowed = is_allowed_peer(connection.get(), allowed_);
    if (!allowed) {
      const Peer peer = peer_of(connection.get()).value_or(Peer{});
      RefusedPeers& refused = port_.counters().peers_refused;
      refused.last = std::uint64_t{peer.uid} << 32U | peer.gid;
      ++refused.total;
    }
    return allowed;
  }

  std::shared_ptr<StreamSession> make_session(Transport transport, Descriptor connection) {
    if (transport == Transport::kHttp) {
      const HttpSession::Limits limits{settings_.http.max_body, settings_.http.max_events};
      return std::make_shared<HttpSession>(loop_, port_, token_, limits, std::move(connection));
    }
    const LineSession::Limits limits{settings_.max_event, limits_.unanswered_lines, limits_.unsent_answer_bytes};
    return std::make_shared<LineSession>(loop_, port_, limits, std::move(connection));
  }

  const IntakeSettings settings_;
  const IntakeLimits limits_;
  AllowedPeers allowed_;  ///< On the loop's thread.
  SessionLoop loop_;
  IntakePort port_;
  BearerToken token_;
  std::vector<Way> ways_;  ///< Filled before the start.
  std::array<Crowd*, kTransports> crowds_{};
  std::vector<std::string> open_folders_;
  bool has_lines_ = false;
  bool has_http_ = false;
  std::string http_address_;
};

}  // namespace

Result<std::unique_ptr<IntakeServer>> start_intake_server(const IntakeSettings& settings, const IntakeLimits& limits,
                                                          const IntakeParts& parts, const std::vector<int>& activated) {
  auto server = std::make_unique<Server>(settings, limits, parts);
  if (Status opened = server->open(activated); !opened) {
    return opened.error();
  }
  server->start();
  return std::unique_ptr<IntakeServer>(std::move(server));
}

}  // namespace twinlog
