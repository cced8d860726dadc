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

/// A live object of a block, by its bits: its header need not be fetched.
AddressRange live_range(const heap::Heap& heap, Address object) {
  const Address limit = heap.range_of(heap.block_of(object)).limit;
  return {object, heap.marks().end_of_live(object, limit)};
}

/// visit(object) for each pin of an object that is alive; memory is fetched ahead.
template <class Visit>
void for_each_live_pin(Generations& generations, const PinFilter& filter, Visit&& visit) {
  const heap::Heap& heap = generations.heap;
  generations.pins.for_each_set([&](PinSet& set) {
    if (!filter.without_sets.empty() && std::ranges::count(filter.without_sets, &set) > 0) {
      return;
    }
    const std::lock_guard lock(set.lock());
    const PinSet::Objects& objects = set.objects();
    for (std::size_t i = 0; i < objects.size(); ++i) {
      if (i + kAhead < objects.size()) {
        __builtin_prefetch(&heap.marks().line(objects[i + kAhead].address()));
      }
      if (heap.marks().is_live(objects[i].address()) &&
          set.notes()[i].site != filter.without_site) {
        visit(objects[i]);
      }
    }
  });
}

/// Holds what may not move in blocks. pins(visit) visits the pinned objects; held(range, reason)
/// for each that was not held before; large(object, reason) for each that needs nothing.
template <class Pins, class Held, class Large>
void hold_immovable(Generations& generations,
                    std::span<const ObjectRef> ambiguous,
                    Pins&& pins,
                    Held&& held,
                    Large&& large) {
  const heap::Heap& heap = generations.heap;
  const auto is_alive = [&](ObjectRef parent) { return heap.marks().is_live(parent.address()); };
  for_each_immovable(generations, pins, ambiguous, is_alive, [&](ObjectRef object, Reason reason) {
    if ((heap.state(object.address()) & state::kOld) == 0) {
      large(object, reason);
    } else if (!generations.held.is_held(object.address())) {
      const AddressRange range = live_range(heap, object.address());
      generations.held.hold(range);
      held(range, reason);
    }
  });
}

/// Every live object of the block that overlaps the reach of one in it.
void spread_in_block(Generations& generations, AddressRange block) {
  heap::Heap& heap = generations.heap;
  std::vector<AddressRange> reaches;
  for (Address line = block.base; line < block.limit; line += heap::kLineBytes) {
    for (std::uint64_t bits = heap.immovable(line) & heap.marks().line(line).start; bits != 0;
         bits &= bits - 1) {
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
      generations.held.hold({start, end});
    }
  });
}

/// What is held, with the companions.
IslandMap held_islands(Generations& generations) {
  heap::Heap& heap = generations.heap;
  if (generations.spread->company() != pinning::Company::none) {
    for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
      if (generations.held.spell_out(heap::Block{i})) {
        spread_in_block(generations, heap.range_of(heap::Block{i}));
      }
    }
  }
  return IslandMap(generations.held);
}

}  // namespace

IslandMap form_islands(Generations& generations, const LiveSet& live, const PinFilter& filter) {
  const std::span<const ObjectRef> nothing;
  hold_immovable(
      generations, filter.without_ambiguous ? nothing : live.ambiguous,
      [&](auto&& visit) { for_each_live_pin(generations, filter, visit); },
      [](AddressRange, Reason) {}, [](ObjectRef, Reason) {});
  IslandMap islands = held_islands(generations);
  islands.list_all();
  return islands;
}

IslandMap form_islands(Generations& generations, const LiveSet& live, PauseReport& report) {
  // Where sets were unreached, pins have ended since marking: the other sets know what is left.
  const bool as_marked = live.unreached.empty();
  const bool flows = generations.options.pin_transitive > 0;
  std::vector<Address> large;
  hold_immovable(
      generations, live.ambiguous,
      [&](auto&& visit) {
        if (!as_marked || flows) {  // else marking has held and counted them
          for_each_live_pin(generations, {}, visit);
        }
      },
      [&](AddressRange object, Reason reason) { count(report, reason, object.bytes()); },
      [&](ObjectRef object, Reason reason) {
        if (!as_marked && reason == Reason::pin) {
          large.push_back(object.address());
        }
      });
  if (as_marked) {
    report.pins += live.pins;
    report.pinned_bytes += live.pinned_bytes;
    return held_islands(generations);
  }
  std::ranges::sort(large);
  large.erase(std::unique(large.begin(), large.end()), large.end());
  for (const Address object : large) {
    count(report, Reason::pin, ObjectRef(object).bytes());
  }
  return held_islands(generations);
}

}  // namespace pinlab::collector
