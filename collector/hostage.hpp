// What pins cost a full collection: the same collection planned again with other pins, nothing
// moved.
#pragma once

#include "collector/mark.hpp"
#include "collector/move_plan.hpp"

#include <vector>

namespace pinlab::collector {

/// What each block of the old generation holds, free blocks included, ascending.
/// REQUIRES whole live bits.
[[nodiscard]] std::vector<OldBlockCensus> old_census(const heap::Heap& heap,
                                                     const IslandMap& islands);

/// Where the route would send what lives around `islands`. REQUIRES whole live bits.
[[nodiscard]] Itinerary decide(Generations& generations,
                               const IslandMap& islands,
                               CompactEffort effort);

/// Bytes in use after the collection that would go around `islands`; of large objects, their own.
[[nodiscard]] std::uint64_t planned_bytes(Generations& generations,
                                          const LiveSet& live,
                                          IslandMap islands,
                                          CompactEffort effort);

/// report.hostage: bytes in use after this collection less bytes in use after the same one without
/// pins; report.sites[].hostage: the same difference without the pins of that site, for the largest
/// of the sites that the census of pins found (options.measure_sites). Negative where the slide
/// does better with the pin than without (theory: on one snapshot an island can help next-fit).
/// report.hostage_blocks: where the two plans differ, block by block.
/// Nothing is done where there are no islands.
void measure_hostage(Generations& generations,
                     const LiveSet& live,
                     IslandMap& islands,
                     CompactEffort effort,
                     PauseReport& report);

}  // namespace pinlab::collector
