// How a runtime is built: the collector's share of the parameters (results/README.md has the
// table).
#pragma once

#include "pinning/pin_set.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pinlab::collector {

enum class VerifyLevel : std::uint8_t { none, cheap, full, paranoid };
enum class VerifyWhen : std::uint8_t { after, before_after };
/// Whether nursery_survivals always holds, or drops to 0 after a young collection that most
/// survived, as HotSpot lowers its tenuring threshold when the survivors are too many to copy
/// twice.
enum class Tenuring : std::uint8_t { adaptive, fixed };
/// What nursery.route=lock does with a request that pins refuse: it waits for an unpin; or waits a
/// few times and gives up, as HotSpot did; or stops everyone at their next poll meanwhile, so that
/// nobody pins any more (OpenJDK PR 23367).
enum class LockVariant : std::uint8_t { wait, retry, hold_back };
/// What of a block with pins a young collection may copy out.
enum class Evacuate : std::uint8_t {
  all_but_islands,
  by_class,  ///< what has reference slots: which of the primitive arrays is pinned, nobody knows
  none       ///< what is alive stays
};
/// What becomes of allocation when islands leave the nursery too little room: a full collection
/// ages them out, or objects are born old until the next young collection.
enum class Cramped : std::uint8_t { full, degraded };

/// Variants of nursery routes: a route takes those that it names, the others are refused.
/// Shares are in billionths; 0 of any of them: never.
struct NurseryVariants {
  LockVariant lock = LockVariant::wait;
  std::uint32_t lock_retries = 2;  ///< of lock=retry, for one request
  Evacuate evacuate = Evacuate::all_but_islands;
  std::uint64_t retain = 0;   ///< of a block: with less alive it is tried again
  std::uint32_t give_up = 8;  ///< collections that a block is tried again
  std::uint64_t cement = 0;   ///< edges from old objects that make an island a root
  Cramped cramped = Cramped::full;
  std::uint64_t sweep = 0;    ///< of a block: with as much alive nothing in it moves
  std::uint64_t promote = 0;  ///< of a block: with as much pinned it is not demoted
  std::uint64_t copy = 0;     ///< of a block: with less old in it, its young objects are copied
  std::uint64_t nailboards = ~std::uint64_t{0};  ///< blocks for which a bit table can be had
};

/// How much of the old generation a full collection may move: what pays for itself, or everything.
enum class CompactEffort : std::uint8_t { adaptive, exhaustive };

/// How the gap is found that what moves in the old generation goes to.
enum class Fit : std::uint8_t {
  next,   ///< one gap is filled after another, none is returned to
  first,  ///< each object goes to the first that it fits in of a few open gaps
  best,   ///< runs of objects go as wholes, to gaps of the least power of two that surely fits
};
/// Which gaps of a block in use are offered to allocation.
enum class Offer : std::uint8_t {
  all,
  tail,
  none,
  pinned  ///< all, to what is born in the pinned space
};

/// How what is pinned comes to the pinned space: blocks of their own, out of which nothing moves.
enum class PinPlacement : std::uint8_t {
  anywhere,      ///< it does not: an object is pinned where it is, and there is no such space
  pinned_space,  ///< it is born there, as what will be pinned is known when it is allocated
  migrate,       ///< a pin waits for the next collection, which moves its object there
  pretenure,     ///< what sites with pins at two collections allocate is born there, pinned or not
};
inline constexpr std::array<std::string_view, 4> kPinPlacementNames = {"anywhere", "pinned_space",
                                                                       "migrate", "pretenure"};

/// Parameters that only some old routes have: a route takes those that it names
/// (OldRoute::variants), the others are refused. Unset: the route's own value (OldRoute::settle).
/// Sizes in bytes, shares in billionths.
struct OldVariants {
  std::optional<Fit> fit;
  std::optional<std::uint32_t> open_gaps;   ///< of Fit::first; kAllGaps: every one
  std::optional<std::uint64_t> budget;      ///< what an adaptive compaction moves at most
  std::uint64_t island_least = kUnlimited;  ///< a run of at least so many bytes that would move
  std::uint64_t island_shift = 62'500'000;  ///< by less than this share of them stays
  std::optional<std::uint64_t> headroom;    ///< of heap.max: for full collections only
  Offer skipped_gaps = Offer::all;          ///< of blocks that a route leaves because of pins
  std::uint64_t utilisation = 500'000'000;  ///< of a block: with more alive it is no candidate
  std::uint64_t overhead = 1'300'000'000;   ///< least used / live for compaction to begin
  std::uint64_t contiguous = 2048;          ///< free stretches of at least so much count as gained

  static constexpr std::uint64_t kUnlimited = std::uint64_t{16} << 30U;  ///< the largest heap
  static constexpr std::uint32_t kAllGaps = ~std::uint32_t{0};
};

/// What compact rules (collector/compact_rule.hpp) go by. Shares in billionths.
struct CompactVariants {
  std::uint64_t least_free = 0;            ///< with less in used blocks nothing is compacted,
  std::uint64_t least_share = 0;           ///< nor with a smaller share of them
  std::uint64_t stop_share = 50'000'000;   ///< of hysteresis: where it ends
  std::uint64_t heap_share = 500'000'000;  ///< of provisional: an old generation beyond it
  std::uint64_t give_up = 0;  ///< compactions in a row that freed no block; 0: never
};

/// Sizes in bytes. Names are those of the axes' registries (`pinlab list`).
struct Options {
  static constexpr std::uint32_t kAnyDepth = ~std::uint32_t{0};

  std::string plan = "generational";
  std::uint64_t heap_max = std::uint64_t{1} << 30U;
  std::uint64_t heap_block = std::uint64_t{64} << 10U;    ///< a power of two, 16 KiB to 1 GiB
  std::uint64_t nursery_size = std::uint64_t{64} << 20U;  ///< 0: everything is born old
  std::uint32_t nursery_survivals = 1;                    ///< 0 to 7
  Tenuring nursery_tenuring = Tenuring::adaptive;
  std::string nursery_route = "promote_block";
  NurseryVariants nursery_variants;
  std::string old_route = "slide_around";
  OldVariants old_variants;
  std::string compact_rule = "threshold";
  CompactVariants compact_variants;
  std::string gap_reuse = "bump";
  std::uint64_t gap_min = 2048;  ///< a shorter gap is not offered to allocation
  std::string pin_spread = "object";
  std::uint64_t spread_line = 256;   ///< the unit of pin_spread=line
  std::uint64_t spread_page = 4096;  ///< the unit of pin_spread=page and eighth_page
  std::uint32_t pin_transitive = 0;  ///< references beyond pins and ambiguous roots that nothing
                                     ///< moves along; kAnyDepth: to the end
  bool ambiguous_stacks = false;     ///< the mutators' stacks hold words, not references
  PinPlacement pin_placement = PinPlacement::anywhere;
  pinning::Liveness pin_liveness = pinning::Liveness::strong;
  std::uint64_t sample_sites = 0;  ///< of pins without a site, every so many-th gets its caller's
  CompactEffort compact_effort = CompactEffort::adaptive;
  VerifyLevel verify = VerifyLevel::none;
  VerifyWhen verify_when = VerifyWhen::after;
  bool measure_census = true;      ///< every free run after each full collection
  std::uint64_t measure_pins = 1;  ///< every so many-th pin after each full collection; 0: none
  bool measure_hostage =
      true;  ///< plan each full collection that has islands a second time, without pins
  std::uint32_t measure_sites =
      4;  ///< and once more without each of the largest pin sites, at most so many
};

/// Sizes or names that make no sense, alone or together; what() is a sentence for the user.
struct OptionsError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

}  // namespace pinlab::collector
