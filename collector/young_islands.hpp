// What may not move out of the nursery: the steps before a young collection traces, and what the
// pin registry keeps of them after.
#pragma once

#include "collector/young.hpp"

#include <vector>

namespace pinlab::collector {

struct YoungIslands {
  std::vector<heap::ObjectRef> pinned;     ///< young ones
  std::vector<heap::ObjectRef> ambiguous;  ///< roots: what ambiguous roots point into, old or young
  std::vector<heap::ObjectRef> others;     ///< young ones that may not move for another reason
  std::vector<heap::ObjectRef> kept;       ///< roots for another reason: none_dead_or_alive
  bool leaves_only = false;  ///< what a block keeps beside its islands: primitive arrays, or all
};

/// Marks every nursery block as being emptied, and names them, ascending.
[[nodiscard]] std::vector<heap::Block> condemn_nursery(heap::Heap& heap);

/// Makes the young objects that may not move (collector/immobility.hpp), and their companions by
/// spread, immovable, and asks the route what else of their blocks stays. The cost is in young pins,
/// not in pins, unless what they lead to may not move either.
[[nodiscard]] YoungIslands form_young_islands(Generations& generations,
                                              const RootSet& roots,
                                              const std::vector<heap::Block>& blocks,
                                              const YoungRules& rules,
                                              Motion motion,
                                              PauseReport& report);

/// The registry's list of young pins keeps those that are still young.
void keep_young_pins(Generations& generations, const std::vector<heap::ObjectRef>& islands);

}  // namespace pinlab::collector
