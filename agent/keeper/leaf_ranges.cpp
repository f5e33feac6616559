#include "agent/keeper/leaf_ranges.h"

namespace twinlog {

std::vector<EpochRange> ranges_of(const std::set<LeafPlace>& places) {
  std::vector<EpochRange> ranges;
  for (const LeafPlace& place : places) {
    if (!ranges.empty() && ranges.back().epoch_id == place.epoch_id && ranges.back().last + 1 == place.index) {
      ranges.back().last = place.index;
    } else {
      ranges.push_back({place.epoch_id, place.index, place.index});
    }
  }
  return ranges;
}

}  // namespace twinlog
