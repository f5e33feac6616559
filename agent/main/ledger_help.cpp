#include "agent/main/ledger_help.h"

#include <array>

namespace twinlog {
namespace {

constexpr std::array<CommandHelp, 8> kCommands{
    {{"verify", "Prove that both stores hold what the agents signed, and name what does not",
      R"(Reads one or both stores, or exports of them, makes every leaf of the ledger again, and compares with what agents
signed. Needs no agent. Whose signature counts says --trust; without it only is checked that the record fits together.
Checkpoints out of the agents' logs (--checkpoints) prove that nothing was cut off the end.

Examples:
  twinlog verify --trust trusted.keys --checkpoints agent.log
  twinlog verify --store postgres --json
  twinlog verify --postgres-export pg/ --mongodb-export mongo/ --trust trusted.keys
  twinlog verify --proof login.tlog-proof --trust trusted.keys

Exit codes:
  0   what is there is what was signed, and all of it
  1   something was changed, is missing or was put in; each place is named
  2   not proved: no trust file, an agent that is overdue, what an agent declared lost
  3   the command line, a file or a store cannot be used
  78  the configuration has mistakes)"},
     {"prove", "Prove one event to somebody who has neither the stores nor this program",
      R"(Writes PREFIX.tlog-proof, which says that the event's leaf lies in a tree that the agent signed, and
PREFIX.disclosure.json, which shows the chosen fields and of all others a commitment that cannot be guessed at. Takes
each part from whichever store has it whole, and checks everything before it writes. Both files go to the receiver.

Examples:
  twinlog prove --tenant acme --log-id 0193-1 --fields username,ip --out login
  twinlog verify --proof login.tlog-proof --trust trusted.keys

Exit codes:
  0   both files are written
  1   no store has the event, or what they have is not what was signed; nothing is written
  2   no checkpoint covers the event yet: ask again after the agent's next one; nothing is written
  3   the command line, a file that is there already, or a store that cannot be used
  78  the configuration has mistakes)"},
     {"reconcile", "Compare both stores, and put back into each what the other one has whole",
      R"(Reads both stores as `twinlog verify` does and names what one has and the other lacks, or has otherwise. With --repair
it copies what comes to the hash that was signed: events, conflicts and further acceptances, leaves of agents, tiles,
beginnings and checkpoints; then it makes accounts again from the events of their store. Nothing is written over, nor
beside what was changed, and nothing is made up; what it cannot mend is named. What was pruned or erased stays so.
Agents may run meanwhile. It may be broken off and repeated.

Examples:
  twinlog reconcile --trust trusted.keys
  twinlog reconcile --trust trusted.keys --repair
  twinlog reconcile --trust trusted.keys --repair --include-unproved

Exit codes:
  0   neither store lacks anything, or not any more
  1   something is lacking, changed, or cannot be mended; each is named
  3   the command line, a file or a store cannot be used
  78  the configuration has mistakes)"},
     {"epoch", "End what an agent cannot end any more",
      R"(An epoch is one run of an agent, which ends it itself, at its stop or at its next start. Where its spool is
gone, a person has to.

Example:
  twinlog epoch retire --origin twinlog/auth-7f9c/019ab3c4-d5e6-7f00-8102-0304050607f8 --reason "node lost")"},
     {"epoch retire", "Say that an epoch has ended whose spool is gone",
      R"(Signs, with the key of ledger.enrolment_key_file, that the epoch holds what the stores hold and no more, and keeps that
in both. Needs no agent, but stores.<name>.keeper_uri. First it verifies everything, and refuses where anything of the
epoch was changed or is missing, where the stores or --checkpoints know a larger checkpoint, and where its agent may be
alive: only what `twinlog verify` calls STALE is retired. Give --checkpoints whatever logs of that agent there are.

Examples:
  twinlog epoch retire --origin twinlog/auth-7f9c/019ab3c4-d5e6-7f00-8102-0304050607f8 --reason "node lost" \
    --checkpoints agent.log

Exit codes:
  0   it is retired, and `twinlog verify` lists it as RETIRED
  1   it is not, and why
  2   the command line is wrong
  78  the configuration has mistakes)"},
     {"erase", "Empty fields of records in both stores, so that the ledger stays whole",
      R"(Asks a running agent, which has stores.<name>.keeper_uri. It checks what those logins may do, signs a leaf that names
the records and fields, waits until both stores have it under a checkpoint, and then empties the fields: in the record,
its conflicts and further acceptances, and what its own spool still holds. `twinlog verify` and older proofs stay as
they were; what was erased cannot be guessed from what is left. With user_id or username goes account. tenant_id,
log_id, event_type and occurred_at go with the whole record only. Whatever breaks it off: the same command again
finishes it.

Examples:
  twinlog erase --tenant acme --log-id 0193-1 --fields ip,user_agent --request "case 17"
  twinlog erase --tenant acme --account id:u-4711 --fields user_id,username,ip --request "DSR 2026-118"

Exit codes:
  0   erased in every store
  1   not, or not in every store, and why
  2   the command line is wrong, or a field that cannot be erased
  78  the configuration has mistakes)"},
     {"prune", "Take whole old records out of both stores, so that the ledger stays whole",
      R"(Asks a running agent, as `twinlog erase` does. Without --apply it only counts. A record goes with all that belongs to
it, where every version of it is older and both stores have it alike; what is not so stays, and is counted. Leaves that
name what goes come first. Whatever breaks it off: the same command again finishes it.

Examples:
  twinlog prune --before 2025-11-01T00:00:00Z --policy "12 months"
  twinlog prune --before 2025-11-01T00:00:00Z --policy "12 months" --apply

Exit codes:
  0   done, or the plan; how much stays is said
  1   not done, or not all of it, and why
  2   the command line is wrong
  78  the configuration has mistakes)"},
     {"keygen", "Make an enrolment key: what says that an agent's epochs are yours",
      R"(Makes an Ed25519 key in the form of Go's note package. The private key is one line and goes to the file of --out, which
gets mode 0400 and is never written over; name it in ledger.enrolment_key_file. The verifier key, the public half, is
printed: keep it where no administrator of the stores can change it, and name it in the file of `twinlog verify
--trust`. Many agents may share one enrolment key.

Example:
  twinlog keygen --name audit.example.com/twinlog/enrol/prod-1 --out /etc/twinlog/enrolment.key

Exit codes:
  0   made
  1   the file is there already, or it cannot be written
  2   the name cannot name a key)"}}};

}  // namespace

std::span<const CommandHelp> ledger_help() {
  return kCommands;
}

}  // namespace twinlog
