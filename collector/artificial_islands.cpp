#include "collector/artificial_islands.hpp"

#include "heap/support/wide.hpp"
#include "collector/source_lines.hpp"

#include <algorithm>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;

namespace {

constexpr std::uint64_t kBillion = 1'000'000'000;

/// One pass over the sources that pours what moves into the gaps, in order: where the level stands
/// in the gap that a run lies in says how far the run would move.
class Pouring {
 public:
  Pouring(const OldVariants& variants, const heap::Heap& heap, const IslandMap& islands)
      : variants_(variants), heap_(heap), islands_(islands) {}

  void block(AddressRange range) {
    if (heap_.state(range.base) == heap::block_state::kFree) {
      room_behind_ += range.bytes();
      return;
    }
    Address base = range.base;
    for (const AddressRange& island : islands_.in(range)) {
      gap({base, island.base});
      base = island.limit;
    }
    gap({base, range.limit});
  }

  [[nodiscard]] const IslandList& found() const { return found_; }

 private:
  void gap(AddressRange gap) {
    if (gap.empty()) {
      return;
    }
    level_ = gap.base;
    Address run = gap.base;
    heap_.marks().for_each_gap(gap, heap::kGranuleBytes, [&](AddressRange dead) {
      if (run < dead.base) {
        pour({run, dead.base});
      }
      run = dead.limit;
    });
    if (run < gap.limit) {
      pour({run, gap.limit});
    }
    room_behind_ += gap.limit - level_;
  }

  void pour(AddressRange run) {
    if (room_behind_ == 0 && is_artificial(run)) {
      found_.push_back(run);
      level_ = run.limit;
      return;
    }
    const std::size_t goes_back = std::min(room_behind_, run.bytes());
    room_behind_ -= goes_back;
    level_ += run.bytes() - goes_back;
  }

  [[nodiscard]] bool is_artificial(AddressRange run) const {
    return run.bytes() >= variants_.island_least && level_ < run.base &&
           heap::Wide{run.base - level_} * kBillion <
               heap::Wide{run.bytes()} * variants_.island_shift;
  }

  const OldVariants& variants_;
  const heap::Heap& heap_;
  const IslandMap& islands_;
  Address level_;
  std::size_t room_behind_ = 0;  ///< in gaps before this one
  IslandList found_;
};

}  // namespace

IslandList add_artificial_islands(const Generations& generations,
                                  const Itinerary& itinerary,
                                  IslandMap& islands) {
  if (generations.old_variants.island_least == OldVariants::kUnlimited || !itinerary.is_slide()) {
    return {};
  }
  Pouring pouring(generations.old_variants, generations.heap, islands);
  for (const heap::Block block : itinerary.sources) {
    pouring.block(generations.heap.range_of(block));
  }
  islands.add(generations.heap, pouring.found());
  return pouring.found();
}

}  // namespace pinlab::collector
