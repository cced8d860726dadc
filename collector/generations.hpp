// What collections work on: the spaces, their gaps and their routes, made once from the options.
#pragma once

#include "heap/space.hpp"
#include "pinning/pin_registry.hpp"
#include "pinning/spread.hpp"
#include "collector/compact_rule.hpp"
#include "collector/held_objects.hpp"
#include "collector/nursery_route.hpp"
#include "collector/old_route.hpp"
#include "collector/options.hpp"
#include "collector/roots.hpp"

#include <memory>
#include <span>
#include <vector>

namespace pinlab::collector {

class MoveObserver;

/// Where references into the heap lie outside it, while the world is stopped.
struct RootSet {
  std::vector<std::span<std::uintptr_t>>
      stacks;                     ///< of the mutators, in the order of their attaching
  bool ambiguous_stacks = false;  ///< nobody knows which of their words are references
  GlobalRoots& globals;
  const AmbiguousRoots& ambiguous;
  WeakRoots& weaks;
  Migrants& migrants;
  pinning::PinRegistry& pins;

  /// visit(Address of a slot) for every strong root that may be updated: pins apart.
  template <class Visit>
  void for_each(Visit&& visit) const {
    if (!ambiguous_stacks) {
      for_each_on_stacks(visit);
    }
    globals.for_each(visit);
    pins.for_each_handle(visit);
    migrants.for_each(visit);
  }
  /// visit(Address of a slot) for everything that the program holds, whether it may be updated or
  /// not: for digests.
  template <class Visit>
  void for_each_held(Visit&& visit) const {
    for_each_on_stacks(visit);
    globals.for_each(visit);
    pins.for_each_handle(visit);
  }
  /// visit(Address of a slot) for what is not null on the stacks.
  template <class Visit>
  void for_each_on_stacks(Visit&& visit) const {
    for (const std::span<std::uintptr_t> stack : stacks) {
      for (std::uintptr_t& slot : stack) {
        if (slot != 0) {
          visit(heap::Address::of(&slot));
        }
      }
    }
  }
  /// visit(Address) for every word that may be an address, and is never updated.
  template <class Visit>
  void for_each_ambiguous(Visit&& visit) const {
    if (ambiguous_stacks) {
      for_each_on_stacks([&](heap::Address slot) { visit(heap::Address(slot.word())); });
    }
    ambiguous.for_each(visit);
  }
  /// The same for every slot that keeps nothing alive: null where its object dies.
  template <class Visit>
  void for_each_weak(Visit&& visit) const {
    weaks.for_each(visit);
    pins.marks().for_each(visit);
    pins.parents().for_each(visit);
    pins.for_each_foreign_slot(visit);
  }
};

/// What was allocated in the pinned space since the last collection.
struct BornApart {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;
};

struct Generations {
  /// Throws OptionsError for a name that is no member of its axis.
  Generations(const Options& options_in, heap::Heap& heap_in, pinning::PinRegistry& pins_in);

  const Options& options;
  heap::Heap& heap;
  pinning::PinRegistry& pins;
  std::unique_ptr<heap::GapReuse> old_gaps;
  std::unique_ptr<heap::GapReuse> pinned_gaps;
  std::unique_ptr<heap::GapReuse> nursery_gaps;
  std::unique_ptr<NurseryRoute> nursery_route;
  std::unique_ptr<OldRoute> old_route;
  CompactDecision compaction;
  OldVariants old_variants;  ///< with the route's own values where none is set
  std::unique_ptr<pinning::Spread> spread;
  pinning::SpreadUnits spread_units;
  heap::Space old;
  heap::Space nursery;
  /// Without Options::pin_placement nothing ever comes here, and it has no blocks.
  heap::Space pinned_space;
  BornApart born_apart;
  HeldObjects held;
  std::vector<MoveObserver*> move_observers;
  bool moves_young;  ///< young collections need room to copy to
  /// By block: young collections that a nursery block has kept islands through.
  std::vector<std::uint8_t> nursery_ages;
  // Blocks of the nursery that use up no nursery.size, as the last collection left them.
  std::uint64_t demoted_bytes = 0;  ///< Fate::demoted: their gaps are so much more nursery
  std::uint64_t mixed_bytes = 0;    ///< Fate::mixed: what is born in their gaps counts

  /// Before a collection: what spaces hold open becomes gaps; and walkable after it.
  void close_spaces() {
    old.close();
    nursery.close();
    pinned_space.close();
  }
  void format_spaces() {
    old.format();
    nursery.format();
    pinned_space.format();
  }
  [[nodiscard]] PlanRules plan_rules() const {
    return {old_variants.open_gaps.value_or(1), options.gap_min};
  }
};

}  // namespace pinlab::collector
