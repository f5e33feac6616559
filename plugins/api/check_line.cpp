#include "plugins/api/check_line.h"

#include <utility>

namespace twinlog {

CheckLine fine(std::string text) {
  return {.is_problem = false, .text = std::move(text)};
}

CheckLine problem(std::string text) {
  return {.is_problem = true, .text = std::move(text)};
}

CheckLine problem(const StoreError& error, std::string_view kind_of_code) {
  const std::string code = error.code.empty() ? "" : " (" + std::string(kind_of_code) + " " + error.code + ")";
  return problem(error.words + code);
}

}  // namespace twinlog
