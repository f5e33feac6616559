// The copy that a repair keeps.
#include "spool/folder_copy.h"

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "ledger/base/quantity_words.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void no_progress(std::string_view /*what*/, std::uint64_t /*done*/, std::uint64_t /*all*/) {}

using Content = std::map<std::string, std::string>;

Content content_of(const fs::path& folder) {
  Content content;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && !entry.is_symlink()) {
      std::ifstream file(entry.path(), std::ios::binary);
      content[entry.path().lexically_relative(folder)] = {std::istreambuf_iterator<char>(file), {}};
    }
  }
  return content;
}

/// A real volume in memory.
class SmallVolume {
 public:
  SmallVolume(std::string path, const std::string& size) : path_(std::move(path)) {
    fs::create_directory(path_);
    is_mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  }
  ~SmallVolume() { ::umount2(path_.c_str(), MNT_DETACH); }
  SmallVolume(const SmallVolume&) = delete;
  SmallVolume& operator=(const SmallVolume&) = delete;
  bool is_mounted() const { return is_mounted_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool is_mounted_ = false;
};

class FolderCopying : public testing::SpoolTest {
 protected:
  void make_spool() {
    open();
    store_many("a", 500);
    ASSERT_TRUE(maintain_after(std::chrono::seconds{1}).ok());
    close();
    before_ = content_of(settings_.path);
  }
  /// What belongs into a copy.
  Content expected() const {
    Content content = before_;
    std::erase_if(content, [](const auto& file) { return file.first == "LOCK" || file.first == "ballast"; });
    return content;
  }
  const std::string copy_ = folder_.path("copy");
  Content before_;
};

TEST_F(FolderCopying, HasEverythingOfTheSpoolUnderSecondNames) {
  make_spool();
  const auto copied = copy_spool(settings_.path, copy_, no_progress);
  ASSERT_TRUE(copied.has_value()) << copied.error().message();
  EXPECT_EQ(copied->path, copy_);
  EXPECT_EQ(content_of(copy_), expected());
  struct stat found {};
  ASSERT_EQ(::stat(copy_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0700U);
  EXPECT_LT(copied->copied_bytes, 100U) << "only `promised` is written in place";
  EXPECT_EQ(fs::hard_link_count(copy_ + "/CURRENT"), 2U);
  EXPECT_EQ(fs::hard_link_count(copy_ + "/promised"), 1U);
  EXPECT_EQ(content_of(settings_.path), before_);
}

TEST_F(FolderCopying, TakesWhatAnOpeningThatWasCutShortHadSetAsideAndLeavesTheEvidenceOfEarlierOnes) {
  make_spool();
  for (const char* const folder : {"aside", "damaged-17", "lost+found"}) {
    fs::create_directory(settings_.path + "/" + folder);
    std::ofstream(settings_.path + "/" + folder + "/000009.log") << folder;
  }
  ASSERT_TRUE(copy_spool(settings_.path, copy_, no_progress).has_value());
  Content wanted = expected();
  wanted["aside/000009.log"] = "aside";
  EXPECT_EQ(content_of(copy_), wanted);
}

TEST_F(FolderCopying, KeepsFilesOfOthersAndFollowsNoLink) {
  make_spool();
  std::ofstream(settings_.path + "/notes.txt") << "hello";
  fs::create_directory_symlink(settings_.path, settings_.path + "/loop");
  fs::create_symlink("/nowhere", settings_.path + "/dangling.sst");
  ASSERT_EQ(::mkfifo((settings_.path + "/pipe").c_str(), 0600), 0);
  ASSERT_TRUE(copy_spool(settings_.path, copy_, no_progress).has_value());
  Content wanted = expected();
  wanted["notes.txt"] = "hello";
  EXPECT_EQ(content_of(copy_), wanted);
  EXPECT_FALSE(fs::exists(fs::symlink_status(copy_ + "/loop")));
  EXPECT_FALSE(fs::exists(fs::symlink_status(copy_ + "/pipe")));
}

TEST_F(FolderCopying, WhatACopyThatWasCutShortHasLeftGoesWithTheNextOne) {
  make_spool();
  const std::string rest = folder_.path("unfinished-copy-of-spool");
  fs::create_directory(rest);
  fs::create_hard_link(settings_.path + "/CURRENT", rest + "/CURRENT");
  std::ofstream(rest + "/promised") << "half";
  ASSERT_TRUE(copy_spool(settings_.path, copy_, no_progress).has_value());
  EXPECT_FALSE(fs::exists(rest));
  EXPECT_EQ(content_of(copy_), expected());
  EXPECT_EQ(content_of(settings_.path), before_);
}

TEST_F(FolderCopying, ToAnotherVolumeTakesItsRoomAndTellsHowFarItIs) {
  make_spool();
  const SmallVolume volume(folder_.path("volume"), "8m");
  if (!volume.is_mounted()) {
    GTEST_SKIP() << "only root can mount a volume";
  }
  std::uint64_t told = 0;
  const auto copied = copy_spool(settings_.path, volume.path() + "/copy",
                                 [&told](std::string_view /*what*/, std::uint64_t done, std::uint64_t all) {
                                   EXPECT_LE(done, all);
                                   ++told;
                                 });
  ASSERT_TRUE(copied.has_value()) << copied.error().message();
  EXPECT_EQ(copied->copied_bytes, folder_bytes(settings_.path));
  EXPECT_EQ(content_of(volume.path() + "/copy"), expected());
  EXPECT_GE(told, 2 * expected().size()) << "copied and synced";
}

TEST_F(FolderCopying, WithoutRoomIsRefusedBeforeAnythingIsCopiedAndSaysHowMuchItTakesAndHowMuchThereIs) {
  make_spool();
  const SmallVolume volume(folder_.path("volume"), "64k");
  if (!volume.is_mounted()) {
    GTEST_SKIP() << "only root can mount a volume";
  }
  ASSERT_GT(folder_bytes(settings_.path), 100'000U);
  const auto copied = copy_spool(settings_.path, volume.path() + "/copy", no_progress);
  ASSERT_FALSE(copied.has_value());
  EXPECT_EQ(copied.error().kind(), ErrorKind::kFull);
  EXPECT_THAT(copied.error().message(), AllOf(HasSubstr(" takes "), HasSubstr("64.0 KiB free; make room there"),
                                              HasSubstr("Nothing in the spool was touched")));
  EXPECT_THAT(content_of(volume.path()), IsEmpty());
  EXPECT_EQ(content_of(settings_.path), before_);
}

TEST_F(FolderCopying, WhoMayNotReadAFileOrMakeAFolderIsToldSoAndNothingIsLeft) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can become somebody else";
  }
  make_spool();
  const fs::path parent = fs::path(settings_.path).parent_path();
  for (const fs::perms of_parent : {fs::perms::owner_all | fs::perms::others_exec, fs::perms::all}) {
    fs::permissions(parent, of_parent);
    fs::permissions(settings_.path, fs::perms::all);
    ASSERT_EQ(::seteuid(65532), 0);
    const auto copied = copy_spool(settings_.path, copy_, no_progress);
    ASSERT_EQ(::seteuid(0), 0);
    ASSERT_FALSE(copied.has_value());
    EXPECT_EQ(copied.error().kind(), ErrorKind::kRefused) << copied.error().message();
    EXPECT_THAT(copied.error().message(), HasSubstr("nothing in the spool was touched"));
    EXPECT_EQ(std::distance(fs::directory_iterator(parent), fs::directory_iterator()), 1) << "the spool alone";
    EXPECT_EQ(content_of(settings_.path), before_);
  }
}

TEST_F(FolderCopying, LiesBesideTheSpoolOrInItWhereThatIsAVolumeOfItsOwn) {
  make_spool();
  EXPECT_EQ(copy_path(settings_.path, 17), settings_.path + ".before-repair-17");
  const SmallVolume volume(folder_.path("volume"), "8m");
  if (!volume.is_mounted()) {
    GTEST_SKIP() << "only root can mount a volume";
  }
  fs::copy(settings_.path, volume.path());
  const std::string copy = copy_path(volume.path(), 17);
  EXPECT_EQ(copy, volume.path() + "/damaged-17");
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(copy_spool(volume.path(), copy + std::to_string(again), no_progress).has_value());
    EXPECT_EQ(content_of(copy + std::to_string(again)), expected());
  }
}

}  // namespace
}  // namespace twinlog
