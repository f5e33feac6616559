// Every file of a spool is once removed, cut, zeroed, and has a bit flipped: nothing promised is gone without a word,
// what can be read is delivered, and where something is lost nothing that was there is removed. Opened twice, since
// what a first opening does decides what a second one finds.
#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "ledger/base/bytes.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using D = Disposition;

constexpr std::size_t kPerCommit = 20;
constexpr std::size_t kEventBytes = 700;

/// A spool's folder to be copied and damaged, and what was promised in it.
struct Image {
  TempFolder folder;
  std::vector<Version> promised;
  std::map<std::string, std::string> families;  ///< Of each table.
  std::map<std::string, std::uint64_t> events_in;
  std::string path() const { return folder.path("image"); }
};

[[maybe_unused]] std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

enum class State { kClean, kKilled };

class SpoolMaker : public SpoolTest {
 public:
  SpoolMaker() { settings_.max_bytes = 16U << 20U; }
  void TestBody() override {}

  void make(State state, Image& image) {
    for (int life = 0; life < 3; ++life) {
      open();
      for (int commit = 0; commit < 12; ++commit) {
        const std::string prefix = "life" + std::to_string(life) + "-" + std::to_string(commit) + "-";
        ASSERT_THAT(offer(make_events(prefix, kPerCommit, {.filler_bytes = kEventBytes})), ::testing::Each(D::kStored));
      }
      ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, spool().last_leaf() / 2).ok());
      settle();
      image.promised = *spool().read(0, 1'000'000, 1U << 30U);
      if (life == 2 && state == State::kKilled) {
        fs::copy(settings_.path, image.path(), fs::copy_options::recursive);
      }
      ASSERT_TRUE(spool().sync().ok());
      close();
    }
    if (state == State::kClean) {
      fs::copy(settings_.path, image.path(), fs::copy_options::recursive);
    }
    note_tables(image);
  }

 private:
  static void note_tables(Image& image) {
    const TempFolder scratch;
    const std::string copy = scratch.path("copy");
    fs::copy(image.path(), copy, fs::copy_options::recursive);
    const rocksdb::Options options;
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, copy, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) {
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::OpenForReadOnly(options, copy, families, &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> database(opened);
    std::vector<rocksdb::LiveFileMetaData> files;
    database->GetLiveFilesMetaData(&files);
    for (const rocksdb::LiveFileMetaData& file : files) {
      image.families[file.name.substr(1)] = file.column_family_name;
      image.events_in[file.name.substr(1)] = file.column_family_name == "events" ? file.num_entries : 0;
    }
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      ASSERT_TRUE(database->DestroyColumnFamilyHandle(handle).ok());
    }
  }
};

std::unique_ptr<Image> made(State state) {
  auto image = std::make_unique<Image>();
  SpoolMaker().make(state, *image);
  return image;
}

TEST(Explore, Files) {
  for (const State state : {State::kClean, State::kKilled}) {
    const auto image = made(state);
    printf("state %d promised %zu first %lu\n", static_cast<int>(state), image->promised.size(),
           image->promised.front().leaf_index);
    for (const auto& file : fs::directory_iterator(image->path())) {
      const std::string name = file.path().filename();
      printf("  %s %lu %s %lu\n", name.c_str(), file.file_size(), image->families[name].c_str(), image->events_in[name]);
    }
  }
}

struct Damage {
  std::string name;
  std::function<void(const fs::path&)> apply;
};

void zero(const fs::path& path, std::uintmax_t from, std::uintmax_t bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(from));
  file << std::string(bytes, '\0');
}

std::vector<Damage> damages() {
  std::vector<Damage> all = {
      {"removed", [](const fs::path& file) { fs::remove(file); }},
      {"emptied", [](const fs::path& file) { fs::resize_file(file, 0); }},
      {"halved", [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) / 2); }},
      {"cut by a few bytes",
       [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) - std::min<std::uintmax_t>(7, fs::file_size(file))); }},
      {"zeroed", [](const fs::path& file) { zero(file, 0, fs::file_size(file)); }},
      {"zeroed from the middle on", [](const fs::path& file) { zero(file, fs::file_size(file) / 2, fs::file_size(file) - fs::file_size(file) / 2); }},
  };
  for (int i = 0; i < 9; ++i) {
    all.push_back({"flipped at " + std::to_string(i) + "/8", [i](const fs::path& file) {
                     const auto size = static_cast<std::uint64_t>(fs::file_size(file));
                     if (size > 0) {
                       FaultyFileSystem::flip(file, std::min(size - 1, size * static_cast<std::uint64_t>(i) / 8));
                     }
                   }});
  }
  return all;
}

TEST(Explore, Outcomes) {
  for (const State state : {State::kClean, State::kKilled}) {
    const auto image = made(state);
    for (const auto& file : fs::directory_iterator(image->path())) {
      const std::string name = file.path().filename();
      for (const Damage& damage : damages()) {
        TempFolder scratch;
        RocksSpoolSettings settings;
        settings.path = scratch.path("spool");
        settings.agent = "auth-1";
        settings.max_bytes = 16U << 20U;
        fs::copy(image->path(), settings.path, fs::copy_options::recursive);
        damage.apply(settings.path + "/" + name);
        std::string line = (state == State::kClean ? "clean " : "killed ") + name + " " + image->families[name] + " " +
                           std::to_string(image->events_in[name]) + " " + damage.name + ":";
        for (int opening = 0; opening < 2; ++opening) {
          SeededRandom random{7};
          VirtualClock clock;
          auto opened = open_rocks_spool(settings, random, clock);
          if (!opened) {
            line += " REFUSED(" + std::to_string(static_cast<int>(opened.error().kind())) + ") " + opened.error().message();
            continue;
          }
          Spool& spool = **opened;
          std::set<std::uint64_t> there;
          std::uint64_t after = 0;
          std::string stuck;
          for (;;) {
            auto versions = spool.read(after, 100000, 1U << 30U);
            if (!versions) {
              stuck = versions.error().message();
              break;
            }
            if (versions->empty()) {
              break;
            }
            for (const auto& version : *versions) {
              there.insert(version.leaf_index);
            }
            after = versions->back().leaf_index;
          }
          std::size_t missing = 0, unsaid = 0;
          for (const Version& promised : image->promised) {
            if (!there.contains(promised.leaf_index)) {
              ++missing;
              const auto stats = spool.stats();
              if (std::ranges::none_of(stats.losses, [&](const Loss& loss) {
                    return covers(loss.leaves, {promised.leaf_index, promised.leaf_index});
                  })) {
                ++unsaid;
              }
            }
          }
          line += " opened, missing " + std::to_string(missing) + ", unsaid " + std::to_string(unsaid);
          if (!stuck.empty()) {
            line += " STUCK";
          }
          for (const std::string& warning : spool.take_warnings()) {
            line += " [" + warning.substr(0, 90) + "]";
          }
        }
        printf("%s\n", line.c_str());
      }
    }
  }
}

}  // namespace
}  // namespace twinlog::testing
