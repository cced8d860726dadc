#include "collector/census.hpp"

#include "collector/walk.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::ObjectRef;
namespace state = heap::block_state;

static_assert(std::ranges::all_of(kRequestSizes,
                                  [](auto size) { return std::has_single_bit(size); }));

// Without a branch, since how long a run is cannot be foreseen: runs are counted by powers of two,
// which is what request sizes are.
void CensusTaker::add(std::uint64_t bytes) {
  const auto power = std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(bytes)) - 1,
                                           census_.gap_histogram.size() - 1);
  ++census_.gap_histogram[power];
  by_power_[power] += bytes;
  census_.largest_free_run = std::max(census_.largest_free_run, bytes);
  for (std::size_t i = 0; i < kRequestSizes.size(); ++i) {
    census_.packable[i] += bytes & ~(kRequestSizes[i] - 1);
  }
}

/// By walking; the address is where the last object ends.
Address CensusTaker::walk(AddressRange range, heap::Block block) {
  Address end = range.base;
  for_each_object(heap_, block, [&](ObjectRef object) {
    if (object.address() > end) {
      add(object.address() - end);
    }
    end = object.range().limit;
  });
  if (end < range.limit) {
    add(range.limit - end);
  }
  return end;
}

void CensusTaker::note_end(heap::Block block, Address end) {
  census_.top = end > heap_.range_of(block).base ? end - heap_.base() : census_.top;
}

void CensusTaker::take(heap::Block block) {
  const AddressRange range = heap_.range_of(block);
  if (occupancy_ == Occupancy::walk) {
    note_end(block, walk(range, block));
    return;
  }
  scratch_.clear();
  const heap::FreeRuns::OfBlock found = scratch_.find(heap_.marks(), range);
  take_known(block, [&](auto&& visit) { scratch_.for_each(found, visit); });
}

/// Side by side they are one run.
void CensusTaker::add_free_blocks() {
  // What large objects use of the budget, no block can use: the highest free blocks stand for it.
  std::uint64_t room = heap_.max_bytes() - heap_.used_bytes();
  std::uint64_t run = 0;
  for (std::uint32_t i = 0; i < heap_.block_count(); ++i) {
    if (heap_.state(heap::Block{i}) == state::kFree) {
      const std::uint64_t bytes = std::min<std::uint64_t>(room, heap_.block_bytes());
      room -= bytes;
      run += bytes;
    } else if (run > 0) {
      add(run);
      run = 0;
    }
  }
  if (run > 0) {
    add(run);
  }
}

Census CensusTaker::finish() {
  add_free_blocks();
  Census census = brief_census(heap_);
  census.detailed = true;
  census.gap_histogram = census_.gap_histogram;
  census.packable = census_.packable;
  census.largest_free_run = census_.largest_free_run;
  census.top = census_.top;
  for (std::size_t power = 0; power < by_power_.size(); ++power) {
    census.free += by_power_[power];
    census.free_runs += census_.gap_histogram[power];
    for (std::size_t i = 0; i < kRequestSizes.size(); ++i) {
      if (std::uint64_t{1} << power >= kRequestSizes[i]) {
        census.in_runs_of[i] += by_power_[power];
      }
    }
  }
  return census;
}

Census brief_census(const heap::Heap& heap) {
  Census census;
  census.used = heap.used_bytes();
  census.committed = heap.committed_bytes();
  census.large = heap.large().bytes();
  census.blocks_free = heap.free_blocks();
  census.blocks_used = heap.used_blocks();
  return census;
}

Census full_census(const heap::Heap& heap, Occupancy occupancy) {
  CensusTaker taker(heap, occupancy);
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    if (heap.state(heap::Block{i}) != state::kFree) {
      taker.take(heap::Block{i});
    }
  }
  return taker.finish();
}

}  // namespace pinlab::collector
