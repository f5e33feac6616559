#include "tests/mongodb/cutting_proxy.h"

#include <sys/socket.h>

#include <utility>

namespace twinlog::testing {

CuttingProxy::CuttingProxy(std::uint16_t server_port)
    : server_port_(server_port),
      listening_(Socket::listening()),
      port_(listening_.port()),
      thread_([this] { serve(); }) {}

CuttingProxy::~CuttingProxy() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    if (current_ >= 0) {
      ::shutdown(current_, SHUT_RDWR);
    }
  }
  listening_.shut_down();
  thread_.join();
}

void CuttingProxy::cut_at(unsigned number, Cut cut) {
  const std::lock_guard lock(mutex_);
  commands_until_cut_ = number;
  cut_ = cut;
  has_cut_ = false;
}

void CuttingProxy::cut_never() {
  const std::lock_guard lock(mutex_);
  commands_until_cut_ = 0;
}

void CuttingProxy::before(const std::string& command, std::function<void()> what) {
  const std::lock_guard lock(mutex_);
  hooks_[command] = std::move(what);
}

void CuttingProxy::refuse(Refusal refusal) {
  const std::lock_guard lock(mutex_);
  const std::string command = refusal.command;
  refusals_[command] = std::move(refusal);
}

void CuttingProxy::refuse_nothing() {
  const std::lock_guard lock(mutex_);
  refusals_.clear();
}

bool CuttingProxy::has_cut() const {
  const std::lock_guard lock(mutex_);
  return has_cut_;
}

std::vector<std::string> CuttingProxy::commands() const {
  const std::lock_guard lock(mutex_);
  return commands_;
}

void CuttingProxy::clear_commands() {
  const std::lock_guard lock(mutex_);
  commands_.clear();
}

void CuttingProxy::set_current(int fd) {
  const std::lock_guard lock(mutex_);
  current_ = fd;
  if (is_ending_ && fd >= 0) {
    ::shutdown(fd, SHUT_RDWR);
  }
}

void CuttingProxy::serve() {
  while (true) {
    const Socket client = listening_.accept();
    if (!client.is_open()) {
      return;
    }
    set_current(client.fd());
    serve_connection(client);
    set_current(-1);
  }
}

void CuttingProxy::serve_connection(const Socket& client) {
  const Socket server = Socket::connected_to(server_port_);
  while (const auto request = client.read_frame()) {
    const auto cut = count(*request);
    if (const auto hook = take_hook(*request)) {
      hook();
    }
    if (cut == Cut::kBeforeServer) {
      return;
    }
    const auto reply = reply_to(*request, server);
    if (!reply || cut == Cut::kReplyLost || !client.write(reply->bytes)) {
      return;
    }
  }
}

std::optional<Frame> CuttingProxy::reply_to(const Frame& request, const Socket& server) {
  const auto ask = [&server](const Frame& frame) {
    return server.write(frame.bytes) ? server.read_frame() : std::nullopt;
  };
  std::optional<Refusal> refusal;
  {
    const std::lock_guard lock(mutex_);
    const auto found = refusals_.find(request.command() + " " + request.target());
    if (found != refusals_.end()) {
      refusal = found->second;
    }
  }
  return refusal ? reply_with(*refusal, request, ask) : ask(request);
}

std::function<void()> CuttingProxy::take_hook(const Frame& frame) {
  const std::lock_guard lock(mutex_);
  auto found = hooks_.extract(frame.command() + " " + frame.target());
  return found.empty() ? nullptr : std::move(found.mapped());
}

std::optional<Cut> CuttingProxy::count(const Frame& frame) {
  const std::string command = frame.command();
  const std::lock_guard lock(mutex_);
  if (command.empty() || command == "ping" || command == "hello" || command == "isMaster" || command == "ismaster") {
    return std::nullopt;
  }
  commands_.push_back(command + " " + frame.target());
  if (commands_until_cut_ == 0 || --commands_until_cut_ > 0) {
    return std::nullopt;
  }
  has_cut_ = true;
  return cut_;
}

}  // namespace twinlog::testing
