// The commands around the ledger and their options; each lives in a file of its own.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <utility>

#include "agent/cli/keygen.h"
#include "agent/main/keeper_command_line.h"
#include "agent/main/operator_commands.h"
#include "agent/main/prove_command_line.h"
#include "agent/main/reconcile_command_line.h"
#include "agent/main/retire_command_line.h"
#include "agent/main/verify_command_line.h"

namespace twinlog {

/// Adds one command, with its help, under another; it runs if it was chosen.
using AddCommand = std::function<CLI::App&(CLI::App& above, const std::string& name, const std::function<int()>& run)>;

struct LedgerLine {
  KeygenOptions keygen;
  VerifyLine verify;
  ProveLine prove;
  ReconcileOptions reconcile;
  RetireOptions retire;
  ErasureWords erasure;
  RetentionWords retention;
};

/// Has to outlive the parse and what was chosen.
class LedgerCommands {
 public:
  LedgerCommands(AddCommand add, LedgerLine& line, OperatorLine& at_agent)
      : add_(std::move(add)), line_(line), at_agent_(at_agent) {}
  void add_all(CLI::App& app);

 private:
  void add_config(CLI::App& command, const std::string& words);
  void add_agent(CLI::App& command);
  void add_keygen(CLI::App& app);
  void add_verify(CLI::App& app);
  void add_prove(CLI::App& app);
  void add_reconcile(CLI::App& app);
  void add_epoch(CLI::App& app);
  void add_erase(CLI::App& app);
  void add_prune(CLI::App& app);

  AddCommand add_;
  LedgerLine& line_;
  OperatorLine& at_agent_;
};

}  // namespace twinlog
