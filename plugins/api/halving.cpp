#include "plugins/api/halving.h"

namespace twinlog {

Halving::Halving(std::size_t size) {
  if (size > 1) {
    put_halves({0, size});
  } else if (size == 1) {
    waiting_.push_back({0, 1});
  }
}

std::optional<Part> Halving::next() const {
  return waiting_.empty() ? std::nullopt : std::optional(waiting_.back());
}

void Halving::taken() {
  is_any_taken_ = true;
  waiting_.pop_back();
}

void Halving::refused() {
  const Part part = waiting_.back();
  waiting_.pop_back();
  if (part.size() == 1) {
    at_fault_.push_back(part.begin);
  } else {
    put_halves(part);
  }
}

void Halving::put_halves(Part part) {
  const std::size_t middle = part.begin + part.size() / 2;
  waiting_.push_back({middle, part.end});
  waiting_.push_back({part.begin, middle});
}

}  // namespace twinlog
