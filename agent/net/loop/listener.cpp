#include "agent/net/loop/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>

#include "ledger/base/address.h"

namespace twinlog {
namespace {

constexpr int kBacklog = 4096;  // The kernel lowers it to net.core.somaxconn.

std::string reason(int error) {
  return std::generic_category().message(error);
}

Error refused(const std::string& what, const std::string& address, const std::string& why) {
  return {ErrorKind::kRefused, what + " " + address + ": " + why};
}

Error cannot_listen(const std::string& address, const std::string& why) {
  return refused("cannot listen on", address, why);
}

/// The socket's own folder is made where only it is missing, as /run is empty after every boot. Senders of other users
/// must get to the socket, whose own mode decides.
Status make_folder_of(const std::string& path, std::string_view setting) {
  constexpr mode_t kFolderMode = 0755;
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) {
    return {};
  }
  const std::string folder = path.substr(0, slash);
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return cannot_listen(path, "the folder " + folder + " cannot be made: " + reason(errno) + "; make it, or set " +
                                   std::string(setting) + " to a place that this user can write to");
  }
  return {};
}

/// Removes what a dead process left at `path`; an Error when something else is there.
Status clear_stale_socket(const std::string& path, const UnixAddress& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? Status() : cannot_listen(path, reason(errno));
  }
  if (!S_ISSOCK(found.st_mode)) {
    return cannot_listen(path, "something that is not a socket is there; move it away");
  }
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.is_open()) {
    return cannot_listen(path, reason(errno));
  }
  if (::connect(probe.get(), address.get(), address.size()) == 0 || errno == EAGAIN) {
    return cannot_listen(path, "in use by a live process; stop it or choose another path");
  }
  if (errno != ECONNREFUSED) {
    return cannot_listen(path, "the socket there cannot be probed: " + reason(errno));
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return cannot_listen(path, "the stale socket there cannot be removed: " + reason(errno));
  }
  return {};
}

std::string host_port_text(const sockaddr_storage& address, socklen_t size) {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "";
  }
  return address.ss_family == AF_INET6 ? "[" + std::string(host) + "]:" + port : std::string(host) + ":" + port;
}

/// Gives the socket file at `path`, just bound, this mode, where it has another one (the umask's doing). By a handle of
/// the file itself: a link in its place is neither followed nor changed.
Status set_mode(const std::string& path, mode_t mode) {
  constexpr mode_t kModeBits = 07777;
  const Descriptor file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat found {};
  if (!file.is_open() || ::fstat(file.get(), &found) != 0) {
    return cannot_listen(path, reason(errno));
  }
  if (!S_ISSOCK(found.st_mode)) {
    return cannot_listen(path, "somebody put something else into the socket's place; see who may write to its folder");
  }
  if ((found.st_mode & kModeBits) == mode) {
    return {};
  }
  if (::chmod(("/proc/self/fd/" + std::to_string(file.get())).c_str(), mode) != 0) {
    return cannot_listen(path, "this file system cannot set a socket's mode (" + reason(errno) +
                                   "); put the socket on another one, such as a tmpfs, or start twinlog with a umask "
                                   "that leaves the mode as it is asked for");
  }
  return {};
}

/// The folder of `path` where strangers may replace what lies in it.
std::string open_folder_of(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/'));
  struct stat found {};
  const bool is_open =
      ::stat(folder.c_str(), &found) == 0 && (found.st_mode & S_IWOTH) != 0 && (found.st_mode & S_ISVTX) == 0;
  return is_open ? folder : "";
}

bool has_ipv6() {
  return Descriptor(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)).is_open();
}

/// A socket bound and listening at `at`, or errno in `error`. The wildcard of IPv6 takes IPv4, too.
Descriptor bind_tcp(const addrinfo& at, int& error) {
  Descriptor descriptor(::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  const int off = 0;
  if (descriptor.is_open() && ::setsockopt(descriptor.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
      (at.ai_family != AF_INET6 || ::setsockopt(descriptor.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0) &&
      ::bind(descriptor.get(), at.ai_addr, at.ai_addrlen) == 0 && ::listen(descriptor.get(), kBacklog) == 0) {
    return descriptor;
  }
  error = errno;
  return {};
}

/// An abstract name as systemd.socket(5) writes it: "@name".
std::string unix_path_text(const sockaddr_un& address, socklen_t size) {
  constexpr std::size_t kPathAt = offsetof(sockaddr_un, sun_path);
  const bool is_abstract = size > kPathAt && address.sun_path[0] == '\0';
  return is_abstract ? "@" + std::string(address.sun_path + 1, size - kPathAt - 1) : address.sun_path;
}

Result<Listener> described(Descriptor descriptor, SocketFile file) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(descriptor.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return Error(ErrorKind::kRefused, "a listening socket has no address: " + reason(errno));
  }
  Listener listener;
  listener.descriptor = std::move(descriptor);
  listener.file = std::move(file);
  if (address.ss_family == AF_UNIX) {
    listener.family = Listener::Family::kUnix;
    listener.address = unix_path_text(reinterpret_cast<const sockaddr_un&>(address), size);
  } else {
    listener.family = Listener::Family::kTcp;
    listener.address = host_port_text(address, size);
  }
  return listener;
}

}  // namespace

std::optional<FilePlace> FilePlace::at(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    return std::nullopt;
  }
  return FilePlace{path, found.st_dev, found.st_ino};
}

bool FilePlace::still_holds() const {
  const std::optional<FilePlace> now = at(path);
  return now && now->device == device && now->inode == inode;
}

SocketFile::~SocketFile() {
  if (place_ && place_->still_holds()) {
    ::unlink(place_->path.c_str());
  }
}

Result<Listener> listen_unix(const std::string& path, unsigned mode, std::string_view setting) {
  const auto address = UnixAddress::of_path(path);
  if (!address) {
    return cannot_listen(path, "a socket path has 1 to 107 bytes; choose a shorter one");
  }
  if (const Status made = make_folder_of(path, setting); !made) {
    return made.error();
  }
  if (const Status cleared = clear_stale_socket(path, *address); !cleared) {
    return cleared.error();
  }
  Descriptor descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // The mode of the unbound socket, less the umask, is what bind() gives the file: never wider than asked for.
  // set_mode() afterwards takes the umask's effect back.
  if (!descriptor.is_open() || ::fchmod(descriptor.get(), mode) != 0 ||
      ::bind(descriptor.get(), address->get(), address->size()) != 0) {
    return cannot_listen(path, reason(errno));
  }
  SocketFile file(path);
  if (const Status set = set_mode(path, mode); !set) {
    return set.error();
  }
  if (::listen(descriptor.get(), kBacklog) != 0) {
    return cannot_listen(path, reason(errno));
  }
  auto listener = described(std::move(descriptor), std::move(file));
  if (listener) {
    listener->open_folder = open_folder_of(path);
  }
  return listener;
}

Result<Listener> listen_tcp(const std::string& host_port) {
  const auto parts = split_host_port(host_port);
  if (!parts) {
    return cannot_listen(host_port, "an address is host:port, for instance 127.0.0.1:8840");
  }
  const std::string host = parts->host == "::" && !has_ipv6() ? "0.0.0.0" : parts->host;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.empty() ? nullptr : host.c_str(), parts->port.c_str(), &hints, &found);
  if (failure != 0) {
    return cannot_listen(host_port, ::gai_strerror(failure));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  int error = EADDRNOTAVAIL;
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    Descriptor descriptor = bind_tcp(*at, error);
    if (descriptor.is_open()) {
      return described(std::move(descriptor), {});
    }
  }
  return cannot_listen(host_port, reason(error));
}

Result<Listener> adopt_listener(int descriptor) {
  Descriptor owned(descriptor);
  const std::string name = "descriptor " + std::to_string(descriptor);
  int listening = 0;
  int type = 0;
  int domain = 0;
  socklen_t size = sizeof(int);
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 ||
      ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
      ::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) {
    return refused("cannot use the activated", name, reason(errno));
  }
  if (listening == 0 || type != SOCK_STREAM || (domain != AF_UNIX && domain != AF_INET && domain != AF_INET6)) {
    return refused("cannot use the activated", name, "it is not a listening Unix or TCP stream socket");
  }
  const int flags = ::fcntl(descriptor, F_GETFL);
  if (flags < 0 || ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0 ||
      ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
    return refused("cannot use the activated", name, reason(errno));
  }
  return described(std::move(owned), {});
}

}  // namespace twinlog
