#include "ledger/verify/check_ahead.h"

#include <string>

#include "ledger/leaf/leaf.h"
#include "ledger/verify/papers.h"

namespace twinlog {
namespace {

constexpr std::uint64_t kOver = 1ULL << 63U;
/// With the signatures of so many epochs no result is forgotten before the judge asks for it.
constexpr std::uint64_t kMostAhead = 256;

/// What the judge will ask for. Results are kept where they are checked.
class Checker {
 public:
  Checker(const std::optional<TrustFile>& trust, const Archive& archive) : trust_(trust), archive_(archive) {}

  void begin() { key_.reset(); }
  void check(const Paper& paper) {
    if (paper.kind == Paper::Kind::kEpoch) {
      take_key(paper.open);
    }
    const Result<SignedCheckpoint> note = parse_checkpoint(paper.note);
    if (!note || !key_) {
      return;
    }
    static_cast<void>(signed_by(note->note, *key_));
    if (paper.kind == Paper::Kind::kEpoch && trust_) {
      static_cast<void>(authority_of(*note, *trust_, archive_));
    }
  }

 private:
  void take_key(std::string_view bytes) {
    const Result<Leaf> leaf = parse_leaf(bytes);
    const OpenLeaf* open = leaf ? std::get_if<OpenLeaf>(&leaf->content) : nullptr;
    if (open == nullptr) {
      return;
    }
    if (Result<VerifierKey> key = parse_verifier_key(open->verifier_key)) {
      key_ = std::move(*key);
    }
  }

  const std::optional<TrustFile>& trust_;
  const Archive& archive_;
  std::optional<VerifierKey> key_;
};

}  // namespace

CheckAhead::CheckAhead(const SortedFile& papers, const std::optional<TrustFile>& trust, const Archive& archive)
    : papers_(papers), trust_(trust), archive_(archive), thread_([this] { run(); }) {}

CheckAhead::~CheckAhead() {
  judged_.store(kOver);
  judged_.notify_one();
  thread_.join();
}

void CheckAhead::next_epoch() {
  judged_.fetch_add(1);
  judged_.notify_one();
}

bool CheckAhead::is_ours(std::uint64_t epoch) const {
  std::uint64_t judged = judged_.load();
  while (epoch > judged + kMostAhead) {
    judged_.wait(judged);
    judged = judged_.load();
  }
  return epoch % 2 == 0 && epoch > judged;
}

void CheckAhead::run() {
  Checker checker(trust_, archive_);
  SortedReader reader({&papers_});
  std::string id;
  std::uint64_t epoch = 0;
  bool is_checked_here = false;
  while (const std::string_view* record = reader.next()) {
    if (record->substr(0, sizeof(Uuid)) != id) {
      id = record->substr(0, sizeof(Uuid));
      is_checked_here = is_ours(++epoch);
      checker.begin();
    }
    if (judged_.load() >= kOver) {
      return;
    }
    if (is_checked_here) {
      checker.check(read_paper(*record));
    }
  }
}

}  // namespace twinlog
