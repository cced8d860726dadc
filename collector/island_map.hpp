// What of the old generation may not move in this collection.
//
// Invariants: islands are disjoint and live; each is one object, or objects side by side; none
// crosses a block's end. How many bytes of each block are islands is always known; where they lie
// stays with the bits of the objects that are held until somebody asks, since most blocks keep what
// is in them, and nobody does.
#pragma once

#include "heap/heap.hpp"
#include "collector/held_objects.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace pinlab::collector {

/// Of ascending ranges, those that lie in `block`.
[[nodiscard]] inline std::span<const heap::AddressRange> ranges_in(
    std::span<const heap::AddressRange> ranges, heap::AddressRange block) {
  const auto first = std::ranges::lower_bound(ranges, block.base, {}, &heap::AddressRange::base);
  const auto last =
      std::ranges::lower_bound(first, ranges.end(), block.limit, {}, &heap::AddressRange::base);
  return {first, last};
}

class IslandMap {
 public:
  /// None anywhere.
  IslandMap() = default;
  /// What is held. Until it is listed nothing else may be held.
  explicit IslandMap(HeldObjects& held);
  /// These, ascending.
  IslandMap(const heap::Heap& heap, IslandList list);

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] BlockIslands of(heap::Block block) const {
    return by_block_.empty() ? BlockIslands() : by_block_[heap::index_of(block)];
  }

  /// visit(AddressRange) for each island of a block, ascending. REQUIRES that it was listed, or that
  /// nothing was.
  template <class Visit>
  void for_each_in(heap::AddressRange block, Visit&& visit) const {
    if (held_ != nullptr) {
      held_->for_each_island(block, visit);
    } else {
      std::ranges::for_each(in(block), visit);
    }
  }

  /// Lists them all, or those of some blocks, unless that was done: then nothing is held any more,
  /// and where the others lie is forgotten.
  void list_all();
  void list(std::span<const heap::Block> blocks);
  /// What was listed, ascending by address.
  [[nodiscard]] const IslandList& listed() const { return list_; }
  /// What was listed of a block.
  [[nodiscard]] std::span<const heap::AddressRange> in(heap::AddressRange block) const {
    return ranges_in(list_, block);
  }
  /// REQUIRES islands of blocks that were listed.
  void add(const heap::Heap& heap, const IslandList& more);

 private:
  void count_in(const heap::Heap& heap, const IslandList& islands);

  HeldObjects* held_ = nullptr;  ///< while nothing is listed
  IslandList list_;
  std::vector<BlockIslands> by_block_;
  std::uint64_t count_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace pinlab::collector
