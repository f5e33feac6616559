#include "config/nearest.h"

#include <algorithm>
#include <cstddef>

namespace twinlog {
namespace {

constexpr std::size_t kNameBytesMost = 128;  // The work grows with the product of both lengths.
constexpr std::size_t kStepsMost = 3;

std::size_t steps_between(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before_last(right.size() + 1);
  std::vector<std::size_t> last(right.size() + 1);
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= left.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[right.size()];
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  if (name.size() > kNameBytesMost) {
    return "";
  }
  std::size_t fewest = std::min(kStepsMost, name.size() / 3) + 1;
  std::string best;
  for (const std::string& candidate : known) {
    if (candidate.size() >= name.size() + fewest || name.size() >= candidate.size() + fewest) {
      continue;  // Each step makes up for one byte at the most.
    }
    if (const std::size_t steps = steps_between(name, candidate); steps < fewest) {
      fewest = steps;
      best = candidate;
    }
  }
  return best;
}

}  // namespace twinlog
