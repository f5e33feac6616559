// What the commands read from another process: an answer line, the health page, the spool's page, and an HTTP answer as
// it comes over a socket. Whoever listens there may be anybody.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "agent/cli/health_view.h"
#include "agent/cli/http_client.h"
#include "agent/cli/send_answer.h"
#include "agent/cli/spool_page.h"
#include "tests/fuzz/require.h"

namespace twinlog::fuzz {
namespace {

/// Listens on a socket of its own and gives every peer the same bytes.
class Stranger {
 public:
  Stranger() : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    std::string folder = "/tmp/twinlog-fuzz-XXXXXX";
    require(::mkdtemp(folder.data()) != nullptr, "there is a folder");
    path_ = folder + "/s";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
    require(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0, "there is a socket");
    require(::listen(socket_, 1) == 0, "the socket listens");
  }
  ~Stranger() {
    ::close(socket_);
    ::unlink(path_.c_str());
    ::rmdir(path_.substr(0, path_.rfind('/')).c_str());
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  HttpOutcome answer(std::string_view bytes) const {
    std::thread speaker([this, bytes] {
      const int peer = ::accept(socket_, nullptr, nullptr);
      char request = 0;
      std::string seen;
      while (!seen.ends_with("\r\n\r\n") && ::recv(peer, &request, 1, 0) == 1) {
        seen.push_back(request);
      }
      for (std::size_t sent = 0; sent < bytes.size();) {
        const ssize_t size = ::send(peer, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (size <= 0) {
          break;
        }
        sent += static_cast<std::size_t>(size);
      }
      ::close(peer);
    });
    HttpOutcome outcome = ask_socket(path_, {.method = "GET", .target = "/healthz"});
    speaker.join();
    return outcome;
  }

 private:
  int socket_;
  std::string path_;
};

void require_sound_page(std::string_view bytes) {
  if (const auto page = read_spool_page(bytes)) {
    const std::string written = spool_page_json(*page);
    const auto again = read_spool_page(written);
    require(again.has_value() && spool_page_json(*again) == written, "what was read is written and read as the same");
  }
}

void require_sound_outcome(std::string_view bytes) {
  static const Stranger stranger;
  const HttpOutcome outcome = stranger.answer(bytes);
  if (const auto* answer = std::get_if<HttpAnswer>(&outcome)) {
    require(answer->status <= 999, "a status has three digits");
    require(answer->body.size() <= bytes.size(), "a body is no longer than what was sent");
  } else {
    require(!std::get<HttpFailure>(outcome).words.empty(), "a failure says why");
  }
}

void run(std::uint8_t choice, std::string_view bytes) {
  switch (choice % 4) {
    case 0:
      if (const auto view = read_health(bytes)) {
        require(!health_text(*view, Colours::kOff).empty(), "a page is shown");
      }
      break;
    case 1:
      require_sound_page(bytes);
      break;
    case 2:
      if (const auto answer = parse_answer(bytes)) {
        require(answer->retry_after >= kBusyWaitLeast && answer->retry_after <= kBusyWaitMost, "a wait has its bounds");
      }
      static_cast<void>(has_log_id(bytes));
      break;
    default:
      require_sound_outcome(bytes);
  }
}

}  // namespace
}  // namespace twinlog::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT: libFuzzer's name
  if (size > 0) {
    twinlog::fuzz::run(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
  }
  return 0;
}
