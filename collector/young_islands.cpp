#include "collector/young_islands.hpp"

#include "collector/phase_timer.hpp"

#include <bit>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
using heap::Header;
using heap::ObjectRef;
namespace state = heap::block_state;

namespace {

/// Companions of one island: every object of the block that overlaps the island's reach.
void spread_from(Generations& generations, ObjectRef island) {
  heap::Heap& heap = generations.heap;
  const AddressRange block = heap.range_of(heap.block_of(island.address()));
  const AddressRange reach =
      generations.spread->reach(island.range(), block, generations.spread_units);
  const bool all = generations.spread->company() == pinning::Company::all;
  for (Address walk = block.base; walk < reach.limit;) {
    const ObjectRef object(walk);
    const AddressRange range = object.range();
    if (range.limit > reach.base && !object.header().has(Header::kFiller) &&
        (all || object.references() == 0)) {
      heap.set_immovable(walk);
    }
    walk = range.limit;
  }
}

/// What stayed becomes what the block holds; everything else in it becomes gaps.
BlockCensus keep_stayed(heap::Heap& heap, Block block, PauseReport& report) {
  const AddressRange range = heap.range_of(block);
  BlockCensus census{block};
  for (Address line = range.base; line < range.limit; line += heap::kLineBytes) {
    heap::LineMarks& marks = heap.marks().line(line);
    marks.start = marks.live & heap.immovable(line);
    census.live += heap::kGranuleBytes * static_cast<std::uint64_t>(std::popcount(marks.live));
    report.islands += static_cast<std::uint64_t>(std::popcount(marks.start));
  }
  census.immovable = census.live;
  report.island_bytes += census.live;
  heap.clear_immovable(range);
  return census;
}

void clear_live(heap::Heap& heap, AddressRange range, bool starts_too) {
  for (Address line = range.base; line < range.limit; line += heap::kLineBytes) {
    heap::LineMarks& marks = heap.marks().line(line);
    marks.live = 0;
    marks.start = starts_too ? 0 : marks.start;
  }
}

/// Formats every gap of the block and offers the usable ones, if they are to be offered.
void make_gaps(Generations& generations,
               AddressRange block,
               heap::GapReuse* offer,
               PauseReport& report) {
  std::vector<AddressRange> usable;
  generations.heap.marks().for_each_gap(block, heap::kGranuleBytes, [&](AddressRange gap) {
    generations.heap.format_gap(gap);
    if (offer != nullptr && gap.bytes() >= generations.options.gap_min) {
      usable.push_back(gap);
      ++report.gaps;
      report.gap_bytes += gap.bytes();
    }
  });
  if (offer != nullptr) {
    offer->add(usable);
  }
}

void settle(Generations& generations, const BlockCensus& census, Fate fate, PauseReport& report) {
  heap::Heap& heap = generations.heap;
  const AddressRange range = heap.range_of(census.block);
  const bool stays_young = fate == Fate::nursery_gaps;
  heap.state(range.base) = stays_young ? state::kNursery : state::kOld;
  heap::GapReuse* offer = stays_young                   ? generations.nursery_gaps.get()
                          : fate == Fate::old_with_gaps ? generations.old_gaps.get()
                                                        : nullptr;
  if (!stays_young) {
    report.promoted_bytes += census.live;
    heap.set_may_refer(range.base);
    heap.marks().for_each_start(range, [&](Address) { ++report.promoted_objects; });
  }
  make_gaps(generations, range, offer, report);
  clear_live(heap, range, stays_young);
}

}  // namespace

std::vector<Block> condemn_nursery(heap::Heap& heap) {
  std::vector<Block> blocks;
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const Block block{i};
    if (heap.state(block) == state::kNursery) {
      heap.state(block) = state::kNursery | state::kFrom;
      blocks.push_back(block);
    }
  }
  return blocks;
}

std::vector<ObjectRef> form_young_islands(Generations& generations, PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::islands);
  heap::Heap& heap = generations.heap;
  std::vector<ObjectRef> islands;
  for (const ObjectRef object : generations.pins.young_pins()) {
    // Acquires what the unpin released: from here on the header is this thread's.
    const Header header(object.header_word().load(std::memory_order_acquire));
    if (!header.has(Header::kPinned)) {
      object.header_word().fetch_and(~Header::kListed, std::memory_order_relaxed);
      continue;
    }
    heap.set_immovable(object.address());
    heap.state(object.address()) |= state::kIslands;
    ++report.pins;
    report.pinned_bytes += object.bytes();
    islands.push_back(object);
  }
  // An island that keeps no neighbour is done: no block is walked for it inside the pause.
  if (generations.spread->company() != pinning::Company::none) {
    for (const ObjectRef island : islands) {
      spread_from(generations, island);
    }
  }
  return islands;
}

void settle_nursery(Generations& generations,
                    const std::vector<Block>& blocks,
                    const YoungRules& rules,
                    PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::reclaim);
  heap::Heap& heap = generations.heap;
  for (const Block block : blocks) {
    if ((heap.state(block) & state::kIslands) == 0) {
      heap.release_block(block);
      continue;
    }
    const BlockCensus census = keep_stayed(heap, block, report);
    if (census.live == 0) {
      heap.release_block(block);
      continue;
    }
    Fate fate = rules.empty_nursery ? Fate::old_with_gaps : generations.nursery_route->fate(census);
    fate = rules.scope == YoungScope::whole ? Fate::nursery_gaps : fate;
    settle(generations, census, fate, report);
  }
}

void keep_young_pins(Generations& generations, const std::vector<ObjectRef>& islands) {
  std::vector<ObjectRef>& listed = generations.pins.young_pins();
  listed.clear();
  for (const ObjectRef object : islands) {
    if (generations.heap.is_nursery(object.address())) {
      listed.push_back(object);
    } else {
      object.header_word().fetch_and(~Header::kListed, std::memory_order_relaxed);
    }
  }
  generations.pins.keep_young_weak_sets();
}

}  // namespace pinlab::collector
