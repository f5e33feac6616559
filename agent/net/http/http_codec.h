// HTTP/1.x requests and responses as bytes, by Beast's parser and serializer. No I/O and no clock, so one pair of
// classes serves the intake and the admin endpoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/base/clock.h"

namespace twinlog {

/// What we look at of a request. A field that is repeated has its values joined by ", " (RFC 9110 section 5.3).
struct HttpRequest {
  std::string method;  ///< As sent; methods are case-sensitive.
  std::string path;    ///< Of a target in origin or absolute form, without its query; any other target as it is.
  std::string query;   ///< What follows the first "?".
  std::string content_type;
  std::string content_encoding;
  std::string transfer_encoding;
  std::string authorization;
  std::string expect;
  std::optional<std::string> idempotency_key;
  std::string body;
  bool keeps_alive = false;
};

/// Reads one request after the other.
class HttpRequestReader {
 public:
  struct Limits {
    std::size_t header_bytes = 0;
    std::size_t body_bytes = 0;
  };
  enum class Progress {
    kHeader,         ///< Needs more bytes of the header.
    kBody,           ///< The header is there, the body is not.
    kComplete,       ///< request() is whole.
    kHostUnclear,    ///< As kMalformed: no Host, or several (RFC 9112 section 3.2).
    kMalformed,      ///< Not HTTP, or a body that contradicts itself. Nothing that follows can be read.
    kHeaderTooLong,  ///< As kMalformed: the header is over the limit.
    kBodyTooLong,    ///< As kMalformed: the body is, or says it will be, over the limit.
  };

  explicit HttpRequestReader(const Limits& limits);
  ~HttpRequestReader();
  HttpRequestReader(const HttpRequestReader&) = delete;
  HttpRequestReader& operator=(const HttpRequestReader&) = delete;

  /// Takes bytes from the front and says how many; the rest is to be offered again, with more behind it. Stops behind
  /// the header, so that it can be judged before the body is read, and behind the body.
  std::size_t feed(std::string_view bytes);
  Progress progress() const { return progress_; }
  /// Whether a request has begun.
  bool has_begun() const { return parser_ != nullptr; }
  /// From here on the body is read and forgotten.
  void discard_body();
  std::size_t held_bytes() const;

  /// Complete from kBody on, but for the body.
  const HttpRequest& request() const;
  /// The complete request; the reader is then ready for the next.
  HttpRequest take();
  /// Forgets the request being read.
  void reset();

 private:
  class Parser;
  void fail(Progress how) { progress_ = how; }

  const Limits limits_;
  std::unique_ptr<Parser> parser_;  // Only while a request is being read: an idle connection holds none.
  std::size_t header_bytes_ = 0;
  Progress progress_ = Progress::kHeader;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields;
};
enum class AfterResponse { kKeepAlive, kClose };
enum class BodyShown { kYes, kNo };  ///< kNo: the answer to HEAD.

/// The response as it goes onto the wire; `now` is its Date.
std::string write_response(const HttpResponse& response, UtcMicros now, AfterResponse after,
                           BodyShown shown = BodyShown::kYes);
/// The interim response that asks for the body (RFC 9110 section 10.1.1).
std::string_view continue_response();

/// The Boost that reads and writes it.
std::string boost_version();

/// Equal but for the case of ASCII letters.
bool equals_ignoring_case(std::string_view left, std::string_view right);

}  // namespace twinlog
