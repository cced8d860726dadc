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
};

/// Marks from the roots, then from the pins of every set that is reached, to a fixpoint. Sets whose
/// managed owner is not reached are released and, if pins were left in them, reported as leaks.
/// REQUIRES an empty nursery.
[[nodiscard]] LiveSet mark(Generations& generations, const RootSet& roots, PauseReport& report);

}  // namespace pinlab::collector
