#include "collector/islands.hpp"

#include "collector/immobility.hpp"

#include <algorithm>
#include <bit>
#include <mutex>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::ObjectRef;
using pinning::PinSet;
namespace state = heap::block_state;

namespace {

constexpr std::size_t kAhead = 8;

/// visit(entry) for each pin of an object that is alive; memory is fetched ahead.
template <class Visit>
void for_each_live_pin(Generations& generations, const PinFilter& filter, Visit&& visit) {
  const heap::Heap& heap = generations.heap;
  generations.pins.for_each_set([&](PinSet& set) {
    if (!filter.without_sets.empty() && std::ranges::count(filter.without_sets, &set) > 0) {
      return;
    }
    const std::lock_guard lock(set.lock());
    const PinSet::Entries& entries = set.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i + kAhead < entries.size()) {
        __builtin_prefetch(&heap.marks().line(entries[i + kAhead].object.address()));
      }
      const Address object = entries[i].object.address();
      if (heap.marks().is_live(object) && entries[i].site != filter.without_site) {
        visit(entries[i]);
      }
    }
  });
}

/// Immovable objects in blocks get their bits, and their blocks a flag. flagged(object, reason) for
/// each, with its first reason; large(object) for each pin of a large one.
template <class Flagged, class Large>
void flag_immovable(Generations& generations,
                    const LiveSet& live,
                    const PinFilter& filter,
                    Flagged&& flagged,
                    Large&& large) {
  const heap::Heap& heap = generations.heap;
  const auto pins = [&](auto&& visit) {
    for_each_live_pin(generations, filter,
                      [&](const PinSet::Entry& entry) { visit(entry.object); });
  };
  const auto is_alive = [&](ObjectRef parent) { return heap.marks().is_live(parent.address()); };
  const std::span<const ObjectRef> nothing;
  for_each_immovable(generations, pins, filter.without_ambiguous ? nothing : live.ambiguous,
                     is_alive, [&](ObjectRef object, Reason reason) {
                       std::uint8_t& where = heap.state(object.address());
                       if ((where & state::kOld) == 0) {
                         if (reason == Reason::pin) {
                           large(object);
                         }
                       } else if (!heap.is_immovable(object.address())) {
                         where |= state::kIslands;
                         heap.set_immovable(object.address());
                         flagged(object.address(), reason);
                       }
                     });
}

/// Every live object of the block that overlaps the reach of one in it.
void spread_in_block(Generations& generations, AddressRange block) {
  heap::Heap& heap = generations.heap;
  std::vector<AddressRange> reaches;
  for (Address line = block.base; line < block.limit; line += heap::kLineBytes) {
    for (std::uint64_t bits = heap.immovable(line); bits != 0; bits &= bits - 1) {
      const ObjectRef object(line + heap::kGranuleBytes *
                                        static_cast<std::size_t>(std::countr_zero(bits)));
      reaches.push_back(generations.spread->reach(object.range(), block, generations.spread_units));
    }
  }
  const bool all = generations.spread->company() == pinning::Company::all;
  auto reach = reaches.begin();
  heap.marks().for_each_live_start(block, [&](Address start) {
    const Address end = heap.marks().end_of_live(start, block.limit);
    while (reach != reaches.end() && reach->limit <= start) {
      ++reach;
    }
    if (reach != reaches.end() && reach->base < end &&
        (all || ObjectRef(start).references() == 0)) {
      heap.set_immovable(start);
    }
  });
}

/// Appends the block's immovable objects to the list and clears their bits.
void collect_block(heap::Heap& heap, AddressRange block, IslandList& islands) {
  for (Address line = block.base; line < block.limit; line += heap::kLineBytes) {
    std::uint64_t& bits = heap.immovable(line);
    for (; bits != 0; bits &= bits - 1) {
      const Address start =
          line + heap::kGranuleBytes * static_cast<std::size_t>(std::countr_zero(bits));
      const Address end = heap.marks().end_of_live(start, block.limit);
      if (!islands.empty() && islands.back().limit == start && start != block.base) {
        islands.back().limit = end;
      } else {
        islands.push_back({start, end});
      }
    }
  }
}

/// What was flagged, by blocks, with the companions; the flags are gone.
IslandList collect_islands(Generations& generations) {
  heap::Heap& heap = generations.heap;
  const bool spreads = generations.spread->company() != pinning::Company::none;
  IslandList islands;
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const heap::Block block{i};
    if ((heap.state(block) & state::kIslands) == 0) {
      continue;
    }
    const AddressRange range = heap.range_of(block);
    if (spreads) {
      spread_in_block(generations, range);
    }
    collect_block(heap, range, islands);
    heap.state(block) &= static_cast<std::uint8_t>(~state::kIslands);
  }
  return islands;
}

}  // namespace

IslandList form_islands(Generations& generations, const LiveSet& live, const PinFilter& filter) {
  flag_immovable(
      generations, live, filter, [](Address, Reason) {}, [](ObjectRef) {});
  return collect_islands(generations);
}

IslandList form_islands(Generations& generations, const LiveSet& live, PauseReport& report) {
  const heap::Heap& heap = generations.heap;
  std::vector<Address> large;
  flag_immovable(
      generations, live, {},
      [&](Address object, Reason reason) {
        const Address limit = heap.range_of(heap.block_of(object)).limit;
        count(report, reason, heap.marks().end_of_live(object, limit) - object);
      },
      [&](ObjectRef object) { large.push_back(object.address()); });
  std::ranges::sort(large);
  large.erase(std::unique(large.begin(), large.end()), large.end());
  for (const Address object : large) {
    count(report, Reason::pin, ObjectRef(object).bytes());
  }
  return collect_islands(generations);
}

}  // namespace pinlab::collector
