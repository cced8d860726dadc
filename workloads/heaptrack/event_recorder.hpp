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
  std::uint32_t allocate(std::uint32_t site, std::uint64_t size, std::uint32_t references = 0);
  /// The object in `slot` dies. REQUIRES that allocate returned it and that it lives.
  void free(std::uint32_t slot);
  /// Reference `index` of the object in `slot` leads to the one in `target`, or to kNothing.
  /// REQUIRES that both live and index < references.
  void link(std::uint32_t slot, std::uint32_t index, std::uint32_t target);
  /// The object in `slot` is pinned until unpin() of the number that is returned, whether or not it
  /// is freed meanwhile.
  std::uint32_t pin(std::uint32_t slot);
  void unpin(std::uint32_t pin);
  static constexpr std::uint32_t kNothing = ~std::uint32_t{0};
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
    std::uint32_t references = 0;
  };

  std::vector<TraceEvent> events_;
  std::vector<Object> objects_;            ///< the last object of each slot
  std::vector<std::uint32_t> free_slots_;  ///< the last one is used first
  std::vector<std::uint32_t> free_pins_;   ///< likewise
  TraceTotals totals_;
};

}  // namespace pinlab::workloads
