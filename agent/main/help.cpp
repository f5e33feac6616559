#include "agent/main/help.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "agent/main/ledger_help.h"

namespace twinlog {
namespace {

constexpr std::array<CommandHelp, 21> kCommands{{
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
the environment (then they are not written), else they are asked for on a terminal; elsewhere they are placeholders to
change. Then both stores are looked at as by `twinlog check --stores`, and the SQL is shown that an administrator of
PostgreSQL runs once.

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
  twinlog spool replay --path /mnt/orphaned/spool
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
    {"spool replay", "Deliver what a spool holds whose agent is gone",
     R"(For the volume of a pod that does not come back: an agent without any way in. It opens the spool, delivers what waits to
the stores of the configuration, closes its epoch in the ledger, and ends. What is left stays in the spool, and the
next replay goes on there. A spool that an agent has open is refused. Progress is logged every five seconds.

Examples:
  twinlog spool replay
  twinlog spool replay --config /etc/twinlog/twinlog.toml --path /mnt/orphaned/spool --timeout 20m

Exit codes:
  0   both stores have everything that was in the spool
  1   something is left, dead letters included; or there is no spool, or it cannot be opened
  2   --timeout is none
  78  the configuration has mistakes)"},
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
  for (const std::span<const CommandHelp> commands : {std::span<const CommandHelp>(kCommands), ledger_help()}) {
    const auto found = std::ranges::find(commands, name, &CommandHelp::name);
    if (found != commands.end()) {
      return *found;
    }
  }
  std::abort();
}

std::string_view program_help() {
  return kProgram;
}

}  // namespace twinlog
