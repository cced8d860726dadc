// The plan of a compaction: where each movable object of the chosen blocks goes. A value, compact
// (an offset for each line, a split where the destinations of a line do not follow one another, the
// gaps and how full they get), that can be checked before anything moves, and computed again with
// other islands without any trace.
//
//   destination(p) = offset of p's line (or of the last split at or below p)
//                    + movable granules of the line between that point and p
//
// Invariants: (1) destinations are disjoint and packed from the bases of gaps, which are free or
// emptied before; in a block that is itself emptied no destination passes its source: safe in the
// order of the sources, with no free block at all; (2) what finds no room stays, as an island does;
// (3) a slide keeps the order of its blocks; (4) but for Fit::best a gap that was closed has less
// room left than the object that did not fit: I1 of results/README.md.
#pragma once

#include "collector/islands.hpp"
#include "collector/live_parts.hpp"

#include <bit>
#include <cstdint>
#include <vector>

namespace pinlab::collector {

/// A stretch between islands (or block ends) and how far it gets filled.
struct PlannedGap {
  heap::Address base;
  heap::Address filled;
  heap::Address limit;
};

/// From granule `first` of its line on, destinations count from `offset` (granules from heap base).
struct Split {
  std::uint32_t first;
  std::uint32_t offset;
};

/// The word of a line whose destinations have splits: this bit, and the index of its first one.
inline constexpr std::uint32_t kSplitFlag = std::uint32_t{1} << 31U;

struct MovePlan {
  Fit fit = Fit::next;
  SourceList blocks;        ///< the sources in their order, then the free blocks that may be filled
  std::size_t sources = 0;  ///< so many of them are sources; a slide's may be free blocks
  DestinationList refilled;  ///< other blocks in use whose gaps may be filled
  IslandMap islands;  ///< listed of the sources
  std::vector<PlannedGap> gaps;   ///< in the order in which they are filled; then those of sources
                                  ///< that nothing goes to
  std::size_t last_used_gap = 0;  ///< index of the last gap that anything goes to
  std::vector<heap::AddressRange> stays;  ///< movable, but there was no room
  std::vector<Split> splits;  ///< of a line side by side; the next line's begin with first == 0
  std::vector<std::uint8_t> keeps;  ///< for each of `blocks`: whether anything will be in it
  std::uint64_t live_granules = 0;  ///< that the plan places
  std::uint64_t routed = 0;         ///< objects that went to another gap than the one before them
  std::size_t largest = 0;          ///< bytes of the largest live object in any block

  /// Gaps below the last that is used, and what is left over in them.
  [[nodiscard]] std::uint64_t closed_gaps() const { return live_granules > 0 ? last_used_gap : 0; }
  [[nodiscard]] std::uint64_t residual_bytes() const;
};

/// Plans where the movable objects of the sources go around `islands`, and writes the offsets
/// beside the heap. From here to reclaim() the live bits of these blocks are those of movable
/// objects only.
[[nodiscard]] MovePlan plan_moves(heap::Heap& heap,
                                  const LiveSet& live,
                                  Itinerary itinerary,
                                  IslandMap islands,
                                  const PlanRules& rules);

/// Which of the sources and the free blocks would hold anything after these moves. Changes nothing.
/// With `parts`, which may be null, a slide looks at single lines only near the ends of gaps.
[[nodiscard]] std::vector<heap::Block> plan_used_blocks(heap::Heap& heap,
                                                        const LiveSet& live,
                                                        const Itinerary& itinerary,
                                                        const IslandMap& islands,
                                                        const PlanRules& rules,
                                                        const LiveParts* parts = nullptr);

/// Conservation (I0), I1, the lower bound LB2, and that the moves are safe in their order, from the
/// plan alone. Throws VerificationFailed. REQUIRES that nothing has moved yet.
void check_plan(const heap::Heap& heap, const MovePlan& plan);

/// Where an object, or null, is after the moves of `plan`. REQUIRES a live target.
class Forwarding {
 public:
  Forwarding(const heap::Heap& heap, const MovePlan& plan)
      : heap_(heap), splits_(plan.splits.data()) {}

  [[nodiscard]] heap::Address operator()(heap::Address target) const {
    if ((heap_.state(target) & heap::block_state::kSource) == 0) {
      return target;
    }
    const std::uint64_t movable = heap_.marks().line(target).live;
    const std::uint64_t bit = heap::granule_bit(target);
    if ((movable & bit) == 0) {
      return target;  // an island
    }
    std::uint32_t offset = heap_.line_offset(target);
    std::uint64_t below = movable & (bit - 1);
    if ((offset & kSplitFlag) != 0) [[unlikely]] {
      const Split* split = splits_ + (offset & ~kSplitFlag);
      const unsigned granule = heap::granule_in_line(target);
      while (split[1].first != 0 && split[1].first <= granule) {
        ++split;
      }
      offset = split->offset;
      below &= heap::bits_from(split->first);
    }
    const std::size_t granules = offset + static_cast<std::size_t>(std::popcount(below));
    return heap_.base() + granules * heap::kGranuleBytes;
  }

 private:
  const heap::Heap& heap_;
  const Split* splits_;
};

}  // namespace pinlab::collector
