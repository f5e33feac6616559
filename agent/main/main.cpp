// The command line (contract section 8). Wiring of commands only; each command lives in a file of its own.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <iostream>
#include <map>
#include <optional>
#include <string>

#include "agent/cli/send.h"
#include "agent/main/agent.h"
#include "agent/main/exit_code.h"
#include "agent/main/secret_variables.h"
#include "agent/main/signals.h"
#include "agent/main/stores_command.h"
#include "agent/observe/pages.h"
#include "agent/observe/stderr_log.h"
#include "config/load.h"

namespace twinlog {
namespace {

constexpr const char* kDefaultConfig = "/etc/twinlog/twinlog.toml";

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("localhost");
}

/// What was loaded, or nothing after every mistake was named on standard error.
std::optional<LoadedSettings> load_or_explain(const std::string& path,
                                              const std::map<std::string, std::string>& environment) {
  LoadedSettings loaded = load_settings_file(path, environment, host_name());
  for (const std::string& warning : loaded.warnings) {
    std::cerr << "twinlog: warning: " << warning << "\n";
  }
  for (const ConfigMistake& mistake : loaded.mistakes) {
    std::cerr << mistake.where << ": " << mistake.what << "\n";
  }
  if (!loaded.mistakes.empty()) {
    std::cerr << "twinlog: " << loaded.mistakes.size() << " mistake(s) in the configuration; nothing was started\n";
    return std::nullopt;
  }
  return loaded;
}

struct CommandLine {
  std::string config = kDefaultConfig;
  bool with_stores = false;
  SendOptions send;
};

int run_agent_command(const CommandLine& line) {
  const auto environment = process_environment();
  const auto loaded = load_or_explain(line.config, environment);
  if (!loaded) {
    return kExitConfiguration;
  }
  block_signals();
  wipe_variables(environ, loaded->secret_variables);
  const auto log = make_stderr_log(loaded->settings.log);
  return run_agent(loaded->settings, environment, *log,
                   [&] { return load_settings_file(line.config, environment, host_name()); });
}

int run_check_command(const CommandLine& line) {
  const auto loaded = load_or_explain(line.config, process_environment());
  if (!loaded) {
    return kExitConfiguration;
  }
  std::cout << line.config << ": the configuration is valid\n";
  return line.with_stores ? check_stores(loaded->settings, std::cout) : kExitFine;
}

int run_migrate_command(const CommandLine& line) {
  const auto loaded = load_or_explain(line.config, process_environment());
  return loaded ? migrate_stores(loaded->settings, std::cout) : kExitConfiguration;
}

void add_config_option(CLI::App& command, CommandLine& line) {
  command.add_option("--config", line.config, "The configuration file (TOML)")->capture_default_str();
}

/// What is wrong, then the usage of the command that it was said to.
int explain_usage(const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  const CLI::App& command = chosen.empty() ? app : *chosen.front();
  std::cerr << "twinlog: " << error.what() << "\n\n" << command.help(chosen.empty() ? "" : "twinlog");
  return kExitUsage;
}

int run(int argc, char** argv) {
  CommandLine line;
  CLI::App app{
      "twinlog keeps the login record: it takes authentication events over a local socket or HTTP, answers once "
      "they are safe on disk, and delivers them to PostgreSQL and a document store."};
  app.name("twinlog");
  app.require_subcommand(1);
  app.set_version_flag("--version", "twinlog " + std::string(twinlog_version()));

  CLI::App* agent = app.add_subcommand("agent", "Run the sidecar until SIGTERM");
  add_config_option(*agent, line);
  CLI::App* check = app.add_subcommand("check", "Validate the configuration; with --stores, look at both stores too");
  add_config_option(*check, line);
  check->add_flag("--stores", line.with_stores, "Connect to both stores: versions, rights, state of the schema");
  CLI::App* migrate = app.add_subcommand("migrate", "Create or upgrade the schema of both stores");
  add_config_option(*migrate, line);
  CLI::App* send = app.add_subcommand("send", "Send events (NDJSON, one a line) through the agent's Unix socket");
  send->add_option("--socket", line.send.socket, "The agent's socket")->capture_default_str();
  send->add_option("FILE", line.send.file, "The file to send; without it, or with -, standard input");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return explain_usage(app, error);
  }
  if (agent->parsed()) {
    return run_agent_command(line);
  }
  if (check->parsed()) {
    return run_check_command(line);
  }
  if (migrate->parsed()) {
    return run_migrate_command(line);
  }
  return static_cast<int>(run_send_command(line.send));
}

}  // namespace
}  // namespace twinlog

int main(int argc, char** argv) {
  return twinlog::run(argc, argv);
}
