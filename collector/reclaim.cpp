#include "heap/free_runs.hpp"
#include "heap/poison.hpp"
#include "heap/support/wide.hpp"
#include "collector/census.hpp"
#include "collector/compact.hpp"
#include "collector/phase_timer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::Block;
using heap::kGranuleBytes;
using heap::ObjectRef;
namespace state = heap::block_state;

namespace {

void reclaim_large(heap::Heap& heap) {
  std::vector<ObjectRef> dead;
  for (const auto& [base, bytes] : heap.large().objects()) {
    heap::LineMarks& line = heap.marks().line(base);
    if ((line.live & 1U) == 0) {
      dead.emplace_back(base);
    } else {
      line.live = 0;
      heap.clear_cards({base, base + ((bytes + heap::kLineBytes - 1) & ~(heap::kLineBytes - 1))});
    }
  }
  for (const ObjectRef object : dead) {
    heap.release_large(object);
  }
}

/// Collects the gaps that allocation may use, and publishes them, ascending.
class GapOffer {
 public:
  GapOffer(Generations& generations, PauseReport& report)
      : generations_(generations), report_(report) {}

  /// The gaps from here on are of this block: the route decides who may allocate in them.
  void enter(const OldBlockCensus& after) {
    const bool apart = state::is_pinned_space(generations_.heap.state(after.block));
    offer_ = apart ? Offer::pinned : generations_.old_route->offer(after);
    limit_ = generations_.heap.range_of(after.block).limit;
    // Nothing else would ever bring back what is free in the pinned space.
    least_ = apart ? kGranuleBytes : generations_.options.gap_min;
    if (apart) {
      report_.pinned_space_live += after.live;
    }
  }

  /// Memory that no object covers any more; a gap that is not offered keeps the headers of the
  /// dead, which can be walked, unless it has none.
  void gap(AddressRange range, bool format) {
    const bool to_pinned = offer_ == Offer::pinned && has_pinned_space();
    const bool usable =
        range.bytes() >= least() &&
        (offer_ == Offer::all || to_pinned || (offer_ == Offer::tail && range.limit == limit_));
    if (format) {
      generations_.heap.format_gap(range);
    }
    if (usable && to_pinned) {
      pinned_gaps_.push_back(range);
      report_.pinned_gap_bytes += range.bytes();
    } else if (usable) {
      gaps_.push_back(range);
      ++report_.gaps;
      report_.gap_bytes += range.bytes();
      by_power_[static_cast<std::size_t>(std::bit_width(range.bytes())) - 1] += range.bytes();
    }
  }

  [[nodiscard]] std::size_t least() const { return least_; }

  void publish() {
    publish(gaps_, *generations_.old_gaps);
    publish(pinned_gaps_, *generations_.pinned_gaps);
    static_cast<void>(generations_.pinned_space.take_use());
    report_.gap_use = generations_.old.take_use();
    report_.usable_gap_bytes = usable_bytes();
  }

 private:
  /// Bytes in gaps of a power of two above the request's, which serve it for sure, on the average
  /// over the requests.
  [[nodiscard]] std::uint64_t usable_bytes() const {
    heap::Wide weighted = 0;
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
    const auto& seen = report_.gap_use.requests;
    for (std::size_t power = by_power_.size(); power-- > 0;) {
      if (power < seen.size()) {
        weighted += heap::Wide{bytes} * seen[power];
        requests += seen[power];
      }
      bytes += by_power_[power];
    }
    return requests == 0 ? 0 : static_cast<std::uint64_t>(weighted / requests);
  }

  [[nodiscard]] bool has_pinned_space() const {
    return generations_.options.pin_placement != PinPlacement::anywhere;
  }

  static void publish(std::vector<AddressRange>& gaps, heap::GapReuse& reuse) {
    std::ranges::sort(gaps, {}, &AddressRange::base);
    reuse.clear();
    reuse.add(gaps);
  }

  Generations& generations_;
  PauseReport& report_;
  Offer offer_ = Offer::all;
  Address limit_;
  std::size_t least_ = kGranuleBytes;
  std::vector<AddressRange> gaps_;
  std::vector<AddressRange> pinned_gaps_;
  std::array<std::uint64_t, 41> by_power_{};  ///< bytes of gaps, by floor(log2)
};

/// Free bytes in a block that is kept only because of an island.
void add_held(const OldBlockCensus& after, std::uint64_t block_bytes, PauseReport& report) {
  if (after.live > 0 && after.live == after.islands) {
    ++report.blocks_held;
    report.held += block_bytes - after.live;
  }
}

/// A block whose objects stayed: the dead lose their start bits. False where nothing is alive.
bool reclaim_in_place(heap::Heap& heap,
                      OldBlockCensus after,
                      const heap::FreeRuns& runs,
                      const heap::FreeRuns::OfBlock& of_block,
                      GapOffer& offer,
                      PauseReport& report) {
  const AddressRange block = heap.range_of(after.block);
  for (Address line = block.base; line < block.limit; line += heap::kLineBytes) {
    heap::LineMarks& marks = heap.marks().line(line);
    marks.start &= marks.live;
  }
  after.live = block.bytes();
  runs.for_each(of_block, [&](AddressRange run) { after.live -= run.bytes(); });
  if (after.live == 0) {
    return false;
  }
  offer.enter(after);
  // The dead keep their headers, which can be walked; where memory is poisoned they are
  // overwritten.
  const std::size_t least = heap::kPoisons ? kGranuleBytes : offer.least();
  runs.for_each(of_block, [&](AddressRange run) {
    if (run.bytes() >= least) {
      offer.gap(run, heap::kPoisons);
    }
  });
  heap.clear_cards(block);
  add_held(after, block.bytes(), report);
  return true;
}

/// After the moves: what is not the free end of a gap is alive.
void restore_live(const heap::Heap& heap, AddressRange block, std::span<const PlannedGap> gaps) {
  for (Address line = block.base; line < block.limit; line += heap::kLineBytes) {
    heap.marks().line(line).live = ~std::uint64_t{0};
  }
  for (const PlannedGap& gap : gaps) {
    if (gap.filled < gap.limit) {
      heap.marks().clear_live({gap.filled, gap.limit});
    }
  }
}

/// A block that the plan worked on and that keeps something: its gaps are offered.
void reclaim_planned(heap::Heap& heap,
                     OldBlockCensus after,
                     std::span<const PlannedGap> gaps,
                     bool may_refer,
                     GapOffer& offer,
                     PauseReport& report) {
  const AddressRange range = heap.range_of(after.block);
  restore_live(heap, range, gaps);
  heap.clear_cards(range);
  heap.state(after.block) = state::kOld;
  if (may_refer) {
    heap.set_may_refer(range.base);
  }
  std::uint64_t free = 0;
  for (const PlannedGap& gap : gaps) {
    free += gap.limit - gap.filled;
  }
  after.live = range.bytes() - free;
  offer.enter(after);
  for (const PlannedGap& gap : gaps) {
    if (gap.filled < gap.limit) {
      offer.gap({gap.filled, gap.limit}, true);
    }
  }
  add_held(after, range.bytes(), report);
}

/// The gaps of blocks that were no sources have objects now, and are whole gaps no more.
void format_refilled(heap::Heap& heap, std::span<const PlannedGap> gaps, bool may_refer) {
  for (const PlannedGap& gap : gaps) {
    if (gap.filled > gap.base && heap.state(gap.base) == state::kOld) {
      heap.format_gap({gap.filled, gap.limit});
      if (may_refer) {
        heap.set_may_refer(gap.base);
      }
    }
  }
}

void report_plan(const MovePlan& plan, PauseReport& report) {
  report.island_bytes += plan.islands.bytes();
  for (const AddressRange& stay : plan.stays) {
    report.stayed_bytes += stay.bytes();
  }
  report.islands += plan.islands.count();
  report.source_blocks += plan.sources;
  report.closed_gaps += plan.closed_gaps();
  report.residual_bytes += plan.residual_bytes();
}

/// So much of the heap is reclaimed at a time, and its free runs counted while its marks are near.
constexpr std::size_t kStretchBytes = std::size_t{16} << 20U;

class Reclamation {
 public:
  Reclamation(Generations& generations, const MovePlan& plan, PauseReport& report)
      : heap_(generations.heap),
        plan_(plan),
        report_(report),
        gaps_(plan.gaps),
        kept_(heap_.block_count(), 0),
        planned_(heap_.block_count(), 0),
        offer_(generations, report) {
    if (!std::ranges::is_sorted(gaps_, {}, &PlannedGap::base)) {
      std::ranges::sort(gaps_, {}, &PlannedGap::base);
    }
    may_refer_ = std::ranges::any_of(plan.blocks, [&](Block block) {
      return heap_.state(block) != state::kFree && heap_.may_refer(block);
    });
    format_refilled(heap_, gaps_, may_refer_);
    for (std::size_t i = 0; i < plan.blocks.size(); ++i) {
      kept_[heap::index_of(plan.blocks[i])] = plan.keeps[i];
    }
  }

  /// Blocks from `first` to before `limit`. Ascending, each once.
  void blocks(std::uint32_t first, std::uint32_t limit) {
    runs_.clear();
    of_blocks_.assign(limit - first, {});
    for (std::uint32_t i = first; i < limit; ++i) {
      const BlockIslands islands = plan_.islands.of(Block{i});
      block({.block = Block{i}, .islands = islands.bytes, .island_count = islands.count},
            of_blocks_[i - first]);
    }
  }

  /// The free runs of the same blocks, afterwards: those of planned blocks are in the plan, those
  /// of others were found.
  void count(std::uint32_t first, std::uint32_t limit, CensusTaker& census) {
    for (std::uint32_t i = first; i < limit; ++i) {
      const Block block{i};
      if (heap_.state(block) == state::kFree) {
        continue;
      }
      if (const heap::FreeRuns::OfBlock& found = of_blocks_[i - first]; found.base) {
        census.take_known(block, [&](auto&& visit) { runs_.for_each(found, visit); });
        continue;
      }
      if (planned_[i] == 0) {
        census.take(block);
        continue;
      }
      const AddressRange range = heap_.range_of(block);
      while (counted_gaps_ < gaps_.size() && gaps_[counted_gaps_].base < range.base) {
        ++counted_gaps_;
      }
      census.take_known(block, [&](auto&& visit) {
        for (; counted_gaps_ < gaps_.size() && range.contains(gaps_[counted_gaps_].base);
             ++counted_gaps_) {
          const PlannedGap& gap = gaps_[counted_gaps_];
          if (gap.filled < gap.limit) {
            visit(AddressRange{gap.filled, gap.limit});
          }
        }
      });
    }
  }

  void finish() {
    report_plan(plan_, report_);
    offer_.publish();
    heap_.give_back_unused();
  }

 private:
  void block(const OldBlockCensus& census, heap::FreeRuns::OfBlock& found) {
    const AddressRange range = heap_.range_of(census.block);
    const std::size_t first = next_gap_;
    while (next_gap_ < gaps_.size() && range.contains(gaps_[next_gap_].base)) {
      ++next_gap_;
    }
    const std::uint8_t where = heap_.state(census.block);
    if ((where & state::kSource) != 0) {
      if (kept_[heap::index_of(census.block)] != 0) {
        planned_[heap::index_of(census.block)] = 1;
        reclaim_planned(heap_, census, std::span(gaps_).subspan(first, next_gap_ - first),
                        may_refer_, offer_, report_);
      } else {
        heap_.release_block(census.block);
      }
    } else if ((where & state::kOld) != 0) {
      found = runs_.find(heap_.marks(), range);
      if (!reclaim_in_place(heap_, census, runs_, found, offer_, report_)) {
        heap_.release_block(census.block);
      }
    }
  }

  heap::Heap& heap_;
  const MovePlan& plan_;
  PauseReport& report_;
  std::vector<PlannedGap> gaps_;       ///< ascending
  std::vector<std::uint8_t> kept_;     ///< by block
  std::vector<std::uint8_t> planned_;  ///< by block: kept, and the plan has its gaps
  GapOffer offer_;
  heap::FreeRuns runs_;                             ///< of the stretch, for blocks without a plan
  std::vector<heap::FreeRuns::OfBlock> of_blocks_;  ///< likewise, by block
  bool may_refer_ = false;
  std::size_t next_gap_ = 0;      ///< the first in a block that is not reclaimed yet
  std::size_t counted_gaps_ = 0;  ///< the first in a block that is not counted yet
};

}  // namespace

void reclaim(Generations& generations, const MovePlan& plan, PauseReport& report) {
  heap::Heap& heap = generations.heap;
  std::optional<PhaseTimer> timer(std::in_place, report, PausePhase::reclaim);
  reclaim_large(heap);
  Reclamation reclamation(generations, plan, report);
  std::optional<CensusTaker> census;
  if (generations.options.measure_census) {
    census.emplace(heap, Occupancy::live_bits);
  }
  const auto take_census = [&](auto&& take) {
    if (census) {
      timer.emplace(report, PausePhase::census);
      take();
      timer.emplace(report, PausePhase::reclaim);
    }
  };
  const auto stretch =
      static_cast<std::uint32_t>(std::max<std::size_t>(kStretchBytes / heap.block_bytes(), 1));
  for (std::uint32_t first = 0; first < heap.block_count(); first += stretch) {
    const std::uint32_t limit = std::min(first + stretch, heap.block_count());
    reclamation.blocks(first, limit);
    take_census([&] { reclamation.count(first, limit, *census); });
  }
  reclamation.finish();
  take_census([&] { report.after = census->finish(); });
}

}  // namespace pinlab::collector
