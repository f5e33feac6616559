// Listening sockets: a socket file, host:port, or one that was opened for us. Plain POSIX; nothing here blocks for
// long.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "ledger/base/descriptor.h"
#include "ledger/base/result.h"

namespace twinlog {

/// Which file lies at a path now; compared later, it tells whether it still does.
struct FilePlace {
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;

  /// Nothing where no file lies there, as for an address without a file.
  static std::optional<FilePlace> at(const std::string& path);
  bool still_holds() const;
};

/// The path of a socket that we bound. Removes it when it goes, if the path is still that very socket.
class SocketFile {
 public:
  SocketFile() = default;
  explicit SocketFile(const std::string& path) : place_(FilePlace::at(path)) {}
  SocketFile(SocketFile&& other) noexcept { place_.swap(other.place_); }
  SocketFile& operator=(SocketFile&& other) noexcept {
    place_.swap(other.place_);
    return *this;
  }
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile();

 private:
  std::optional<FilePlace> place_;
};

/// A socket in the listening state, non-blocking and close-on-exec.
struct Listener {
  enum class Family { kUnix, kTcp };
  Descriptor descriptor;
  Family family = Family::kUnix;
  std::string address;  ///< "host:port" with the real port, or the path.
  SocketFile file;      ///< Empty for TCP and for adopted sockets.
  /// The folder of a socket file where everybody may write and that is not sticky: each of them may
  /// put a socket of his own into the place of ours. "" where that is not so.
  std::string open_folder;
};

/// Listens on a socket file with exactly this mode, whatever the umask is; the file is never wider than that for a
/// moment, and no other file's mode is ever touched, whatever somebody puts into its place meanwhile. A stale socket
/// file (nobody answers) is replaced. kRefused: the path is too long (over 107 bytes), is not a socket, or a live
/// process listens there; or the system's reason. `setting` is the key to change, for the message.
Result<Listener> listen_unix(const std::string& path, unsigned mode, std::string_view setting = "intake.unix.path");

/// Listens on "host:port" or "[v6]:port"; port 0 is any free one. The first address of the host that can be bound. "::"
/// is every address of the host, IPv4 too; IPv4 alone where this kernel has no IPv6.
Result<Listener> listen_tcp(const std::string& host_port);

/// Takes over a socket that was opened for us (socket activation). kRefused when it is not a listening stream socket of
/// either family.
Result<Listener> adopt_listener(int descriptor);

}  // namespace twinlog
