// Turns allocations and frees into steps on a table of slots, and counts them.
// Invariants: a slot names at most one live object; a freed slot is the first to be used again, so
// the table is as long as the most objects that ever lived at once.
#pragma once

#include "workloads/heaptrack/trace.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace pinlab::workloads {

class EventRecorder {
 public:
  /// Whether an object of `size` bytes can be counted: the sum of all sizes stays below 2^64.
  [[nodiscard]] bool fits(std::uint64_t size) const { return size <= ~totals_.bytes; }
  /// A new object; returns its slot. REQUIRES fits(size).
  std::uint32_t allocate(std::uint32_t site, std::uint64_t size);
  /// The object in `slot` dies. REQUIRES that allocate returned it and that it lives.
  void free(std::uint32_t slot);
  /// A free of what no allocation was recorded for.
  void ignore_free() { ++totals_.unmatched_frees; }
  /// An object was recorded where one still lived; the caller frees that one first.
  void note_reused_pointer() { ++totals_.reused_pointers; }

  [[nodiscard]] const TraceTotals& totals() const { return totals_; }
  [[nodiscard]] std::uint32_t slots() const { return static_cast<std::uint32_t>(objects_.size()); }
  /// Hands the events over; the recorder has none afterwards.
  [[nodiscard]] std::vector<TraceEvent> take_events() { return std::move(events_); }

 private:
  struct Object {
    std::uint64_t size = 0;
    std::uint32_t site = 0;
  };

  std::vector<TraceEvent> events_;
  std::vector<Object> objects_;            ///< the last object of each slot
  std::vector<std::uint32_t> free_slots_;  ///< the last one is used first
  TraceTotals totals_;
};

}  // namespace pinlab::workloads
