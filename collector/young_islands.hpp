// What may not move out of the nursery, and what becomes of the blocks in which something stayed.
// The steps of a young collection around its tracing; collector/young.cpp calls them in this order.
#pragma once

#include "collector/young.hpp"

#include <vector>

namespace pinlab::collector {

/// Marks every nursery block as being emptied, and names them, ascending.
[[nodiscard]] std::vector<heap::Block> condemn_nursery(heap::Heap& heap);

/// Makes the pinned young objects, and their companions by spread, immovable. The answer is the
/// pinned ones; the cost is in young pins, not in pins.
[[nodiscard]] std::vector<heap::ObjectRef> form_young_islands(Generations& generations,
                                                              PauseReport& report);

/// Frees the blocks that were emptied; the route decides about the others. Leaves every block
/// walkable.
void settle_nursery(Generations& generations,
                    const std::vector<heap::Block>& blocks,
                    const YoungRules& rules,
                    PauseReport& report);

/// The registry's list of young pins keeps those that are still in the nursery.
void keep_young_pins(Generations& generations, const std::vector<heap::ObjectRef>& islands);

}  // namespace pinlab::collector
