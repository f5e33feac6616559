#include "agent/main/ledger_commands.h"

#include <iostream>

#include "ledger/base/clock.h"

namespace twinlog {
namespace {

int run_keygen_command(const KeygenOptions& options) {
  SystemRandom random;
  return run_keygen(options, random, {.out = std::cout, .err = std::cerr});
}

}  // namespace

void LedgerCommands::add_all(CLI::App& app) {
  add_keygen(app);
  add_verify(app);
  add_prove(app);
  add_reconcile(app);
  add_epoch(app);
  add_erase(app);
  add_prune(app);
}

void LedgerCommands::add_config(CLI::App& command, const std::string& words) {
  command.add_option_function<std::string>(
      "--config", [this](const std::string& path) { at_agent_.config = {.path = path, .is_given = true}; },
      words + " [" + at_agent_.config.path + "]");
}

void LedgerCommands::add_agent(CLI::App& command) {
  add_config(command, "The agent's configuration file, for its addresses");
  command.add_option("--socket", at_agent_.socket, "The agent's admin socket, instead of admin.socket");
}

void LedgerCommands::add_keygen(CLI::App& app) {
  CLI::App& keygen = add_(app, "keygen", [this] { return run_keygen_command(line_.keygen); });
  keygen.add_option("--name", line_.keygen.name, "The key's name, for instance audit.example.com/twinlog/enrol/prod-1")
      ->required();
  keygen.add_option("--out", line_.keygen.file, "The file for the private key; without it, it goes to standard output");
}

void LedgerCommands::add_verify(CLI::App& app) {
  CLI::App& verify = add_(app, "verify", [this] { return run_verify_command(line_.verify, at_agent_.config); });
  VerifyLine& line = line_.verify;
  VerifyOptions& options = line.options;
  add_config(verify, "The configuration file, for the stores' addresses");
  verify.add_option("--postgres", line.postgres, "The address of PostgreSQL, instead of --config");
  verify.add_option("--mongodb", line.mongodb, "The address of the document store, instead of --config");
  verify.add_option("--postgres-export", line.postgres_export, "A folder of <table>.ndjson, instead of PostgreSQL");
  verify.add_option("--mongodb-export", line.mongodb_export,
                    "A folder of <table>.ndjson, instead of the document store");
  verify.add_option("--store", line.only, "Only this store")->check(CLI::IsMember({"postgres", "mongodb"}));
  verify.add_option("--trust", options.trust, "Whose word counts: a file of keys");
  verify.add_option("--checkpoints", options.checkpoints, "A file with lines of agents' logs; may be repeated");
  verify.add_option("--known", options.known, "Findings of an earlier --json that a person has judged");
  verify.add_option("--since", options.since, "Skip epochs that ended before");
  verify.add_option("--now", options.now, "Another time than the clock's, for tests");
  verify.add_option("--temporary", options.temporary, "The folder for temporary files");
  verify.add_option("--proof", options.proof, "Check a proof of `twinlog prove`, with the .disclosure.json beside it");
  verify.add_flag("--json", options.is_json, "One JSON object a line");
}

void LedgerCommands::add_prove(CLI::App& app) {
  CLI::App& prove = add_(app, "prove", [this] { return run_prove_command(line_.prove, at_agent_.config); });
  ProveLine& line = line_.prove;
  prove.add_option("--tenant", line.options.tenant_id, "The event's tenant_id")->required();
  prove.add_option("--log-id", line.options.log_id, "The event's log_id")->required();
  prove.add_option("--out", line.options.out, "Where to: both files' names begin with it")->required();
  prove.add_option("--fields", line.options.fields, "What to disclose beside tenant, id, type and time; else all");
  prove.add_option("--content-hash", line.options.content_hash, "Which version, where several came under one id");
  prove.add_flag("--force", line.forces, "Put the files over those that are there");
  add_config(prove, "The configuration file, for the stores' addresses");
  prove.add_option("--postgres", line.postgres, "The address of PostgreSQL, instead of --config");
  prove.add_option("--mongodb", line.mongodb, "The address of the document store, instead of --config");
  prove.add_option("--store", line.only, "Only this store")->check(CLI::IsMember({"postgres", "mongodb"}));
}

void LedgerCommands::add_reconcile(CLI::App& app) {
  ReconcileOptions& options = line_.reconcile;
  CLI::App& reconcile =
      add_(app, "reconcile", [this] { return run_reconcile_command(line_.reconcile, at_agent_.config); });
  add_config(reconcile, "The configuration file, for the stores' addresses");
  reconcile.add_option("--trust", options.trust, "Whose word counts: a file of keys");
  reconcile.add_option("--temporary", options.temporary, "The folder for temporary files");
  CLI::Option* const repair =
      reconcile.add_flag("--repair", options.repairs, "Put back into each store what the other one has whole");
  reconcile.add_flag("--include-unproved", options.takes_unproved, "Put back what no checkpoint covers, too")
      ->needs(repair);
}

void LedgerCommands::add_epoch(CLI::App& app) {
  CLI::App& epoch = add_(app, "epoch", nullptr);
  epoch.require_subcommand(1);
  CLI::App& retire = add_(epoch, "retire", [this] { return run_retire_command(line_.retire, at_agent_.config); });
  add_config(retire, "The configuration file, for the stores and the enrolment key");
  retire.add_option("--origin", line_.retire.origin, "The epoch, as `twinlog verify` names it")->required();
  retire.add_option("--reason", line_.retire.reason, "What somebody should read later")->required();
  retire.add_option("--checkpoints", line_.retire.checkpoints, "A file with lines of agents' logs; may be repeated");
}

void LedgerCommands::add_erase(CLI::App& app) {
  CLI::App& erase = add_(app, "erase", [this] { return run_erase_command(line_.erasure, at_agent_); });
  add_agent(erase);
  ErasureWords& words = line_.erasure;
  erase.add_option("--tenant", words.tenant_id, "The tenant_id")->required();
  CLI::Option* one = erase.add_option("--log-id", words.log_id, "One record, by its log_id");
  CLI::Option* all = erase.add_option("--account", words.account, "All that speak to id:USER_ID or name:USERNAME");
  one->excludes(all);
  erase.add_option("--fields", words.fields, "What is to be emptied: names between commas")->required();
  erase.add_option("--request", words.request, "Whose order this is; it stands in the ledger for ever")->required();
}

void LedgerCommands::add_prune(CLI::App& app) {
  CLI::App& prune = add_(app, "prune", [this] { return run_prune_command(line_.retention, at_agent_); });
  add_agent(prune);
  RetentionWords& words = line_.retention;
  prune.add_option("--before", words.before, "Records of which every version was accepted before")->required();
  prune.add_option("--policy", words.policy, "Which rule this follows; it stands in the ledger for ever")->required();
  prune.add_flag("--apply", words.applies, "Do it; without it, what would go is only counted");
}

}  // namespace twinlog
