// Islands of the old generation: what of the live set may not move in this collection.
//
// Invariants: islands are ascending, disjoint and live; each is one object, or objects side by
// side; none crosses a block's end. While the map is in use, the islands' bits are out of the live
// bits of the blocks that move, so that an island forwards to itself.
#pragma once

#include "collector/generations.hpp"
#include "collector/island_map.hpp"
#include "collector/mark.hpp"

#include <optional>
#include <span>
#include <vector>

namespace pinlab::collector {

/// What is left out, for plans of what would be without it.
struct PinFilter {
  bool without_ambiguous = false;
  std::optional<pinning::SiteId> without_site = {};
  std::vector<pinning::PinSet*> without_sets = {};
};

/// The live objects that may not move (collector/immobility.hpp) and their companions by spread. Large objects are no islands: they
/// never move. Leaves the heap as it found it: the map is listed.
[[nodiscard]] IslandMap form_islands(Generations& generations,
                                      const LiveSet& live,
                                      const PinFilter& filter);
/// Leaves nothing out; counts pinned objects, large ones included, and what is immovable for other
/// reasons, in the report. Nothing is listed: what may not move is held.
[[nodiscard]] IslandMap form_islands(Generations& generations,
                                      const LiveSet& live,
                                      PauseReport& report);

}  // namespace pinlab::collector
