#include "plugins/postgres/connect_names.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "ledger/base/thread_name.h"
#include "ledger/base/wakeup.h"

namespace twinlog::postgres {
namespace {

NameLookUps::Answer ask_resolver(const std::string& name, int flags) {
  addrinfo wanted{};
  wanted.ai_flags = flags;
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  NameLookUps::Answer answer;
  answer.error = getaddrinfo(name.c_str(), nullptr, &wanted, &found);
  if (answer.error != 0) {
    return answer;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, &freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0 &&
        std::ranges::find(answer.addresses, text) == answer.addresses.end()) {
      answer.addresses.emplace_back(text);
    }
  }
  answer.error = answer.addresses.empty() ? EAI_NONAME : 0;
  return answer;
}

}  // namespace

/// Shared by the asker and the thread: whoever goes last takes it along.
struct NameLookUps::LookUp {
  void finish(Answer with) {
    const std::scoped_lock lock(mutex);
    answer = std::move(with);
    changed.wake();
  }
  std::optional<Answer> finished() {
    const std::scoped_lock lock(mutex);
    return answer;
  }

  Wakeup changed;
  std::mutex mutex;
  std::optional<Answer> answer;
};

void NameLookUps::begin(const std::string& name) {
  const TimePoint now = clock_.steady_now();
  Asked& asked = asked_[name];
  if (asked.look_up != nullptr) {
    const std::optional<Answer> late = asked.look_up->finished();
    if (!late || (late->error == 0 && now - asked.at < kLateAnswerMost)) {
      return;
    }
  }
  asked = {std::make_shared<LookUp>(), now};
  try {
    std::thread([name, look_up = asked.look_up] {
      name_this_thread("name-look-up");
      look_up->finish(ask_resolver(name, 0));
    }).detach();  // It holds nothing but its own.
  } catch (const std::system_error&) {
    asked.look_up->finish({.error = EAI_AGAIN, .addresses = {}});  // No thread to be had.
  }
}

NameLookUps::Answer NameLookUps::wait(const std::string& name, TimePoint deadline) {
  const std::shared_ptr<LookUp> look_up = asked_.at(name).look_up;
  while (true) {
    if (std::optional<Answer> answer = look_up->finished()) {
      asked_.erase(name);
      return in_turn(std::move(*answer));
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_.steady_now());
    if (left.count() <= 0) {
      return {.error = EAI_INPROGRESS, .addresses = {}};
    }
    look_up->changed.wait_for(left);
  }
}

NameLookUps::Answer NameLookUps::in_turn(Answer answer) {
  std::vector<std::string>& addresses = answer.addresses;
  if (addresses.size() > kAddressesMost) {
    const std::size_t first = turn_++ * kAddressesMost % addresses.size();
    std::rotate(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(first), addresses.end());
    addresses.resize(kAddressesMost);
  }
  return answer;
}

bool is_numeric_address(const std::string& host) {
  return ask_resolver(host, AI_NUMERICHOST).error == 0;
}

}  // namespace twinlog::postgres
