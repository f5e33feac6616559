#include "agent/main/activation.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <string_view>

namespace twinlog {
namespace {

constexpr int kFirstDescriptor = 3;  // SD_LISTEN_FDS_START
constexpr int kMostDescriptors = 16;

int number_of(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  int number = -1;
  if (found != environment.end()) {
    const std::string_view text = found->second;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
      number = -1;
    }
  }
  return number;
}

}  // namespace

std::vector<int> activated_sockets(const std::map<std::string, std::string>& environment) {
  const int count = number_of(environment, "LISTEN_FDS");
  if (number_of(environment, "LISTEN_PID") != getpid() || count < 1 || count > kMostDescriptors) {
    return {};
  }
  std::vector<int> descriptors;
  for (int descriptor = kFirstDescriptor; descriptor < kFirstDescriptor + count; ++descriptor) {
    fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    descriptors.push_back(descriptor);
  }
  return descriptors;
}

}  // namespace twinlog
