// Gaps that are given whole, one after another by address, to whoever bumps in them.
#pragma once

#include "heap/gap_reuse.hpp"

#include <array>
#include <bit>

namespace pinlab::heap {

class BumpGaps {
 public:
  void clear() {
    gaps_.clear();
    next_.fill(0);
    bytes_ = 0;
  }

  void add(std::span<const AddressRange> gaps) {
    for (const AddressRange gap : gaps) {
      gaps_.push_back(gap);
      bytes_ += gap.bytes();
    }
  }

  /// One position for each power of two of `need`, so that a large request does not use up the list
  /// for small ones, and nobody walks a gap twice.
  [[nodiscard]] AddressRange take(std::size_t need) {
    std::size_t& position = next_[static_cast<std::size_t>(std::bit_width(need))];
    for (; position < gaps_.size(); ++position) {
      AddressRange& gap = gaps_[position];
      if (gap.bytes() >= need) {
        const AddressRange taken = gap;
        gap.base = gap.limit;
        bytes_ -= taken.bytes();
        ++position;
        return taken;
      }
    }
    return {};
  }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  std::vector<AddressRange> gaps_;
  std::array<std::size_t, 64> next_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace pinlab::heap
