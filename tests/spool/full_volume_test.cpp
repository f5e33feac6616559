// A volume that others have filled (the real thing: tests/e2e/full_volume_test.py). Here the fake disk refuses at once
// what is to be refused, so that every order of events can be had.
#include <gmock/gmock.h>

#include <filesystem>

#include "spool/volume.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

using rocksdb::IOStatus;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::make_event;
using testing::Step;
using D = Disposition;

constexpr std::uint64_t kForEver = 1'000'000'000;
constexpr std::chrono::seconds kTick{1};

class SpoolFullVolume : public testing::FaultySpoolTest {
 protected:
  SpoolFullVolume() { open(); }
  void fill_volume() {
    disk_.files->set_free_bytes(0);
    disk_.files->fail(Step::kAppend, kForEver, IOStatus::NoSpace("planted"));
  }
  void empty_volume() {
    disk_.files->set_free_bytes(std::nullopt);
    disk_.files->fail(Step::kAppend, 0, IOStatus::OK());
  }
};

TEST_F(SpoolFullVolume, NothingIsPromisedAndWhatIsThereIsReadAndDelivered) {
  store_many("e", 20);
  fill_volume();
  EXPECT_TRUE(offer({make_event("b")}).empty());
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(maintain_after(kTick).ok());
    EXPECT_EQ(log_ids_after(0).size(), 20U);
  }
  deliver_all();
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 20U);
  empty_volume();
  ASSERT_TRUE(maintain_after(kTick).ok());
  EXPECT_EQ(offer_one(make_event("c")), D::kStored);
  open();
  EXPECT_EQ(spool().cursor(StoreId::kPostgres), 20U);
}

TEST_F(SpoolFullVolume, AQuotaThatIsUsedUpIsAFullVolumeWhateverRoomTheVolumeHas) {
  ASSERT_EQ(offer_one(make_event("a")), D::kStored);
  disk_.files->fail(Step::kAppend, kForEver, IOStatus::IOError("While appending to file", "Disk quota exceeded"));
  EXPECT_TRUE(offer({make_event("b")}).empty());
  EXPECT_FALSE(maintain_after(kTick).ok());
  EXPECT_TRUE(spool().stats().is_volume_full);
  EXPECT_THAT(spool().stats().trouble, ::testing::HasSubstr("raise the quota"));
  EXPECT_EQ(log_ids_after(0).size(), 1U);
  empty_volume();
  ASSERT_TRUE(maintain_after(kTick).ok());
  EXPECT_EQ(offer_one(make_event("c")), D::kStored);
}

TEST_F(SpoolFullVolume, AStartOnAFullVolumeReadsAndTakesNothingUntilThereIsRoom) {
  store_many("e", 20);
  close();
  fill_volume();
  open();
  EXPECT_FALSE(spool().stats().writable);
  EXPECT_TRUE(spool().stats().is_volume_full);
  EXPECT_EQ(log_ids_after(0).size(), 20U);
  EXPECT_EQ(spool().backlog(StoreId::kPostgres).events, 20U);
  EXPECT_GT(spool().backlog(StoreId::kPostgres).bytes.value_or(0), 0U);
  EXPECT_TRUE(offer({make_event("b")}).empty());
  empty_volume();
  ASSERT_TRUE(maintain_after(kTick).ok());
  ASSERT_TRUE(maintain_after(kTick).ok());
  EXPECT_EQ(offer_one(make_event("c")), D::kStored);
}

TEST_F(SpoolFullVolume, WithoutRoomForTheBallastNothingIsTaken) {
  ASSERT_EQ(offer_one(make_event("a")), D::kStored);
  close();
  std::filesystem::remove(settings_.path + "/ballast");
  disk_.files->set_free_bytes(1000);
  open();
  EXPECT_TRUE(spool().stats().is_full);
  EXPECT_EQ(spool().stats().volume_free_bytes, 1000U);
  EXPECT_THAT(offer({make_event("b"), make_event("c")}), Each(D::kBusy));
  EXPECT_THAT(offer({make_event("a")}), ElementsAre(D::kDuplicate));
  disk_.files->set_free_bytes(std::nullopt);
  ASSERT_TRUE(maintain_after(kTick).ok());
  ASSERT_TRUE(maintain_after(kTick).ok());
  EXPECT_FALSE(spool().stats().is_full);
  EXPECT_EQ(offer_one(make_event("b")), D::kStored);
}

TEST_F(SpoolFullVolume, WhatTheVolumeCannotGiveCountsAsUsed) {
  store_many("e", 20);
  disk_.files->set_free_bytes(100'000);
  ASSERT_TRUE(maintain_after(kTick).ok());
  const std::size_t stored = fill_up({.filler_bytes = 4000});
  EXPECT_LT(stored, 30U);
  EXPECT_TRUE(spool().stats().writable);
}

TEST(Volume, TheBallastIsTakenWhereItFitsTwiceAndDroppedForWhatNeedsItsRoom) {
  const testing::TempFolder folder;
  testing::FaultyDisk disk;
  std::filesystem::create_directory(folder.path("spool"));
  Volume volume(*disk.env, folder.path("spool"), 3'000'000);
  disk.files->set_free_bytes(5'999'999);
  EXPECT_EQ(volume.take_ballast({}).error().kind(), ErrorKind::kFull);
  EXPECT_FALSE(volume.has_ballast());
  EXPECT_FALSE(volume.can_give(6'000'000));
  disk.files->set_free_bytes(6'000'000);
  EXPECT_TRUE(volume.take_ballast({}).ok());
  EXPECT_TRUE(volume.has_ballast());
  EXPECT_EQ(std::filesystem::file_size(folder.path("spool/ballast")), 3'000'000U);
  EXPECT_TRUE(Volume(*disk.env, folder.path("spool"), 3'000'000).has_ballast());
  EXPECT_TRUE(volume.can_give(9'000'000));
  volume.make_room_for(6'000'000);
  EXPECT_TRUE(volume.has_ballast());
  volume.make_room_for(6'000'001);
  EXPECT_FALSE(volume.has_ballast());
  EXPECT_FALSE(std::filesystem::exists(folder.path("spool/ballast")));
}

TEST(Volume, ABallastThatCannotBeWrittenWholeIsNone) {
  const testing::TempFolder folder;
  testing::FaultyDisk disk;
  std::filesystem::create_directory(folder.path("spool"));
  Volume volume(*disk.env, folder.path("spool"), 3'000'000);
  disk.files->fail(Step::kAppend, kForEver, IOStatus::NoSpace("planted"));
  EXPECT_FALSE(volume.take_ballast({}).ok());
  EXPECT_FALSE(volume.has_ballast());
  EXPECT_FALSE(std::filesystem::exists(folder.path("spool/ballast")));
}

TEST(Volume, ABallastThatIsTooSmallIsRemoved) {
  const testing::TempFolder folder;
  testing::FaultyDisk disk;
  std::filesystem::create_directory(folder.path("spool"));
  ASSERT_TRUE(Volume(*disk.env, folder.path("spool"), 3'000'000).take_ballast({}).ok());
  disk.files->set_free_bytes(0);
  EXPECT_FALSE(Volume(*disk.env, folder.path("spool"), 3'000'001).has_ballast());
  EXPECT_FALSE(std::filesystem::exists(folder.path("spool/ballast")));
}

TEST(Volume, ABallastThatCannotBeWrittenIsTriedLessAndLessOften) {
  const testing::TempFolder folder;
  testing::FaultyDisk disk;
  std::filesystem::create_directory(folder.path("spool"));
  Volume volume(*disk.env, folder.path("spool"), 3'000'000);
  disk.files->fail(Step::kAppend, kForEver, IOStatus::IOError("planted"));
  std::chrono::steady_clock::time_point now{std::chrono::hours{1}};
  for (int second = 0; second < 600; ++second, now += kTick) {
    ASSERT_EQ(volume.take_ballast(now).error().kind(), ErrorKind::kTransient);
  }
  EXPECT_EQ(disk.files->failed(), 23U);  // After 0, 1, 3, 7, 15, 31, 63 s, and then every 32 s.
  disk.files->fail(Step::kAppend, 0, IOStatus::OK());
  EXPECT_TRUE(volume.take_ballast(now + Volume::kLongestWait).ok());
}

TEST_F(SpoolFullVolume, WhyThereIsNoBallastIsTold) {
  close();
  std::filesystem::remove(settings_.path + "/ballast");
  disk_.files->set_free_bytes(1000);
  open();
  EXPECT_TRUE(spool().stats().is_volume_full);
  EXPECT_THAT(spool().stats().trouble, ::testing::HasSubstr("1000 bytes left"));
  EXPECT_FALSE(maintain_after(kTick).ok());
  disk_.files->set_free_bytes(std::nullopt);
  ASSERT_TRUE(maintain_after(kTick).ok());
  EXPECT_EQ(spool().stats().trouble, "");
}

}  // namespace
}  // namespace twinlog
