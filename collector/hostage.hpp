// What pins cost a full collection: the same collection planned again with other pins, nothing
// moved.
#pragma once

#include "collector/live_parts.hpp"
#include "collector/mark.hpp"
#include "collector/move_plan.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace pinlab::collector {

/// What each block of the old generation holds, free blocks included, ascending; islands apart.
struct OldCensus {
  std::vector<OldBlockCensus> blocks;
  LiveParts parts;
};

/// REQUIRES whole live bits.
[[nodiscard]] OldCensus old_census(const heap::Heap& heap);

/// Where the route would send what lives around `islands`. `blocks`: of old_census().
[[nodiscard]] Itinerary decide(Generations& generations,
                               std::vector<OldBlockCensus> blocks,
                               const IslandMap& islands,
                               CompactEffort effort);

/// Bytes in use after the collection that would go around `islands`; of large objects, their own.
[[nodiscard]] std::uint64_t planned_bytes(Generations& generations,
                                          const LiveSet& live,
                                          IslandMap islands,
                                          CompactEffort effort);

/// The same collection as it would be with other pins: bytes in use afterwards, large objects apart.
struct ShadowPlans {
  std::vector<std::uint8_t> without_pins;  ///< by block, whether anything would be in it
  std::optional<std::int64_t> without_ambiguous;
  /// By site as the report has them; nothing where no plan was made, or the site has all the pins.
  std::vector<std::optional<std::int64_t>> without_site;
  bool one_site = false;  ///< without its pins nothing would be immovable
};

/// Nothing where there are no islands, or nobody asked. REQUIRES that the collection's own
/// decision is made, and whole live bits: nothing was planned to move.
[[nodiscard]] std::optional<ShadowPlans> plan_shadows(Generations& generations,
                                                      const LiveSet& live,
                                                      const OldCensus& census,
                                                      IslandMap& islands,
                                                      CompactEffort effort,
                                                      PauseReport& report);

/// report.hostage: bytes in use after `moves` less bytes in use after the same collection without
/// pins; report.sites[].hostage: the same difference without the pins of that site, for the largest
/// of the sites that the census of pins found (options.measure_sites). Negative where the slide
/// does better with the pin than without (theory: on one snapshot an island can help next-fit).
/// report.hostage_blocks: where the two plans differ, block by block.
void measure_hostage(const heap::Heap& heap,
                     const OldCensus& census,
                     const MovePlan& moves,
                     const std::optional<ShadowPlans>& shadows,
                     PauseReport& report);

}  // namespace pinlab::collector
