// What the times of pauses amount to: percentiles, minimum mutator utilisation, and how well pause
// work stands in for them. Exact arithmetic on nanoseconds.
#pragma once

#include "harness/figures.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace pinlab::harness {

struct Percentiles {
  std::uint64_t count = 0;
  std::uint64_t total = 0;
  std::uint64_t p50 = 0;
  std::uint64_t p90 = 0;
  std::uint64_t p99 = 0;
  std::uint64_t p999 = 0;
  std::uint64_t max = 0;
};

/// By nearest rank: p90 is the smallest length that at least 90 % do not pass.
[[nodiscard]] Percentiles percentiles_of(std::vector<std::uint64_t> lengths);

/// Minimum mutator utilisation (Cheng and Blelloch, PLDI 2001): the least share of any `window`
/// within [0, total] that is no pause, in parts per million, rounded down. Exact: the minimum has
/// an edge of the window at an edge of a pause. A window of more than the whole run is the whole
/// run. REQUIRES pauses in order of time, none into another.
[[nodiscard]] std::uint64_t minimum_utilisation(std::span<const PauseSpan> pauses,
                                                std::uint64_t total,
                                                std::uint64_t window);

/// The squared correlation of pause work and pause time, in parts per million; nothing where fewer
/// than three pauses, or equal ones, leave it undefined.
[[nodiscard]] std::optional<std::uint64_t> work_fit(std::span<const PauseSpan> pauses);

}  // namespace pinlab::harness
