#include "tests/net/intake_rig.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace twinlog::testing {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "twinlog-net-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    std::abort();
  }
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TemporaryFolder::write(const std::string& name, std::string_view content) const {
  std::ofstream(file(name), std::ios::binary | std::ios::trunc) << content;
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

IntakeRig::IntakeRig() {
  settings.unix_socket.path = folder.file("events.sock");
  settings.http.listen = "127.0.0.1:0";
}

Status IntakeRig::start(const std::vector<int>& activated) {
  auto started = start_intake_server(settings, limits, {intake, counters, random}, activated);
  if (!started) {
    return started.error();
  }
  server = *std::move(started);
  return {};
}

std::string event(const std::string& log_id) {
  return R"({"tenant_id":"t","log_id":")" + log_id + R"(","event_type":"login_failed","occurred_at":1700000000000})";
}

std::string big_event(const std::string& log_id, std::size_t bytes) {
  const std::string small = event(log_id);
  return small + std::string(bytes > small.size() ? bytes - small.size() : 0, ' ');
}

std::string answer(const std::string& status, const std::string& log_id) {
  return R"({"status":")" + status + R"(","tenant_id":"t","log_id":")" + log_id + R"("})";
}

std::string post(std::string_view body, std::string_view content_type, std::string_view more_fields) {
  std::string request = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: ";
  request += std::to_string(body.size()) + "\r\n";
  if (!content_type.empty()) {
    request.append("Content-Type: ").append(content_type).append("\r\n");
  }
  return request.append(more_fields).append("\r\n").append(body);
}

}  // namespace twinlog::testing
