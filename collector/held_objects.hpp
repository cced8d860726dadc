// Objects of the old generation that may not move in this full collection: a bit for each in the
// heap, a bit here for each line that has any, and a flag for each block.
//
// Invariants: (1) a line has its bit exactly while the heap has a bit of an immovable object in it
// that was held here; (2) none is held between pauses.
#pragma once

#include "heap/heap.hpp"
#include "collector/old_route.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace pinlab::collector {

class HeldObjects {
 public:
  explicit HeldObjects(heap::Heap& heap);

  /// Marking found it pinned.
  void note(heap::Address object) { noted_.push_back(object); }
  /// visit(ObjectRef) for what was noted; what hold() and take() look at is fetched ahead.
  template <class Visit>
  void for_each_noted(Visit&& visit) const {
    constexpr std::size_t kAhead = 8;
    for (std::size_t i = 0; i < noted_.size(); ++i) {
      if (i + kAhead < noted_.size()) {
        __builtin_prefetch(&heap_.immovable(noted_[i + kAhead]), 1);
        __builtin_prefetch(&heap_.marks().line(noted_[i + kAhead]));
      }
      visit(heap::ObjectRef(noted_[i]));
    }
  }
  [[nodiscard]] std::span<const heap::Address> noted() const { return noted_; }
  void forget_noted() { noted_.clear(); }
  /// False where it was held before. REQUIRES an object in a block.
  bool hold(heap::Address object) {
    std::uint64_t& bits = heap_.immovable(object);
    const std::uint64_t bit = heap::granule_bit(object);
    if ((bits & bit) != 0) {
      return false;
    }
    if (bits == 0) {
      const std::size_t line = line_of(object);
      lines_[line / 64] |= std::uint64_t{1} << (line % 64);
      heap_.state(object) |= heap::block_state::kIslands;
    }
    bits |= bit;
    return true;
  }

  /// Appends the islands of a block: objects side by side are one. Nothing in it is held after.
  /// REQUIRES live bits of all that is held.
  void take(heap::Block block, IslandList& islands);

 private:
  [[nodiscard]] std::size_t line_of(heap::Address a) const {
    return (a - heap_.base()) >> heap::kLineShift;
  }
  /// The first line in [line, limit) that has its bit, or limit.
  [[nodiscard]] heap::Address next_line(heap::Address line, heap::Address limit) const;
  void clear_lines(heap::AddressRange block);

  heap::Heap& heap_;
  std::vector<std::uint64_t> lines_;
  std::vector<heap::Address> noted_;  ///< in the order of marking; its memory is used again
};

}  // namespace pinlab::collector
