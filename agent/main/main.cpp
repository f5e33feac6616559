// The command line (docs/OPERATING.md). Wiring of commands only; each command lives in a file of its own.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "agent/cli/send.h"
#include "agent/main/agent.h"
#include "agent/main/build_facts.h"
#include "agent/main/config_file.h"
#include "agent/main/exit_code.h"
#include "agent/main/help.h"
#include "agent/main/init_command.h"
#include "agent/main/ledger_commands.h"
#include "agent/main/operator_commands.h"
#include "agent/main/reloading.h"
#include "agent/main/secret_variables.h"
#include "agent/main/signals.h"
#include "agent/main/spool_commands.h"
#include "agent/main/standard_streams.h"
#include "agent/main/start_check.h"
#include "agent/main/stores_command.h"
#include "agent/observe/stderr_log.h"

namespace twinlog {
namespace {

struct CommandLine {
  std::string config;
  bool with_stores = false;
  InitOptions init;
  SendOptions send;
  LedgerLine ledger;
  OperatorLine at_agent;
  bool waits_for_ready = false;  ///< What can be waited for; required, so that there can be more some day.
  std::vector<std::string> help_on;
};

int run_agent_command(const CommandLine& line) {
  block_signals();  // First: a stop that comes while the agent starts is kept for when it has.
  const auto environment = process_environment();
  const auto loaded = load_or_explain(line.config, environment, std::cerr);
  if (!loaded) {
    return kExitConfiguration;
  }
  wipe_variables(environ, loaded->secret_variables);
  const auto log = make_stderr_log(loaded->settings.log, environment);
  log_warnings(*loaded, *log);
  return run_agent(loaded->settings, environment, *log,
                   [&] { return load_settings_file(line.config, environment, host_name()); });
}

int run_check_command(const CommandLine& line) {
  const auto loaded = load_or_explain(line.config, process_environment(), std::cerr);
  if (!loaded) {
    return kExitConfiguration;
  }
  tell_warnings(*loaded, std::cerr);
  std::cout << line.config << ": the configuration is valid\n";
  const int start = check_start(loaded->settings, std::cout);
  const int stores = line.with_stores ? check_stores(loaded->settings, std::cout) : kExitFine;
  return start == kExitFine ? stores : start;
}

int run_migrate_command(const CommandLine& line) {
  const auto loaded = load_or_explain(line.config, process_environment(), std::cerr);
  if (!loaded) {
    return kExitConfiguration;
  }
  tell_warnings(*loaded, std::cerr);
  return migrate_stores(loaded->settings, std::cout);
}

int run_init_command(CommandLine& line) {
  line.init.config = line.config;
  const bool is_asked = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  return run_init(line.init, process_environment(),
                  {.in = is_asked ? &std::cin : nullptr, .out = std::cout, .err = std::cerr});
}

/// The command under `app` that the words name; null when there is none.
CLI::App* find_command(CLI::App& app, const std::vector<std::string>& words) {
  CLI::App* command = &app;
  for (const std::string& word : words) {
    const auto found = command->get_subcommands([&word](const CLI::App* named) { return named->get_name() == word; });
    if (found.empty()) {
      return nullptr;
    }
    command = found.front();
  }
  return command;
}

std::string help_text(const CLI::App& command) {
  std::string path;
  for (const CLI::App* above = command.get_parent(); above != nullptr; above = above->get_parent()) {
    path.insert(0, above->get_name() + " ");
  }
  // Not App::help(): that of a parsed command's program is the command's.
  return command.get_formatter()->make_help(&command, path + command.get_name(), CLI::AppFormatMode::Normal);
}

int run_help_command(CLI::App& app, const CommandLine& line) {
  const CLI::App* const command = find_command(app, line.help_on);
  if (command == nullptr) {
    std::cerr << "twinlog: there is no such command\n\n" << help_text(app);
    return kExitUsage;
  }
  std::cout << help_text(*command);
  return kExitFine;
}

/// What is wrong, then the usage of the command that it was said to.
int explain_usage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
  }
  std::cerr << "twinlog: " << error.what() << "\n\n" << help_text(*command);
  const std::string& name = command->get_name();
  const bool gives_verdicts = name == "verify" || name == "prove" || name == "reconcile";
  return gives_verdicts ? kVerifyInput : kExitUsage;  // There 2 is a verdict.
}

/// Commands and their options; what was chosen is in `chosen` after the parse.
class Commands {
 public:
  Commands(CLI::App& app, CommandLine& line, std::function<int()>& chosen)
      : app_(app),
        line_(line),
        chosen_(chosen),
        ledger_([this](CLI::App& above, const std::string& name,
                       const std::function<int()>& run) -> CLI::App& { return add(above, name, run); },
                line.ledger, line.at_agent) {}

  void add_all() {
    CLI::App& agent = add(app_, "agent", [this] { return run_agent_command(line_); });
    CLI::App& check = add(app_, "check", [this] { return run_check_command(line_); });
    check.add_flag("--stores", line_.with_stores, "Connect to both stores, too: versions, rights, state of the schema");
    CLI::App& migrate = add(app_, "migrate", [this] { return run_migrate_command(line_); });
    CLI::App& init = add(app_, "init", [this] { return run_init_command(line_); });
    init.add_option("--postgres", line_.init.postgres, "The address of PostgreSQL to write into the file");
    init.add_option("--mongodb", line_.init.mongodb, "The address of the document store to write into the file");
    for (CLI::App* command : {&agent, &check, &migrate, &init}) {
      command->add_option("--config", line_.config, "The configuration file (TOML)")->capture_default_str();
    }
    CLI::App& send = add(app_, "send", [this] { return static_cast<int>(run_send_command(line_.send)); });
    send.add_option("--socket", line_.send.socket, "The agent's socket")->capture_default_str();
    send.add_option("FILE", line_.send.file, "The file to send; without it, or with -, standard input");
    add_status();
    add_wait();
    add_drain();
    add_spool();
    add_try();
    ledger_.add_all(app_);
    CLI::App* help = app_.add_subcommand("help", "Say what a command does, with examples");
    help->add_option("COMMAND", line_.help_on, "The command");
    help->callback([this] { chosen_ = [this] { return run_help_command(app_, line_); }; });
  }

 private:
  CLI::App& add(CLI::App& above, const std::string& name, const std::function<int()>& run) {
    const CommandHelp& help = help_of(&above == &app_ ? name : above.get_name() + " " + name);
    CLI::App* command = above.add_subcommand(name, std::string(help.line));
    command->footer(std::string("\n") + std::string(help.text));
    if (run) {
      command->callback([this, run] { chosen_ = run; });
    }
    return *command;
  }

  void add_places(CLI::App& command) {
    command.add_option_function<std::string>(
        "--config", [this](const std::string& path) { line_.at_agent.config = {.path = path, .is_given = true}; },
        "The agent's configuration file, for its addresses [" + line_.config + "]");
    command.add_option("--socket", line_.at_agent.socket, "The agent's admin socket, instead of admin.socket");
  }

  void add_status() {
    CLI::App& status = add(app_, "status", [this] { return run_status_command(line_.at_agent); });
    add_places(status);
    add_address(status);
    status.add_flag("--json", line_.at_agent.is_json, "The page as it came");
    status.add_flag("--watch", line_.at_agent.watches, "Again every two seconds, until Ctrl-C");
  }

  void add_address(CLI::App& command) {
    command.add_option("--address", line_.at_agent.address, "The agent's public port, instead of admin.listen");
  }

  void add_wait() {
    CLI::App& wait = add(app_, "wait", [this] { return run_wait_command(line_.at_agent); });
    add_places(wait);
    add_address(wait);
    wait.add_flag("--ready", line_.waits_for_ready, "Wait for /readyz: an event sent then would be kept")->required();
    wait.add_option("--timeout", line_.at_agent.ready_timeout, "How long to wait at most")->capture_default_str();
  }

  void add_drain() {
    CLI::App& drain = add(app_, "drain", [this] { return run_drain_command(line_.at_agent); });
    add_places(drain);
    drain.add_flag("--wait", line_.at_agent.waits, "Return when both stores have everything");
    drain.add_option("--timeout", line_.at_agent.timeout, "How long to wait at most")->capture_default_str();
  }

  void add_spool() {
    CLI::App& spool = add(app_, "spool", nullptr);
    spool.require_subcommand(1);
    CLI::App& status = add(spool, "status", [this] { return run_spool_status_command(line_.at_agent); });
    status.add_flag("--json", line_.at_agent.is_json, "As JSON");
    CLI::App& exporting = add(spool, "export", [this] { return run_spool_export_command(line_.at_agent); });
    exporting.add_flag("--waiting", line_.at_agent.only_waiting, "Only what not every enabled store has");
    exporting.add_flag("--for-sending", line_.at_agent.for_sending, "Only the members that a sender sends");
    add_spool_replay(spool);
    CLI::App& checking = add(spool, "check", [this] { return run_spool_check_command(line_.at_agent); });
    CLI::App& repairing = add(spool, "repair", [this] { return run_spool_repair_command(line_.at_agent); });
    repairing.add_flag("--apply", line_.at_agent.applies,
                       "Do what the plan says; without it, the plan is only printed");
    CLI::App& noting = add(spool, "acknowledge", [this] { return run_spool_acknowledge_command(line_.at_agent); });
    noting.add_option("RANGE", line_.at_agent.range, "The lost leaves: FIRST-LAST, as `twinlog spool check` prints it")
        ->required();
    noting.add_option("--reason", line_.at_agent.letters.reason, "What somebody should read later")->required();
    for (CLI::App* command : {&status, &exporting, &checking, &repairing, &noting}) {
      add_spool_places(*command);
    }
    add_dead_letters(spool);
  }

  void add_spool_replay(CLI::App& spool) {
    CLI::App& replay = add(spool, "replay", [this] { return run_spool_replay_command(line_.at_agent); });
    replay.add_option_function<std::string>(
        "--config", [this](const std::string& path) { line_.at_agent.config = {.path = path, .is_given = true}; },
        "The configuration file, for the stores and the spool [" + line_.config + "]");
    replay.add_option("--path", line_.at_agent.folder, "The folder of the spool, instead of spool.path");
    replay.add_option("--timeout", line_.at_agent.replay_timeout, "How long to try at most")->capture_default_str();
  }

  void add_spool_places(CLI::App& command) {
    add_places(command);
    command.add_option("--path", line_.at_agent.folder, "The folder of the spool, where no agent is asked");
  }

  void add_dead_letters(CLI::App& spool) {
    CLI::App& letters = add(spool, "dead-letters", nullptr);
    letters.require_subcommand(1);
    OperatorLine& line = line_.at_agent;
    CLI::App& list = add(letters, "list", [&line] { return run_letters_list_command(line); });
    CLI::App& show = add(letters, "show", [&line] { return run_letters_show_command(line); });
    CLI::App& replay = add(letters, "replay", [&line] { return run_letters_replay_command(line); });
    CLI::App& discard = add(letters, "discard", [&line] { return run_letters_discard_command(line); });
    for (CLI::App* command : {&list, &show, &replay, &discard}) {
      command->add_option("--id", line.letters.ids, "Only this one: its leaf, or TENANT/LOG_ID; may be repeated");
      command->add_option("--store", line.letters.store, "Only those of this store: postgres or mongodb");
      command->add_option("--code", line.letters.code, "Only those with this code of the store's");
      command->add_option("--older-than", line.letters.older_than, "Only those refused longer ago, for instance 24h");
      add_spool_places(*command);
    }
    list.add_flag("--json", line.is_json, "As JSON, an array");
    show.add_flag("--json", line.is_json, "As JSON, an array");
    replay.add_option("--timeout", line.letters.timeout, "How long to wait for a running agent at most")
        ->capture_default_str();
    discard.add_flag("--yes", line.letters.is_sure, "The store never gets these events: really?")->required();
    discard.add_option("--reason", line.letters.reason, "Why; it is kept with your name")->required();
  }

  void add_try() {
    CLI::App& trying = add(app_, "try", [this] { return run_try_command(line_.at_agent); });
    trying.add_option_function<std::string>(
        "--config", [this](const std::string& path) { line_.at_agent.config = {.path = path, .is_given = true}; },
        "A configuration file, for its default tenant, tenants and limit; without it the defaults");
    trying.add_flag("--json", line_.at_agent.is_json, "One JSON object a line");
    trying.add_option("FILE", line_.at_agent.file, "The file to read; without it, or with -, standard input");
  }

  CLI::App& app_;
  CommandLine& line_;
  std::function<int()>& chosen_;
  LedgerCommands ledger_;
};

int run(int argc, char** argv) {
  CommandLine line;
  line.at_agent.config = usual_config(process_environment());
  line.config = line.at_agent.config.path;
  std::function<int()> chosen;
  CLI::App app{
      "twinlog keeps the login record: it takes authentication events over a local socket or HTTP, answers once "
      "they are safe on disk, and delivers them to PostgreSQL and a document store."};
  app.name("twinlog");
  app.require_subcommand(1);
  app.footer(std::string("\n") + std::string(program_help()));
  app.set_version_flag("--version", version_text());
  Commands commands(app, line, chosen);  // What is chosen refers to it.
  commands.add_all();
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return explain_usage(app, error);
  }
  return chosen();
}

}  // namespace
}  // namespace twinlog

int main(int argc, char** argv) {
  twinlog::open_standard_streams();
  return twinlog::run(argc, argv);
}
