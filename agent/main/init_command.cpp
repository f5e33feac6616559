#include "agent/main/init_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "agent/main/config_file.h"
#include "agent/main/exit_code.h"
#include "agent/main/stores_command.h"
#include "config/value_shapes.h"
#include "ledger/base/descriptor.h"
#include "plugins/postgres/schema/steps.h"

namespace twinlog {
namespace {

constexpr mode_t kMode = 0640;  // An address may hold a password.

constexpr std::string_view kBeginning =
    R"(# twinlog: the shortest configuration that works. Every other key has a default that is right for a pod;
# twinlog.toml.example has them all. Every key is also taken from the environment, which wins: stores.postgres.uri is
# TWINLOG_STORES_POSTGRES_URI. Keep secrets in files (password_file) or variables (${VAR}), not here.
)";

constexpr std::string_view kEnd = R"(
# What is set most often:
#[agent]
#default_tenant = "acme"            # for events that name no tenant
#[intake.unix]
#path = "/run/twinlog/events.sock"
#[spool]
#path = "/var/lib/twinlog/spool"    # on a volume that outlives the pod
#max_bytes = "2GiB"
)";

std::string toml_text(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    out += (c == '"' || c == '\\') ? std::string("\\") + c : std::string(1, c);
  }
  return out + "\"";
}

/// The section of a store.
std::string section(const std::string& store, const std::string& given, const std::string& placeholder,
                    const std::map<std::string, std::string>& environment) {
  const std::string variable = store == "postgres" ? "TWINLOG_STORES_POSTGRES_URI" : "TWINLOG_STORES_MONGODB_URI";
  const std::string head = "\n[stores." + store + "]\n";
  if (given.empty() && (environment.contains(variable) || environment.contains(variable + "_FILE"))) {
    return head + "#uri = " + toml_text(placeholder) + "  # comes from the environment: " + variable + "\n";
  }
  return head + "uri = " + toml_text(given.empty() ? placeholder : given) + "\n#password_file = \"/run/secrets/" +
         store + "\"\n";
}

/// 0, or the errno of what failed; EEXIST where a file is there.
int write_new(const std::string& path, std::string_view text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode));
  if (!file.is_open()) {
    return errno;
  }
  while (!text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && errno != EINTR) {
      const int error = errno;
      ::unlink(path.c_str());
      return error;
    }
    text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
  return 0;
}

void print_roles(std::ostream& out) {
  out << "\nOnce, as an administrator of PostgreSQL (where `twinlog migrate` may not create roles):\n  "
      << postgres::role_sql_for_people()
      << "\nThen a login for the agent, and one for each reader:\n"
         "  CREATE ROLE twinlog LOGIN PASSWORD '...' IN ROLE twinlog_writer;\n"
         "  CREATE ROLE some_reader LOGIN PASSWORD '...' IN ROLE twinlog_reader;\n"
         "Next: `twinlog migrate` as the owner of the tables, `twinlog check --stores`, `twinlog agent`.\n";
}

bool is_address(const std::string& given, Shape shape, const std::string& option, std::ostream& err) {
  const std::string_view expected = given.empty() ? "" : shape(given);
  if (!expected.empty()) {
    err << "twinlog: " << option << " is not " << expected << "\n";
  }
  return expected.empty();
}

}  // namespace

std::string initial_config(const InitOptions& options, const std::map<std::string, std::string>& environment) {
  return std::string(kBeginning) + section("postgres", options.postgres, "postgresql://twinlog@db/audit", environment) +
         section("mongodb", options.mongodb, "mongodb://db/audit", environment) + std::string(kEnd);
}

int run_init(const InitOptions& options, const std::map<std::string, std::string>& environment,
             const InitStreams& streams) {
  if (!is_address(options.postgres, check_postgres_uri, "--postgres", streams.err) ||
      !is_address(options.mongodb, check_mongodb_uri, "--mongodb", streams.err)) {
    return kExitUsage;
  }
  const int error = write_new(options.config, initial_config(options, environment));
  if (error != 0 && error != EEXIST) {
    streams.err << "twinlog: " << options.config << " cannot be written: " << std::generic_category().message(error)
                << "; make its folder, or name another file with --config\n";
    return kExitFinding;
  }
  streams.out << options.config << (error == EEXIST ? ": is there already and was left as it is\n" : ": written\n");
  const auto loaded = load_or_explain(options.config, environment, streams.err);
  if (!loaded) {
    return kExitConfiguration;
  }
  tell_warnings(*loaded, streams.err);
  const int code = check_stores(loaded->settings, streams.out);
  print_roles(streams.out);
  return code;
}

}  // namespace twinlog
