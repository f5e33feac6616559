#include "agent/cli/retire_command.h"

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

#include "ledger/note/retirement.h"
#include "ledger/tree/frontier.h"
#include "ledger/tree/merkle.h"
#include "ledger/verify/row_leaf.h"
#include "ledger/verify/verify.h"

namespace twinlog {
namespace {

int refuse(const OperatorIo& io, const std::string& words) {
  io.err << "twinlog: " << words << "\n";
  return 1;
}

std::string words_of(StoreSide side, const StoreError& error) {
  return std::string(side_text(side)) + ": " + error.words + (error.code.empty() ? "" : " (code " + error.code + ")");
}

/// What the stores hold of one epoch, and the retirement that lies there already.
struct HeldEpoch {
  std::optional<Uuid> id;
  std::string retired;
  std::map<std::uint64_t, Digest> hashes;
};

Result<Archive> read_archives(const RetireOptions& options) {
  Archive archive;
  for (const std::string& path : options.checkpoints) {
    std::ifstream file(path, std::ios::binary);
    std::string line;
    while (std::getline(file, line)) {
      if (const Status taken = archive.take_line(line); !taken) {
        return Error(ErrorKind::kInvalid, path + ": " + taken.error().message());
      }
    }
    if (!file.is_open() || file.bad()) {
      return Error(ErrorKind::kInvalid, path + " cannot be read");
    }
  }
  return archive;
}

struct Fitness {
  /// "" where the epoch is fit to be retired: due, not ended, and nothing but that to be said of it.
  std::string trouble;
  std::optional<std::uint64_t> unsigned_from;  ///< From this leaf on they lie under no checkpoint.
};

Result<Fitness> fitness_of(const RetireOptions& options, const std::vector<StoreToVerify>& stores,
                           const OperatorIo& io) {
  Result<Archive> archive = read_archives(options);
  if (!archive) {
    return archive.error();
  }
  Fitness fitness;
  std::string& trouble = fitness.trouble;
  bool is_overdue = false;
  FindingLog log({}, [&](const Finding& finding, Judged) {
    if (finding.origin != options.origin) {
      return;
    }
    is_overdue = is_overdue || finding.verdict == Verdict::kStale;
    if (finding.verdict == Verdict::kPending && !finding.store) {
      fitness.unsigned_from = finding.leaf_index;
    }
    if (exit_of(finding.verdict) == 1 && trouble.empty()) {
      trouble = std::string(verdict_text(finding.verdict)) + ": " + finding.detail;
    }
  });
  VerifyOrder order;
  order.archive = std::move(*archive);
  order.now = io.clock.utc_now();
  const char* const usual = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nobody changes it any more.
  order.sorting.folder = usual != nullptr && *usual != '\0' ? usual : "/tmp";
  for (const StoreToVerify& store : stores) {
    order.stores.push_back({store.side, *store.reader});
  }
  if (const Result<VerifyOutcome> outcome = verify_stores(order, log); !outcome) {
    return outcome.error();
  }
  if (!trouble.empty()) {
    trouble = "`twinlog verify` finds that it is not whole, and a retirement would hide that: " + trouble;
  } else if (!is_overdue) {
    trouble = "it has ended, is retired, or its agent may be alive: only what `twinlog verify` calls STALE is retired";
  }
  return fitness;
}

std::string leaf_count(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " leaf" : " leaves");
}

/// Before anything is signed: of what lies under no checkpoint nobody but the person can say that it is all.
void tell_extent(const TreeHead& head, std::optional<std::uint64_t> unsigned_from, const OperatorIo& io) {
  io.out << "declares " << leaf_count(head.size) << ", up to leaf " << head.size - 1
         << ", as all that this epoch had; ";
  if (unsigned_from && *unsigned_from < head.size) {
    io.out << "the last " << leaf_count(head.size - *unsigned_from) << ", from leaf " << *unsigned_from
           << " on, under no checkpoint: this retirement alone vouches for them\n";
  } else {
    io.out << "all of them lie under a checkpoint\n";
  }
}

void take_tile(HeldEpoch& held, const LedgerTileRow& tile) {
  for (std::uint64_t i = 0; tile.epoch_id == held.id && i < tile.hashes.size() / sizeof(Digest); ++i) {
    if (const auto hash = array_from<sizeof(Digest)>(tile.hashes.substr(i * sizeof(Digest), sizeof(Digest)))) {
      held.hashes.try_emplace(tile.first_index + i, *hash);
    }
  }
}

void take_row(HeldEpoch& held, const LedgerRow& row) {
  if (row.version.epoch_id != held.id || !row.tenant_seq) {
    return;
  }
  if (const RowClaim claim = row_claim(row, ""); claim.has_hash) {
    held.hashes.try_emplace(row.version.leaf_index, claim.hash);
  }
}

StoreStatus find_epoch(LedgerReader& reader, const std::string& origin, HeldEpoch& held) {
  return reader.epochs([&](LedgerEpochRow&& row) -> Status {
    if (row.origin == origin) {
      held.id = uuid_from_text(row.epoch_id);
      held.retired = row.retired.empty() ? held.retired : row.retired;
    }
    return {};
  });
}

/// Of what nothing was found to be changed, any copy of a hash is as good as the other.
StoreStatus read_hashes(LedgerReader& reader, HeldEpoch& held) {
  auto failed = reader.tiles([&held](LedgerTileRow&& tile) -> Status {
    take_tile(held, tile);
    return {};
  });
  if (!failed) {
    failed = reader.leaves([&held](LedgerLeafRow&& leaf) -> Status {
      if (leaf.epoch_id == held.id) {
        held.hashes.try_emplace(leaf.leaf_index, leaf_hash(leaf.leaf));
      }
      return {};
    });
  }
  return failed ? std::move(failed) : reader.rows([&held](LedgerRow&& row) -> Status {
    take_row(held, row);
    return {};
  });
}

/// Nothing where there is a hole.
std::optional<TreeHead> head_of(const HeldEpoch& held) {
  Frontier frontier;
  for (const auto& [index, hash] : held.hashes) {
    if (index != frontier.size()) {
      return std::nullopt;
    }
    frontier.append(hash);
  }
  return held.hashes.empty() ? std::nullopt : std::optional(TreeHead{frontier.size(), frontier.root()});
}

int write_retirement(const HeldEpoch& held, const std::string& note, const std::vector<StoreToKeep>& keepers,
                     const OperatorIo& io) {
  for (const StoreToKeep& store : keepers) {
    if (const auto failed = store.keeper->retire(*held.id, note)) {
      return refuse(io, words_of(store.side, *failed) + "; run the command again, nothing doubles");
    }
  }
  const Result<SignedRetirement> signed_one = parse_retirement(note);
  io.out << "retired";
  if (signed_one) {
    io.out << " at " << leaf_count(signed_one->retirement.head.size);
  }
  io.out << "\n";
  return 0;
}

bool is_signed_by(const std::string& note, const RetireOptions& options, const SigningKey& enrolment) {
  const Result<SignedRetirement> there = parse_retirement(note);
  return there && sign_retirement(there->retirement, enrolment) == note && there->retirement.origin == options.origin;
}

}  // namespace

int run_retire(const RetireOptions& options, const SigningKey& enrolment, const std::vector<StoreToVerify>& stores,
               const std::vector<StoreToKeep>& keepers, const OperatorIo& io) {
  if (!is_retirement_reason(options.reason)) {
    io.err << "twinlog: --reason is one line of 1 to " << kMostReasonBytes << " bytes\n";
    return 2;
  }
  for (const StoreToKeep& store : keepers) {
    if (const auto failed = store.keeper->connect()) {
      return refuse(io, words_of(store.side, *failed));
    }
  }
  HeldEpoch held;
  for (const StoreToVerify& store : stores) {
    auto failed = store.reader->open();
    failed = failed ? std::move(failed) : find_epoch(*store.reader, options.origin, held);
    if (failed) {
      return refuse(io, words_of(store.side, *failed));
    }
  }
  if (!held.id) {
    return refuse(io, "no store has an epoch of this origin");
  }
  if (is_signed_by(held.retired, options, enrolment)) {  // Broken off between the stores, or done before.
    return write_retirement(held, held.retired, keepers, io);
  }
  const Result<Fitness> fitness = fitness_of(options, stores, io);
  if (!fitness || !fitness->trouble.empty()) {
    return refuse(io, fitness ? fitness->trouble : fitness.error().message());
  }
  for (const StoreToVerify& store : stores) {
    if (const auto failed = read_hashes(*store.reader, held)) {
      return refuse(io, words_of(store.side, *failed));
    }
  }
  const std::optional<TreeHead> head = head_of(held);
  if (!head) {
    return refuse(io, "the stores do not hold its leaves from the first to the last without a hole");
  }
  tell_extent(*head, fitness->unsigned_from, io);
  return write_retirement(
      held, sign_retirement({.origin = options.origin, .head = *head, .reason = options.reason}, enrolment), keepers,
      io);
}

}  // namespace twinlog
