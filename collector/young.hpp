// The young collection: copies what is reachable out of the nursery, in one pass, as Cheney does
// (CACM 13(11), 1970): the copies are the queue of what is still to be scanned.
//
// Invariants, when it is done: (1) no nursery block of before is left, but those in which something
// stayed and whose fate is nursery_gaps; (2) every edge from old to young lies on a dirty card;
// (3) no header is forwarded that a walk of a block can meet; (4) what was immovable did not move.
// What finds no room to go to stays where it is, by the mechanism of the islands.
#pragma once

#include "collector/generations.hpp"
#include "collector/pause.hpp"

namespace pinlab::collector {

enum class YoungScope : std::uint8_t {
  nursery,  ///< old objects are not traced: dirty cards name their edges to young ones
  whole,  ///< there is no old generation (semispace): large objects are traced, nothing is promoted
};

struct YoungRules {
  YoungScope scope = YoungScope::nursery;
  unsigned survivals = 1;      ///< collections that an object survives in the nursery
  bool empty_nursery = false;  ///< everything is promoted: a full collection follows
};

/// REQUIRES a stopped world, retired cursors and closed spaces.
void collect_young(Generations& generations,
                   const RootSet& roots,
                   const YoungRules& rules,
                   PauseReport& report);

}  // namespace pinlab::collector
