// Marking: what of the old generation is alive. One bit for each granule that a live object covers.
#pragma once

#include "collector/generations.hpp"
#include "collector/pause.hpp"

#include <functional>
#include <vector>

namespace pinlab::collector {

/// What marking found out; the bits themselves are the live bits of the heap's mark table.
struct LiveSet {
  std::uint64_t objects = 0;
  std::uint64_t bytes = 0;                   ///< in blocks
  std::uint64_t large_bytes = 0;             ///< object bytes, not pages
  std::size_t largest = 0;                   ///< bytes of the largest object in a block
  std::vector<std::uint8_t> has_references;  ///< by block: whether a live object in it has slots
  std::vector<heap::ObjectRef> ambiguous;    ///< what ambiguous roots point into; it is alive
  std::uint64_t pins = 0;                    ///< pinned objects, large ones included
  std::uint64_t pinned_bytes = 0;
  std::vector<pinning::PinSet*> unreached;  ///< sets of pins that belong to nobody any more
};

/// Marks from the roots, ambiguous ones last, then from the pins of every set that is reached, to a
/// fixpoint; pins that keep nothing alive end with their objects. What is pinned is held
/// (generations.held), but where sets are unreached, which the caller ends: then nothing is.
/// REQUIRES an empty nursery.
[[nodiscard]] LiveSet mark(Generations& generations, const RootSet& roots, PauseReport& report);

/// The live set had `set` been reached too: adds to the live bits, which the caller restores.
[[nodiscard]] LiveSet mark_with(Generations& generations,
                                const pinning::PinSet& set,
                                const LiveSet& live);

}  // namespace pinlab::collector
