// The full collection, on one page: what is alive, what of it may not move, where the rest goes.
#pragma once

#include "collector/generations.hpp"
#include "collector/pause.hpp"

namespace pinlab::collector {

/// REQUIRES a stopped world, retired cursors and closed spaces.
void collect_full(Generations& generations,
                  const RootSet& roots,
                  CompactEffort effort,
                  PauseReport& report);

}  // namespace pinlab::collector
