// The part of DifferenceFinder that looks at beginnings and checkpoints.
#include <utility>

#include "ledger/note/checkpoint.h"
#include "ledger/note/verifier_key.h"
#include "ledger/verify/difference_finder.h"

namespace twinlog {
namespace {

bool is_signed_checkpoint(const EpochFacts& facts, const Paper& paper) {
  const Result<SignedCheckpoint> note = parse_checkpoint(paper.note);
  const Result<VerifierKey> key = parse_verifier_key(facts.key);
  return note && key && note->checkpoint.origin == facts.origin && note->checkpoint.head.size == paper.size &&
         paper.root == as_text(note->checkpoint.head.root) && signed_by(note->note, *key) == SignedBy::kYes;
}

}  // namespace

Status DifferenceFinder::take(StoreSide store, const LedgerCheckpointRow& row) {
  Paper paper;
  paper.kind = Paper::Kind::kNote;
  paper.store = store;
  paper.size = row.size;
  paper.root = row.root;
  paper.note = row.note;
  paper.accepted_at = row.accepted_at;
  return papers_.add(paper_record(row.epoch_id, paper));
}

Status DifferenceFinder::take(StoreSide store, const LedgerEpochRow& row) {
  const auto id = uuid_from_text(row.epoch_id);
  if (!id) {
    return {};
  }
  Paper paper;
  paper.store = store;
  paper.note = row.note;
  paper.origin = row.origin;
  paper.open = row.open;
  return papers_.add(paper_record(*id, paper));
}

/// Beginnings and checkpoints: each that one store alone has.
Status DifferenceFinder::take_papers() {
  if (Status finished = papers_.finish(); !finished) {
    return finished;
  }
  SortedReader reader({&papers_});
  std::optional<std::pair<std::string, Paper>> held;  ///< With what both stores' rows of it share.
  bool is_in_both = false;
  const auto settle = [&]() -> Status {
    const std::optional<std::uint32_t> number =
        held && !is_in_both ? book_->find(*array_from<16>(held->first.substr(0, sizeof(Uuid)))) : std::nullopt;
    return number ? take_paper_of(book_->at(*number), held->second, other_than(*held->second.store)) : Status();
  };
  while (const std::string_view* record = reader.next()) {
    Paper paper = read_paper(*record);
    std::string identity(record->substr(0, sizeof(Uuid)));
    identity.push_back(static_cast<char>(paper.kind));
    identity += paper.kind == Paper::Kind::kEpoch ? "" : std::to_string(paper.size) + "/" + paper.note;
    if (held && held->first == identity) {
      is_in_both = true;
      continue;
    }
    if (Status settled = settle(); !settled) {
      return settled;
    }
    held.emplace(std::move(identity), std::move(paper));
    is_in_both = false;
  }
  Status settled = settle();
  return settled ? reader.status() : settled;
}

Status DifferenceFinder::take_paper_of(const EpochFacts& facts, const Paper& paper, StoreSide lacking) {
  const StoreSide source = *paper.store;
  if (!facts.is_judged || facts.is_skipped) {
    return {};
  }
  const bool is_beginning = paper.kind == Paper::Kind::kEpoch;
  const bool is_good =
      is_beginning ? facts.begun_in.at(static_cast<std::size_t>(source)) : is_signed_checkpoint(facts, paper);
  // Older notes than the newest may be thinned by the owner of a store.
  const bool is_wanted = is_beginning || paper.size > facts.checkpointed.at(static_cast<std::size_t>(lacking));
  if (!is_good || !is_wanted || !is_due(facts, lacking, is_beginning ? 0 : paper.size - 1)) {
    return {};
  }
  Lack lack = lack_of(facts, lacking, is_beginning ? Lack::Kind::kBeginning : Lack::Kind::kCheckpoint, paper.size);
  lack.bytes = paper_record(facts.id, paper);
  return lacks_.add(lack_record(lack));
}

}  // namespace twinlog
