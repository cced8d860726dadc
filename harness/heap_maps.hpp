// The listener that draws maps of the heap, for record.heap_map.
//
// Invariants: (1) at most kMostMaps maps are kept, and never two of the same stretch of p
// collections, p a prime: a period of young and full collections cannot hide from them; (2) which
// are kept depends on the sequence of collections alone.
#pragma once

#include "collector/heap_map.hpp"
#include "collector/move_observer.hpp"
#include "collector/runtime.hpp"
#include "harness/recorder.hpp"

#include <cstdint>
#include <vector>

namespace pinlab::harness {

inline constexpr std::size_t kMostMaps = 512;

/// Which of a sequence of unknown length to keep, and what to drop again as it grows.
class PrimeSampling {
 public:
  explicit PrimeSampling(std::size_t most) : most_(most) {}

  /// Whether element `number` (ascending) is to be kept, as the sampling stands.
  [[nodiscard]] bool takes(std::uint64_t number) const {
    return kept_.empty() || number / step_ != kept_.back() / step_;
  }
  /// Keeps it. Returns the positions, ascending, of kept elements that are to be dropped now.
  [[nodiscard]] std::vector<std::size_t> keep(std::uint64_t number);
  [[nodiscard]] std::uint64_t step() const { return step_; }

 private:
  std::size_t most_;
  std::uint64_t step_ = 1;
  std::vector<std::uint64_t> kept_;
};

class HeapMaps final : public collector::PauseObserver, public collector::MoveObserver {
 public:
  enum class Which : std::uint8_t { full, all };

  /// After the recorder in the runtime's list, which must not outlive either.
  HeapMaps(Which which, collector::Runtime& runtime, Recorder& recorder)
      : which_(which), runtime_(runtime), recorder_(recorder) {}

  void paused(const collector::PauseReport& report) override;
  void survived(heap::Block block, std::span<const collector::Survivor> survivors) override;
  void step_ended() override {}

 private:
  Which which_;
  collector::Runtime& runtime_;
  Recorder& recorder_;
  PrimeSampling sampling_{kMostMaps};
  std::uint64_t seen_ = 0;
  std::vector<heap::AddressRange> moved_;  ///< in the pause that runs
};

}  // namespace pinlab::harness
