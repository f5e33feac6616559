#include "agent/net/http/http_codec.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/version.hpp>
#include <ctime>

namespace twinlog {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using beast::error_code;
using beast::string_view;

// Bytes between the parts of a chunked body (extensions, trailers) that the parser waits to see whole.
constexpr std::size_t kUnparsedMost = 80U << 10U;

constexpr unsigned kHttp11 = 11;
constexpr std::string_view kIdempotencyKey = "Idempotency-Key";

/// The fields of HttpRequest by their names.
std::string* member_of(HttpRequest& request, http::field name) {
  switch (name) {
    case http::field::content_type:
      return &request.content_type;
    case http::field::content_encoding:
      return &request.content_encoding;
    case http::field::transfer_encoding:
      return &request.transfer_encoding;
    case http::field::authorization:
      return &request.authorization;
    case http::field::expect:
      return &request.expect;
    default:
      return nullptr;
  }
}

/// RFC 9112 section 3.2.2: a server takes the absolute form, too, whatever host it names.
string_view without_origin(string_view target) {
  for (const string_view scheme : {string_view("http://"), string_view("https://")}) {
    if (beast::iequals(target.substr(0, scheme.size()), scheme)) {
      const std::size_t path = target.find_first_of("/?", scheme.size());
      return path == string_view::npos ? "/" : target.substr(path);
    }
  }
  return target;
}

/// "Fri, 27 Nov 2026 03:41:03 GMT" (RFC 9110 section 5.6.7).
std::string http_date(UtcMicros now) {
  constexpr UtcMicros kMicrosPerSecond = 1'000'000;
  const time_t seconds = now / kMicrosPerSecond;
  std::tm parts{};
  std::array<char, 64> text{};
  ::gmtime_r(&seconds, &parts);
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

template <typename Body>
std::string serialized(http::response<Body>& message) {
  std::string out;
  http::serializer<false, Body> serializer(message);
  error_code failed;
  while (!serializer.is_done() && !failed) {
    serializer.next(failed, [&](error_code&, const auto& buffers) {
      std::size_t size = 0;
      for (const boost::asio::const_buffer buffer : beast::buffers_range_ref(buffers)) {
        out.append(static_cast<const char*>(buffer.data()), buffer.size());
        size += buffer.size();
      }
      serializer.consume(size);
    });
  }
  return out;
}

template <typename Body>
void set_header(http::response<Body>& message, const HttpResponse& response, UtcMicros now, AfterResponse after) {
  message.version(kHttp11);
  message.result(response.status);
  message.set(http::field::date, http_date(now));
  message.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.fields) {
    message.set(name, value);
  }
  message.content_length(response.body.size());
  message.keep_alive(after == AfterResponse::kKeepAlive);
}

}  // namespace

/// Keeps of a request what HttpRequest has room for; everything else is parsed, checked and forgotten.
class HttpRequestReader::Parser final : public http::basic_parser<true> {
 public:
  HttpRequest request;
  bool is_body_discarded = false;
  bool is_http_11 = false;
  std::size_t hosts = 0;

 private:
  void on_request_impl(http::verb /*method*/, string_view method, string_view target, int version,
                       error_code& /*failed*/) override {
    is_http_11 = version == static_cast<int>(kHttp11);
    request.method = std::string(method);
    target = without_origin(target);
    const std::size_t mark = target.find('?');
    request.path = std::string(target.substr(0, mark));
    request.query = mark == string_view::npos ? std::string() : std::string(target.substr(mark + 1));
  }
  void on_response_impl(int /*code*/, string_view /*reason*/, int /*version*/, error_code& /*failed*/) override {}
  void on_field_impl(http::field name, string_view text, string_view value, error_code& /*failed*/) override {
    if (is_header_done()) {
      return;  // Trailers say nothing to us.
    }
    hosts += name == http::field::host ? 1U : 0U;
    if (name == http::field::unknown && equals_ignoring_case({text.data(), text.size()}, kIdempotencyKey)) {
      auto& key = request.idempotency_key;
      key = key ? *key + ", " : "";
      key->append(value.data(), value.size());
    } else if (std::string* member = member_of(request, name); member != nullptr) {
      member->append(member->empty() ? "" : ", ").append(value.data(), value.size());
    }
  }
  void on_header_impl(error_code& /*failed*/) override {
    if (!is_http_11) {
      request.expect.clear();  // RFC 9110 section 10.1.1: HTTP/1.0 knows no interim responses.
    }
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/, error_code& /*failed*/) override {}
  std::size_t on_body_impl(string_view body, error_code& /*failed*/) override {
    if (!is_body_discarded) {
      request.body.append(body.data(), body.size());
    }
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t /*size*/, string_view /*extensions*/, error_code& /*failed*/) override {}
  std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, string_view body, error_code& failed) override {
    return on_body_impl(body, failed);
  }
  void on_finish_impl(error_code& /*failed*/) override {}
};

HttpRequestReader::HttpRequestReader(const Limits& limits) : limits_(limits) {}
HttpRequestReader::~HttpRequestReader() = default;

std::size_t HttpRequestReader::feed(std::string_view bytes) {
  std::size_t taken = 0;
  if (parser_ == nullptr) {
    // RFC 9112 section 2.2: empty lines before a request are ignored.
    taken = std::min(bytes.find_first_not_of("\r\n"), bytes.size());
    if (taken == bytes.size()) {
      return taken;
    }
    parser_ = std::make_unique<Parser>();
    parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
    parser_->body_limit(limits_.body_bytes);
    header_bytes_ = 0;
  }
  error_code failed;
  const Progress before = progress_;
  while (taken < bytes.size() && !failed && progress_ == before &&
         (progress_ == Progress::kHeader || progress_ == Progress::kBody)) {
    const std::size_t size =
        parser_->put(boost::asio::const_buffer(bytes.data() + taken, bytes.size() - taken), failed);
    taken += size;
    header_bytes_ += before == Progress::kHeader ? size : 0;
    if (header_bytes_ > limits_.header_bytes) {
      failed = http::error::header_limit;
    } else if (!failed && parser_->is_done()) {
      progress_ = Progress::kComplete;
    } else if (!failed && parser_->is_header_done()) {
      progress_ = Progress::kBody;
    }
  }
  if (before == Progress::kHeader && (progress_ == Progress::kBody || progress_ == Progress::kComplete) &&
      parser_->hosts != 1 && (parser_->is_http_11 || parser_->hosts > 1)) {
    fail(Progress::kHostUnclear);
  }
  if (failed == http::error::header_limit) {
    fail(Progress::kHeaderTooLong);
  } else if (failed == http::error::body_limit) {
    fail(Progress::kBodyTooLong);
  } else if (failed && (failed != http::error::need_more || bytes.size() - taken > kUnparsedMost)) {
    fail(Progress::kMalformed);
  }
  return taken;
}

void HttpRequestReader::discard_body() {
  parser_->is_body_discarded = true;
  std::string().swap(parser_->request.body);
}

std::size_t HttpRequestReader::held_bytes() const {
  return parser_ == nullptr ? 0 : sizeof(Parser) + header_bytes_ + parser_->request.body.capacity();
}

const HttpRequest& HttpRequestReader::request() const {
  return parser_->request;
}

HttpRequest HttpRequestReader::take() {
  // HTTP/1.0 keeps alive only what is announced in the answer, and nobody who matters still asks for that.
  parser_->request.keeps_alive = parser_->is_http_11 && parser_->keep_alive();
  HttpRequest request = std::move(parser_->request);
  reset();
  return request;
}

void HttpRequestReader::reset() {
  parser_.reset();
  progress_ = Progress::kHeader;
}

std::string write_response(const HttpResponse& response, UtcMicros now, AfterResponse after, BodyShown shown) {
  if (shown == BodyShown::kNo) {
    http::response<http::empty_body> message;
    set_header(message, response, now, after);
    return serialized(message);
  }
  http::response<http::string_body> message;
  set_header(message, response, now, after);
  message.body() = response.body;
  return serialized(message);
}

std::string_view continue_response() {
  return "HTTP/1.1 100 Continue\r\n\r\n";
}

std::string boost_version() {
  constexpr int kMajor = BOOST_VERSION / 100000;
  constexpr int kMinor = BOOST_VERSION / 100 % 1000;
  return std::to_string(kMajor) + "." + std::to_string(kMinor) + "." + std::to_string(BOOST_VERSION % 100);
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return beast::iequals({left.data(), left.size()}, {right.data(), right.size()});
}

}  // namespace twinlog
