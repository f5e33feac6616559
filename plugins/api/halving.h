// The search for what is at fault in a batch that is refused as a whole: offer a part; where it is refused, offer its
// halves. k at fault of n take about 2 k log2(n / k) offers, all of them take 2 n. Pure: knows numbers only.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace twinlog {

/// [begin, end) of the batch.
struct Part {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
  bool operator==(const Part&) const = default;
};

/// Parts come in order from front to back. Each is to be offered on top of all parts taken before it, so that what is
/// refused only in company with something is found, too: the later of the two is.
class Halving {
 public:
  /// A batch of `size` that was refused as a whole.
  explicit Halving(std::size_t size);

  /// What to offer next; nothing: the search is over. The same until taken() or refused() was called.
  std::optional<Part> next() const;
  void taken();
  void refused();

  bool is_any_taken() const { return is_any_taken_; }
  /// Those that were refused alone, in order.
  const std::vector<std::size_t>& at_fault() const { return at_fault_; }

 private:
  void put_halves(Part part);
  std::vector<Part> waiting_;  ///< The next one last.
  std::vector<std::size_t> at_fault_;
  bool is_any_taken_ = false;
};

}  // namespace twinlog
