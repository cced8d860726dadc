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

#include <optional>
#include <utility>
#include <vector>

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

OldCensus count_live(const heap::Heap& heap, PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::plan);
  return old_census(heap);
}

Itinerary decide_moves(Generations& generations,
                       const std::vector<OldBlockCensus>& blocks,
                       const IslandMap& islands,
                       CompactEffort effort,
                       PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::plan);
  Itinerary itinerary = decide(generations, blocks, islands, effort);
  report.vetoed_blocks += itinerary.vetoed_blocks;
  report.vetoed_bytes += itinerary.vetoed_bytes;
  return itinerary;
}

MovePlan plan_moves(Generations& generations,
                    const LiveSet& live,
                    Itinerary itinerary,
                    IslandMap islands,
                    PauseReport& report) {
  const PhaseTimer timer(report, PausePhase::plan);
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

  report.lines_swept =
      generations.heap.used_blocks() * (generations.heap.block_bytes() / heap::kLineBytes);
  const LiveSet live = mark(generations, roots, report);  // What is alive?
  report.largest_object = live.largest;
  end_unreached_sets(generations, live, effort, report);        // Whose pins has nobody any more?
  IslandMap islands = find_islands(generations, live, report); // What of it may not move?
  census_pins(generations, report);                             // Who pins it, since when?
  const OldCensus census = count_live(generations.heap, report);
  Itinerary itinerary =
      decide_moves(generations, census.blocks, islands, effort, report);  // Where does the rest go?
  const std::optional<ShadowPlans> shadows =
      plan_shadows(generations, live, census, islands, effort, report);  // And without the pins?
  const MovePlan moves =
      plan_moves(generations, live, std::move(itinerary), std::move(islands), report);
  measure_hostage(generations.heap, census, moves, shadows, report);  // What do they cost?
  if (generations.options.verify != VerifyLevel::none) {
    check_plan(generations.heap, moves);
  }
  tell_of_moves(generations, moves, report);
  update_slots(generations, roots, live, moves, report);  // Every edge learns of it;
  move_objects(generations, moves, report);               // then everything goes.
  reclaim(generations, moves, report);                    // What is left over are gaps.
  report.declined = !generations.compaction.settle(generations.heap);
  const std::uint64_t migrated = report.migrated_objects;
  migrate_old(generations, roots, moves.islands, report);  // What waits to be pinned goes apart.
  if (report.migrated_objects != migrated) {
    report.after = {};  // of reclaim(): there is a little less than it found
  }
}

}  // namespace pinlab::collector
