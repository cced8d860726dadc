// Objects of the old generation that may not move in this full collection. Of most blocks these are
// what is pinned, and nobody asks where it lies: there the bits of pins say it, and nothing is
// written. As soon as somebody asks, or holds something else, such a block is spelled out: a bit in
// the heap for each granule that is held, a bit here for each line that has any, a flag for the
// block.
//
// Invariants: (1) a line has its bit exactly while the heap has immovable bits in it that were held
// here; (2) a block is spelled out, or known by its pins, or holds nothing; (3) nothing is held
// between pauses. Nothing is listed: bits sort, and join neighbours.
#pragma once

#include "heap/heap.hpp"
#include "heap/mark_extension.hpp"
#include "collector/old_route.hpp"

#include <bit>
#include <cstdint>
#include <vector>

namespace pinlab::collector {

class HeldObjects {
 public:
  explicit HeldObjects(heap::Heap& heap);

  /// The live objects of a block that have pin bits, which form such islands. REQUIRES that nothing
  /// of the block is held; until it is forgotten, that these bits and the live bits of what is
  /// pinned stay.
  void hold_pinned(heap::Block block, BlockIslands islands) {
    by_pins_[heap::index_of(block)] = islands;
  }
  /// A whole object, which may be held already.
  void hold(heap::AddressRange object);
  /// Of a live object.
  [[nodiscard]] bool is_held(heap::Address object) const {
    return is_known_by_pins(heap_.block_of(object)) ? heap_.may_be_pinned(object)
                                                    : heap_.is_immovable(object);
  }
  /// Whether anything of the block is held, which the heap's immovable bits say from here on.
  [[nodiscard]] bool spell_out(heap::Block block);

  // Islands: stretches of what is held, to the ends of blocks.

  /// visit(AddressRange) for each island of a block, ascending.
  template <class Visit>
  void for_each_island(heap::AddressRange block, Visit&& visit) {
    if (!spell_out(heap_.block_of(block.base))) {
      return;
    }
    heap::AddressRange open;  // the last one, while it may go on in the line at its limit
    lines_.for_each(block, [&](heap::Address line) {
      std::uint64_t held = heap_.immovable(line);
      while (held != 0) {
        const auto first = static_cast<unsigned>(std::countr_zero(held));
        const auto length = static_cast<unsigned>(std::countr_one(held >> first));
        const heap::Address base = line + heap::kGranuleBytes * first;
        if (open.limit != base) {
          if (!open.empty()) {
            visit(open);
          }
          open.base = base;
        }
        open.limit = base + heap::kGranuleBytes * length;
        held &= first + length == heap::kGranulesPerLine ? 0 : heap::bits_from(first + length);
      }
    });
    if (!open.empty()) {
      visit(open);
    }
  }
  /// How many there are, and of how many bytes, by block.
  [[nodiscard]] std::vector<BlockIslands> count_islands() const;
  /// Appends the islands of blocks that are wanted(Block), ascending. Nothing is held any more.
  template <class Wanted>
  void take(Wanted&& wanted, IslandList& islands) {
    for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
      const heap::Block block{i};
      if (wanted(block)) {
        for_each_island(heap_.range_of(block),
                        [&](heap::AddressRange island) { islands.push_back(island); });
      }
      forget(block);
    }
  }
  /// Nothing is held any more.
  void forget();

 private:
  [[nodiscard]] bool is_flagged(heap::Block block) const {
    return (heap_.state(block) & heap::block_state::kIslands) != 0;
  }
  [[nodiscard]] bool is_known_by_pins(heap::Block block) const {
    return by_pins_[heap::index_of(block)].count > 0;
  }
  /// Of a line: `granules` of objects that are held whole, here and in the lines beside it.
  /// REQUIRES that there are any.
  void write(heap::Address line, std::uint64_t granules) {
    std::uint64_t& held = heap_.immovable(line);
    if (held == 0) {
      lines_.add(line);
      heap_.state(line) |= heap::block_state::kIslands;
    }
    held |= granules;
  }
  void write_pinned(heap::Block block);
  [[nodiscard]] BlockIslands count_written(heap::Block block) const;
  void forget(heap::Block block);
  void forget_lines(heap::AddressRange range);

  heap::Heap& heap_;
  std::vector<std::uint64_t> line_words_;
  heap::LineSet lines_;
  std::vector<BlockIslands> by_pins_;  ///< of blocks that are known by their pins
};

}  // namespace pinlab::collector
