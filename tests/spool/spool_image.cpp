#include "tests/spool/spool_image.h"

#include <gmock/gmock.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "ledger/record/canonical.h"
#include "tests/spool/spool_fixture.h"

namespace twinlog::testing {

namespace fs = std::filesystem;

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class ImageMaker final : public SpoolTest {
 public:
  ImageMaker() {
    settings_.max_bytes = 16U << 20U;  // Small memtables.
    settings_.keep_delivered = std::chrono::milliseconds(0);
  }

  void make(SpoolEnd end, SpoolImage& image) {
    constexpr int kLives = 3;
    for (int life = 1; life <= kLives; ++life) {
      open();  // What was in the logs is in tables then.
      for (int commit = 0; commit < 12; ++commit) {
        const std::string prefix = "life" + std::to_string(life) + "-" + std::to_string(commit) + "-";
        ASSERT_THAT(offer(make_events(prefix, SpoolImage::kPerCommit, {.filler_bytes = 700})),
                    ::testing::Each(Disposition::kStored));
      }
      keep_letters(image);
      ASSERT_TRUE(spool().move_cursor(StoreId::kPostgres, spool().last_leaf() / 2).ok());
      ASSERT_TRUE(spool().move_cursor(StoreId::kMongodb, SpoolImage::kPerCommit).ok());
      settle();
      image.promised_ = *spool().read(0, SpoolImage::kAll, 1U << 30U);
      if (life < kLives || end == SpoolEnd::kClosed) {
        ASSERT_TRUE(spool().sync().ok());
        close();
      }
    }
    fs::copy(settings_.path, image.path(), fs::copy_options::recursive);
    // As builds before left it.
    fs::copy(std::string(TWINLOG_SOURCE_DIR) + "/tests/spool/format1/backlog/OPTIONS-000011", image.path());
    for (const auto& file : fs::directory_iterator(image.path())) {
      rocksdb::SstFileReader reader{rocksdb::Options()};
      if (file.path().extension() == ".sst" && reader.Open(file.path().string()).ok()) {
        image.families_[file.path().filename().string()] = reader.GetTableProperties()->column_family_name;
      }
    }
  }

 private:
  void TestBody() override {}
  /// Of the first events that PostgreSQL has not got.
  void keep_letters(SpoolImage& image) {
    constexpr std::size_t kLetters = 5;
    const std::uint64_t cursor = spool().cursor(StoreId::kPostgres);
    std::vector<DeadLetter> letters;
    const Result<std::vector<Version>> refused = spool().read(cursor, kLetters, 1U << 30U);
    for (const Version& version : *refused) {
      letters.push_back({.version = version,
                         .refused_at = clock_.utc_now(),
                         .code = "23514",
                         .constraint = "a_check",
                         .where = "records",
                         .words = "the store refuses it"});
    }
    ASSERT_TRUE(spool().keep_dead_letters(StoreId::kPostgres, cursor + kLetters, letters).ok());
    std::ranges::move(letters, std::back_inserter(image.letters_));
  }
};

std::map<SpoolEnd, std::unique_ptr<SpoolImage>> SpoolImage::of_each_end() {
  std::map<SpoolEnd, std::unique_ptr<SpoolImage>> images;
  for (const SpoolEnd end : {SpoolEnd::kClosed, SpoolEnd::kKilled}) {
    images[end] = std::make_unique<SpoolImage>();
    ImageMaker().make(end, *images[end]);
  }
  return images;
}

AcceptedEvent SpoolImage::sent(const Version& promised) const {
  return {
      .event = promised.event, .canonical = canonical_content(promised.event), .content_hash = promised.content_hash};
}

std::vector<std::string> SpoolImage::files_of(const std::string& kind) const {
  std::vector<std::string> names;
  for (const auto& file : fs::directory_iterator(path())) {
    const std::string name = file.path().filename().string();
    const auto family = families_.find(name);
    if (family != families_.end() ? family->second == kind : name.starts_with(kind) || name.ends_with(kind)) {
      names.push_back(name);
    }
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace twinlog::testing
