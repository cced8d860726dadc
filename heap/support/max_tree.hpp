// Numbers in a row, and over them a tournament tree with the largest below each node: the first one
// from a place on that is large enough is found in one descent, however many there are.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <vector>

namespace pinlab::heap {

class MaxTree {
 public:
  void clear() {
    assign(0, [](std::size_t) { return std::size_t{0}; });
  }

  /// `count` numbers, number(i) for each.
  template <class Number>
  void assign(std::size_t count, Number&& number) {
    count_ = count;
    leaves_ = std::bit_ceil(std::max<std::size_t>(count, 1));
    largest_.assign(2 * leaves_, 0);
    for (std::size_t i = 0; i < count; ++i) {
      largest_[leaves_ + i] = number(i);
    }
    for (std::size_t node = leaves_ - 1; node > 0; --node) {
      largest_[node] = std::max(largest_[2 * node], largest_[2 * node + 1]);
    }
  }

  [[nodiscard]] std::size_t size() const { return count_; }

  void set(std::size_t index, std::size_t number) {
    std::size_t node = leaves_ + index;
    for (largest_[node] = number, node /= 2; node > 0; node /= 2) {
      largest_[node] = std::max(largest_[2 * node], largest_[2 * node + 1]);
    }
  }

  /// The first index from `from` on whose number is at least `least`; size() where there is none.
  /// REQUIRES least > 0.
  [[nodiscard]] std::size_t find(std::size_t from, std::size_t least) const {
    if (from >= count_ || largest_[1] < least) {
      return count_;
    }
    std::size_t node = leaves_ + from;
    while (largest_[node] < least) {
      while ((node & 1U) != 0 && node > 1) {
        node /= 2;  // all of the parent lies behind
      }
      if (node <= 1) {
        return count_;
      }
      ++node;  // the sibling above
    }
    while (node < leaves_) {
      node = 2 * node + (largest_[2 * node] >= least ? 0 : 1);
    }
    return node - leaves_;
  }

 private:
  std::vector<std::size_t> largest_{0, 0};
  std::size_t leaves_ = 1;
  std::size_t count_ = 0;
};

}  // namespace pinlab::heap
