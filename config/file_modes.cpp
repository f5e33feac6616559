#include "config/file_modes.h"

#include <sys/stat.h>

#include <array>
#include <cstdio>

#include "config/keys.h"
#include "config/printable.h"

namespace twinlog {
namespace {

constexpr mode_t kOthersMayRead = 0004;
constexpr mode_t kOthersMayWrite = 0002;

bool is_reference(std::string_view text) {
  return text.starts_with("${") && text.ends_with('}');
}

bool is_written_out(std::string_view password) {
  return !password.empty() && !is_reference(password);
}

std::string warning_of(const std::string& path, const std::string& what) {
  struct stat found {};
  if (path.empty() || ::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode) ||
      (found.st_mode & (kOthersMayRead | kOthersMayWrite)) == 0) {
    return "";
  }
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", found.st_mode & 07777U);
  return what + " " + printable(path) + " has mode " + mode.data() + ": every user of the host may " +
         ((found.st_mode & kOthersMayRead) != 0 ? "read" : "change") +
         " it; take that away (chmod o= FILE, or defaultMode: 0440 of a Kubernetes volume)";
}

/// The file that a key names and that holds a secret; "" when it names none.
std::string secret_file_of(const ConfigKey& key, Settings& settings) {
  if (const auto* const secret = std::get_if<SecretKey>(&key.rule)) {
    return secret->form == SecretKey::Form::kFile ? secret->place(settings).path() : "";
  }
  const auto* const text = std::get_if<TextKey>(&key.rule);
  return text != nullptr && !text->may_be_quoted ? text->place(settings) : "";
}

}  // namespace

bool shows_password(std::string_view written, bool is_password) {
  if (is_password) {
    return is_written_out(written);
  }
  const std::size_t scheme = written.find("://");
  const std::string_view rest = scheme == std::string_view::npos ? "" : written.substr(scheme + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  const std::size_t at = authority.rfind('@');
  const std::string_view user_info = at == std::string_view::npos ? "" : authority.substr(0, at);
  const std::size_t colon = user_info.find(':');
  if (colon != std::string_view::npos && is_written_out(user_info.substr(colon + 1))) {
    return true;
  }
  constexpr std::string_view kOption = "password=";
  const std::size_t option = rest.find(kOption);
  const std::string_view value = option == std::string_view::npos ? "" : rest.substr(option + kOption.size());
  return is_written_out(value.substr(0, value.find('&')));
}

std::vector<std::string> file_mode_warnings(const LoadedSettings& loaded) {
  Settings settings = loaded.settings;  // The table of keys hands out places, not values.
  std::vector<std::string> warnings{warning_of(loaded.is_file_secret ? settings.file : "", "the configuration")};
  for (const ConfigKey& key : config_keys()) {
    warnings.push_back(warning_of(secret_file_of(key, settings), "the file of " + std::string(key.path)));
  }
  std::erase(warnings, "");
  return warnings;
}

}  // namespace twinlog
