#include "plugins/postgres/connector.h"

#include <netdb.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "plugins/postgres/connect_options.h"

namespace twinlog::postgres {
namespace {

using TimePoint = std::chrono::steady_clock::time_point;
using Opened = StoreResult<std::unique_ptr<Connection>>;

constexpr std::string_view kReadOnlyCode = "25006";

StoreError unresolved(int error) {
  const char* words =
      "DNS failed, and the host name in stores.postgres.uri cannot be resolved at present; check the name servers "
      "(/etc/resolv.conf)";
  if (error == EAI_INPROGRESS) {
    words =
        "DNS does not answer, and the host name in stores.postgres.uri cannot be resolved; check the name servers "
        "(/etc/resolv.conf) and the network to them";
  } else if (error == EAI_NONAME || error == EAI_NODATA || error == EAI_ADDRFAMILY) {
    words =
        "the host name in stores.postgres.uri cannot be resolved: DNS has no address of that name; check the name and "
        "DNS";
  }
  return {.reaction = Reaction::kReconnect, .code = "", .constraint = "", .words = words};
}

/// The name that has to be looked up to reach this host; "" where libpq needs none.
std::string name_of(const ConnectOptions& host) {
  const auto found = host.find("host");
  if (found == host.end() || found->second.empty() || is_socket_folder(found->second)) {
    return "";
  }
  const auto address = host.find("hostaddr");
  const bool has_address = address != host.end() && !address->second.empty();
  return has_address || is_numeric_address(found->second) ? "" : found->second;
}

/// An address with a slip in it may have a part of the password where the host should stand.
bool is_fit_to_show(const std::string& name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  });
}

/// How much an error says. A place that is away says least, then a standby that is one; then what somebody must mend
/// and no server said; most says a server that refuses.
int telling(const StoreError& error) {
  if (error.code == kReadOnlyCode) {
    return 1;
  }
  return !error.code.empty() ? 3 : error.reaction == Reaction::kHold ? 2 : 0;
}

std::string counted(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : what.ends_with('s') ? "es" : "s");
}

/// One walk over all hosts and their addresses.
class Round {
 public:
  Round(const ConnectPlan& plan, NameLookUps& names, const Clock& clock)
      : plan_(plan), names_(names), clock_(clock), began_(clock.steady_now()), hosts_left_(plan.hosts.size()) {}

  Opened run() {
    for (const ConnectOptions& host : plan_.hosts) {
      if (const std::string name = name_of(host); !name.empty()) {
        names_.begin(name);
      }
    }
    for (const ConnectOptions& host : plan_.hosts) {
      if (auto connection = try_host(host)) {
        return connection;
      }
      --hosts_left_;
    }
    if (tried_ + unresolved_ > 1) {
      worst_->words.insert(0, tally() + ": ");
    }
    if (is_away_ && worst_->code.empty()) {
      worst_->reaction = Reaction::kReconnect;  // What is away may come back, whatever has to be mended elsewhere.
    }
    return std::move(*worst_);
  }

  std::string detour() const {
    return mute_ == 0 ? ""
                      : tally() +
                            "; those that do not answer are passed at every connect (connect_timeout in "
                            "stores.postgres.uri says after how long)";
  }

 private:
  std::unique_ptr<Connection> try_host(const ConnectOptions& host) {
    const std::string name = name_of(host);
    if (name.empty()) {
      return try_place(host, 1);
    }
    const NameLookUps::Answer& answer = answer_for(name);
    if (answer.error != 0) {
      ++unresolved_;
      keep_worst(unresolved(answer.error));
      return nullptr;
    }
    // Now it is known to be a name.
    shown_ = is_fit_to_show(name) ? name : "";
    ConnectOptions place = host;
    for (std::size_t i = 0; i < answer.addresses.size(); ++i) {
      place["hostaddr"] = answer.addresses[i];
      if (auto connection = try_place(place, answer.addresses.size() - i)) {
        return connection;
      }
    }
    return nullptr;
  }

  /// One answer serves all hosts of a name.
  const NameLookUps::Answer& answer_for(const std::string& name) {
    const auto known = answers_.find(name);
    return known != answers_.end() ? known->second
                                   : answers_.emplace(name, names_.wait(name, began_ + kLookUpLimit)).first->second;
  }

  std::unique_ptr<Connection> try_place(const ConnectOptions& place, std::size_t left_of_host) {
    const TimePoint now = clock_.steady_now();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(began_ + kRoundLimit - now);
    const TimePoint deadline = now + plan_.limit.value_or(share_of_place(left, hosts_left_ * left_of_host));
    ++tried_;
    auto opened = Connection::open(place, deadline, clock_);
    if (opened.ok()) {
      return std::move(opened).value();
    }
    mute_ += clock_.steady_now() >= deadline ? 1U : 0U;
    keep_worst(std::move(opened).error());
    return nullptr;
  }

  void keep_worst(StoreError error) {
    is_away_ = is_away_ || telling(error) == 0;
    if (!worst_ || telling(error) > telling(*worst_)) {
      worst_ = std::move(error);
    }
  }

  /// "2 addresses of db.example tried, 1 of them silent"
  std::string tally() const {
    std::string words = counted(tried_, "address");
    if (plan_.hosts.size() > 1) {
      words += " of " + counted(plan_.hosts.size(), "host");
    } else if (!shown_.empty()) {
      words += " of " + shown_;
    }
    words += " tried";
    if (mute_ > 0) {
      words += ", " + std::to_string(mute_) + " of them silent";
    }
    return unresolved_ == 0 ? words : words + ", " + counted(unresolved_, "name") + " not resolved";
  }

  const ConnectPlan& plan_;
  NameLookUps& names_;
  const Clock& clock_;
  const TimePoint began_;
  std::size_t hosts_left_;
  std::map<std::string, NameLookUps::Answer> answers_;
  std::optional<StoreError> worst_;
  bool is_away_ = false;  ///< A place did not answer, or had no address.
  std::string shown_;
  std::size_t tried_ = 0;
  std::size_t mute_ = 0;
  std::size_t unresolved_ = 0;
};

}  // namespace

std::chrono::milliseconds share_of_place(std::chrono::milliseconds left, std::size_t places) {
  return std::clamp(left / static_cast<std::int64_t>(places), kPlaceLeast, kPlaceMost);
}

Opened Connector::open() {
  detour_.clear();
  auto plan = connect_plan(settings_);
  if (!plan) {
    return std::move(plan).error();
  }
  Round round(*plan, names_, clock_);
  auto opened = round.run();
  if (opened.ok()) {
    detour_ = round.detour();
  }
  return opened;
}

}  // namespace twinlog::postgres
