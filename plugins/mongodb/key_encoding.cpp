#include "plugins/mongodb/key_encoding.h"

namespace twinlog::mongodb {

std::string encode_key(std::string_view key) {
  if (key.empty()) {
    return "%";
  }
  std::string encoded;
  encoded.reserve(key.size());
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = key[i];
    if (c == '%') {
      encoded += "%25";
    } else if (c == '.') {
      encoded += "%2E";
    } else if (c == '$' && i == 0) {
      encoded += "%24";
    } else {
      encoded.push_back(c);
    }
  }
  return encoded;
}

std::optional<std::string> decode_key(std::string_view encoded) {
  if (encoded == "%") {
    return "";
  }
  std::string key;
  key.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%') {
      key.push_back(encoded[i]);
      continue;
    }
    const std::string_view code = encoded.substr(i, 3);
    if (code == "%25") {
      key.push_back('%');
    } else if (code == "%2E") {
      key.push_back('.');
    } else if (code == "%24" && i == 0) {
      key.push_back('$');
    } else {
      return std::nullopt;
    }
    i += 2;
  }
  if (encode_key(key) != encoded) {
    return std::nullopt;
  }
  return key;
}

}  // namespace twinlog::mongodb
