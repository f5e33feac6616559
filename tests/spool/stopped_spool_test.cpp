#include "spool/stopped_spool.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/spool/spool_fixture.h"

namespace twinlog {
namespace {

using ::testing::HasSubstr;

/// Holds the lock that RocksDB takes, until its end. Between fork and exit it does only what a process with threads
/// may.
class OtherProcess {
 public:
  explicit OtherProcess(const std::string& file) {
    std::array<int, 2> locked{};
    EXPECT_EQ(::pipe(locked.data()), 0);
    child_ = ::fork();
    if (child_ == 0) {
      struct flock lock {};
      lock.l_type = F_WRLCK;
      lock.l_whence = SEEK_SET;
      const int lock_file = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
      const char done = ::fcntl(lock_file, F_SETLK, &lock) == 0 ? 'y' : 'n';
      while (::write(locked[1], &done, 1) != 1) {
      }
      for (;;) {
        ::pause();
      }
    }
    char done = 'n';
    EXPECT_EQ(::read(locked[0], &done, 1), 1);
    EXPECT_EQ(done, 'y');
    ::close(locked[0]);
    ::close(locked[1]);
  }
  ~OtherProcess() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

 private:
  pid_t child_ = -1;
};

class StoppedSpoolTest : public testing::SpoolTest {
 protected:
  std::unique_ptr<StoppedSpool> look() {
    auto opened = open_stopped_spool(settings_.path);
    EXPECT_TRUE(opened) << opened.error().message();
    return std::move(*opened);
  }
  Error refusal(const std::string& path) {
    const auto opened = open_stopped_spool(path);
    EXPECT_FALSE(opened.has_value());
    return opened ? Error(ErrorKind::kInvalid, "") : opened.error();
  }
};

TEST_F(StoppedSpoolTest, TellsWhatTheSpoolToldWhenItWasOpen) {
  open();
  store_many("e", 300);
  ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, 200).ok());
  ASSERT_TRUE(spool().note_incomplete(StoreId::kPostgres, 77).ok());
  const SpoolIdentity identity = spool().identity();
  close();
  const StoppedSpoolFacts facts = look()->facts();
  EXPECT_EQ(facts.epoch_id, identity.epoch_id);
  EXPECT_EQ(facts.format, 3U);
  EXPECT_EQ(facts.first_kept_leaf, 1U);
  EXPECT_EQ(facts.last_leaf, 300U);
  EXPECT_EQ(facts.cursors, (std::array<std::uint64_t, kStores>{0, 200}));
  EXPECT_EQ(facts.incomplete_since.at(0), 77);
  EXPECT_FALSE(facts.incomplete_since.at(1));
  EXPECT_GT(facts.folder_bytes, 0U);
}

TEST_F(StoppedSpoolTest, ReadsAsTheSpoolDoesAndNothingThatWasTrimmed) {
  settings_.keep_delivered = std::chrono::milliseconds{0};
  open();
  store_many("e", 20);
  deliver_all_up_to(5);
  settle();
  const std::uint64_t first = spool().stats().first_kept_leaf;
  ASSERT_GT(first, 1U);
  const auto expected = *spool().read(0, 100, 1U << 20U);
  close();
  const auto stopped = look();
  EXPECT_EQ(*stopped->read(0, 100, 1U << 20U), expected);
  EXPECT_EQ(stopped->read(18, 1, 1)->front().leaf_index, 19U);
  EXPECT_TRUE(stopped->read(20, 100, 1U << 20U)->empty());
}

TEST_F(StoppedSpoolTest, UseIsToldByTheLockOfAnotherProcess) {
  EXPECT_EQ(*spool_use(folder_.path("none")), SpoolUse::kAbsent);
  open();
  close();
  EXPECT_EQ(*spool_use(settings_.path), SpoolUse::kFree);
  {
    const OtherProcess agent(settings_.path + "/LOCK");
    EXPECT_EQ(*spool_use(settings_.path), SpoolUse::kInUse);
    EXPECT_THAT(refusal(settings_.path).message(), HasSubstr("an agent has the spool in " + settings_.path + " open"));
    EXPECT_THAT(open_rocks_spool(settings_, random_, clock_).error().message(), HasSubstr("in use by another process"));
  }
  EXPECT_EQ(*spool_use(settings_.path), SpoolUse::kFree);
}

TEST_F(StoppedSpoolTest, AFolderWithoutASpoolIsRefusedAndStaysAsItIs) {
  const std::string empty = folder_.path("empty");
  std::filesystem::create_directory(empty);
  EXPECT_EQ(refusal(empty).kind(), ErrorKind::kRefused);
  EXPECT_THAT(refusal(empty).message(), HasSubstr("there is no spool in " + empty));
  EXPECT_TRUE(std::filesystem::is_empty(empty));
}

TEST_F(StoppedSpoolTest, AFolderWithALockAndNothingElseIsRefusedAndStaysAsItIs) {
  const std::string folder = folder_.path("locked");
  std::filesystem::create_directory(folder);
  std::ofstream(folder + "/LOCK").close();
  EXPECT_FALSE(open_stopped_spool(folder).has_value());
  const auto left = std::filesystem::directory_iterator(folder);
  EXPECT_EQ(std::distance(begin(left), end(left)), 1);
}

}  // namespace
}  // namespace twinlog
