// The slot table and its counters.
// Invariant: totals().live_bytes is the sum of the sizes of the objects in slots that are not free.
#include "workloads/heaptrack/event_recorder.hpp"

#include "heap/support/expects.hpp"

#include <algorithm>
#include <limits>

namespace pinlab::workloads {

std::uint32_t EventRecorder::allocate(std::uint32_t site,
                                      std::uint64_t size,
                                      std::uint32_t references) {
  EXPECTS(fits(size));
  std::uint32_t slot = slots();
  if (free_slots_.empty()) {
    EXPECTS(objects_.size() < std::numeric_limits<std::uint32_t>::max());
    objects_.push_back({size, site, references});
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    objects_[slot] = {size, site, references};
  }
  events_.push_back({TraceEvent::Kind::allocate, slot, site, references, size});
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
  events_.push_back({TraceEvent::Kind::free, slot, object.site, object.references, object.size});
  ++totals_.frees;
  --totals_.live_objects;
  totals_.live_bytes -= object.size;
}

void EventRecorder::link(std::uint32_t slot, std::uint32_t index, std::uint32_t target) {
  EXPECTS(slot < objects_.size() && index < objects_[slot].references);
  events_.push_back({TraceEvent::Kind::link, slot, objects_[slot].site, index, target});
  ++totals_.links;
}

std::uint32_t EventRecorder::pin(std::uint32_t slot) {
  EXPECTS(slot < objects_.size());
  if (free_pins_.empty()) {
    free_pins_.push_back(static_cast<std::uint32_t>(totals_.peak_pins++));
  }
  const std::uint32_t pin = free_pins_.back();
  free_pins_.pop_back();
  events_.push_back({TraceEvent::Kind::pin, slot, objects_[slot].site, 0, pin});
  ++totals_.pins;
  return pin;
}

void EventRecorder::unpin(std::uint32_t pin) {
  EXPECTS(pin < totals_.peak_pins);
  events_.push_back({TraceEvent::Kind::unpin, 0, 0, 0, pin});
  free_pins_.push_back(pin);
}

}  // namespace pinlab::workloads
