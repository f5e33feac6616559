#include "ledger/verify/note_judge.h"

#include <algorithm>
#include <utility>

#include "ledger/note/origin.h"
#include "ledger/record/json_tape.h"
#include "ledger/tree/merkle.h"
#include "ledger/verify/check_ahead.h"

namespace twinlog {
namespace {

/// Member "agent" of tag 36.
std::string agent_of(const std::string& json) {
  const std::optional<JsonTape> tape = parse_json(json);
  if (!tape || tape->nodes.empty() || tape->nodes.front().kind != NodeKind::kObject) {
    return {};
  }
  for (std::uint32_t at = 1; at < tape->end_of(0); at = tape->end_of(at + 1)) {
    if (tape->view(at) == "agent" && tape->nodes[at + 1].kind == NodeKind::kString) {
      return std::string(tape->view(at + 1));
    }
  }
  return {};
}

}  // namespace

Status NoteJudge::add_checkpoint(StoreSide store, const LedgerCheckpointRow& row) {
  Paper paper;
  paper.kind = Paper::Kind::kNote;
  paper.store = store;
  paper.size = row.size;
  paper.root = row.root;
  paper.note = row.note;
  paper.accepted_at = row.accepted_at;
  return papers_.add(paper_record(row.epoch_id, paper));
}

Status NoteJudge::add_epoch(StoreSide store, const LedgerEpochRow& row) {
  Paper paper;
  paper.kind = Paper::Kind::kEpoch;
  paper.store = store;
  paper.note = row.note;
  paper.origin = row.origin;
  paper.open = row.open;
  paper.retired = row.retired;
  const std::optional<Uuid> id = uuid_from_text(row.epoch_id);
  if (!id) {
    Finding finding;
    finding.verdict = Verdict::kForeign;
    finding.store = store;
    finding.detail = "a row of ledger_epochs whose epoch_id is no UUID";
    parts_.log.add(finding);
    return {};
  }
  return papers_.add(paper_record(*id, paper));
}

Status NoteJudge::add_archived(const SignedCheckpoint& checkpoint) {
  const std::optional<Uuid> id = epoch_of_origin(checkpoint.checkpoint.origin);
  if (!id) {
    return {};  // A note of another log: it says nothing of this one.
  }
  Paper paper;
  paper.kind = Paper::Kind::kNote;
  paper.size = checkpoint.checkpoint.head.size;
  paper.root = as_text(checkpoint.checkpoint.head.root);
  paper.note = note_text(checkpoint.note);
  return papers_.add(paper_record(*id, paper));
}

Status NoteJudge::judge() {
  for (const ArchivedCheckpoint& archived : parts_.archive.checkpoints()) {
    if (Status added = add_archived(archived.checkpoint); !added) {
      return added;
    }
  }
  if (Status finished = papers_.finish(); !finished) {
    return finished;
  }
  if (!parts_.trust) {
    Finding finding;
    finding.verdict = Verdict::kUnknownKey;
    finding.detail = "no trust file: that the record fits together is checked, not who wrote it";
    parts_.log.add(finding);
  }
  CheckAhead ahead(papers_, parts_.trust, parts_.archive);
  SortedReader reader({&papers_});
  std::string id;
  std::vector<Paper> epochs;  // Rows of ledger_epochs come before notes; and the first notes.
  bool is_judged = true;
  const auto judge_collected = [&]() -> Status {
    const bool is_due = !std::exchange(is_judged, true);
    return is_due ? judge_epoch(*array_from<sizeof(Uuid)>(id), epochs) : Status{};
  };
  while (const std::string_view* record = reader.next()) {
    if (record->substr(0, sizeof(Uuid)) != id) {
      if (Status judged = judge_collected(); !judged) {
        return judged;
      }
      id = record->substr(0, sizeof(Uuid));
      ahead.next_epoch();
      epochs.clear();
      is_judged = false;
    }
    Paper paper = read_paper(*record);
    if (paper.kind == Paper::Kind::kEpoch || !is_judged) {
      epochs.push_back(paper);
    }
    if (paper.kind == Paper::Kind::kNote && (paper.store || paper.size > 1)) {
      if (Status judged = judge_collected(); !judged) {
        return judged;
      }
      if (Status judged = judge_note(parts_.book.number(*array_from<sizeof(Uuid)>(id)), paper); !judged) {
        return judged;
      }
    }
  }
  if (Status judged = judge_collected(); !judged) {
    return judged;
  }
  if (Status finished = roots_.finish(); !finished) {
    return finished;
  }
  return reader.status();
}

void NoteJudge::tell(Verdict verdict, const EpochFacts& facts, const Paper* paper, const std::string& words) {
  Finding finding;
  finding.verdict = verdict;
  finding.store = paper != nullptr ? paper->store : std::nullopt;
  finding.origin = facts.name();
  finding.detail = words;
  if (facts.begun_at != 0) {
    finding.from = facts.begun_at;
  }
  parts_.log.add(finding);
}

Status NoteJudge::judge_epoch(const Uuid& id, const std::vector<Paper>& papers) {
  const std::uint32_t number = parts_.book.number(id);
  EpochFacts& facts = parts_.book.at(number);
  facts.is_named = true;
  judge_beginnings(number, papers);
  const bool has_row =
      std::any_of(papers.begin(), papers.end(), [](const Paper& paper) { return paper.kind == Paper::Kind::kEpoch; });
  if (!has_row) {
    judge_lost(number, papers);
  }
  if (parts_.trust) {
    const auto revoked = parts_.trust->revoked_after.find(facts.origin);
    facts.revoked_after = revoked == parts_.trust->revoked_after.end() ? std::nullopt : std::optional(revoked->second);
  }
  for (const Paper& paper : papers) {
    if (paper.kind != Paper::Kind::kEpoch) {
      continue;
    }
    if (openings_ && !paper.open.empty()) {
      if (Status told = openings_(*paper.store, number, paper.open); !told) {
        return told;
      }
    }
    if (!paper.retired.empty()) {
      if (Status judged = judge_retirement(number, paper); !judged) {
        return judged;
      }
    }
  }
  if (!facts.is_judged) {
    return {};
  }
  RootClaim first;
  first.root = facts.open_hash;
  facts.signed_size = std::max<std::uint64_t>(facts.signed_size, 1);
  return add_root(number, 1, first);
}

/// No store has a row of the epoch. What the archive alone says is demanded where a trusted key signed any of it:
/// nobody can tell who signed the rest, since the key is in the beginning.
void NoteJudge::judge_lost(std::uint32_t number, const std::vector<Paper>& papers) {
  EpochFacts& facts = parts_.book.at(number);
  bool is_demanded = !parts_.trust;
  bool is_of_this_ledger = false;
  for (const Paper& paper : papers) {
    is_demanded = is_demanded || paper.store;
    const Result<SignedCheckpoint> note = parse_checkpoint(paper.note);
    if (!note || epoch_of_origin(note->checkpoint.origin) != facts.id) {
      continue;
    }
    facts.origin = note->checkpoint.origin;
    is_of_this_ledger = is_of_this_ledger || !parts_.trust || has_speaker(*parts_.trust, facts.origin);
    is_demanded = is_demanded || authority_of(*note, *parts_.trust, parts_.archive) == Authority::kTrusted;
  }
  if (is_demanded) {
    tell(Verdict::kMissing, facts, nullptr, "the epoch's beginning is in no store, and notes of it are there");
    return;
  }
  unheld_ = number;
  facts.is_named = false;
  if (is_of_this_ledger) {
    tell(Verdict::kUnknownKey, facts, nullptr,
         "the archive has notes of this epoch, and no note of its beginning that a trusted key signed");
  }
}

void NoteJudge::judge_beginnings(std::uint32_t number, const std::vector<Paper>& papers) {
  EpochFacts& facts = parts_.book.at(number);
  std::string archived;
  for (const Paper& paper : papers) {
    archived = paper.kind == Paper::Kind::kNote && !paper.store && paper.size == 1 ? paper.note : archived;
  }
  std::optional<Beginning> accepted;
  std::optional<Beginning> unauthorised;
  for (const Paper& paper : papers) {
    if (paper.kind != Paper::Kind::kEpoch) {
      continue;
    }
    std::optional<Beginning> one = read_beginning(facts, paper, paper.note);
    if (!one && !archived.empty()) {
      Paper unheld = paper;
      unheld.store.reset();
      one = read_beginning(facts, unheld, archived);
    }
    if (!one) {
      continue;
    }
    if (!one->is_trusted) {
      unauthorised = std::move(one);
      continue;
    }
    if (accepted && accepted->open_hash != one->open_hash) {
      tell(Verdict::kFork, facts, &paper, "two beginnings are signed for this epoch");
      continue;
    }
    facts.begun_in.at(static_cast<std::size_t>(*paper.store)) = true;
    auto& held = facts.checkpointed.at(static_cast<std::size_t>(*paper.store));
    held = std::max<std::uint64_t>(held, 1);
    if (!accepted) {
      accept(facts, *one);
      accepted = std::move(one);
    }
  }
  if (!accepted && unauthorised) {
    facts.origin = unauthorised->note.checkpoint.origin;
    facts.begun_at = unauthorised->open.header.accept_at;
    tell(Verdict::kUnauthorisedEpoch, facts, nullptr, "no trusted key signed the beginning of this epoch");
  }
}

std::optional<NoteJudge::Beginning> NoteJudge::read_beginning(const EpochFacts& facts, const Paper& paper,
                                                              std::string_view note) {
  const bool is_own_note = paper.store.has_value();
  const auto refuse = [&](const std::string& words) -> std::optional<Beginning> {
    if (is_own_note) {
      EpochFacts named;
      named.id = facts.id;
      named.origin = facts.origin.empty() ? paper.origin : facts.origin;
      tell(Verdict::kBadSignature, named, &paper, "beginning of the epoch: " + words);
    }
    return std::nullopt;
  };
  Result<SignedCheckpoint> parsed = parse_checkpoint(note);
  Result<Leaf> leaf = parse_leaf(paper.open);
  const OpenLeaf* open = leaf ? std::get_if<OpenLeaf>(&leaf->content) : nullptr;
  if (!parsed) {
    return refuse(parsed.error().message());
  }
  if (open == nullptr || leaf->header.epoch_id != facts.id) {
    return refuse("its OPEN leaf is none, or that of another epoch");
  }
  const std::string& origin = parsed->checkpoint.origin;
  const Digest hash = leaf_hash(paper.open);
  if (parsed->checkpoint.head.size != 1 || parsed->checkpoint.head.root != hash) {
    return refuse("the note is not over its OPEN leaf");
  }
  if (open->origin != origin || epoch_of_origin(origin) != facts.id) {
    return refuse("the origins of note and leaf differ, or do not end in the epoch's id");
  }
  Result<VerifierKey> key = parse_verifier_key(open->verifier_key);
  if (!key || key->name != origin || signed_by(parsed->note, *key) != SignedBy::kYes) {
    return refuse("the epoch's own key did not sign the note");
  }
  const Authority authority = parts_.trust ? authority_of(*parsed, *parts_.trust, parts_.archive) : Authority::kTrusted;
  if (authority == Authority::kWrongSignature) {
    static_cast<void>(refuse("the signature under the enrolment key's name does not hold"));
  }
  if (paper.origin != origin && is_own_note) {
    tell(Verdict::kModified, facts, &paper, "origin in ledger_epochs");
  }
  return Beginning{std::move(*parsed), std::move(*leaf), hash, std::move(*key), authority == Authority::kTrusted};
}

void NoteJudge::accept(EpochFacts& facts, const Beginning& beginning) {
  const auto& open = std::get<OpenLeaf>(beginning.open.content);
  facts.origin = beginning.note.checkpoint.origin;
  facts.agent = agent_of(open.agent);
  facts.key = verifier_key_text(beginning.key);
  facts.is_judged = true;
  facts.open_hash = beginning.open_hash;
  facts.begun_at = beginning.open.header.accept_at;
  mark_skipped(beginning);
}

void NoteJudge::mark_skipped(const Beginning& beginning) {
  const auto& open = std::get<OpenLeaf>(beginning.open.content);
  if (parts_.since && open.previous && beginning.open.header.accept_at < *parts_.since) {
    parts_.book.at(parts_.book.number(*open.previous)).is_skipped = true;
  }
}

Status NoteJudge::add_root(std::uint32_t number, std::uint64_t size, const RootClaim& claim) {
  std::string record;
  put_claim(record, {number, size}, claim);
  return roots_.add(record);
}

Status NoteJudge::judge_note(std::uint32_t number, const Paper& paper) {
  EpochFacts& facts = parts_.book.at(number);
  if (paper.store && unheld_ == number) {
    unheld_.reset();
    facts.is_named = true;
    tell(Verdict::kMissing, facts, &paper, "the epoch's beginning is in no store, and notes of it are there");
  }
  if (!facts.is_judged) {
    return {};  // Nothing that its key signed counts; that was told.
  }
  const Result<SignedCheckpoint> note = parse_checkpoint(paper.note);
  if (paper.note != checked_note_) {
    checked_note_ = paper.note;
    const Result<VerifierKey> key = parse_verifier_key(facts.key);
    is_checked_note_good_ =
        note && note->checkpoint.origin == facts.origin && key && signed_by(note->note, *key) == SignedBy::kYes;
  }
  if (!is_checked_note_good_) {
    tell(Verdict::kBadSignature, facts, &paper, "checkpoint of size " + std::to_string(paper.size));
    return {};
  }
  const TreeHead& head = note->checkpoint.head;
  if (paper.size != head.size || paper.root != as_text(head.root)) {
    tell(Verdict::kModified, facts, &paper, "size or root beside the checkpoint of size " + std::to_string(head.size));
  }
  if (facts.revoked_after && head.size > *facts.revoked_after) {
    return {};
  }
  facts.signed_size = std::max(facts.signed_size, head.size);
  if (paper.store) {
    auto& held = facts.checkpointed.at(static_cast<std::size_t>(*paper.store));
    held = std::max(held, head.size);
  }
  if (facts.retired_size && head.size > *facts.retired_size) {
    tell(Verdict::kFork, facts, &paper, "it was retired at a smaller size than its own key signed");
  }
  RootClaim claim;
  claim.root = head.root;
  claim.source = paper.store ? RootClaim::Source::kCheckpoint : RootClaim::Source::kArchive;
  claim.store = paper.store;
  claim.accepted_at = paper.accepted_at;
  return add_root(number, head.size, claim);
}

bool NoteJudge::is_retired_by_trusted(const SignedRetirement& retired) const {
  if (!parts_.trust) {
    return true;
  }
  return std::any_of(parts_.trust->keys.begin(), parts_.trust->keys.end(), [&](const TrustedKey& trusted) {
    return retired.retirement.origin.starts_with(trusted.origin_prefix) &&
           !parts_.trust->revoked_keys.contains(trusted.key.name) &&
           signed_by(retired.note, trusted.key) == SignedBy::kYes;
  });
}

Status NoteJudge::judge_retirement(std::uint32_t number, const Paper& paper) {
  EpochFacts& facts = parts_.book.at(number);
  const Result<SignedRetirement> retired = parse_retirement(paper.retired);
  if (!retired || retired->retirement.origin != facts.origin || !is_retired_by_trusted(*retired)) {
    tell(Verdict::kBadSignature, facts, &paper, "retirement: no trusted key signed it");
    return {};
  }
  if (!facts.is_judged) {
    return {};
  }
  const TreeHead& head = retired->retirement.head;
  if (!facts.retired_size) {
    tell(Verdict::kRetired, facts, nullptr,
         "ended by a person with " + std::to_string(head.size) + " leaves: " + retired->retirement.reason);
  }
  facts.retired_size = head.size;
  facts.end = head.size;
  facts.signed_size = std::max(facts.signed_size, head.size);
  RootClaim claim;
  claim.root = head.root;
  claim.source = RootClaim::Source::kRetirement;
  return add_root(number, head.size, claim);
}

}  // namespace twinlog
