// The slot table and its counters.
// Invariant: totals().live_bytes is the sum of the sizes of the objects in slots that are not free.
#include "workloads/heaptrack/event_recorder.hpp"

#include "heap/support/expects.hpp"

#include <algorithm>
#include <limits>

namespace pinlab::workloads {

std::uint32_t EventRecorder::allocate(std::uint32_t site, std::uint64_t size) {
  EXPECTS(fits(size));
  std::uint32_t slot = slots();
  if (free_slots_.empty()) {
    EXPECTS(objects_.size() < std::numeric_limits<std::uint32_t>::max());
    objects_.push_back({size, site});
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    objects_[slot] = {size, site};
  }
  events_.push_back({TraceEvent::Kind::allocate, slot, site, size});
  ++totals_.allocations;
  ++totals_.live_objects;
  totals_.zero_size_allocations += size == 0 ? 1U : 0U;
  totals_.bytes += size;
  totals_.live_bytes += size;
  totals_.peak_live_bytes = std::max(totals_.peak_live_bytes, totals_.live_bytes);
  totals_.largest_bytes = std::max(totals_.largest_bytes, size);
  return slot;
}

void EventRecorder::free(std::uint32_t slot) {
  EXPECTS(slot < objects_.size());
  const Object object = objects_[slot];
  free_slots_.push_back(slot);
  events_.push_back({TraceEvent::Kind::free, slot, object.site, object.size});
  ++totals_.frees;
  --totals_.live_objects;
  totals_.live_bytes -= object.size;
}

}  // namespace pinlab::workloads
