#include "agent/cli/verify_report.h"

#include <algorithm>

namespace twinlog {
namespace {

/// What a person does about it.
std::string_view advice(Verdict verdict) {
  switch (verdict) {
    case Verdict::kModified:
    case Verdict::kMissing:
      return "find out who had access then, and keep both stores as they are until you know; then keep a changed row "
             "as "
             "evidence and delete it, and `twinlog reconcile --repair` puts back what verifies in the other store";
    case Verdict::kForeign:
      return "rows that no agent signed: keep them as evidence before you delete them";
    case Verdict::kRootMismatch:
      return "compare with a backup: no store at hand has what was signed";
    case Verdict::kBadSignature:
    case Verdict::kUnauthorisedEpoch:
      return "find out who made that epoch or note; give --trust the key of every agent that is yours, and "
             "--checkpoints "
             "the agents' logs";
    case Verdict::kBadLeaf:
    case Verdict::kTenantGap:
    case Verdict::kConflictOrder:
      return "an agent signed this, or one version was put in another's place: look at that agent's host";
    case Verdict::kFork:
      return "a spool or process was copied or set back: look at that agent's host; --known once a person has judged "
             "it";
    case Verdict::kStoreDivergence:
      return "wait for the next checkpoint and verify again: it decides which store is right";
    case Verdict::kStateMismatch:
      return "lockout state does not follow from the events: `twinlog reconcile --repair` rebuilds it";
    case Verdict::kStale:
      return "start that agent on its volume, or end its epoch with `twinlog epoch retire`";
    case Verdict::kPending:
      return "start that agent on its volume: it may still hold these events";
    case Verdict::kDeclaredGap:
    case Verdict::kDeadLetter:
      return "the agent itself declared it: `twinlog spool dead-letters list` and the agent's log say more";
    case Verdict::kUnknownKey:
      return "write a trust file with the line `ledger_key` of your agents' logs, or of your enrolment key";
    default:
      return "";
  }
}

Colour colour_of(Verdict verdict) {
  constexpr std::array<Colour, 3> kByExit{Colour::kGreen, Colour::kRed, Colour::kYellow};
  return kByExit.at(static_cast<std::size_t>(exit_of(verdict)));
}

std::string where(const Finding& finding) {
  std::string out = finding.store ? std::string(side_text(*finding.store)) : "";
  const auto add = [&out](const std::string& words) { out.append(out.empty() ? "" : ", ").append(words); };
  if (!finding.origin.empty()) {
    add(shown_text(finding.origin));
  }
  if (finding.leaf_index) {
    add("leaf " + std::to_string(*finding.leaf_index));
  }
  if (finding.tenant_id) {
    add("tenant " + shown_text(*finding.tenant_id));
  }
  if (finding.log_id) {
    add("event " + shown_text(*finding.log_id));
  }
  return out;
}

std::string span_text(const Finding& finding) {
  if (finding.from && finding.until) {
    return "accepted between " + utc_text(*finding.from) + " and " + utc_text(*finding.until);
  }
  if (finding.from) {
    return "accepted after " + utc_text(*finding.from);
  }
  return finding.until ? "accepted by " + utc_text(*finding.until) : "";
}

std::string counted(std::uint64_t count, const std::string& one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

}  // namespace

void VerifyReport::show(const Finding& finding, Judged known) {
  std::uint64_t& shown = shown_.at(static_cast<std::size_t>(finding.verdict));
  if (++shown > kMostShownFindings) {
    return;
  }
  const std::string place = where(finding);
  io_.out << coloured(verdict_text(finding.verdict), colour_of(finding.verdict), io_.colours)
          << (known == Judged::kYes ? " (known)" : "") << (place.empty() ? "" : "  " + place) << "\n    "
          << shown_text(finding.detail) << "\n";
  if (const std::string fields = fields_.words(finding); !fields.empty()) {
    io_.out << "    " << fields << "\n";
  }
  if (const std::string span = span_text(finding); !span.empty()) {
    io_.out << "    " << span << "\n";
  }
}

void VerifyReport::finish(const VerifyOutcome& outcome, const FindingLog& log,
                          const std::vector<std::string>& unknown_columns) {
  const VerifySummary& sums = outcome.summary;
  for (std::size_t i = 0; i < kVerdicts; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    if (log.count(verdict) > kMostShownFindings) {
      io_.out << "... and " << log.count(verdict) - kMostShownFindings << " more " << verdict_text(verdict)
              << "; --json tells all\n";
    }
  }
  for (const std::string& column : unknown_columns) {
    io_.out << "a column that no agent made, and nothing proves: " << shown_text(column) << "\n";
  }
  io_.out << "\nchecked: " << counted(sums.epochs, "epoch") << ", " << std::to_string(sums.leaves)
          << " leaves under signed roots"
          << ", " << counted(sums.records, "record") << ", " << counted(sums.conflicts, "conflict") << ", "
          << counted(sums.accounts, "account") << "\n";
  if (sums.pending + sums.unproved + sums.pruned_epochs > 0) {
    io_.out << "beside them: " << sums.pending << " on their way, " << sums.unproved
            << " from before the ledger (accepted by the trust file), " << counted(sums.pruned_epochs, "pruned epoch")
            << "\n";
  }
  if (sums.unjudged_accounts > 0) {
    io_.out << "not judged: the state of " << counted(sums.unjudged_accounts, "account")
            << ", of which too many events are under no checkpoint yet; verify again, best when less is sent\n";
  }
  const int code = log.exit_code();
  if (code == 0) {
    io_.out << coloured("intact", Colour::kGreen, io_.colours) << ": what the stores hold is what the agents signed"
            << (sums.unjudged_accounts > 0 ? ", but for those accounts" : "") << "\n";
    return;
  }
  io_.out << (code == 1
                  ? coloured("NOT intact", Colour::kRed, io_.colours) + ": the record was changed, or is not whole"
                  : coloured("not proved", Colour::kYellow, io_.colours) + ": nothing was changed as far as is proved")
          << "\nstill trustworthy: every leaf under a signed root that no finding names\n";
  for (std::size_t i = 0; i < kVerdicts; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    if (log.count(verdict) > 0 && !advice(verdict).empty()) {
      io_.out << "what to do about " << verdict_text(verdict) << ": " << advice(verdict) << "\n";
    }
  }
}

std::string progress_line(const VerifyProgress& progress, std::chrono::milliseconds elapsed) {
  switch (progress.step) {
    case VerifyStep::kNotes:
      return "checkpoints ...";
    case VerifyStep::kProving:
      return "finding what the roots prove ...";
    case VerifyStep::kComparing:
      return "comparing with it ...";
    case VerifyStep::kAccounts:
      return "events and accounts ...";
    default:
      break;
  }
  std::string line = "reading: " + std::to_string(progress.done) + " rows";
  if (progress.all == 0) {
    return line;
  }
  const std::uint64_t done = std::min(progress.done, progress.all);
  line += " of about " + std::to_string(progress.all) + " (" + std::to_string(done * 100 / progress.all) + " %)";
  if (done > 0) {
    const auto left = elapsed * static_cast<std::int64_t>(progress.all - done) / static_cast<std::int64_t>(done);
    line += ", about " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(left).count()) + " s left";
  }
  return line;
}

}  // namespace twinlog
