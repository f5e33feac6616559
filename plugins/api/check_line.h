// What a check found, of a store or of what the start will do.
#pragma once

#include <string>
#include <string_view>

#include "plugins/api/store_result.h"

namespace twinlog {

/// One finding. Problems come with what to do.
struct CheckLine {
  bool is_problem = false;
  std::string text;
};

CheckLine fine(std::string text);
CheckLine problem(std::string text);
/// With the error's code, where it has one, and what codes are called there: "code", "SQLSTATE".
CheckLine problem(const StoreError& error, std::string_view kind_of_code);

}  // namespace twinlog
