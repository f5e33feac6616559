#include "tests/support/live_server.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

namespace twinlog::testing {
namespace {

std::string first_line(int fd) {
  std::string line;
  char c = 0;
  while (read(fd, &c, 1) == 1 && c != '\n') {
    line.push_back(c);
  }
  return line;
}

[[noreturn]] void give_up(const std::string& words) {
  std::fprintf(stderr, "live server: %s\n", words.c_str());
  std::exit(1);
}

}  // namespace

LiveServer::LiveServer(const std::string& kind) : kind_(kind) {
  std::string folder = (std::filesystem::temp_directory_path() / "twinlog-live-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    give_up("cannot create a temporary folder");
  }
  folder_ = folder;
  start();
}

LiveServer::~LiveServer() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void LiveServer::start() {
  int in[2];
  int out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
    give_up("no pipe");
  }
  pid_ = fork();
  if (pid_ == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    const std::string program = std::string(TWINLOG_SOURCE_DIR) + "/packaging/stores/run";
    execl(program.c_str(), program.c_str(), kind_.c_str(), folder_.c_str(), nullptr);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  stdin_ = in[1];
  uri_ = first_line(out[0]);
  close(out[0]);
  if (pid_ < 0 || uri_.empty()) {
    give_up(kind_ + " did not start");
  }
}

void LiveServer::stop() {
  if (pid_ <= 0) {
    return;
  }
  close(stdin_);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
}

void LiveServer::start_again() {
  stop();
  start();
}

}  // namespace twinlog::testing
