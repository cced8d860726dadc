#include "collector/census.hpp"

#include "collector/walk.hpp"

#include <algorithm>
#include <bit>

namespace pinlab::collector {

using heap::Address;
using heap::AddressRange;
using heap::ObjectRef;
namespace state = heap::block_state;

namespace {

/// Takes free stretches in ascending order; wholly free blocks side by side are one run.
class FreeRuns {
 public:
  explicit FreeRuns(Census& census) : census_(census) {}

  void free_block(std::uint64_t bytes) { open_ += bytes; }

  void end_free_blocks() {
    if (open_ > 0) {
      add(open_);
      open_ = 0;
    }
  }

  void add(std::uint64_t bytes) {
    census_.free += bytes;
    ++census_.free_runs;
    census_.largest_free_run = std::max(census_.largest_free_run, bytes);
    ++census_.gap_histogram[std::min<std::size_t>(
        static_cast<std::size_t>(std::bit_width(bytes)) - 1, census_.gap_histogram.size() - 1)];
    for (std::size_t i = 0; i < kRequestSizes.size(); ++i) {
      if (bytes >= kRequestSizes[i]) {
        census_.in_runs_of[i] += bytes;
        census_.packable[i] += bytes / kRequestSizes[i] * kRequestSizes[i];
      }
    }
  }

 private:
  Census& census_;
  std::uint64_t open_ = 0;
};

/// The free stretches of one used block, and where its last object ends.
Address scan_block(const heap::Heap& heap, heap::Block block, Occupancy occupancy, FreeRuns& runs) {
  const AddressRange range = heap.range_of(block);
  Address end = range.base;
  if (occupancy == Occupancy::live_bits) {
    Address last_gap = range.limit;
    heap.marks().for_each_gap(range, heap::kGranuleBytes, [&](AddressRange gap) {
      runs.add(gap.bytes());
      last_gap = gap.limit == range.limit ? gap.base : range.limit;
    });
    return last_gap;
  }
  for_each_object(heap, block, [&](ObjectRef object) {
    if (object.address() > end) {
      runs.add(object.address() - end);
    }
    end = object.range().limit;
  });
  if (end < range.limit) {
    runs.add(range.limit - end);
  }
  return end;
}

}  // namespace

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
  Census census = brief_census(heap);
  census.detailed = true;
  FreeRuns runs(census);
  // What large objects use of the budget, no block can use: the highest free blocks stand for it.
  std::uint64_t room = heap.max_bytes() - heap.used_bytes();
  for (std::uint32_t i = 0; i < heap.block_count(); ++i) {
    const heap::Block block{i};
    if (heap.state(block) == state::kFree) {
      const std::uint64_t bytes = std::min<std::uint64_t>(room, heap.block_bytes());
      room -= bytes;
      if (bytes > 0) {
        runs.free_block(bytes);
      }
      continue;
    }
    runs.end_free_blocks();
    const Address end = scan_block(heap, block, occupancy, runs);
    census.top = end > heap.range_of(block).base ? end - heap.base() : census.top;
  }
  runs.end_free_blocks();
  return census;
}

}  // namespace pinlab::collector
