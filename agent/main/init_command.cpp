#include "agent/main/init_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <istream>
#include <system_error>
#include <utility>

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

using Environment = std::map<std::string, std::string>;

struct StoreOfFile {
  std::string_view name;
  std::string_view people_say;
  std::string_view variable;
  std::string_view placeholder;
  Shape shape;
};
constexpr StoreOfFile kPostgres{"postgres", "PostgreSQL", "TWINLOG_STORES_POSTGRES_URI",
                                "postgresql://twinlog@db/audit", check_postgres_uri};
constexpr StoreOfFile kMongodb{"mongodb", "the document store", "TWINLOG_STORES_MONGODB_URI", "mongodb://db/audit",
                               check_mongodb_uri};

bool comes_from(const Environment& environment, const StoreOfFile& store) {
  const std::string variable(store.variable);
  return environment.contains(variable) || environment.contains(variable + "_FILE");
}

/// The section of a store.
std::string section(const StoreOfFile& store, const std::string& given, const Environment& environment) {
  const std::string name(store.name);
  const std::string placeholder(store.placeholder);
  const std::string head = "\n[stores." + name + "]\n";
  if (given.empty() && comes_from(environment, store)) {
    return head + "#uri = " + toml_text(placeholder) +
           "  # comes from the environment: " + std::string(store.variable) + "\n";
  }
  return head + "uri = " + toml_text(given.empty() ? placeholder : given) + "\n#password_file = \"/run/secrets/" +
         name + "\"\n";
}

/// What somebody answers who was not asked by an option; "" for what is proposed, and where nobody answers.
std::string ask(const StoreOfFile& store, const InitStreams& streams) {
  std::string answer;
  for (;;) {
    streams.out << "The address of " << store.people_say << ", without a password [" << store.placeholder
                << "]: " << std::flush;
    if (!std::getline(*streams.in, answer) || answer.empty()) {
      return "";
    }
    const std::string_view expected = store.shape(answer);
    if (expected.empty()) {
      return answer;
    }
    streams.err << "twinlog: that is not " << expected << std::endl;
  }
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

bool is_address(const std::string& given, const StoreOfFile& store, std::ostream& err) {
  const std::string_view expected = given.empty() ? "" : store.shape(given);
  if (!expected.empty()) {
    err << "twinlog: --" << store.name << " is not " << expected << "\n";
  }
  return expected.empty();
}

/// Nothing where a file is there: it is left as it is.
void ask_for_addresses(InitOptions& options, const Environment& environment, const InitStreams& streams) {
  if (streams.in == nullptr || ::access(options.config.c_str(), F_OK) == 0) {
    return;
  }
  for (const auto& [store, given] :
       {std::pair{&kPostgres, &options.postgres}, std::pair{&kMongodb, &options.mongodb}}) {
    if (given->empty() && !comes_from(environment, *store)) {
      *given = ask(*store, streams);
    }
  }
}

}  // namespace

std::string initial_config(const InitOptions& options, const Environment& environment) {
  return std::string(kBeginning) + section(kPostgres, options.postgres, environment) +
         section(kMongodb, options.mongodb, environment) + std::string(kEnd);
}

int run_init(InitOptions options, const Environment& environment, const InitStreams& streams) {
  if (!is_address(options.postgres, kPostgres, streams.err) || !is_address(options.mongodb, kMongodb, streams.err)) {
    return kExitUsage;
  }
  ask_for_addresses(options, environment, streams);
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
