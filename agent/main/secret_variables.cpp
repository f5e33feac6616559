#include "agent/main/secret_variables.h"

#include <cstring>
#include <string_view>

namespace twinlog {

void wipe_variables(char** environment, const std::set<std::string>& names) {
  for (char** entry = environment; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos && names.contains(std::string(text.substr(0, equals)))) {
      explicit_bzero(*entry + equals + 1, text.size() - equals - 1);
    }
  }
}

}  // namespace twinlog
