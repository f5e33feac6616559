#include "tests/spool/disk_names.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace twinlog::testing {
namespace {

namespace fs = std::filesystem;

bool is_within(const std::string& name, const std::string& folder) {
  return name.starts_with(folder + "/");
}

template <typename... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Match(Cases...) -> Match<Cases...>;

/// A folder that is durably gone has no names to give back.
void name_again(const DiskContent& content, const std::string& name) {
  std::error_code folder_is_gone;
  fs::create_hard_link(content.anchor(), name, folder_is_gone);
}

}  // namespace

std::string& DiskNames::name_of(Done& done) {
  return std::visit([](auto& each) -> std::string& { return each.name; }, done);
}

void DiskNames::undo(const Done& done) {
  std::error_code error;
  std::visit(Match{[&](const Created& made) { fs::remove(made.name, error); },
                   [&](const Removed& gone) { name_again(*gone.content, gone.name); },
                   [&](const Renamed& renamed) {
                     fs::rename(renamed.to, renamed.name, error);
                     if (renamed.replaced) {
                       name_again(*renamed.replaced, renamed.to);
                     }
                   },
                   [&](const MadeFolder& made) { fs::remove_all(made.name, error); },
                   [&](const RemovedFolder& gone) { fs::create_directory(gone.name, error); }},
             done);
}

/// What was done in a folder before it got this name, of the first `before`, is known by the new one.
void DiskNames::moved(std::size_t before, const std::string& from, const std::string& to) {
  const auto follow = [&](std::string& name) {
    if (is_within(name, from)) {
      name.replace(0, from.size(), to);
    }
  };
  for (std::size_t i = 0; i < before; ++i) {
    follow(name_of(done_[i]));
    if (auto* renamed = std::get_if<Renamed>(&done_[i])) {
      follow(renamed->to);
    }
  }
}

void DiskNames::forget_within(std::size_t& before, const std::string& folder) {
  const auto end = done_.begin() + static_cast<std::ptrdiff_t>(before);
  const auto kept = std::remove_if(done_.begin(), end, [&](Done& done) { return is_within(name_of(done), folder); });
  before = static_cast<std::size_t>(kept - done_.begin());
  done_.erase(kept, end);
}

void DiskNames::folder_synced(const std::string& folder) {
  for (std::size_t i = 0; i < done_.size();) {
    if (fs::path(name_of(done_[i])).parent_path() != folder) {
      ++i;
      continue;
    }
    if (const auto* renamed = std::get_if<Renamed>(&done_[i])) {
      moved(i, renamed->name, renamed->to);
    } else if (std::holds_alternative<RemovedFolder>(done_[i])) {
      forget_within(i, std::get<RemovedFolder>(done_[i]).name);
    }
    done_.erase(done_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void DiskNames::lose_power(std::mt19937_64* random) {
  const std::size_t survive = random == nullptr ? 0 : (*random)() % (done_.size() + 1);
  while (done_.size() > survive) {
    undo(done_.back());
    done_.pop_back();
  }
  done_.clear();
}

}  // namespace twinlog::testing
