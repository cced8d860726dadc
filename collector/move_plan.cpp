#include "collector/move_plan.hpp"

#include "collector/runtime.hpp"

#include <algorithm>
#include <string>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::kGranuleBytes;
namespace state = heap::block_state;

namespace {

/// The islands of one block, as a view of the sorted list.
std::span<const AddressRange> islands_in(const IslandList& islands, AddressRange block) {
  const auto first = std::ranges::lower_bound(islands, block.base, {}, &AddressRange::base);
  const auto last = std::ranges::lower_bound(islands, block.limit, {}, &AddressRange::base);
  return {first, last};
}

/// The gaps of the blocks, one after another: what is filled.
class Destinations {
 public:
  Destinations(const heap::Heap& heap, const SourceList& blocks, const IslandList& islands)
      : heap_(heap), blocks_(blocks), islands_(islands) {
    next_block();
    while (gap_.empty() && step()) {
    }
  }

  [[nodiscard]] Address position() const { return position_; }
  [[nodiscard]] std::size_t room() const { return gap_.limit - position_; }
  void fill(std::size_t bytes) { position_ += bytes; }
  [[nodiscard]] PlannedGap current() const { return {gap_.base, position_, gap_.limit}; }
  [[nodiscard]] std::size_t block_index() const { return block_; }

  /// To the next gap that is not empty. False after the last.
  bool advance() {
    do {
      if (!step()) {
        return false;
      }
    } while (gap_.empty());
    return true;
  }

 private:
  bool step() {
    if (island_ == in_block_.size()) {
      if (block_ + 1 >= blocks_.size()) {
        return false;
      }
      ++block_;
      next_block();
      return true;
    }
    const Address base = in_block_[island_].limit;
    ++island_;
    open({base, island_ < in_block_.size() ? in_block_[island_].base : limit_});
    return true;
  }

  void next_block() {
    if (block_ >= blocks_.size()) {
      return;
    }
    const AddressRange range = heap_.range_of(blocks_[block_]);
    limit_ = range.limit;
    in_block_ = islands_in(islands_, range);
    island_ = 0;
    open({range.base, in_block_.empty() ? limit_ : in_block_.front().base});
  }

  void open(AddressRange gap) {
    gap_ = gap;
    position_ = gap.base;
  }

  const heap::Heap& heap_;
  const SourceList& blocks_;
  const IslandList& islands_;
  std::size_t block_ = 0;
  std::span<const AddressRange> in_block_;
  std::size_t island_ = 0;
  Address limit_;
  AddressRange gap_;
  Address position_;
};

/// One slide. With kRecord it leaves its traces in the plan and beside the heap.
template <bool kRecord>
class Slide {
 public:
  Slide(heap::Heap& heap,
        const LiveSet& live,
        const SourceList& blocks,
        const IslandList& islands,
        MovePlan& plan)
      : heap_(heap),
        slack_(live.largest),
        blocks_(blocks),
        islands_(islands),
        plan_(plan),
        destinations_(heap, blocks, islands) {
    plan_.keeps.assign(blocks.size(), 0);
  }

  void run() {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const AddressRange block = heap_.range_of(blocks_[i]);
      const std::span<const AddressRange> in_block = islands_in(islands_, block);
      plan_.keeps[i] = plan_.keeps[i] != 0 || !in_block.empty() ? 1 : 0;
      if ((heap_.state(block.base) & state::kOld) != 0) {
        slide_block(block, in_block);
      }
    }
    finish();
  }

 private:
  void slide_block(AddressRange block, std::span<const AddressRange> in_block) {
    auto island = in_block.begin();
    for (Address line = block.base; line < block.limit; line += heap::kLineBytes) {
      heap::LineMarks& marks = heap_.marks().line(line);
      if (marks.live == 0) {
        if constexpr (kRecord) {
          marks.start = 0;
        }
        continue;
      }
      std::uint64_t movable = marks.live;
      while (island != in_block.end() && island->base < line + heap::kLineBytes) {
        movable &= ~bits_of(*island, line);
        if (island->limit > line + heap::kLineBytes) {
          break;
        }
        ++island;
      }
      const std::uint64_t starts = marks.start & marks.live;
      if constexpr (kRecord) {
        marks.start = starts;
        marks.live = movable;
      }
      slide_line(line, movable, starts & movable);
    }
  }

  static std::uint64_t bits_of(AddressRange range, Address line) {
    std::uint64_t bits = ~std::uint64_t{0};
    if (range.base > line) {
      bits &= heap::bits_from(heap::granule_in_line(range.base));
    }
    if (range.limit < line + heap::kLineBytes) {
      bits &= heap::bits_below(heap::granule_in_line(range.limit));
    }
    return bits;
  }

  void slide_line(Address line, std::uint64_t movable, std::uint64_t starts) {
    if (movable == 0) {
      return;
    }
    const std::size_t bytes = kGranuleBytes * static_cast<std::size_t>(std::popcount(movable));
    if (bytes + slack_ <= destinations_.room()) {
      if constexpr (kRecord) {
        heap_.line_offset(line) = offset();
        plan_.live_granules += bytes / kGranuleBytes;
      }
      fill(bytes);
      return;
    }
    slide_objects(line, movable, starts);
  }

  /// Near a gap's end: object by object, since the next one may not fit.
  void slide_objects(Address line, std::uint64_t movable, std::uint64_t starts) {
    const std::size_t first_split = plan_.splits.size();
    if constexpr (kRecord) {
      plan_.splits.push_back({0, offset()});
    }
    const unsigned first_start = starts == 0 ? 64 : static_cast<unsigned>(std::countr_zero(starts));
    const std::uint64_t lead =
        first_start == 64 ? movable : movable & heap::bits_below(first_start);
    fill(kGranuleBytes * static_cast<std::size_t>(std::popcount(lead)));
    for (; starts != 0; starts &= starts - 1) {
      const auto granule = static_cast<unsigned>(std::countr_zero(starts));
      place(line, granule, movable, starts & (starts - 1));
    }
    if constexpr (kRecord) {
      plan_.live_granules += static_cast<std::uint64_t>(std::popcount(movable));
      heap_.line_offset(line) = kSplitFlag | static_cast<std::uint32_t>(first_split);
      if (plan_.splits.size() == first_split + 1) {
        heap_.line_offset(line) = plan_.splits.back().offset;
        plan_.splits.pop_back();
      }
    }
  }

  /// One object that starts at `granule`; `later` are the starts above it.
  void place(Address line, unsigned granule, std::uint64_t movable, std::uint64_t later) {
    std::uint64_t bits = movable & heap::bits_from(granule);
    if (later != 0) {
      bits &= heap::bits_below(static_cast<unsigned>(std::countr_zero(later)));
    }
    // Another island may lie between: the object ends at the first granule that is not movable.
    const std::uint64_t stops = ~bits & heap::bits_from(granule);
    const unsigned stop = stops == 0 ? 64 : static_cast<unsigned>(std::countr_zero(stops));
    const std::size_t here = kGranuleBytes * (stop - granule);
    const std::size_t size = stop == 64 && later == 0 ? here + tail_after(line) : here;
    bool moved_on = false;
    while (destinations_.room() < size) {
      close_gap();
      EXPECTS(destinations_.advance());
      moved_on = true;
    }
    if (moved_on) {
      record_split(granule);
      ++plan_.routed;
    }
    fill(here);
  }

  /// How far the object that reaches this line's end goes on, in bytes.
  std::size_t tail_after(Address line) const {
    const Address block_limit = heap_.range_of(heap_.block_of(line)).limit;
    std::size_t bytes = 0;
    for (Address next = line + heap::kLineBytes; next < block_limit; next += heap::kLineBytes) {
      const heap::LineMarks& marks = heap_.marks().line(next);
      const std::uint64_t stops = ~marks.live | marks.start;
      if (stops != 0) {
        return bytes + kGranuleBytes * static_cast<std::size_t>(std::countr_zero(stops));
      }
      bytes += heap::kLineBytes;
    }
    return bytes;
  }

  [[nodiscard]] std::uint32_t offset() const {
    return static_cast<std::uint32_t>((destinations_.position() - heap_.base()) / kGranuleBytes);
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

  void fill(std::size_t bytes) {
    if (bytes > 0) {
      destinations_.fill(bytes);
      plan_.keeps[destinations_.block_index()] = 1;
      if constexpr (kRecord) {
        plan_.last_used_gap = plan_.gaps.size();
      }
    }
  }

  void close_gap() {
    if constexpr (kRecord) {
      plan_.gaps.push_back(destinations_.current());
    }
  }

  void finish() {
    if constexpr (kRecord) {
      if (!blocks_.empty()) {
        do {
          close_gap();
        } while (destinations_.advance());
      }
      plan_.splits.push_back({0, 0});  // so that the last line's splits have an end
    }
  }

  heap::Heap& heap_;
  std::size_t slack_;
  const SourceList& blocks_;
  const IslandList& islands_;
  MovePlan& plan_;
  Destinations destinations_;
};

}  // namespace

MovePlan plan_moves(heap::Heap& heap, const LiveSet& live, SourceList blocks, IslandList islands) {
  MovePlan plan;
  plan.blocks = std::move(blocks);
  plan.islands = std::move(islands);
  plan.largest = live.largest;
  Slide<true>(heap, live, plan.blocks, plan.islands, plan).run();
  for (const heap::Block block : plan.blocks) {
    if (heap.state(block) != state::kFree) {
      heap.state(block) |= state::kSource;
    }
  }
  return plan;
}

std::uint64_t plan_used_blocks(heap::Heap& heap,
                               const LiveSet& live,
                               const SourceList& blocks,
                               const IslandList& islands) {
  MovePlan scratch;
  Slide<false>(heap, live, blocks, islands, scratch).run();
  return static_cast<std::uint64_t>(std::ranges::count(scratch.keeps, 1));
}

void check_plan(const heap::Heap& heap, const MovePlan& plan) {
  std::uint64_t filled = 0;
  for (std::size_t i = 0; i < plan.gaps.size(); ++i) {
    const PlannedGap& gap = plan.gaps[i];
    filled += (gap.filled - gap.base) / kGranuleBytes;
    if (i < plan.last_used_gap && gap.limit - gap.filled + kGranuleBytes > plan.largest) {
      throw VerificationFailed(
          "I1: the gap at heap offset " + std::to_string(gap.base - heap.base()) +
          " was closed with " + std::to_string(gap.limit - gap.filled) +
          " bytes left, but the largest object has " + std::to_string(plan.largest));
    }
  }
  if (filled != plan.live_granules) {
    throw VerificationFailed("I0: the plan places " + std::to_string(filled) + " granules of " +
                             std::to_string(plan.live_granules));
  }
}

}  // namespace pinlab::collector
