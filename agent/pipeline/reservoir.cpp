#include "agent/pipeline/reservoir.h"

#include <algorithm>
#include <cmath>

namespace twinlog {
namespace {

constexpr unsigned kBitsOfDouble = 53;
/// Beyond it a double does not count by ones; nobody waits for so many.
constexpr double kMostLeft = 9e15;

}  // namespace

ReservoirTurns::ReservoirTurns(std::size_t places, Random& random)
    : places_(static_cast<double>(places)), random_(random) {
  draw_next();
}

/// Above 0, at most 1.
double ReservoirTurns::chance() {
  const std::uint64_t bits = random_.next() >> (64U - kBitsOfDouble);
  return std::ldexp(static_cast<double>(bits + 1), -static_cast<int>(kBitsOfDouble));
}

void ReservoirTurns::draw_next() {
  weight_ *= std::exp(std::log(chance()) / places_);
  left_ = static_cast<std::uint64_t>(std::min(kMostLeft, std::floor(std::log(chance()) / std::log1p(-weight_))));
}

std::optional<std::size_t> ReservoirTurns::pass() {
  if (left_ > 0) {
    --left_;
    return std::nullopt;
  }
  draw_next();
  return std::min(static_cast<std::size_t>(places_) - 1, static_cast<std::size_t>((1 - chance()) * places_));
}

}  // namespace twinlog
