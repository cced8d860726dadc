// The old part of pin.placement=migrate. The young part is collector/young.cpp's.
#pragma once

#include "collector/generations.hpp"
#include "collector/island_map.hpp"
#include "collector/old_route.hpp"
#include "collector/pause.hpp"

namespace pinlab::collector {

/// What waits to be pinned, is old and no island goes to the pinned space, and every reference to it
/// along: a pass over all of them, which nobody pays for unless an old object waits. What finds no
/// room stays. At the end of a full collection. REQUIRES live and start bits of what is alive alone.
void migrate_old(Generations& generations,
                 const RootSet& roots,
                 const IslandMap& islands,
                 PauseReport& report);

}  // namespace pinlab::collector
