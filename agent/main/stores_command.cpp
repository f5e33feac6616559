#include "agent/main/stores_command.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/main/check_lines.h"
#include "agent/main/exit_code.h"
#include "plugins/mongodb/mongodb_store.h"
#include "plugins/postgres/postgres_store.h"

namespace twinlog {
namespace {

struct NamedAdmin {
  std::string name;
  std::unique_ptr<StoreAdmin> admin;  ///< Null: turned off.
};

std::vector<NamedAdmin> admins(const Settings& settings) {
  std::vector<NamedAdmin> all;
  all.push_back({"postgres", settings.postgres.enabled ? make_postgres_admin(settings.postgres) : nullptr});
  all.push_back({"mongodb", settings.mongodb.enabled ? make_mongodb_admin(settings.mongodb) : nullptr});
  return all;
}

void print_disabled(std::ostream& out, const std::string& store) {
  out << store << ": turned off in the configuration; there is no second copy\n";
}

}  // namespace

int check_stores(const Settings& settings, std::ostream& out) {
  bool is_fine = true;
  for (const NamedAdmin& named : admins(settings)) {
    if (named.admin == nullptr) {
      print_disabled(out, named.name);
      continue;
    }
    is_fine = print_check(out, named.name, named.admin->check()) && is_fine;
  }
  return is_fine ? kExitFine : kExitFinding;
}

int migrate_stores(const Settings& settings, std::ostream& out) {
  int code = kExitFine;
  for (const NamedAdmin& named : admins(settings)) {
    if (named.admin == nullptr) {
      print_disabled(out, named.name);
      continue;
    }
    const auto outcome = named.admin->migrate();
    if (!outcome) {
      const StoreError& error = outcome.error();
      out << named.name << ": FAILED: " << error.words << (error.code.empty() ? "" : " (code " + error.code + ")")
          << "\n";
      code = kExitFinding;
      continue;
    }
    print_check(out, named.name, *outcome);
  }
  return code;
}

}  // namespace twinlog
