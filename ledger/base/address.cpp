#include "ledger/base/address.h"

#include <cstddef>
#include <cstring>

namespace twinlog {

std::string_view unix_path_of(std::string_view listen) {
  return listen.starts_with(kUnixPrefix) ? listen.substr(kUnixPrefix.size()) : "";
}

std::optional<HostPort> split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return std::nullopt;
  }
  std::string_view host = text.substr(0, colon);
  const bool has_brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (has_brackets) {
    host = host.substr(1, host.size() - 2);
  }
  return HostPort{std::string(host), std::string(text.substr(colon + 1)), has_brackets};
}

UnixAddress::UnixAddress(std::size_t at, std::string_view text)
    : size_(static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + at + text.size())) {
  address_.sun_family = AF_UNIX;
  std::memcpy(address_.sun_path + at, text.data(), text.size());
}

std::optional<UnixAddress> UnixAddress::of_path(std::string_view path) {
  if (path.empty() || path.size() > kBytesMost || path.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  return UnixAddress(0, path);
}

std::optional<UnixAddress> UnixAddress::of_abstract(std::string_view name) {
  if (name.size() + 1 > kBytesMost) {
    return std::nullopt;
  }
  return UnixAddress(1, name);
}

}  // namespace twinlog
