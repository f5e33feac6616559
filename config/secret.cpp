#include "config/read_file.h"
#include "config/settings.h"
#include "config/value_shapes.h"

namespace twinlog {

Secret Secret::literal(std::string value) {
  Secret secret;
  secret.value_ = std::move(value);
  return secret;
}

Secret Secret::in_file(std::string path) {
  Secret secret;
  secret.path_ = std::move(path);
  return secret;
}

Result<std::string> Secret::reveal() const {
  if (!is_file()) {
    return value_;
  }
  auto content = read_file(path_, kSecretFileBytesMost);
  if (!content) {
    return Error(content.error().kind(), "the secret file " + content.error().message());
  }
  content->resize(without_line_end(*content).size());
  // An empty address or password would silently mean "the default" to a client library.
  if (content->empty()) {
    return Error(ErrorKind::kRefused, "the secret file " + path_ + " is empty: write the secret into it");
  }
  if (content->find('\0') != std::string::npos) {
    return Error(ErrorKind::kRefused, "the secret file " + path_ + " holds a NUL byte: write the secret as text");
  }
  if (has_line_end(*content)) {
    return Error(ErrorKind::kRefused, "the secret file " + path_ + " holds more than one line: write the secret alone");
  }
  return content;
}

}  // namespace twinlog
