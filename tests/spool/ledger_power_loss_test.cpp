// The power goes off wherever it may: what was promised is in a tree that can be rebuilt, and what was signed stays
// true.
#include <gmock/gmock.h>

#include "ledger/base/uuid.h"
#include "tests/spool/ledger_fixture.h"

namespace twinlog {
namespace {

using testing::deliver;
using testing::heartbeat_maker;
using testing::kReceivedAt;
using testing::make_event;
using testing::new_epoch;

class SpoolLedgerPowerLoss : public testing::FaultySpoolTest {
 protected:
  SpoolLedgerPowerLoss() { settings_.keep_delivered = std::chrono::hours{1}; }

  struct Promised {
    TreeState tree;                         ///< As of the last answer.
    std::map<std::uint64_t, Digest> notes;  ///< Published.
  };

  bool try_open() {
    spool_.reset();
    Result<std::unique_ptr<Spool>> opened = open_rocks_spool(settings_, random_, clock_);
    if (opened) {
      spool_ = std::move(*opened);
    }
    return opened.has_value();
  }

  Promised work() {
    Promised promised;
    const auto begun = try_open() ? spool().begin_epoch(new_epoch(1), kReceivedAt) : Error(ErrorKind::kTransient, "");
    if (!begun) {
      return promised;
    }
    promised.tree = *begun;
    for (int i = 0; i < 40 && !disk_.files->is_off(); ++i) {
      if (!offer({make_event("e" + std::to_string(i), {.filler_bytes = 3000})}).empty()) {
        promised.tree = spool().tree();
      }
      if (i % 8 == 7) {
        const auto beaten = spool().append(heartbeat_maker(), kReceivedAt + i);
        const bool is_kept = beaten && spool()
                                           .keep_note({.epoch_id = beaten->epoch_id,
                                                       .size = beaten->size,
                                                       .root = beaten->root,
                                                       .note = "note",
                                                       .accepted_at = beaten->last_accept_at})
                                           .ok();
        if (is_kept) {
          promised.tree = *beaten;
          promised.notes.emplace(beaten->size, beaten->root);
        }
        static_cast<void>(maintain_after(std::chrono::seconds{1}).ok());
      }
    }
    return promised;
  }

  void check(const Promised& promised) {
    const auto ended = spool().ended_epoch();
    ASSERT_TRUE(ended.has_value() || promised.tree.size == 0);
    auto all = deliver(spool(), 0, 7);
    testing::expect_sound(all);
    const testing::StoredTree& seen = all[uuid_text(new_epoch(1).id)];
    if (promised.tree.size > 0) {
      ASSERT_TRUE(ended->size.has_value());
      EXPECT_GE(*ended->size, promised.tree.size);
      ASSERT_TRUE(seen.tree(promised.tree.size).has_value());
      EXPECT_EQ(seen.tree(promised.tree.size)->root(), promised.tree.root);
      EXPECT_EQ(seen.tree(*ended->size)->root(), ended->root);
    }
    for (const auto& [size, root] : promised.notes) {
      ASSERT_TRUE(seen.notes.contains(size));
      EXPECT_EQ(seen.notes.at(size), root);
    }
    EXPECT_TRUE(spool().stats().losses.empty());
    ASSERT_TRUE(spool().begin_epoch(new_epoch(2), kReceivedAt).has_value());
    EXPECT_EQ(offer_one(make_event("after")), Disposition::kStored);
  }
};

TEST_F(SpoolLedgerPowerLoss, WhatWasPromisedAndSignedHoldsWhereverItHappens) {
  std::uint64_t points = 0;
  for (std::uint64_t step = 1;; step += 1 + step / 16) {
    SCOPED_TRACE("seed and step " + std::to_string(step));
    settings_.path = folder_.path("spool" + std::to_string(step));
    disk_.files->power_off_at(step);
    const Promised promised = work();
    const bool was_hit = disk_.files->is_off();
    close();
    disk_.files->crash(step);
    open();
    ASSERT_NO_FATAL_FAILURE(check(promised));
    if (!was_hit) {
      break;
    }
    ++points;
  }
  EXPECT_GT(points, 20U);
}

}  // namespace
}  // namespace twinlog
