// How planners walk the blocks that objects move out of: line by line, by bits alone.
#pragma once

#include "heap/heap.hpp"

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

namespace pinlab::collector {

/// Where the last object that reaches a line's end goes on: the rest of it, in bytes. REQUIRES live
/// and start bits of the lines above as marking left them.
[[nodiscard]] inline std::size_t tail_after(const heap::Heap& heap, heap::Address line) {
  const heap::Address block_limit = heap.range_of(heap.block_of(line)).limit;
  std::size_t bytes = 0;
  for (heap::Address next = line + heap::kLineBytes; next < block_limit; next += heap::kLineBytes) {
    const heap::LineMarks& marks = heap.marks().line(next);
    const std::uint64_t stops = ~marks.live | marks.start;
    if (stops != 0) {
      return bytes + heap::kGranuleBytes * static_cast<std::size_t>(std::countr_zero(stops));
    }
    bytes += heap::kLineBytes;
  }
  return bytes;
}

/// How much of the object that starts at `granule` lies in its line, in bytes; `later` are the
/// starts above it. It ends at the first granule that is not movable, or where the next one starts.
[[nodiscard]] inline std::size_t bytes_in_line(unsigned granule,
                                               std::uint64_t movable,
                                               std::uint64_t later) {
  const std::uint64_t stops = (~movable | later) & heap::bits_from(granule);
  const unsigned stop =
      stops == 0 ? heap::kGranulesPerLine : static_cast<unsigned>(std::countr_zero(stops));
  return heap::kGranuleBytes * (stop - granule);
}

/// visit(line, movable bits, start bits of movable objects) for each line of the block that has
/// any. With kRecord the islands' bits leave the live bits, and the dead lose their start bits.
template <bool kRecord, class Visit>
void for_each_source_line(const heap::Heap& heap,
                          heap::AddressRange block,
                          std::span<const heap::AddressRange> islands,
                          Visit&& visit) {
  const auto bits_of = [](heap::AddressRange range, heap::Address line) {
    std::uint64_t bits = ~std::uint64_t{0};
    if (range.base > line) {
      bits &= heap::bits_from(heap::granule_in_line(range.base));
    }
    if (range.limit < line + heap::kLineBytes) {
      bits &= heap::bits_below(heap::granule_in_line(range.limit));
    }
    return bits;
  };
  auto island = islands.begin();
  for (heap::Address line = block.base; line < block.limit; line += heap::kLineBytes) {
    heap::LineMarks& marks = heap.marks().line(line);
    if (marks.live == 0) {
      if constexpr (kRecord) {
        marks.start = 0;
      }
      continue;
    }
    std::uint64_t movable = marks.live;
    while (island != islands.end() && island->base < line + heap::kLineBytes) {
      movable &= ~bits_of(*island, line);
      if (island->limit > line + heap::kLineBytes) {
        break;
      }
      ++island;
    }
    const std::uint64_t starts = marks.start & marks.live;
    if constexpr (kRecord) {
      marks.start = starts;
      marks.live = movable;
    }
    if (movable != 0) {
      visit(line, movable, starts & movable);
    }
  }
}

/// visit(bytes) for each maximal live stretch of a block without islands.
template <class Visit>
void for_each_run(const heap::Heap& heap, heap::AddressRange block, Visit&& visit) {
  heap::Address base = block.base;
  heap.marks().for_each_gap(block, heap::kGranuleBytes, [&](heap::AddressRange gap) {
    if (base < gap.base) {
      visit(gap.base - base);
    }
    base = gap.limit;
  });
  if (base < block.limit) {
    visit(block.limit - base);
  }
}

}  // namespace pinlab::collector
