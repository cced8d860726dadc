// Pins that reach beyond the object that was passed, along its references: how far is the shape's
// rule.
#pragma once

#include "heap/object.hpp"
#include "pinning/pin_stack.hpp"

#include <cstddef>
#include <limits>
#include <unordered_set>
#include <vector>

namespace pinlab::pinning {

inline constexpr std::size_t kAnyDepth = std::numeric_limits<std::size_t>::max();

/// Pins `root` in the frame, and what each pinned object refers to where `flows(object, depth)` of
/// it, its depth below the root, is true: each object once, nearest first. What else it pinned is
/// counted as flowed. REQUIRES that no thread stores to these objects meanwhile.
template <class Flows>
void pin_closure(PinFrame& frame, heap::ObjectRef root, SiteId site, Flows&& flows) {
  struct Reached {
    heap::ObjectRef object;
    std::size_t depth;
  };
  frame.pin(root, site);
  PinRegistry& registry = frame.registry();
  if (!registry.heap().contains(root.address())) {
    return;
  }
  std::vector<Reached> reached = {{root, 0}};
  std::unordered_set<std::uintptr_t> seen = {root.address().value()};
  for (std::size_t next = 0; next < reached.size(); ++next) {
    const auto [object, depth] = reached[next];
    if (!flows(object, depth)) {
      continue;
    }
    for (std::size_t slot = 0; slot < object.references(); ++slot) {
      const heap::ObjectRef target = object.load(slot);
      if (target && seen.insert(target.address().value()).second) {
        frame.pin(target, site);
        registry.work().add(ShapeWork::flowed);
        reached.push_back({target, depth + 1});
      }
    }
  }
}

}  // namespace pinlab::pinning
