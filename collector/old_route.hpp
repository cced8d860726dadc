// The axis of old routes: where the survivors of the old generation go, around the islands.
//
// A route is three small decisions, made once a full collection: whose objects move (the sources,
// in the order in which they are emptied), where to (the destinations, in the order in which their
// gaps are filled) and how a gap is found (the fit); and one for each block that stays: who may
// allocate in its gaps. Everything else is shared (collector/move_plan.hpp).
#pragma once

#include "heap/heap.hpp"
#include "heap/support/named.hpp"
#include "collector/options.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace pinlab::collector {

/// What may not move, ascending by address.
using IslandList = std::vector<heap::AddressRange>;

/// How much of a block may not move.
struct BlockIslands {
  std::uint64_t bytes = 0;
  std::uint32_t count = 0;  ///< stretches
};

class IslandMap;

/// What marking found in a block of the old generation, in bytes.
struct OldBlockCensus {
  heap::Block block;
  std::uint64_t live = 0;          ///< islands included
  std::uint64_t islands = 0;       ///< bytes that may not move
  std::uint32_t island_count = 0;  ///< stretches of them
  bool free = false;               ///< nobody's yet, but within the budget: a destination

  [[nodiscard]] std::uint64_t movable() const { return live - islands; }
};

using SourceList = std::vector<heap::Block>;
using DestinationList = std::vector<heap::Block>;

/// What a route decides. A block that is in neither list keeps its objects and its gaps.
struct Itinerary {
  SourceList sources;
  /// A source among them is filled between its islands, in the order of the sources; another block
  /// in use, between what lives in it, in gaps of at least gap.min; a free block from its base.
  DestinationList destinations;
  Fit fit = Fit::next;
  /// Candidates that were dropped because of pins, and the bytes that would have moved.
  std::uint64_t vetoed_blocks = 0;
  std::uint64_t vetoed_bytes = 0;

  /// Where what moves goes to lower addresses in the order of the sources, and nothing can be left
  /// over.
  [[nodiscard]] bool is_slide() const { return sources == destinations; }
};

/// What a planner of moves needs to know beside an itinerary.
struct PlanRules {
  std::uint32_t open_gaps = 1;                  ///< of Fit::first
  std::uint64_t gap_min = heap::kGranuleBytes;  ///< of blocks that are no sources
};

/// What a route is given to choose from.
struct RouteChoice {
  const heap::Heap& heap;                  ///< with whole live bits
  /// Free ones included, those of the pinned space not, ascending.
  std::span<const OldBlockCensus> blocks;
  const IslandMap& islands;
  CompactEffort effort;
  std::uint64_t gap_min;

  [[nodiscard]] std::uint64_t block_bytes() const { return heap.block_bytes(); }
  [[nodiscard]] const OldBlockCensus& census(heap::Block block) const {
    return *std::ranges::lower_bound(blocks, block, {}, &OldBlockCensus::block);
  }
};

class OldRoute {
 public:
  OldRoute() = default;
  OldRoute(const OldRoute&) = delete;
  OldRoute& operator=(const OldRoute&) = delete;
  virtual ~OldRoute() = default;

  /// The parameters that this route takes, of those that only some routes have.
  [[nodiscard]] virtual std::span<const std::string_view> variants() const { return {}; }
  /// The route's own values of those that are not set.
  virtual void settle(OldVariants& /*variants*/) const {}
  void configure(const OldVariants& variants) { variants_ = variants; }

  [[nodiscard]] virtual Itinerary decide(const RouteChoice& choice) const = 0;
  /// Of a block that stays in use; `after` says what it holds.
  [[nodiscard]] virtual Offer offer(const OldBlockCensus& /*after*/) const { return Offer::all; }

 protected:
  [[nodiscard]] const OldVariants& chosen() const { return variants_; }
  [[nodiscard]] std::uint64_t budget(const RouteChoice& choice) const;

 private:
  OldVariants variants_;
};

/// The values that hold: what is set, else the route's own, else those of slide_around.
[[nodiscard]] OldVariants settled(const OldRoute& route, OldVariants variants);

/// The same blocks are sources and destinations.
[[nodiscard]] Itinerary slide(SourceList sources, const OldVariants& variants);

/// Of `candidates`, ascending by address, those worth their cost, again ascending. Exhaustive: all,
/// and the free blocks below them. Adaptive: the sparsest, while the next one's cost for each byte
/// freed is below the average so far, the fixed cost of the collection included, and no more than
/// `budget` bytes move.
[[nodiscard]] SourceList worthwhile(std::span<const OldBlockCensus> candidates,
                                    const RouteChoice& choice,
                                    std::uint64_t budget);

/// The free blocks that a compaction may fill, ascending.
[[nodiscard]] DestinationList free_blocks(const RouteChoice& choice);
/// Bytes of `block` in free stretches of at least `least` bytes, as it is.
[[nodiscard]] std::uint64_t contiguous_now(const RouteChoice& choice,
                                           heap::Block block,
                                           std::size_t least);
/// The same if all that may move had left it.
[[nodiscard]] std::uint64_t contiguous_between_islands(const RouteChoice& choice,
                                                       heap::Block block,
                                                       std::size_t least);

/// The routes, in the order of collector/meson.build.
[[nodiscard]] std::span<const heap::Named<OldRoute>> old_routes();
/// The parameters that only some routes have, each named by variants() of at least one.
[[nodiscard]] std::span<const std::string_view> old_variant_names();

}  // namespace pinlab::collector
