#include "collector/held_objects.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
namespace state = heap::block_state;

HeldObjects::HeldObjects(heap::Heap& heap)
    : heap_(heap),
      line_words_(heap::LineSet::words_for(heap.blocks_range().bytes())),
      lines_(line_words_.data(), heap.base()),
      by_pins_(heap.block_count()) {}

void HeldObjects::hold(AddressRange object) {
  static_cast<void>(spell_out(heap_.block_of(object.base)));
  Address line = object.base.align_down(heap::kLineBytes);
  std::uint64_t bits = heap::bits_from(heap::granule_in_line(object.base));
  for (; object.limit - line > heap::kLineBytes; line += heap::kLineBytes) {
    write(line, bits);
    bits = ~std::uint64_t{0};
  }
  const std::size_t left = (object.limit - line) / heap::kGranuleBytes;
  write(line, bits & (~std::uint64_t{0} >> (heap::kGranulesPerLine - left)));
}

bool HeldObjects::spell_out(heap::Block block) {
  if (is_known_by_pins(block)) {
    by_pins_[heap::index_of(block)] = {};
    write_pinned(block);
  }
  return is_flagged(block);
}

void HeldObjects::write_pinned(heap::Block block) {
  bool reaches = false;
  heap_.pin_lines().for_each_and_above(heap_.range_of(block), [&](Address line) {
    const heap::LineMarks& marks = heap_.marks().line(line);
    const std::uint64_t held = heap::objects_from(heap_.pin_bits(line) & marks.live & marks.start,
                                                  marks.live & ~marks.start, reaches);
    reaches = (held >> 63U) != 0;
    if (held != 0) {
      write(line, held);
    }
    return reaches;
  });
}

std::vector<BlockIslands> HeldObjects::count_islands() const {
  std::vector<BlockIslands> blocks = by_pins_;
  for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
    if (is_flagged(heap::Block{i})) {
      blocks[i] = count_written(heap::Block{i});
    }
  }
  return blocks;
}

// An island begins where a run does.
BlockIslands HeldObjects::count_written(heap::Block block) const {
  std::uint64_t granules = 0;
  std::uint64_t count = 0;
  Address expected;  // the line above the last one
  std::uint64_t below = 0;
  lines_.for_each(heap_.range_of(block), [&](Address line) {
    const std::uint64_t held = heap_.immovable(line);
    below = line == expected ? below : 0;
    granules += static_cast<std::uint64_t>(std::popcount(held));
    count += static_cast<std::uint64_t>(std::popcount(heap::run_starts(held, below)));
    below = held >> 63U;
    expected = line + heap::kLineBytes;
  });
  return {granules * heap::kGranuleBytes, static_cast<std::uint32_t>(count)};
}

void HeldObjects::forget_lines(AddressRange range) {
  lines_.for_each(range, [this](Address line) { heap_.immovable(line) = 0; });
  lines_.remove(range);
}

void HeldObjects::forget(heap::Block block) {
  by_pins_[heap::index_of(block)] = {};
  if (!is_flagged(block)) {
    return;
  }
  const AddressRange range = heap_.range_of(block);
  forget_lines(range);
  heap_.state(block) &= static_cast<std::uint8_t>(~state::kIslands);
}

void HeldObjects::forget() {
  forget_lines(heap_.blocks_range());
  for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
    heap_.state(heap::Block{i}) &= static_cast<std::uint8_t>(~state::kIslands);
  }
  std::ranges::fill(by_pins_, BlockIslands());
}

}  // namespace pinlab::collector
