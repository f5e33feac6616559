#include "spool/private_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "tests/spool/spool_fixture.h"

namespace twinlog::testing {
namespace {

namespace fs = std::filesystem;

mode_t mode_of(const fs::path& path) {
  struct stat found {};
  EXPECT_EQ(::stat(path.c_str(), &found), 0) << path;
  return found.st_mode & 07777;
}

/// Everything in the folder that somebody else than its owner may use.
std::map<std::string, mode_t> open_files(const fs::path& folder) {
  std::map<std::string, mode_t> found;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (const mode_t mode = mode_of(file.path()); mode != 0600) {
      found[file.path().filename().string()] = mode;
    }
  }
  return found;
}

class PrivateFiles : public SpoolTest {
 protected:
  PrivateFiles() { path_ = settings_.path = folder_.path("spool"); }
  void TearDown() override {
    SpoolTest::TearDown();
    ::umask(before_);
  }

  /// A life of the spool: logs, tables, a manifest and the ballast are made.
  void use() {
    open();
    store_many("life" + std::to_string(++lives_) + "-", 200);
    ASSERT_TRUE(spool().sync().ok());
    settle();
    close();
  }

  fs::path path_;
  int lives_ = 0;
  mode_t before_ = ::umask(0);  // The widest.
};

TEST_F(PrivateFiles, AreTheirOwnersAloneWhateverTheUmask) {
  use();
  use();  // Tables of what was in the log, a new manifest, a new log.
  EXPECT_EQ(mode_of(path_), 0700U);
  EXPECT_EQ(open_files(path_), (std::map<std::string, mode_t>{}));
  EXPECT_TRUE(fs::exists(path_ / "ballast"));
}

TEST_F(PrivateFiles, OfAFolderThatStoodOpenAreClosedByTheNextStart) {
  use();
  ::chmod(path_.c_str(), 02777);
  for (const auto& file : fs::directory_iterator(path_)) {
    ::chmod(file.path().c_str(), 0666);
  }
  use();
  EXPECT_EQ(mode_of(path_), 0700U);
  EXPECT_EQ(open_files(path_), (std::map<std::string, mode_t>{}));
}

TEST_F(PrivateFiles, OfAFolderBehindALinkAreClosedToo) {
  fs::create_directory(path_.string() + "-real");
  fs::create_directory_symlink(path_.string() + "-real", path_);
  use();
  EXPECT_EQ(mode_of(path_.string() + "-real"), 0700U);
}

TEST_F(PrivateFiles, OfAFolderThatIsSomebodyElsesAreRefusedWithTheWayOut) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can give a folder to somebody else";
  }
  fs::create_directory(path_);
  ::chmod(path_.c_str(), 02777);
  ::chmod(path_.parent_path().c_str(), 0755);
  ASSERT_EQ(::seteuid(65532), 0);
  const Status asked = can_be_private(path_.string());
  const Status made = make_private(path_.string());
  ASSERT_EQ(::seteuid(0), 0);
  for (const Status& refused : {asked, made}) {
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind(), ErrorKind::kRefused);
    for (const std::string& words :
         std::vector<std::string>{path_.string() + " is open to others (mode 2777, owner uid 0)", "uid 65532",
                                  "set spool.path to a folder in it", path_.string() + "/spool"}) {
      EXPECT_NE(refused.error().message().find(words), std::string::npos) << refused.error().message();
    }
  }
  EXPECT_EQ(mode_of(path_), 02777U);
}

TEST_F(PrivateFiles, TheBallastTakesItsRoomWhereEqualBytesTakeNone) {
  use();
  std::ifstream ballast(path_ / "ballast", std::ios::binary);
  std::map<std::string, int> blocks;
  for (std::string block(4096, '\0'); ballast.read(block.data(), static_cast<std::streamsize>(block.size()));) {
    ++blocks[block];
  }
  EXPECT_GT(blocks.size(), 16U);
  for (const auto& [block, times] : blocks) {
    EXPECT_EQ(times, 1);
  }
}

}  // namespace
}  // namespace twinlog::testing
