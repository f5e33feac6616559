#include "plugins/mongodb/library_version.h"

#include <mongoc/mongoc.h>

namespace twinlog {

std::string mongoc_version() {
  return mongoc_get_version();
}

}  // namespace twinlog
