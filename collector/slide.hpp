// The planner of slides: the same blocks are sources and destinations, gap after gap is filled,
// none is returned to. Line by line where a gap has room for whole lines, object by object near its
// end. Only collector/move_plan.cpp includes it.
#pragma once

#include "collector/move_plan.hpp"
#include "collector/source_lines.hpp"

namespace pinlab::collector {

/// Fills plan.gaps. With kRecord it leaves its traces in the plan and beside the heap.
template <bool kRecord>
class Slide {
 public:
  /// `parts` may be null.
  Slide(heap::Heap& heap, const LiveParts* parts, MovePlan& plan)
      : heap_(heap), parts_(parts), slack_(plan.largest), plan_(plan), gap_(plan.gaps.begin()) {}

  void block(heap::AddressRange range, std::span<const heap::AddressRange> islands) {
    if (kRecord || parts_ == nullptr || !islands.empty()) {
      lines(range, islands);
      return;
    }
    const std::span<const std::uint32_t> sums = parts_->sums(range);
    std::uint32_t placed = 0;  // granules
    for (std::size_t part = 0; part < sums.size(); ++part) {
      const std::size_t beyond = first_beyond(sums, part, placed + granules_that_fit());
      if (beyond > part && sums[beyond - 1] > placed) {
        gap_->filled += heap::kGranuleBytes * (sums[beyond - 1] - placed);  // as line by line
        placed = sums[beyond - 1];
      }
      if (beyond == sums.size()) {
        return;
      }
      part = beyond;
      const heap::Address base = range.base + part * LiveParts::kPartBytes;
      lines({base, base + LiveParts::kPartBytes}, {});
      placed = sums[part];
    }
  }

  /// Source `index` is next: where a gap will end in one that comes soon, its marks are asked for.
  /// They are far away, and parts make it quick to come there. Inlined always: g++ takes a function
  /// that only prefetches for one that does nothing, and drops calls of it.
  [[gnu::always_inline]] void foresee(std::size_t index) const {
    constexpr std::size_t kAhead = 2;
    if (parts_ == nullptr || gap_ == plan_.gaps.end() || index + kAhead >= plan_.sources) {
      return;
    }
    std::size_t level = gap_->filled - gap_->base;
    for (std::size_t i = index; i < index + kAhead; ++i) {
      level += heap::kGranuleBytes * parts_->sums(heap_.range_of(plan_.blocks[i])).back();
    }
    level &= heap_.block_bytes() - 1;
    const heap::AddressRange range = heap_.range_of(plan_.blocks[index + kAhead]);
    const std::span<const std::uint32_t> sums = parts_->sums(range);
    const std::size_t part =
        first_beyond(sums, 0, granules_below(heap_.block_bytes(), level + slack_));
    if (part < sums.size()) {
      constexpr std::size_t kLinesInCache = 64 / sizeof(heap::LineMarks);
      const heap::Address lines = range.base + part * LiveParts::kPartBytes;
      for (std::size_t i = 0; i < 2 * LiveParts::kPartBytes;
           i += kLinesInCache * heap::kLineBytes) {
        __builtin_prefetch(&heap_.marks().line(lines + i));
      }
    }
  }

 private:
  void lines(heap::AddressRange range, std::span<const heap::AddressRange> islands) {
    for_each_source_line<kRecord>(
        heap_, range, islands,
        [this](heap::Address line, std::uint64_t movable, std::uint64_t starts) {
          slide_line(line, movable, starts);
        });
  }

  void slide_line(heap::Address line, std::uint64_t movable, std::uint64_t starts) {
    const std::size_t bytes =
        heap::kGranuleBytes * static_cast<std::size_t>(std::popcount(movable));
    if constexpr (kRecord) {
      plan_.live_granules += bytes / heap::kGranuleBytes;
    }
    if (gap_ != plan_.gaps.end() && bytes + slack_ <= room()) {
      if constexpr (kRecord) {
        heap_.line_offset(line) = offset();
      }
      gap_->filled += bytes;
      return;
    }
    slide_objects(line, movable, starts);
  }

  /// Near a gap's end: object by object, since the next one may not fit.
  void slide_objects(heap::Address line, std::uint64_t movable, std::uint64_t starts) {
    const std::size_t first_split = plan_.splits.size();
    if constexpr (kRecord) {
      plan_.splits.push_back({0, offset()});
    }
    const unsigned first_start = starts == 0 ? 64 : static_cast<unsigned>(std::countr_zero(starts));
    const std::uint64_t lead =
        first_start == 64 ? movable : movable & heap::bits_below(first_start);
    gap_->filled += heap::kGranuleBytes * static_cast<std::size_t>(std::popcount(lead));
    for (; starts != 0; starts &= starts - 1) {
      const auto granule = static_cast<unsigned>(std::countr_zero(starts));
      place(line, granule, movable, starts & (starts - 1));
    }
    if constexpr (kRecord) {
      heap_.line_offset(line) = kSplitFlag | static_cast<std::uint32_t>(first_split);
      if (plan_.splits.size() == first_split + 1) {
        heap_.line_offset(line) = plan_.splits.back().offset;
        plan_.splits.pop_back();
      }
    }
  }

  /// One object that starts at `granule`; `later` are the starts above it.
  void place(heap::Address line, unsigned granule, std::uint64_t movable, std::uint64_t later) {
    const std::size_t here = bytes_in_line(granule, movable, later);
    const bool goes_on = granule * heap::kGranuleBytes + here == heap::kLineBytes && later == 0;
    const std::size_t size = goes_on ? here + tail_after(heap_, line) : here;
    bool moved_on = false;
    while (room() < size) {
      ++gap_;
      EXPECTS(gap_ != plan_.gaps.end());
      moved_on = true;
    }
    if (moved_on) {
      record_split(granule);
      ++plan_.routed;
    }
    gap_->filled += here;
  }

  /// The first part from `part` on with which more than `granules` are alive in the block.
  [[nodiscard]] static std::size_t first_beyond(std::span<const std::uint32_t> sums,
                                                std::size_t part,
                                                std::size_t granules) {
    if (sums.back() <= granules) {
      return sums.size();
    }
    while (sums[part] <= granules) {
      ++part;
    }
    return part;
  }

  [[nodiscard]] static std::size_t granules_below(std::size_t limit, std::size_t taken) {
    return taken < limit ? (limit - taken) / heap::kGranuleBytes : 0;
  }

  /// Whole granules that surely fit into the gap, whatever objects they belong to.
  [[nodiscard]] std::size_t granules_that_fit() const {
    return gap_ == plan_.gaps.end() ? 0 : granules_below(room(), slack_);
  }

  [[nodiscard]] std::size_t room() const { return gap_->limit - gap_->filled; }

  [[nodiscard]] std::uint32_t offset() const {
    return static_cast<std::uint32_t>((gap_->filled - heap_.base()) / heap::kGranuleBytes);
  }

  void record_split(unsigned granule) {
    if constexpr (kRecord) {
      if (granule == 0) {
        plan_.splits.back().offset = offset();  // the line's own first entry
      } else {
        plan_.splits.push_back({granule, offset()});
      }
    }
  }

  heap::Heap& heap_;
  const LiveParts* parts_;
  std::size_t slack_;
  MovePlan& plan_;
  std::vector<PlannedGap>::iterator gap_;
};

}  // namespace pinlab::collector
