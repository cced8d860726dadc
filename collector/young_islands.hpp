// What may not move out of the nursery: the steps before a young collection traces, and what the
// pin registry keeps of them after.
#pragma once

#include "collector/young.hpp"

#include <vector>

namespace pinlab::collector {

struct YoungIslands {
  std::vector<heap::ObjectRef> pinned;  ///< young ones
  std::vector<heap::ObjectRef> kept;    ///< roots for another reason: none_dead_or_alive
  bool leaves_only = false;  ///< what a block keeps beside its islands: primitive arrays, or all
};

/// Marks every nursery block as being emptied, and names them, ascending.
[[nodiscard]] std::vector<heap::Block> condemn_nursery(heap::Heap& heap);

/// Makes the pinned young objects, and their companions by spread, immovable, and asks the route
/// what else of their blocks stays. The cost is in young pins, not in pins.
[[nodiscard]] YoungIslands form_young_islands(Generations& generations,
                                              const std::vector<heap::Block>& blocks,
                                              const YoungRules& rules,
                                              Motion motion,
                                              PauseReport& report);

/// The registry's list of young pins keeps those that are still young.
void keep_young_pins(Generations& generations, const std::vector<heap::ObjectRef>& islands);

}  // namespace pinlab::collector
