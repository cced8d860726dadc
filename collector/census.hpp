// Occupancy and fragmentation of a heap at an instant.
#pragma once

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

/// A census taken block by block, for who passes all of them anyway: what is to be looked at is near
/// then.
class CensusTaker {
 public:
  CensusTaker(const heap::Heap& heap, Occupancy occupancy) : heap_(heap), occupancy_(occupancy) {}

  /// Blocks from `first` to before `limit`, each once, ascending. Their free runs are final.
  void take(std::uint32_t first, std::uint32_t limit);
  /// After the last one, when it is final which blocks are free.
  [[nodiscard]] Census finish();

 private:
  void add(std::uint64_t bytes);
  [[nodiscard]] heap::Address scan_bits(heap::AddressRange block);
  [[nodiscard]] heap::Address scan(heap::AddressRange range, heap::Block block);
  void add_free_blocks();

  const heap::Heap& heap_;
  Occupancy occupancy_;
  Census census_;
  std::array<std::uint64_t, std::tuple_size_v<decltype(Census::gap_histogram)>> by_power_{};
};

/// Only what is counted anyway.
[[nodiscard]] Census brief_census(const heap::Heap& heap);
/// Every free run too. REQUIRES a stopped world.
[[nodiscard]] Census full_census(const heap::Heap& heap, Occupancy occupancy);

}  // namespace pinlab::collector
