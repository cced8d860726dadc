// Gaps by address, and over them a tournament tree that holds the largest gap below each node: the
// lowest gap that is large enough is found in one descent, however many there are.
#pragma once

#include "heap/gap_reuse.hpp"

#include <algorithm>
#include <bit>

namespace pinlab::heap {

class GapTree {
 public:
  void clear() {
    gaps_.clear();
    largest_.clear();
    leaves_ = 0;
    bytes_ = 0;
  }

  /// REQUIRES ascending gaps, disjoint from those it has.
  void add(std::span<const AddressRange> gaps) {
    std::erase_if(gaps_, [](const AddressRange& gap) { return gap.empty(); });
    const auto middle = static_cast<std::ptrdiff_t>(gaps_.size());
    for (const AddressRange gap : gaps) {
      gaps_.push_back(gap);
      bytes_ += gap.bytes();
    }
    std::ranges::inplace_merge(gaps_, gaps_.begin() + middle, {}, &AddressRange::base);
    leaves_ = std::bit_ceil(std::max<std::size_t>(gaps_.size(), 1));
    largest_.assign(2 * leaves_, 0);
    for (std::size_t i = 0; i < gaps_.size(); ++i) {
      largest_[leaves_ + i] = gaps_[i].bytes();
    }
    for (std::size_t node = leaves_ - 1; node > 0; --node) {
      largest_[node] = std::max(largest_[2 * node], largest_[2 * node + 1]);
    }
  }

  [[nodiscard]] std::size_t size() const { return gaps_.size(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  /// The index of the lowest gap, from index `from` on, of at least `need` bytes; size() where
  /// there is none.
  [[nodiscard]] std::size_t find(std::size_t from, std::size_t need) const {
    if (from >= gaps_.size() || largest_[1] < need) {
      return gaps_.size();
    }
    std::size_t node = leaves_ + from;
    while (largest_[node] < need) {
      while ((node & 1U) != 0 && node > 1) {
        node /= 2;  // all of the parent lies behind
      }
      if (node <= 1) {
        return gaps_.size();
      }
      ++node;  // the sibling above
    }
    while (node < leaves_) {
      node = 2 * node + (largest_[2 * node] >= need ? 0 : 1);
    }
    return node - leaves_;
  }

  /// The index of the lowest gap whose memory ends above `a`.
  [[nodiscard]] std::size_t index_above(Address a) const {
    const auto gap = std::ranges::upper_bound(gaps_, a, {}, &AddressRange::limit);
    return static_cast<std::size_t>(gap - gaps_.begin());
  }

  /// The first `need` bytes of a gap that has them.
  GapGrant cut(std::size_t index, std::size_t need) {
    AddressRange& gap = gaps_[index];
    const AddressRange taken{gap.base, gap.base + need};
    gap.base = taken.limit;
    bytes_ -= need;
    std::size_t node = leaves_ + index;
    for (largest_[node] = gap.bytes(), node /= 2; node > 0; node /= 2) {
      largest_[node] = std::max(largest_[2 * node], largest_[2 * node + 1]);
    }
    return {taken, gap};
  }

 private:
  std::vector<AddressRange> gaps_;
  std::vector<std::size_t> largest_;
  std::size_t leaves_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace pinlab::heap
