#include "agent/main/help.h"

#include <array>
#include <cstdlib>

namespace twinlog {
namespace {

constexpr std::array<CommandHelp, 28> kCommands{{
    {"agent", "Run the sidecar until SIGTERM",
     R"(Takes login events on a Unix socket and over HTTP, answers once they are safe on disk, and delivers them to both
stores. On SIGTERM it stops taking events and delivers what waits, for agent.drain_timeout at most; what is left
stays in the spool and is delivered by the next start. SIGHUP reads the configuration again.

Example:
  twinlog agent --config /etc/twinlog/twinlog.toml

Exit codes:
  0   stopped; everything is delivered, or safe in the spool
  1   it could not start, or events are left on a volume that goes with the pod
  78  the configuration has mistakes; all are listed, and nothing was started)"},
    {"check", "Validate the configuration and try what the start will do; with --stores, look at both stores too",
     R"(Lists every mistake of the file and the environment at once, with line and key. Then it tries what the agent will
need, as the user who calls it, and changes nothing: files of secrets, the spool's folder and lock, socket files and
their folders, ports. What the agent of this very configuration holds is no problem. With --stores it also connects
and reports server versions, rights and the state of the schema. Each line says what to do about a problem.

Examples:
  twinlog check
  setpriv --reuid=twinlog --regid=twinlog --clear-groups twinlog check --stores

Exit codes:
  0   all is well
  1   the agent could not start so, or a store cannot be used as it is
  78  the configuration has mistakes)"},
    {"init", "Write a first configuration, try the stores, and show the SQL for the roles",
     R"(Writes a commented minimal file, unless one is there: that is left as it is. Addresses come from the options, else from
the environment (then they are not written), else they are placeholders to change. Then both stores are looked at as
by `twinlog check --stores`, and the SQL is shown that an administrator of PostgreSQL runs once.

Example:
  twinlog init --postgres postgresql://twinlog@db/audit --mongodb mongodb://db/audit

Exit codes:
  0   both stores are ready
  1   a store cannot be used as it is (yet), or the file cannot be written
  2   an address is none
  78  the file that is there has mistakes)"},
    {"migrate", "Create or upgrade the schema of both stores",
     R"(Does nothing to a schema that is current. The agent does the same at its start unless stores.*.migrate is false;
use this command where the agent's user may not change the schema. Running agents go on meanwhile.

Example:
  TWINLOG_STORES_POSTGRES_URI=postgresql://owner@db/audit twinlog migrate

Exit codes:
  0   both schemas are current
  1   a store could not be brought up to date
  78  the configuration has mistakes)"},
    {"send", "Send events (NDJSON, one a line) through the agent's Unix socket",
     R"(Sends a file or standard input, waits for the answer to every line, and sends again what was answered busy or lost
with the connection. The summary counts stored, duplicate, conflict and rejected lines.

Example:
  echo '{"tenant_id":"acme","event_type":"login_failed","occurred_at":"2026-11-24T12:00:00Z",
         "username":"maria"}' | tr -d '\n' | twinlog send

Exit codes:
  0   every line was taken
  1   a line was rejected or has no answer, or no agent listens
  2   the file cannot be opened)"},
    {"status", "Say how a running agent is, and what to do where it is not well",
     R"(Asks the admin socket (root and the agent's user may), else the public port on this host, for the health page, and
prints it for people: the overall state, what is well, then what is not with impact, diagnosis and action, the
stores with their backlog, the spool with the time until it is full, and warnings. Needs no secret of the
configuration, only the addresses; without a readable file it uses the defaults. NO_COLOR turns colours off.

Examples:
  twinlog status
  twinlog status --watch
  twinlog status --json | jq .stores

Exit codes:
  0   the agent is well
  1   it is degraded or failing
  3   no agent answers
  78  the part of the configuration that says where it is has mistakes)"},
    {"wait", "Wait until a running agent is ready",
     R"(For what starts beside the agent and must not send before it: asks the admin socket, else the public port on this
host, until an event sent would be kept. An agent that is not there yet is waited for, too, and so is its
configuration (without a readable file the defaults are used). What it waits for is said on standard error.

Examples:
  twinlog wait --ready && exec login-service
  ExecStartPre=/usr/bin/twinlog wait --ready --timeout 30s

Exit codes:
  0   the agent is ready
  1   --timeout is up and it is not, or it was interrupted
  78  the part of the configuration that says where it is has mistakes)"},
    {"drain", "Ask a running agent to deliver without delay",
     R"(Both stores are tried at once, with no linger and the shortest waits between tries. Intake stays open and probes
stay green; the time that a later SIGTERM has for the drain (agent.drain_timeout) counts from the first such
request. Without --wait it returns at once, as a preStop hook must. With it, it returns when every enabled store
has all that was accepted before the request.

Examples:
  twinlog drain
  twinlog drain --wait --timeout 2m

Exit codes:
  0   the agent drains; with --wait: it has
  1   no agent answers, or --timeout is up; what is left, and why, is said for each store
  78  the part of the configuration that says where it is has mistakes)"},
    {"spool", "Look into the durable queue, of a running agent or a stopped one, and mend it",
     R"(Examples:
  twinlog spool status
  twinlog spool export --waiting > waiting.ndjson
  twinlog spool check
  twinlog spool dead-letters list

`twinlog spool COMMAND --help` says more.)"},
    {"spool status", "What the spool holds, and what each store still lacks",
     R"(Asks the agent that runs; where none does, the folder itself is read, without changing anything in it. A spool of
a newer format is refused, naming both formats.

Examples:
  twinlog spool status
  twinlog spool status --path /mnt/orphaned/spool --json

Exit codes:
  0   it was looked at
  1   there is no spool, or it cannot be read
  78  the part of the configuration that says where it is has mistakes)"},
    {"spool export", "Write the kept events as NDJSON to standard output",
     R"(One event a line in the order of acceptance, members in the order of their names: the content, and with it agent,
content_hash, effective_at, epoch_id, leaf_index and received_at. Times are RFC 3339 with six digits. What is
there when it begins is written; the events hold personal data. --for-sending writes what a sender sends: an
agent that has the event answers duplicate, and to any other it is the same event.

Examples:
  twinlog spool export > events.ndjson
  twinlog spool export --waiting --for-sending --path /mnt/orphaned/spool | twinlog send

Exit codes:
  0   all was written
  1   there is no spool, or it could not be read or written to the end
  78  the part of the configuration that says where it is has mistakes)"},
    {"spool check", "Read everything that a spool consists of, and say what is wrong",
     R"(Reads every block of every table against its checksum, every event, dead letter and log, and holds what is there
against what was promised. Nothing is changed. Ranges of events are FIRST-LAST. Losses on record stand there until
they are acknowledged, and then with who did that, when and why. Beside a running agent it reads what is promised when
it begins; it has to see the agent's folder. Files that go meanwhile keep their room until it ends.

Examples:
  twinlog spool check
  twinlog spool check --path /mnt/copy/spool

Exit codes:
  0   all that was promised is there, was delivered, or is on record as lost and acknowledged
  1   a finding, a loss that nobody has acknowledged, or it cannot be read
  78  the part of the configuration that says where it is has mistakes)"},
    {"spool repair", "Say how a damaged spool can be mended; with --apply, do it",
     R"(Checks it, and prints what would be put back, what would go on record as lost, and where everything is kept. With
--apply it first keeps the folder as it is beside it, PATH.before-repair-TIME, on stable storage (hard links where the
volume can; else it says how much room that takes; in the folder, as damaged-TIME, where that is a volume of its own),
then opens the spool as the agent would: what logs and tables still hold is put back, what they do not is on record as
lost. Nothing is deleted. The agent does the same by itself when it starts; this shows it before, and goes on to what
only reading everything finds. Run it as the user who owns the folder, while no agent has it open.

Examples:
  twinlog spool repair
  twinlog spool repair --apply

Exit codes:
  0   nothing to repair, or repaired
  1   there is something to repair, or it could not be done
  78  the part of the configuration that says where it is has mistakes)"},
    {"spool acknowledge", "Say that you know of a loss, and why it is no longer trouble",
     R"(A loss degrades health until then, and stays on record with the reason afterwards. RANGE is FIRST-LAST, exactly as
`twinlog spool check` prints it. Who you are is kept, too.

Example:
  twinlog spool acknowledge 5-9 --reason "disk of node 3, replaced; senders repeated the day"

Exit codes:
  0   acknowledged
  1   exactly these events are no loss on record, or the spool cannot be changed
  2   RANGE or --reason are none
  78  the part of the configuration that says where it is has mistakes)"},
    {"spool dead-letters", "What a store refused for good: look at it, offer it again, or give it up",
     R"(An event that one store can never take is kept in the spool as a dead letter of that store; everything else goes on.

Examples:
  twinlog spool dead-letters list
  twinlog spool dead-letters show --id acme/e-17
  twinlog spool dead-letters replay --store postgres --code 23514
  twinlog spool dead-letters discard --id acme/e-17 --yes --reason "test data")"},
    {"dead-letters list", "Say which events a store refused, and why",
     R"(One line for each: store, leaf, when, the store's code and constraint, where, the event's key, and why. No content.

Examples:
  twinlog spool dead-letters list
  twinlog spool dead-letters list --store postgres --older-than 24h --json

Exit codes:
  0   they were listed, or there are none
  1   there is no spool, it cannot be read, or no dead letter has an --id
  2   a selection is none
  78  the part of the configuration that says where it is has mistakes)"},
    {"dead-letters show", "Show refused events whole, as they were accepted",
     R"(What `list` says, and the record as `twinlog spool export` writes it: it holds personal data.

Example:
  twinlog spool dead-letters show --id acme/e-17

Exit codes:
  0   they were shown, or there are none
  1   there is no spool, it cannot be read, or no dead letter has an --id
  2   a selection is none
  78  the part of the configuration that says where it is has mistakes)"},
    {"dead-letters replay", "Offer refused events to their store again",
     R"(For when the cause is gone: a constraint dropped, a limit raised. A running agent does it, and the command waits until
each was tried; of a stopped spool it does so itself, with the stores of the configuration. What the store takes ends
as if it had come in time, accounts too; what it refuses again stays a dead letter. Without a selection: all.

Examples:
  twinlog spool dead-letters replay
  twinlog spool dead-letters replay --store postgres --code 23514 --timeout 1m

Exit codes:
  0   the stores took all
  1   one was refused again, not all could be tried in time, or the spool cannot be changed
  2   a selection is none
  78  the configuration has mistakes)"},
    {"dead-letters discard", "Give refused events up: their store never gets them",
     R"(What stays on record is who did it, when, and why. The other store keeps what it has. Without a selection: all.

Example:
  twinlog spool dead-letters discard --id acme/e-17 --yes --reason "test data"

Exit codes:
  0   they are discarded, or there was none
  1   no dead letter has an --id, or the spool cannot be changed
  2   --yes or --reason is missing, or a selection is none
  78  the part of the configuration that says where it is has mistakes)"},
    {"verify", "Prove that both stores hold what the agents signed, and name what does not",
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
PREFIX.disclosure.json, which shows the chosen fields and of all others a commitment that cannot be guessed at. Takes each
part from whichever store has it whole, and checks everything before it writes. Both files go to the receiver.

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
     R"(An epoch is one run of an agent, which ends it itself, at its stop or
at its next start. Where its spool is gone, a person has to.)"},
    {"epoch retire", "Say that an epoch has ended whose spool is gone",
     R"(Signs, with the key of ledger.enrolment_key_file, that the epoch holds what the stores hold and no more, and keeps that in
both. Needs no agent, but stores.<name>.keeper_uri. First it verifies everything, and refuses where anything of the epoch
was changed or is missing, where the stores or --checkpoints know a larger checkpoint, and where its agent may be alive:
only what `twinlog verify` calls STALE is retired. Give --checkpoints whatever logs of that agent there are.

Examples:
  twinlog epoch retire --origin twinlog/auth-7f9c/019ab3c4-d5e6-7f00-8102-0304050607f8 --reason "node lost" \
    --checkpoints agent.log

Exit codes:
  0   it is retired, and `twinlog verify` lists it as RETIRED
  1   it is not, and why
  2   the command line is wrong
  78  the configuration has mistakes)"},
    {"erase", "Empty fields of records in both stores, so that the ledger stays whole",
     R"(Asks a running agent, which has stores.<name>.keeper_uri. It checks what those logins may do, signs a leaf that names the
records and fields, waits until both stores have it under a checkpoint, and then empties the fields: in the record, its
conflicts and further acceptances, and what its own spool still holds. `twinlog verify` and older proofs stay as they were;
what was erased cannot be guessed from what is left. With user_id or username goes account. tenant_id, log_id, event_type
and occurred_at go with the whole record only. Whatever breaks it off: the same command again finishes it.

Examples:
  twinlog erase --tenant acme --log-id 0193-1 --fields ip,user_agent --request "case 17"
  twinlog erase --tenant acme --account id:u-4711 --fields user_id,username,ip --request "DSR 2026-118"

Exit codes:
  0   erased in every store
  1   not, or not in every store, and why
  2   the command line is wrong, or a field that cannot be erased
  78  the configuration has mistakes)"},
    {"prune", "Take whole old records out of both stores, so that the ledger stays whole",
     R"(Asks a running agent, as `twinlog erase` does. Without --apply it only counts. A record goes with all that belongs to it,
where every version of it is older and both stores have it alike; what is not so stays, and is counted. Leaves that name
what goes come first. Whatever breaks it off: the same command again finishes it.

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
  2   the name cannot name a key)"},
    {"try", "Show what an agent would keep of events (NDJSON), without one",
     R"(Reads a file or standard input and says for every line what record it would become, which accounts it speaks to,
what was repaired, what was redacted and by which rule, or which field would be refused and why. Nothing is kept
or sent, and of what was sent nothing is shown but the record.

Examples:
  twinlog try events.ndjson
  echo '{"tenant_id":"acme","event_type":"login_failed","occurred_at":1763971210,"username":"Maria"}' |
    twinlog try

Exit codes:
  0   every line would be taken
  1   a line would be refused, or the input cannot be read to its end
  2   the file cannot be opened
  78  the part of the configuration that says what is taken has mistakes)"},
}};

constexpr std::string_view kProgram =
    R"(Configuration: /etc/twinlog/twinlog.toml, or the file of --config or of the variable TWINLOG_CONFIG; every key also as
a variable of the environment (spool.path is TWINLOG_SPOOL_PATH). The shortest file is the two store addresses:

  [stores.postgres]
  uri = "postgresql://twinlog@db/audit"
  [stores.mongodb]
  uri = "mongodb://db/audit"

First steps:
  twinlog init                  a first configuration
  twinlog check --stores        is everything in order?
  twinlog agent                 run it
  twinlog send events.ndjson    send events
  twinlog status                how is it?

Exit codes of every command: 0 fine, 1 a finding or failure, 2 wrong usage, 78 mistakes in the configuration;
of `twinlog status` also 3, no agent answers.
`twinlog help COMMAND` or `twinlog COMMAND --help` says what a command does, with examples.)";

}  // namespace

const CommandHelp& help_of(std::string_view name) {
  for (const CommandHelp& help : kCommands) {
    if (help.name == name) {
      return help;
    }
  }
  std::abort();
}

std::string_view program_help() {
  return kProgram;
}

}  // namespace twinlog
