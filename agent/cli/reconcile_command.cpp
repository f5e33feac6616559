#include "agent/cli/reconcile_command.h"

#include <algorithm>
#include <utility>

#include "agent/cli/terminal.h"
#include "agent/cli/verify_report.h"
#include "ledger/verify/mending.h"

namespace twinlog {
namespace {

/// What one round puts back may show the next one more.
constexpr int kMostRounds = 4;
constexpr std::size_t kMostSaid = 1000;
constexpr int kDiffers = 1;

using Counts = std::array<MendCounts, kStoreSides>;

/// What a comparison found, as much of it as is shown.
class Found {
 public:
  void add(const Finding& finding) {
    if (exit_of(finding.verdict) != kDiffers) {
      return;  // Nothing that another store can mend.
    }
    ++findings_;
    std::uint64_t& kept = kept_.at(static_cast<std::size_t>(finding.verdict));
    if (++kept <= kMostShownFindings) {
      shown_.push_back(finding);
    }
  }
  void say(const std::string& line) {
    if (++said_ <= kMostSaid) {
      lines_.push_back(line);
    }
  }
  bool is_any() const { return findings_ + said_ > 0; }

  void show(const OperatorIo& io) const {
    for (const std::string& line : lines_) {
      io.out << shown_text(line) << "\n";
    }
    if (said_ > lines_.size()) {
      io.out << "... and " << said_ - lines_.size() << " more of that kind\n";
    }
    ChangedFields fields({});
    VerifyReport report(io, fields);
    for (const Finding& finding : shown_) {
      report.show(finding, Judged::kNo);
    }
    if (findings_ > shown_.size()) {
      io.out << "... and " << findings_ - shown_.size() << " more; `twinlog verify --json` tells all\n";
    }
  }

 private:
  std::array<std::uint64_t, kVerdicts> kept_{};
  std::uint64_t findings_ = 0;
  std::vector<Finding> shown_;
  std::uint64_t said_ = 0;
  std::vector<std::string> lines_;
};

/// "3 events, 1 tile"
std::string counts_text(const MendCounts& counts) {
  constexpr std::array<std::string_view, 5> kMany = {"events", "leaves of agents", "tiles", "beginnings of epochs",
                                                     "checkpoints"};
  constexpr std::array<std::string_view, 5> kOne = {"event", "leaf of an agent", "tile", "beginning of an epoch",
                                                    "checkpoint"};
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts.at(i) > 0) {
      text += (text.empty() ? "" : ", ") + std::to_string(counts.at(i)) + " " +
              std::string(counts.at(i) == 1 ? kOne.at(i) : kMany.at(i));
    }
  }
  return text;
}

class Reconciliation {
 public:
  Reconciliation(const ReconcileOptions& options, const std::vector<StoreToVerify>& stores, const StoreMenders& menders,
                 const OperatorIo& io)
      : options_(options), stores_(stores), menders_(menders), io_(io) {}

  int run();

 private:
  Status compare(Found& found, DifferenceFinder& finder);
  /// How much was mended.
  Result<std::uint64_t> mend(Found& found, const DifferenceFinder& finder);
  Status show_lacks(const DifferenceFinder& finder);
  int finish(const Found& found, const DifferenceFinder& finder);
  void show_mended() const;

  const ReconcileOptions& options_;
  const std::vector<StoreToVerify>& stores_;
  const StoreMenders& menders_;
  const OperatorIo& io_;
  std::optional<TrustFile> trust_;
  Counts mended_{};
  std::uint64_t accounts_ = 0;
};

Status Reconciliation::compare(Found& found, DifferenceFinder& finder) {
  FindingLog log({}, [&found](const Finding& finding, Judged) { found.add(finding); });
  VerifyOrder order;
  order.trust = trust_;
  order.now = io_.clock.utc_now();
  order.sorting.folder = temporary_folder(options_.temporary);
  order.on_progress = shown_progress(io_);
  order.watch = &finder;
  for (const StoreToVerify& store : stores_) {
    order.stores.push_back({store.side, *store.reader});
  }
  const Result<VerifyOutcome> outcome = verify_stores(order, log);
  io_.err << (io_.is_err_terminal ? "\r\x1b[K" : "");
  return outcome ? finder.finish() : Status(outcome.error());
}

Result<std::uint64_t> Reconciliation::mend(Found& found, const DifferenceFinder& finder) {
  Mending::Parts parts{.stores = {},
                       .found = finder,
                       .unproved = options_.takes_unproved ? Mending::Unproved::kCopy : Mending::Unproved::kLeave,
                       .say = [&found](const std::string& line) { found.say(line); }};
  std::transform(menders_.begin(), menders_.end(), parts.stores.begin(),
                 [](const std::unique_ptr<StoreMender>& mender) { return mender.get(); });
  Mending mending(parts);
  Status done = mending.put_back();
  // What accounts come to is only sure when no event is lacking any more that can be had.
  if (done && mending.all() == 0) {
    done = mending.rebuild_accounts();
  }
  for (std::size_t side = 0; side < kStoreSides; ++side) {
    for (std::size_t kind = 0; kind < mended_.at(side).size(); ++kind) {
      mended_.at(side).at(kind) += mending.counts().at(side).at(kind);
    }
  }
  accounts_ += mending.accounts();
  return done ? Result<std::uint64_t>(mending.all()) : Result<std::uint64_t>(done.error());
}

/// By store and epoch.
Status Reconciliation::show_lacks(const DifferenceFinder& finder) {
  SortedReader reader({&finder.lacks()});
  std::optional<Lack> first;
  MendCounts counts{};
  const auto show = [&] {
    if (first) {
      io_.out << side_text(first->store) << " lacks " << counts_text(counts) << " of "
              << shown_text(finder.name_of(first->epoch_id).origin) << "; " << side_text(other_than(first->store))
              << " has that whole: --repair puts it back\n";
    }
  };
  while (const std::string_view* record = reader.next()) {
    Lack lack = read_lack(*record);
    if (!first || first->store != lack.store || first->epoch_id != lack.epoch_id) {
      show();
      counts = {};
      first = lack;
    }
    ++counts.at(static_cast<std::size_t>(lack.kind));
  }
  show();
  return reader.status();
}

void Reconciliation::show_mended() const {
  for (std::size_t side = 0; side < kStoreSides; ++side) {
    if (const std::string text = counts_text(mended_.at(side)); !text.empty()) {
      io_.out << "put back into " << side_text(static_cast<StoreSide>(side)) << ": " << text << "\n";
    }
  }
  if (accounts_ > 0) {
    io_.out << "made again from their events: " << accounts_ << (accounts_ == 1 ? " account" : " accounts") << "\n";
  }
}

int Reconciliation::finish(const Found& found, const DifferenceFinder& finder) {
  show_mended();
  if (!options_.repairs) {
    if (Status shown = show_lacks(finder); !shown) {
      io_.err << "twinlog: " << shown.error().message() << "\n";
      return kVerifyInput;
    }
  }
  found.show(io_);
  const bool lacks = !options_.repairs && finder.lacks().records() > 0;
  if (found.is_any() || lacks) {
    io_.out << (options_.repairs ? "the above is left: the other store cannot mend it, or only a person can\n"
                                 : "the stores differ\n");
  } else {
    io_.out << "nothing is lacking in either store\n";
  }
  io_.out.flush();
  return found.is_any() || lacks ? kDiffers : 0;
}

int Reconciliation::run() {
  if (options_.trust) {
    trust_ = read_trust_file(*options_.trust, io_);
    if (!trust_) {
      return kVerifyInput;
    }
  }
  if (!open_stores(stores_, io_)) {
    return kVerifyInput;
  }
  const auto fail = [this](const std::string& words) {
    show_mended();
    io_.out.flush();
    io_.err << "twinlog: " << words << "\n";
    return kVerifyInput;
  };
  for (std::size_t side = 0; options_.repairs && side < kStoreSides; ++side) {
    if (const StoreStatus failed = menders_.at(side)->connect()) {
      return fail(std::string(side_text(static_cast<StoreSide>(side))) + ": " + failed->words);
    }
  }
  for (int round = 1;; ++round) {
    Found found;
    SortSettings sorting;
    sorting.folder = temporary_folder(options_.temporary);
    const auto refuse = [&found](const Lack& lack, const DifferenceFinder::EpochName& name, const std::string& why) {
      found.say(lack_words(lack, name) + ": " + why);
    };
    DifferenceFinder finder({sorting, io_.clock.utc_now(), refuse, trust_ && trust_->unproved});
    if (const Status compared = compare(found, finder); !compared) {
      return fail(compared.error().message());
    }
    const Result<std::uint64_t> mended =
        options_.repairs && round <= kMostRounds ? mend(found, finder) : Result<std::uint64_t>(0);
    if (!mended) {
      return fail(mended.error().message());
    }
    if (*mended == 0) {
      return finish(found, finder);
    }
  }
}

}  // namespace

int run_reconcile(const ReconcileOptions& options, const std::vector<StoreToVerify>& stores,
                  const StoreMenders& menders, const OperatorIo& io) {
  return Reconciliation(options, stores, menders, io).run();
}

}  // namespace twinlog
