// Occupancy and fragmentation of a heap at an instant.
#pragma once

#include "heap/free_runs.hpp"
#include "heap/heap.hpp"
#include "collector/pause.hpp"

#include <array>
#include <cstdint>
#include <tuple>

namespace pinlab::collector {

/// How free memory in used blocks is found: by the live bits that a full collection has just left
/// (fast), or by walking what is there, the dead since the last full collection included (any
/// time).
enum class Occupancy : std::uint8_t { live_bits, walk };

/// A census taken block by block, for who passes all of them anyway: what is to be looked at is
/// near then.
class CensusTaker {
 public:
  CensusTaker(const heap::Heap& heap, Occupancy occupancy) : heap_(heap), occupancy_(occupancy) {}

  /// A used block whose free runs are final. Ascending, each once.
  void take(heap::Block block);
  /// The same where they are known: visit_runs(visit) calls visit(AddressRange) for each,
  /// ascending; what lies side by side is one run.
  template <class VisitRuns>
  void take_known(heap::Block block, VisitRuns&& visit_runs) {
    heap::AddressRange run;
    visit_runs([&](heap::AddressRange next) {
      if (run.limit != next.base) {
        add_known(run);
        run.base = next.base;
      }
      run.limit = next.limit;
    });
    add_known(run);
    const heap::Address limit = heap_.range_of(block).limit;
    note_end(block, run.limit == limit ? run.base : limit);
  }
  /// After the last one, when it is final which blocks are free.
  [[nodiscard]] Census finish();

 private:
  void add(std::uint64_t bytes);
  void add_known(heap::AddressRange run) {
    if (!run.empty()) {
      add(run.bytes());
    }
  }
  void note_end(heap::Block block, heap::Address end);
  [[nodiscard]] heap::Address walk(heap::AddressRange range, heap::Block block);
  void add_free_blocks();

  const heap::Heap& heap_;
  Occupancy occupancy_;
  heap::FreeRuns scratch_;
  Census census_;
  std::array<std::uint64_t, std::tuple_size_v<decltype(Census::gap_histogram)>> by_power_{};
};

/// Only what is counted anyway.
[[nodiscard]] Census brief_census(const heap::Heap& heap);
/// Every free run too. REQUIRES a stopped world.
[[nodiscard]] Census full_census(const heap::Heap& heap, Occupancy occupancy);

}  // namespace pinlab::collector
