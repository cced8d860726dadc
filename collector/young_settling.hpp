// What becomes of nursery blocks after a young collection: those that were emptied are free, the
// route decides about those in which something stayed.
//
// Invariants, when it is done: (1) every block is walkable; (2) no block has an immovable bit; (3)
// of a nursery block only its old objects have mark bits.
#pragma once

#include "collector/young.hpp"

#include <vector>

namespace pinlab::collector {

/// Frees the blocks that were emptied; the route decides about the others. Leaves every block
/// walkable. `survivors_limit`: of a slide, the first block above its survivors.
void settle_nursery(Generations& generations,
                    const std::vector<heap::Block>& blocks,
                    const YoungRules& rules,
                    Motion motion,
                    std::uint32_t survivors_limit,
                    PauseReport& report);

/// After a full collection, under a route whose objects are born between old ones: every gap of old
/// blocks is the nursery's. Nothing is done under the others.
void open_old_gaps_to_young(Generations& generations);

}  // namespace pinlab::collector
