// Gaps by address: what the policies that fit exactly share.
#pragma once

#include "heap/gap_reuse.hpp"
#include "heap/support/max_tree.hpp"

namespace pinlab::heap {

class GapTree {
 public:
  void clear() {
    gaps_.clear();
    sizes_.clear();
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
    sizes_.assign(gaps_.size(), [this](std::size_t i) { return gaps_[i].bytes(); });
  }

  [[nodiscard]] std::size_t size() const { return gaps_.size(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  /// The index of the lowest gap, from index `from` on, of at least `need` bytes; size() where
  /// there is none.
  [[nodiscard]] std::size_t find(std::size_t from, std::size_t need) const {
    return sizes_.find(from, need);
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
    sizes_.set(index, gap.bytes());
    return {taken, gap};
  }

 private:
  std::vector<AddressRange> gaps_;
  MaxTree sizes_;
  std::uint64_t bytes_ = 0;
};

}  // namespace pinlab::heap
