#include "collector/young_islands.hpp"

#include "collector/immobility.hpp"
#include "collector/phase_timer.hpp"
#include "collector/walk.hpp"

#include <mutex>

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

/// visit(ObjectRef) for each pinned young object, and for old ones where pins flow.
template <class Visit>
void for_each_pinned(Generations& generations, Visit&& visit) {
  for (const ObjectRef object : generations.pins.young_pins()) {
    // Acquires what the unpin released: from here on the header is this thread's.
    const Header header(object.header_word().load(std::memory_order_acquire));
    if (header.has(Header::kPinned)) {
      visit(object);
    } else {
      object.header_word().fetch_and(~Header::kListed, std::memory_order_relaxed);
    }
  }
  if (generations.options.pin_transitive == 0) {
    return;
  }
  generations.pins.for_each_set([&](pinning::PinSet& set) {
    const std::lock_guard lock(set.lock());
    for (const pinning::PinSet::Entry& entry : set.entries()) {
      if (!generations.heap.is_young(entry.object.address())) {
        visit(entry.object);
      }
    }
  });
}

Evacuation evacuation_of(const Generations& generations,
                         const YoungRules& rules,
                         Motion motion,
                         const CondemnedBlock& block) {
  if (rules.scope == YoungScope::whole) {
    return Evacuation::all_but_islands;
  }
  const bool would_slide =
      generations.nursery_route->motion(generations.heap.free_blocks()) == Motion::slide;
  if (motion == Motion::slide || (rules.empty_nursery && would_slide)) {
    return Evacuation::none;
  }
  return generations.nursery_route->evacuate(block);
}

/// Asks the route of each block in which something stays in any case.
void keep_more(Generations& generations,
               const std::vector<Block>& blocks,
               const YoungRules& rules,
               Motion motion,
               YoungIslands& islands) {
  heap::Heap& heap = generations.heap;
  CondemnedBlock condemned{.block = {}, .bytes = heap.block_bytes()};
  for (const Block block : blocks) {
    std::uint8_t& where = heap.state(block);
    if (motion == Motion::copy && (where & state::kIslands) == 0) {
      continue;
    }
    condemned.block = block;
    condemned.old =
        (where & state::kMixed) != 0 ? heap.marks().live_bytes(heap.range_of(block)) : 0;
    const Evacuation evacuation = evacuation_of(generations, rules, motion, condemned);
    ++condemned.order;
    if (evacuation == Evacuation::all_but_islands) {
      continue;
    }
    if (evacuation == Evacuation::none_dead_or_alive) {
      for_each_object(heap, block, [&](ObjectRef object) { islands.kept.push_back(object); });
    }
    where |= state::kIslands | state::kKeeps;
    islands.leaves_only = evacuation == Evacuation::by_class;
  }
}

}  // namespace

std::vector<Block> condemn_nursery(heap::Heap& heap) {
  std::vector<Block> blocks;
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const Block block{i};
    std::uint8_t& where = heap.state(block);
    if ((where & state::kNursery) != 0) {
      where |= state::kFrom;
      where |= (where & state::kMixed) != 0 ? state::kIslands : state::kFree;
      blocks.push_back(block);
    }
  }
  return blocks;
}

YoungIslands form_young_islands(Generations& generations,
                                const RootSet& roots,
                                const std::vector<Block>& blocks,
                                const YoungRules& rules,
                                Motion motion,
                                PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::islands);
  heap::Heap& heap = generations.heap;
  YoungIslands islands;
  islands.ambiguous = ambiguous_targets(heap, roots);
  const auto pins = [&](auto&& visit) {
    for_each_pinned(generations, visit);
  };
  const auto is_alive = [](ObjectRef parent) { return static_cast<bool>(parent); };
  for_each_immovable(generations, pins, islands.ambiguous, is_alive,
                     [&](ObjectRef object, Reason reason) {
                       const Address at = object.address();
                       if (!heap.is_young(at) || heap.is_immovable(at)) {
                         return;
                       }
                       heap.set_immovable(at);
                       heap.state(at) |= state::kIslands;
                       count(report, reason, object.bytes());
                       (reason == Reason::pin ? islands.pinned : islands.others).push_back(object);
                     });
  // An island that keeps no neighbour is done: no block is walked for it inside the pause.
  if (generations.spread->company() != pinning::Company::none) {
    for (const ObjectRef island : islands.pinned) {
      spread_from(generations, island);
    }
    for (const ObjectRef island : islands.others) {
      spread_from(generations, island);
    }
  }
  if (motion != Motion::copy || !islands.pinned.empty() || !islands.others.empty()) {
    keep_more(generations, blocks, rules, motion, islands);
  }
  return islands;
}

void keep_young_pins(Generations& generations, const std::vector<ObjectRef>& islands) {
  std::vector<ObjectRef>& listed = generations.pins.young_pins();
  listed.clear();
  for (const ObjectRef object : islands) {
    if (generations.heap.is_young(object.address())) {
      listed.push_back(object);
    } else {
      object.header_word().fetch_and(~Header::kListed, std::memory_order_relaxed);
    }
  }
  generations.pins.keep_young_weak_sets();
}

}  // namespace pinlab::collector
