// Which names a disk would still have: what was done to a folder's names is durable when the folder was synced.
#pragma once

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "tests/spool/disk_content.h"

namespace twinlog::testing {

/// Each is told after it was done. Full paths, without a slash at the end. Not for several threads.
class DiskNames {
 public:
  void created(const std::string& name) { done_.push_back(Created{name}); }
  void removed(const std::string& name, std::shared_ptr<DiskContent> content) {
    done_.push_back(Removed{name, std::move(content)});
  }
  /// `replaced`: what had the new name, if anything.
  void renamed(const std::string& from, const std::string& to, std::shared_ptr<DiskContent> replaced) {
    done_.push_back(Renamed{from, to, std::move(replaced)});
  }
  void made_folder(const std::string& name) { done_.push_back(MadeFolder{name}); }
  void removed_folder(const std::string& name) { done_.push_back(RemovedFolder{name}); }

  void folder_synced(const std::string& folder);
  /// The power went off: a journal's beginning is there, the rest never was. `random`: none: nothing of it is.
  void lose_power(std::mt19937_64* random);

 private:
  struct Created {
    std::string name;
  };
  struct Removed {
    std::string name;
    std::shared_ptr<DiskContent> content;
  };
  struct Renamed {
    std::string name;  ///< The old one.
    std::string to;
    std::shared_ptr<DiskContent> replaced;
  };
  struct MadeFolder {
    std::string name;
  };
  struct RemovedFolder {
    std::string name;
  };
  using Done = std::variant<Created, Removed, Renamed, MadeFolder, RemovedFolder>;

  static std::string& name_of(Done& done);
  static void undo(const Done& done);
  void moved(std::size_t before, const std::string& from, const std::string& to);
  void forget_within(std::size_t& before, const std::string& folder);

  std::vector<Done> done_;  ///< In order; not durable yet.
};

}  // namespace twinlog::testing
