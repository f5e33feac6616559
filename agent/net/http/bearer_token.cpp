#include "agent/net/http/bearer_token.h"

#include <sys/stat.h>

#include "agent/net/http/http_codec.h"

namespace twinlog {
namespace {

constexpr std::string_view kScheme = "Bearer ";

}  // namespace

BearerToken::BearerToken(const std::string& path) : path_(path) {
  if (!path.empty()) {
    secret_ = Secret::in_file(path);
  }
}

Status BearerToken::check_file() {
  if (!is_required()) {
    return {};
  }
  const auto token = secret_.reveal();
  if (!token) {
    return token.error();
  }
  if (token->empty()) {
    return Error(ErrorKind::kRefused, "intake.http.bearer_token_file " + path_ + " is empty; put a token into it");
  }
  return {};
}

void BearerToken::refresh() {
  struct stat found {};
  if (::stat(path_.c_str(), &found) != 0) {
    seen_.reset();
    token_.reset();
    return;
  }
  if (seen_ && seen_->device == found.st_dev && seen_->inode == found.st_ino && seen_->size == found.st_size &&
      seen_->changed.tv_sec == found.st_ctim.tv_sec && seen_->changed.tv_nsec == found.st_ctim.tv_nsec) {
    return;
  }
  seen_ = Identity{found.st_dev, found.st_ino, found.st_size, found.st_ctim};
  token_.reset();
  const auto token = secret_.reveal();
  if (token && !token->empty()) {
    token_ = sha256(*token);
  }
}

bool BearerToken::accepts(std::string_view authorization) {
  refresh();
  if (!token_ || authorization.size() <= kScheme.size() ||
      !equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return false;
  }
  authorization.remove_prefix(kScheme.size());
  return is_same_secret(sha256(authorization), *token_);
}

}  // namespace twinlog
