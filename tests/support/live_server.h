// Starts a real store server of packaging/stores/run for a test and stops it again.
#pragma once

#include <sys/types.h>

#include <string>

namespace twinlog::testing {

/// One running server with data in a temporary folder. Failing to start aborts the test binary with the server's
/// own words on standard error.
class LiveServer {
 public:
  /// "postgres", "ferretdb" or "mongo-java-server"
  explicit LiveServer(const std::string& kind);
  ~LiveServer();
  LiveServer(const LiveServer&) = delete;
  LiveServer& operator=(const LiveServer&) = delete;

  const std::string& uri() const { return uri_; }
  const std::string& folder() const { return folder_; }
  /// Stops the server and keeps the data; start_again() may give another port.
  void stop();
  void start_again();

 private:
  void start();
  std::string kind_;
  std::string folder_;
  std::string uri_;
  pid_t pid_ = -1;
  int stdin_ = -1;
};

}  // namespace twinlog::testing
