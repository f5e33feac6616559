#include "plugins/mongodb/written_batch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "ledger/base/kill_point.h"
#include "plugins/mongodb/erased_repeats.h"

namespace twinlog::mongodb {
namespace {

class BatchWriter {
 public:
  BatchWriter(Client& client, const Uuid& epoch_id, bool are_letters, FlushReport& report, OurVersions& ours)
      : client_(client), epoch_id_(epoch_id), are_letters_(are_letters), report_(report), ours_(ours) {}

  /// Those of the versions whose key holds other content.
  StoreResult<std::vector<const Version*>> write_records(std::span<const Version* const> versions) {
    return write_shelf(Shelf::kRecords, versions);
  }
  StoreStatus write_conflicts(std::span<const Version* const> conflicts);

 private:
  StoreResult<std::vector<const Version*>> write_shelf(Shelf shelf, std::span<const Version* const> versions);
  /// Repeats of records that were erased.
  StoreStatus note_erased(const std::vector<const Version*>& versions);
  void note(Shelf shelf, const Version& version, const Stored& stored);
  bool is_refused(const Version* version) const {
    return std::ranges::find(report_.refused, version->leaf_index, &RefusedVersion::leaf_index) !=
           report_.refused.end();
  }

  Client& client_;
  const Uuid& epoch_id_;
  bool are_letters_;
  FlushReport& report_;
  OurVersions& ours_;
};

StoreResult<std::vector<const Version*>> BatchWriter::write_shelf(Shelf shelf,
                                                                  std::span<const Version* const> versions) {
  const StoreStage stage = shelf == Shelf::kRecords ? StoreStage::kRecords : StoreStage::kConflicts;
  const auto stored = store_versions(client_, shelf, {versions, are_letters_});
  if (!stored) {
    return at(stage, stored.error());
  }
  std::vector<const Version*> others;
  std::vector<const Version*> erased;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const Stored& one = (*stored)[i];
    if (one.place == Place::kOther) {
      others.push_back(versions[i]);
    } else if (one.place == Place::kErased) {
      ++report_.duplicates;
      if (LeafPlace{one.epoch_id, one.leaf_index} != LeafPlace{versions[i]->epoch_id, versions[i]->leaf_index}) {
        erased.push_back(versions[i]);
      }
    } else if (one.place == Place::kRefused) {
      report_.refused.push_back({versions[i]->leaf_index, at(stage, *one.refused)});
    } else {
      note(shelf, *versions[i], one);
    }
  }
  if (auto failed = note_erased(erased)) {
    return at(stage, *std::move(failed));
  }
  return others;
}

StoreStatus BatchWriter::note_erased(const std::vector<const Version*>& versions) {
  const auto stored = stored_as_conflicts(client_, versions);
  if (!stored) {
    return stored.error();
  }
  for (const Version* version : versions) {
    if (!stored->contains({version->epoch_id, version->leaf_index})) {
      ours_.further.push_back({version, true});
    }
  }
  return std::nullopt;
}

void BatchWriter::note(Shelf shelf, const Version& version, const Stored& stored) {
  if (stored.place == Place::kInserted) {
    ++(shelf == Shelf::kRecords ? report_.inserted : report_.conflicts);
    ours_.inserted.insert(&version);
  } else {
    ++report_.duplicates;
  }
  if (stored.place != Place::kRepeated) {
    ours_.all.push_back(&version);
    return;
  }
  ours_.further.push_back({&version, false});
  if (stored.epoch_id != epoch_id_ && !accounts_of(version.event).empty()) {
    std::uint64_t& last = ours_.of_others[stored.epoch_id];
    last = std::max(last, stored.leaf_index);
  }
}

StoreStatus BatchWriter::write_conflicts(std::span<const Version* const> conflicts) {
  if (auto written = write_shelf(Shelf::kConflicts, conflicts); !written) {
    return std::move(written).error();
  }
  TWINLOG_KILL_POINT("mongodb.conflicts_written");
  std::vector<const Version*> kept;
  std::ranges::copy_if(conflicts, std::back_inserter(kept), [this](const Version* one) { return !is_refused(one); });
  auto unmarked = mark_conflicts(client_, {kept, are_letters_});
  if (!unmarked) {
    return at(StoreStage::kConflicts, std::move(unmarked).error());
  }
  for (RefusedVersion& refused : *unmarked) {
    report_.refused.push_back({refused.leaf_index, at(StoreStage::kConflicts, std::move(refused.error))});
  }
  return std::nullopt;
}

}  // namespace

StoreStatus write_batch(Client& client, const FlushBatch& batch, FlushReport& report, OurVersions& ours) {
  BatchWriter writer(client, batch.epoch_id, batch.is_replay, report, ours);
  std::vector<const Version*> all;
  for (const Version& version : batch.versions) {
    all.push_back(&version);
  }
  auto conflicts = writer.write_records(all);
  if (!conflicts) {
    return std::move(conflicts).error();
  }
  auto failed = conflicts->empty() ? std::nullopt : writer.write_conflicts(*conflicts);
  std::ranges::sort(report.refused, {}, &RefusedVersion::leaf_index);
  return failed;
}

}  // namespace twinlog::mongodb
