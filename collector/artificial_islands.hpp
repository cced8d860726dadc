// Artificial islands: long runs of objects that would hardly move are left where they are, as if
// they were pinned (CoreCLR's artificial pinned plugs).
#pragma once

#include "collector/generations.hpp"
#include "collector/island_map.hpp"

namespace pinlab::collector {

/// Adds to `islands` the runs of at least compact.island_least bytes that would move by less than
/// compact.island_shift of their size within one gap, were objects divisible; returns them. Only in
/// a slide of whole blocks to lower addresses. REQUIRES whole live bits.
[[nodiscard]] IslandList add_artificial_islands(const Generations& generations,
                                                const Itinerary& itinerary,
                                                IslandMap& islands);

}  // namespace pinlab::collector
