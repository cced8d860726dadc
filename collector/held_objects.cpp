#include "collector/held_objects.hpp"

#include <algorithm>
#include <bit>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
namespace state = heap::block_state;

HeldObjects::HeldObjects(heap::Heap& heap)
    : heap_(heap),
      lines_((std::size_t{heap.block_count()} << heap.block_shift() >> heap::kLineShift) / 64 + 1) {
}

Address HeldObjects::next_line(Address line, Address limit) const {
  while (line < limit) {
    const std::size_t index = line_of(line);
    const std::uint64_t later = lines_[index / 64] >> (index % 64);
    if (later != 0) {
      const auto skip = static_cast<std::size_t>(std::countr_zero(later));
      return std::min(limit, line + skip * heap::kLineBytes);
    }
    line += (64 - index % 64) * heap::kLineBytes;
  }
  return limit;
}

void HeldObjects::take(heap::Block block, IslandList& islands) {
  const AddressRange range = heap_.range_of(block);
  Address open;  // the base of an island that goes on in the next line
  const auto close = [&](Address limit) {
    islands.push_back({open, limit});
    open = {};
  };
  for (Address line = next_line(range.base, range.limit); line < range.limit;
       line = open ? line + heap::kLineBytes
                   : next_line(line + heap::kLineBytes, range.limit)) {
    std::uint64_t& held = heap_.immovable(line);
    const heap::LineMarks marks = heap_.marks().line(line);
    // An island ends where something starts that may move, and where nothing is alive.
    const std::uint64_t stops = (marks.start & ~held) | ~marks.live;
    const auto at = [line](int granule) {
      return line + heap::kGranuleBytes * static_cast<std::size_t>(granule);
    };
    std::uint64_t left = held;
    held = 0;
    if (open && stops != 0) {
      const int end = std::countr_zero(stops);
      close(at(end));
      left &= heap::bits_from(static_cast<unsigned>(end));
    }
    while (!open && left != 0) {
      const int first = std::countr_zero(left);
      const std::uint64_t after = stops & heap::bits_from(static_cast<unsigned>(first));
      open = at(first);
      if (after != 0) {
        const int end = std::countr_zero(after);
        close(at(end));
        left &= heap::bits_from(static_cast<unsigned>(end));
      }
    }
  }
  if (open) {
    close(range.limit);
  }
  clear_lines(range);
  heap_.state(block) &= static_cast<std::uint8_t>(~state::kIslands);
}

// Blocks are whole words of lines, or share one with neighbours.
void HeldObjects::clear_lines(AddressRange block) {
  const std::size_t first = line_of(block.base);
  const std::size_t lines = block.bytes() >> heap::kLineShift;
  if (lines < 64) {
    lines_[first / 64] &= ~(heap::bits_below(static_cast<unsigned>(lines)) << (first % 64));
  } else {
    const auto begin = lines_.begin() + static_cast<std::ptrdiff_t>(first / 64);
    std::fill_n(begin, lines / 64, 0U);
  }
}

}  // namespace pinlab::collector
