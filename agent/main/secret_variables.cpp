#include "agent/main/secret_variables.h"

#include <cstring>
#include <string>
#include <string_view>

#include "config/environment.h"
#include "config/keys.h"

namespace twinlog {

void wipe_secret_variables(char** environment) {
  for (const ConfigKey& key : config_keys()) {
    if (!std::holds_alternative<SecretKey>(key.rule)) {
      continue;
    }
    const std::string start = variable_of(key.path) + "=";
    for (char** entry = environment; *entry != nullptr; ++entry) {
      if (std::string_view(*entry).starts_with(start)) {
        explicit_bzero(*entry + start.size(), std::strlen(*entry) - start.size());
      }
    }
  }
}

}  // namespace twinlog
