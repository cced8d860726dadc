// What pins keep alive, for marking and for copying alike: the pins of every set that is reached.
//
// A set of a C++ scope is reached; one that a managed object owns is reached with its owner, which
// pins of other sets may reach: so it is a fixpoint. What its own pins reach alone does not reach a
// set, so that no cycle hides a leak; and a lost set is never reached.
#pragma once

#include "pinning/pin_registry.hpp"

#include <mutex>
#include <vector>

namespace pinlab::collector {

/// Has `trace` reach the pins of all sets that are reached, and drain; the answer is the sets that
/// are not, in the order of the registry. Where every pinned object is known to be reached without
/// its pins, `all_reached`, pins are not looked at. REQUIRES that everything but pins was traced and
/// drained.
///   trace.reach_pin(ObjectRef)      the object is alive where it is
///   trace.drain()                   so is all that it leads to
///   trace.is_reached(ObjectRef)     may be asked after drain()
///   trace.reach_owner(PinSet&)      the set's owner is alive: its slot may be updated
template <class Trace>
[[nodiscard]] std::vector<pinning::PinSet*> trace_pin_sets(pinning::PinRegistry& pins,
                                                           bool all_reached,
                                                           Trace&& trace) {
  using pinning::PinSet;
  const auto reach_pins = [&](const PinSet& set) {
    if (set.keeps_alive() && !all_reached) {
      const std::lock_guard lock(set.lock());
      for (const heap::ObjectRef object : set.objects()) {
        trace.reach_pin(object);
      }
    }
  };
  if (!all_reached) {
    pins.for_each_set([&](PinSet& set) {
      if (set.belongs_to_scope()) {
        reach_pins(set);
      }
    });
  }
  trace.drain();
  std::vector<PinSet*> unreached;
  pins.for_each_owned_set([&](PinSet& set) {
    if (!set.belongs_to_scope()) {
      unreached.push_back(&set);
    }
  });
  for (bool progress = true; progress;) {
    progress = false;
    for (PinSet*& set : unreached) {
      if (set->owner() && trace.is_reached(set->owner())) {
        trace.reach_owner(*set);
        reach_pins(*set);
        set = nullptr;
        progress = true;
      }
    }
    std::erase(unreached, nullptr);
    trace.drain();
  }
  return unreached;
}

/// Young objects that only pins hold which keep nothing alive, ascending.
[[nodiscard]] std::vector<heap::Address> weakly_pinned(pinning::PinRegistry& pins);

}  // namespace pinlab::collector
