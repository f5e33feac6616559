// The folder of a spool as a closed or killed agent leaves it, with tables of several families and logs, to be copied
// and damaged.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "spool/spool.h"
#include "tests/support/temp_folder.h"

namespace twinlog::testing {

enum class SpoolEnd : std::uint8_t { kClosed, kKilled };

std::string content_of(const std::string& file);

class SpoolImage {
 public:
  static constexpr std::size_t kPerCommit = 20;
  static constexpr std::size_t kAll = 1'000'000;

  static std::map<SpoolEnd, std::unique_ptr<SpoolImage>> of_each_end();

  std::string path() const { return folder_.path("image"); }
  /// All of them are there, and none of them is delivered to both stores.
  const std::vector<Version>& promised() const { return promised_; }
  /// Of PostgreSQL, which has passed them; the events of the first ones are trimmed.
  const std::vector<DeadLetter>& letters() const { return letters_; }
  AcceptedEvent sent(const Version& promised) const;
  /// Of a family: its tables; else the files whose name begins or ends so. In order.
  std::vector<std::string> files_of(const std::string& kind) const;

 private:
  friend class ImageMaker;
  TempFolder folder_;
  std::vector<Version> promised_;
  std::vector<DeadLetter> letters_;
  std::map<std::string, std::string> families_;  ///< Of each table.
};

}  // namespace twinlog::testing
