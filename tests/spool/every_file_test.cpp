// Every file of a spool is once removed, cut, zeroed, and has a bit flipped: nothing promised is gone without a word,
// what can be read is delivered, and what was there is kept. Opened twice, since what a first opening does decides what
// a second one finds. TWINLOG_SEED chooses the file of each kind; tests/run --long takes all of them.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "ledger/base/bytes.h"
#include "tests/spool/spool_fixture.h"
#include "tests/spool/spool_image.h"
#include "tests/support/long.h"

namespace twinlog::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using D = Disposition;

void zero(const fs::path& path, std::uintmax_t from) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(from));
  file << std::string(fs::file_size(path) - from, '\0');
}

struct Damage {
  std::string name;
  std::function<void(const fs::path&)> apply;
  bool is_one_bit = false;
};

std::vector<Damage> damages() {
  std::vector<Damage> all = {
      {"removed", [](const fs::path& file) { fs::remove(file); }},
      {"emptied", [](const fs::path& file) { fs::resize_file(file, 0); }},
      {"cut in half", [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) / 2); }},
      {"cut by a few bytes",
       [](const fs::path& file) { fs::resize_file(file, std::max<std::uintmax_t>(7, fs::file_size(file)) - 7); }},
      {"zeroed", [](const fs::path& file) { zero(file, 0); }},
      {"zeroed from the middle on", [](const fs::path& file) { zero(file, fs::file_size(file) / 2); }},
  };
  const std::uint64_t places = long_or<std::uint64_t>(16, 2);
  for (std::uint64_t i = 0; i <= places; ++i) {
    all.push_back({"flipped at " + std::to_string(i) + "/" + std::to_string(places),
                   [i, places](const fs::path& file) {
                     if (const std::uint64_t size = fs::file_size(file); size > 0) {
                       FaultyFileSystem::flip(file, std::min(size - 1, size * i / places));
                     }
                   },
                   true});
  }
  return all;
}

/// The contents of all tables and logs in the folder, and in those within it.
std::set<Digest> contents(const fs::path& folder) {
  std::set<Digest> found;
  for (const auto& file : fs::recursive_directory_iterator(folder)) {
    if (file.is_regular_file() && (file.path().extension() == ".sst" || file.path().extension() == ".log")) {
      found.insert(sha256(content_of(file.path())));
    }
  }
  return found;
}

class EveryFile : public SpoolTest, public ::testing::WithParamInterface<std::tuple<SpoolEnd, std::string>> {
 protected:
  SpoolEnd end() const { return std::get<0>(GetParam()); }
  const std::string& kind() const { return std::get<1>(GetParam()); }

  void damage(const SpoolImage& image, const std::string& name, const Damage& what) {
    close();
    fs::remove_all(settings_.path);
    fs::copy(image.path(), settings_.path, fs::copy_options::recursive);
    what.apply(settings_.path + "/" + name);
    most_lost_ = may_be_lost(name, what);
  }
  std::size_t may_be_lost(const std::string& name, const Damage& what) const;
  /// As a courier does: what cannot be read is passed over on record.
  std::map<std::uint64_t, Version> read_all();
  void check(const SpoolImage& image, const std::set<Digest>& before);
  void check_letters(const SpoolImage& image);
  void offer_again(const SpoolImage& image);
  /// As it lies now: nothing of it may go.
  void open_twice(const SpoolImage& image);
  bool is_lost(std::uint64_t leaf) {
    return std::ranges::any_of(spool().stats().losses,
                               [&](const Loss& loss) { return loss.leaves.first <= leaf && leaf <= loss.leaves.last; });
  }
  bool remembers_ids() const { return kind() != "ids" && kind() != ".log"; }

  std::size_t most_lost_ = 0;
};

std::size_t EveryFile::may_be_lost(const std::string& name, const Damage& what) const {
  constexpr std::size_t kOfOneBlock = 64;
  if (kind() == "events") {
    const bool is_of_data = what.is_one_bit && !what.name.ends_with("2/2") && !what.name.ends_with("16/16");
    return is_of_data ? kOfOneBlock : SpoolImage::kAll;
  }
  if (kind() == ".log" && fs::exists(settings_.path + "/" + name)) {
    return what.is_one_bit ? SpoolImage::kPerCommit : SpoolImage::kAll;
  }
  return kind() == ".log" ? SpoolImage::kAll : 0;
}

std::map<std::uint64_t, Version> EveryFile::read_all() {
  std::map<std::uint64_t, Version> found;
  std::uint64_t after = 0;
  for (int tries = 0; after < spool().last_leaf() && tries < 100; ++tries) {
    const Result<std::vector<Version>> versions = spool().read(after, SpoolImage::kAll, 1U << 30U);
    if (!versions) {
      EXPECT_EQ(versions.error().kind(), ErrorKind::kCorrupt) << versions.error().message();
      EXPECT_TRUE(spool().give_up_unreadable(after).ok());
      continue;
    }
    for (const Version& version : *versions) {
      found.emplace(version.leaf_index, version);
    }
    after = versions->empty() ? spool().last_leaf() : versions->back().leaf_index;
  }
  return found;
}

void EveryFile::offer_again(const SpoolImage& image) {
  std::vector<AcceptedEvent> events;
  for (const Version& promised : image.promised()) {
    events.push_back(image.sent(promised));
  }
  const std::vector<D> answers = offer(events);
  ASSERT_EQ(answers.size(), events.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::uint64_t leaf = image.promised()[i].leaf_index;
    if (is_lost(leaf)) {
      EXPECT_EQ(answers[i], D::kStored) << leaf << " is lost, and refused when it is sent again";
    } else {
      EXPECT_TRUE(answers[i] == D::kDuplicate || (!remembers_ids() && answers[i] == D::kStored)) << leaf;
    }
  }
}

/// The cursor has passed their events.
void EveryFile::check_letters(const SpoolImage& image) {
  constexpr StoreId kPg = StoreId::kPostgres;
  const std::uint64_t first_promised = image.promised().front().leaf_index;
  for (const DeadLetter& kept : image.letters()) {
    const std::uint64_t leaf = kept.version.leaf_index;
    const Result<std::vector<DeadLetter>> there = spool().dead_letters(kPg, leaf - 1, 1);
    ASSERT_TRUE(there.has_value()) << there.error().message();
    if (!there->empty() && there->front().version.leaf_index == leaf) {
      EXPECT_EQ(there->front().version, kept.version);
    } else {
      EXPECT_TRUE(is_lost(leaf) || spool().cursor(kPg) < leaf) << "the letter of " << leaf << " is gone without a word";
      EXPECT_TRUE(kind() != "dead_letters" || leaf < first_promised) << leaf << " could be made again";
    }
  }
}

void EveryFile::check(const SpoolImage& image, const std::set<Digest>& before) {
  const std::vector<std::string> words = spool().take_warnings();
  const std::map<std::uint64_t, Version> found = read_all();
  std::size_t lost = 0;
  for (const Version& promised : image.promised()) {
    const auto there = found.find(promised.leaf_index);
    if (there == found.end()) {
      ++lost;
      EXPECT_TRUE(is_lost(promised.leaf_index)) << promised.leaf_index << " is gone without a word";
    } else {
      EXPECT_EQ(there->second, promised);
    }
  }
  EXPECT_LE(lost, most_lost_);
  check_letters(image);
  if (::testing::Matches(Contains(HasSubstr("as they were found lie in")))(words)) {
    EXPECT_THAT(contents(settings_.path), ::testing::IsSupersetOf(before));
  }
}

void EveryFile::open_twice(const SpoolImage& image) {
  const std::set<Digest> before = contents(settings_.path);
  for (int opening = 1; opening <= 2; ++opening) {
    SCOPED_TRACE("opening " + std::to_string(opening));
    open();
    if (HasFatalFailure()) {
      return;
    }
    check(image, before);
  }
  offer_again(image);
}

TEST_P(EveryFile, IsDamagedAndNothingPromisedIsGoneWithoutAWord) {
  static const std::map<SpoolEnd, std::unique_ptr<SpoolImage>> images = SpoolImage::of_each_end();
  const SpoolImage& image = *images.at(end());
  std::vector<std::string> names = image.files_of(kind());
  ASSERT_FALSE(names.empty());
  const char* seed = std::getenv("TWINLOG_SEED");  // NOLINT(concurrency-mt-unsafe): before any thread is started
  const std::size_t chosen = seed != nullptr ? std::strtoul(seed, nullptr, 10) : 1;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!is_long() && i != chosen % names.size()) {
      continue;
    }
    for (const Damage& what : damages()) {
      SCOPED_TRACE(names[i] + " " + what.name);
      damage(image, names[i], what);
      open_twice(image);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Each, EveryFile,
                         ::testing::Combine(::testing::Values(SpoolEnd::kClosed, SpoolEnd::kKilled),
                                            ::testing::Values("events", "ids", "default", "dead_letters", ".log",
                                                              "MANIFEST", "CURRENT", "IDENTITY", "OPTIONS", "ballast",
                                                              "promised", "LOCK")),
                         [](const auto& each) {
                           std::string name = std::get<1>(each.param) == ".log" ? "log" : std::get<1>(each.param);
                           return name + (std::get<0>(each.param) == SpoolEnd::kClosed ? "Closed" : "Killed");
                         });

}  // namespace
}  // namespace twinlog::testing
