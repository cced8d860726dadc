// The planner of everything that is no slide: each object, or with Fit::best each run of objects,
// goes to one of the gaps that are open, and stays where none has room. Gaps are opened in the
// order of the destinations; one in a source only once its objects have been placed, so that no
// destination passes its source. Only collector/move_plan.cpp includes it.
#pragma once

#include "collector/open_gaps.hpp"
#include "collector/source_lines.hpp"

namespace pinlab::collector {

/// Fills plan.gaps and plan.stays. With kRecord it leaves its traces beside the heap too.
template <bool kRecord>
class Placement {
 public:
  Placement(heap::Heap& heap, MovePlan& plan, OpenGaps& gaps)
      : heap_(heap), plan_(plan), gaps_(gaps) {}

  void block(heap::AddressRange range, std::span<const heap::AddressRange> islands) {
    islands_ = islands;
    run_end_ = range.base;
    for_each_source_line<kRecord>(
        heap_, range, islands,
        [this](heap::Address line, std::uint64_t movable, std::uint64_t starts) {
          place_line(line, movable, starts);
        });
  }

 private:
  void place_line(heap::Address line, std::uint64_t movable, std::uint64_t starts) {
    first_split_ = plan_.splits.size();
    splits_ = 0;
    std::uint64_t staying = 0;
    const std::uint64_t lead =
        starts == 0 ? movable
                    : movable & heap::bits_below(static_cast<unsigned>(std::countr_zero(starts)));
    if (lead != 0) {
      const std::size_t bytes = heap::kGranuleBytes * static_cast<std::size_t>(std::popcount(lead));
      if (last_stays_) {
        staying |= lead;
      } else {
        assign(0, rest_, bytes);
        rest_ += bytes;
      }
    }
    for (; starts != 0; starts &= starts - 1) {
      const auto granule = static_cast<unsigned>(std::countr_zero(starts));
      const std::uint64_t later = starts & (starts - 1);
      const std::size_t here = bytes_in_line(granule, movable, later);
      const bool goes_on = granule * heap::kGranuleBytes + here == heap::kLineBytes && later == 0;
      const heap::Address object = line + granule * heap::kGranuleBytes;
      const heap::Address to = destination(object, goes_on ? here + tail_after(heap_, line) : here);
      last_stays_ = !to;
      if (last_stays_) {
        const unsigned limit = granule + static_cast<unsigned>(here / heap::kGranuleBytes);
        staying |= heap::bits_from(granule) &
                   (limit == heap::kGranulesPerLine ? ~std::uint64_t{0} : heap::bits_below(limit));
      } else {
        assign(granule, to, here);
        rest_ = to + here;
      }
    }
    if constexpr (kRecord) {
      heap_.marks().line(line).live = movable & ~staying;
      if (splits_ > 0) {
        heap_.line_offset(line) = kSplitFlag | static_cast<std::uint32_t>(first_split_);
      }
      if (splits_ == 1) {
        heap_.line_offset(line) = plan_.splits.back().offset;
        plan_.splits.pop_back();
      }
    }
  }

  /// Of the whole object; null: it stays.
  heap::Address destination(heap::Address object, std::size_t bytes) {
    heap::Address to;
    if (object < run_end_ && bytes <= run_room_) {
      to = run_to_;  // with the run that it belongs to
    } else {
      const std::size_t run = plan_.fit == Fit::best ? run_bytes(object) : bytes;
      to = gaps_.take(run, object);
      run_end_ = to ? object + run : object;
      run_room_ = run;
      if (!to) {
        to = run == bytes ? heap::Address() : gaps_.take(bytes, object);
        run_room_ = bytes;
      }
    }
    if (!to) {
      stay(object, bytes);
      return {};
    }
    run_to_ = to + bytes;
    run_room_ -= bytes;
    if (placed_ && to != last_limit_) {
      ++plan_.routed;
    }
    placed_ = true;
    last_limit_ = to + bytes;
    plan_.live_granules += bytes / heap::kGranuleBytes;
    return to;
  }

  /// From `object` to the first granule that is dead or an island's.
  [[nodiscard]] std::size_t run_bytes(heap::Address object) const {
    const heap::Address block_limit = heap_.range_of(heap_.block_of(object)).limit;
    const auto island = std::ranges::upper_bound(islands_, object, {}, &heap::AddressRange::base);
    const heap::Address limit = island == islands_.end() ? block_limit : island->base;
    heap::Address line = object.align_down(heap::kLineBytes);
    std::uint64_t dead =
        ~heap_.marks().line(line).live & heap::bits_from(heap::granule_in_line(object));
    while (dead == 0 && line + heap::kLineBytes < limit) {
      line += heap::kLineBytes;
      dead = ~heap_.marks().line(line).live;
    }
    const heap::Address end =
        dead == 0 ? limit
                  : line + heap::kGranuleBytes * static_cast<std::size_t>(std::countr_zero(dead));
    return std::min(end, limit) - object;
  }

  void stay(heap::Address object, std::size_t bytes) {
    const bool at_base = object == heap_.range_of(heap_.block_of(object)).base;
    if (!plan_.stays.empty() && plan_.stays.back().limit == object && !at_base) {
      plan_.stays.back().limit = object + bytes;
    } else {
      plan_.stays.push_back({object, object + bytes});
    }
  }

  /// Granules of the line from `granule` on go to `to`.
  void assign(unsigned granule, heap::Address to, std::size_t bytes) {
    if constexpr (kRecord) {
      const auto offset = static_cast<std::uint32_t>((to - heap_.base()) / heap::kGranuleBytes);
      if (splits_ == 0) {
        plan_.splits.push_back({0, offset});
        ++splits_;
      } else if (to != line_limit_ || to == heap_.range_of(heap_.block_of(to)).base) {
        // Also where the destinations only happen to follow one another into the next block.
        plan_.splits.push_back({granule, offset});
        ++splits_;
      }
      line_limit_ = to + bytes;
    }
  }

  heap::Heap& heap_;
  MovePlan& plan_;
  OpenGaps& gaps_;
  std::span<const heap::AddressRange> islands_;
  heap::Address run_end_;     ///< where the run in the source ends
  heap::Address run_to_;      ///< where its rest goes
  std::size_t run_room_ = 0;  ///< bytes taken for that
  heap::Address rest_;        ///< where the rest of the last object goes
  bool last_stays_ = false;
  heap::Address last_limit_;  ///< destination's end of the last object that moves
  bool placed_ = false;
  std::size_t first_split_ = 0;
  std::size_t splits_ = 0;
  heap::Address line_limit_;
};

}  // namespace pinlab::collector
