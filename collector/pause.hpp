// What a collection tells its listeners. The collector fills a PauseReport and hands it over after
// the pause; statistics, records, maps and progress are listeners. Integers only; times apart from
// the rest.
#pragma once

#include "heap/space.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::collector {

enum class PauseKind : std::uint8_t { young, full };
inline constexpr std::array<std::string_view, 2> kPauseKindNames = {"young", "full"};

enum class PauseCause : std::uint8_t { nursery_full, heap_full, large_object, requested };
inline constexpr std::array<std::string_view, 4> kPauseCauseNames = {"nursery_full", "heap_full",
                                                                     "large_object", "requested"};

/// `shadow`, `census` and `verify` measure and check: they are timed, and are no part of the pause.
enum class PausePhase : std::uint8_t {
  stop,
  islands,
  roots,
  cards,
  copy,
  mark,
  plan,
  update,
  move,
  reclaim,
  shadow,
  census,
  verify
};
inline constexpr std::array<std::string_view, 13> kPausePhaseNames = {
    "stop",   "islands", "roots",   "cards",  "copy",   "mark",  "plan",
    "update", "move",    "reclaim", "shadow", "census", "verify"};
inline constexpr std::size_t kFirstMeasuringPhase = 10;

/// Request sizes for which a census says how much free memory could serve them.
inline constexpr std::array<std::uint64_t, 4> kRequestSizes = {256, 4096, 65536, 1048576};

/// Occupancy and fragmentation at an instant, in bytes. `detailed` is false after young
/// collections: then only the first five fields are known, the rest is 0.
struct Census {
  std::uint64_t used = 0;       ///< blocks that are not free, and large objects
  std::uint64_t committed = 0;  ///< what the system has given
  std::uint64_t large = 0;
  std::uint64_t blocks_free = 0;
  std::uint64_t blocks_used = 0;
  bool detailed = false;
  std::uint64_t live = 0;  ///< exact: a full collection marked it
  std::uint64_t free = 0;  ///< free blocks and gaps, up to heap.max
  std::uint64_t free_runs = 0;
  std::uint64_t largest_free_run = 0;
  std::array<std::uint64_t, 4> in_runs_of{};      ///< bytes in runs >= kRequestSizes[i]
  std::array<std::uint64_t, 4> packable{};        ///< s * sum of floor(run / s)
  std::array<std::uint64_t, 41> gap_histogram{};  ///< free runs by floor(log2(bytes))
  std::uint64_t top = 0;  ///< offset in the heap of the end of the highest object in a block
};

/// One pin site's part in a full collection. Where the census looks at every n-th pin only, counts
/// and bytes are those of the pins that it saw, times n.
struct SiteHostage {
  std::uint32_t site = 0;
  std::uint64_t pins = 0;
  std::uint64_t pinned_bytes = 0;
  /// The allocation clock when the site first pinned between the collections between which its
  /// oldest pin was made.
  std::uint64_t oldest_since = 0;
  std::uint64_t oldest_collections = 0;  ///< collections since, this one included
  /// Used with all pins less used without this site's, which may be negative; nothing where no plan
  /// was made without the site.
  std::optional<std::int64_t> hostage = {};
};

/// A block that is in use after a full collection with pins or without them, but not both.
struct BlockHostage {
  std::uint32_t block = 0;
  std::int64_t bytes = 0;  ///< its size; negative where it is in use without pins only
};

/// What one pause did, in numbers. Bytes and counts are exact and on every machine the same.
struct PauseFigures {
  std::uint64_t index = 0;
  PauseKind kind = PauseKind::young;
  PauseCause cause = PauseCause::requested;
  std::uint64_t clock = 0;  ///< bytes allocated by the program when the pause began

  std::uint64_t survivor_objects = 0;  ///< young: reached in the nursery; full: marked
  std::uint64_t survivor_bytes = 0;
  std::uint64_t copied_objects = 0;  ///< copied out of nursery blocks (both kinds)
  std::uint64_t copied_bytes = 0;
  std::uint64_t promoted_objects = 0;  ///< became old: by copy or in place
  std::uint64_t promoted_bytes = 0;
  std::uint64_t in_place_objects = 0;  ///< survived in the nursery without moving
  std::uint64_t in_place_bytes = 0;
  std::uint64_t failed_objects = 0;  ///< of these: not pinned, but no space was left to copy to
  std::uint64_t moved_bytes = 0;     ///< by the compactor
  std::uint64_t moved_runs = 0;
  std::uint64_t routed_objects =
      0;  ///< moved across a gap's end to go around an island or a block end
  std::uint64_t slots_visited = 0;
  std::uint64_t cards_scanned = 0;
  std::uint64_t lines_swept = 0;  ///< full: of the blocks in use, whose marks it passes over
  std::uint64_t source_blocks = 0;
  std::uint64_t pins = 0;  ///< pinned objects (young collections: young ones)
  std::uint64_t pinned_bytes = 0;
  std::uint64_t islands = 0;  ///< young: objects that stayed; full: stretches of immovable objects
  std::uint64_t island_bytes = 0;
  std::uint64_t alive_by_pin_alone = 0;  ///< objects that only a pin reached first
  std::uint64_t largest_object = 0;      ///< full: bytes of the largest that lives in a block
  // What may not move without being pinned, in blocks, by the first reason that holds.
  std::uint64_t ambiguous_objects = 0;  ///< an ambiguous root points into them
  std::uint64_t ambiguous_bytes = 0;
  std::uint64_t flowed_objects = 0;  ///< something that is immovable leads to them
  std::uint64_t flowed_bytes = 0;
  std::uint64_t child_objects = 0;  ///< a slot refers to them that cannot be updated
  std::uint64_t child_bytes = 0;
  std::uint64_t alive_by_ambiguous_alone = 0;  ///< objects that no reference had reached
  std::uint64_t gaps = 0;                      ///< offered to allocation afterwards
  std::uint64_t gap_bytes = 0;
  // What the nursery route did with blocks in which something stayed.
  std::uint64_t retained_blocks = 0;    ///< tried again at the next young collection
  std::uint64_t given_up_blocks = 0;    ///< tried for long enough: old from now on
  std::uint64_t quarantined_bytes = 0;  ///< free in nursery blocks that are closed to allocation
  std::uint64_t demoted_objects = 0;    ///< islands that would have grown old, and are young again
  std::uint64_t demoted_bytes = 0;
  std::uint64_t promoted_in_place_objects = 0;  ///< became old where they stood (of `promoted`)
  std::uint64_t promoted_in_place_bytes = 0;
  std::uint64_t closed_bytes = 0;  ///< free in blocks that became old, and not offered to anyone
  std::uint64_t cemented_objects = 0;  ///< islands that became roots until the next full collection
  std::uint64_t degraded_bytes = 0;    ///< born old since the last pause for want of nursery
  // What a full collection planned, and what allocation did with gaps since the one before.
  bool declined = false;                 ///< compact.rule was against moving anything
  std::uint64_t vetoed_blocks = 0;       ///< candidates that were dropped because of pins
  std::uint64_t vetoed_bytes = 0;        ///< that would have moved
  std::uint64_t artificial_islands = 0;  ///< long runs that were left because they hardly move
  std::uint64_t artificial_island_bytes = 0;
  std::uint64_t stayed_bytes = 0;    ///< meant to move, but there was no room
  std::uint64_t refilled_bytes = 0;  ///< moved to gaps of blocks that were not emptied
  std::uint64_t closed_gaps = 0;     ///< that moving objects filled, but for the last one
  std::uint64_t residual_bytes = 0;  ///< left over in these
  heap::GapUse gap_use;              ///< of old blocks
  std::uint64_t usable_gap_bytes =
      0;                          ///< of what is offered: what serves a request, on the average
  std::uint64_t blocks_held = 0;  ///< kept only because of an island
  std::uint64_t held = 0;         ///< free bytes in these
  bool hostage_measured = false;  ///< the next two are known
  std::int64_t hostage = 0;       ///< used with islands less used as planned without
  std::int64_t ambiguous_hostage = 0;  ///< of hostage, what would not be without ambiguous roots
  /// Pins by age: element i counts those since which 2^i to 2^(i+1) - 1 collections began, this one
  /// included.
  std::array<std::uint64_t, 32> pin_ages{};

  // The pinned space.
  std::uint64_t born_apart_objects = 0;  ///< allocated there since the last pause
  std::uint64_t born_apart_bytes = 0;
  std::uint64_t migrated_objects = 0;  ///< moved there, of those that wait to be pinned
  std::uint64_t migrated_bytes = 0;
  std::uint64_t pinned_blocks = 0;      ///< its blocks after the pause
  std::uint64_t pinned_space_live = 0;  ///< full: bytes alive in these, pinned or not
  std::uint64_t pinned_gap_bytes = 0;   ///< full: offered to what is born there

  Census before;
  Census after;

  // Of threads, not of parameters: both timed.
  std::uint64_t blocked_requests =
      0;                         ///< collections that had to wait for pins since the last pause
  std::uint64_t blocked_ns = 0;  ///< how long they waited

  std::uint64_t start_ns = 0;  ///< since the runtime was made
  std::uint64_t pause_ns = 0;  ///< stop to reclaim
  std::array<std::uint64_t, kPausePhaseNames.size()> phase_ns{};
};

/// Everything one pause did.
struct PauseReport : PauseFigures {
  std::vector<BlockHostage> hostage_blocks;  ///< ascending; their bytes sum up to hostage
  std::vector<SiteHostage> sites;
};

/// Hears of each pause, on the thread that collected, while the others are still stopped.
class PauseObserver {
 public:
  PauseObserver() = default;
  PauseObserver(const PauseObserver&) = delete;
  PauseObserver& operator=(const PauseObserver&) = delete;
  virtual ~PauseObserver() = default;
  virtual void paused(const PauseReport& report) = 0;
};

}  // namespace pinlab::collector
