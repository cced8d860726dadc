// Invariants, between pauses:
//   (1) an edge from old to young lies on a dirty card;
//   (2) no object is forwarded;
//   (3) a pinned object is where it was when it was pinned;
//   (4) every block can be walked from base to limit.
#include "collector/full.hpp"

#include "collector/artificial_islands.hpp"
#include "collector/compact.hpp"
#include "collector/hostage.hpp"
#include "collector/leaks.hpp"
#include "collector/migrate.hpp"
#include "collector/move_observer.hpp"
#include "collector/phase_timer.hpp"
#include "collector/pin_census.hpp"
#include "collector/young.hpp"

#include <bit>

namespace pinlab::collector {

namespace state = heap::block_state;

namespace {

/// They are old by now, and found again below.
void forget_young_islands(PauseReport& report) {
  report.pins = 0;
  report.pinned_bytes = 0;
  report.islands = 0;
  report.island_bytes = 0;
  report.alive_by_pin_alone = 0;
  report.ambiguous_objects = 0;
  report.ambiguous_bytes = 0;
  report.flowed_objects = 0;
  report.flowed_bytes = 0;
  report.child_objects = 0;
  report.child_bytes = 0;
  report.alive_by_ambiguous_alone = 0;
  report.gaps = 0;
  report.gap_bytes = 0;
}

IslandMap find_islands(Generations& generations, const LiveSet& live, PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::islands);
  return form_islands(generations, live, report);
}

MovePlan plan_moves(Generations& generations,
                    const LiveSet& live,
                    IslandMap islands,
                    CompactEffort effort,
                    PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::plan);
  Itinerary itinerary = decide(generations, islands, effort);
  report.vetoed_blocks += itinerary.vetoed_blocks;
  report.vetoed_bytes += itinerary.vetoed_bytes;
  // Who waits to be pinned may lie in any block; else only what moves has to get around islands.
  if (generations.options.pin_placement == PinPlacement::migrate) {
    islands.list_all();
  } else {
    islands.list(itinerary.sources);
  }
  for (const heap::AddressRange& island : add_artificial_islands(generations, itinerary, islands)) {
    ++report.artificial_islands;
    report.artificial_island_bytes += island.bytes();
  }
  return plan_moves(generations.heap, live, std::move(itinerary), std::move(islands),
                    generations.plan_rules());
}

}  // namespace

void collect_full(Generations& generations,
                  const RootSet& roots,
                  CompactEffort effort,
                  PauseReport& report) {
  collect_young(generations, roots, {.empty_nursery = true}, report);  // one space is left
  generations.old.close();
  generations.pinned_space.close();
  forget_young_islands(report);

  const LiveSet live = mark(generations, roots, report);  // What is alive?
  report.largest_object = live.largest;
  end_unreached_sets(generations, live, effort, report);        // Whose pins has nobody any more?
  IslandMap islands = find_islands(generations, live, report); // What of it may not move?
  census_pins(generations, report);                             // Who pins it, since when?
  measure_hostage(generations, live, islands, effort, report);  // What do the pins cost?
  const MovePlan moves =
      plan_moves(generations, live, std::move(islands), effort, report);  // Where does the rest go?
  if (generations.options.verify != VerifyLevel::none) {
    check_plan(generations.heap, moves);
  }
  tell_of_moves(generations, moves, report);
  update_slots(generations, roots, live, moves, report);  // Every edge learns of it;
  move_objects(generations, moves, report);               // then everything goes.
  reclaim(generations, moves, report);                    // What is left over are gaps.
  report.declined = !generations.compaction.settle(generations.heap);
  migrate_old(generations, roots, moves.islands, report);  // What waits to be pinned goes apart.
}

}  // namespace pinlab::collector
