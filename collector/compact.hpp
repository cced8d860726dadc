// The second half of a full collection: every edge learns where its object goes, the objects go,
// and what is left over becomes free blocks and gaps. Each step takes what the one before it found
// out.
#pragma once

#include "collector/mark.hpp"
#include "collector/move_plan.hpp"

namespace pinlab::collector {

/// Rewrites every reference of the live set and the roots; weak handles of dead objects become
/// null.
void update_slots(Generations& generations,
                  const RootSet& roots,
                  const LiveSet& live,
                  const MovePlan& plan,
                  PauseReport& report);

/// Moves the movable objects, and their start bits with them. In the order of the plan, so that
/// nothing is written over before it was read.
void move_objects(Generations& generations, const MovePlan& plan, PauseReport& report);

/// Frees what is empty, makes and offers gaps, leaves live bits and cards clear.
void reclaim(Generations& generations, const MovePlan& plan, PauseReport& report);

}  // namespace pinlab::collector
