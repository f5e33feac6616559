#include "plugins/postgres/library_version.h"

#include <libpq-fe.h>

namespace twinlog {

std::string libpq_version() {
  const int number = PQlibVersion();  // 150007 is 15.7.
  return std::to_string(number / 10000) + "." + std::to_string(number % 10000);
}

}  // namespace twinlog
