// Random numbers that are equal on every compiler and machine: integers only, no std::
// distribution.
#pragma once

#include "heap/support/wide.hpp"

#include <cstdint>

namespace pinlab::heap {

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): one word of state, every seed is good.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(seed) {}

  /// 64 uniform bits.
  constexpr std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

  /// Uniform in [0, bound); the bias of one multiplication is below bound / 2^64. REQUIRES bound >
  /// 0.
  constexpr std::uint64_t below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64U);
  }

  /// True with probability parts_per_billion / 10^9.
  constexpr bool chance(std::uint64_t parts_per_billion) {
    return below(1'000'000'000U) < parts_per_billion;
  }

  /// A stream of its own for a part of a run, so that one part's draws do not shift another's.
  [[nodiscard]] constexpr Random fork(std::uint64_t stream) const {
    Random child(state_ ^ (stream * 0xD1342543DE82EF95U + 0x632BE59BD9B4E019U));
    child.next();
    return child;
  }

 private:
  std::uint64_t state_;
};

}  // namespace pinlab::heap
