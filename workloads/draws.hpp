// Random draws by integers alone, equal on every compiler and machine: no libm, no std::
// distribution.
//
// All of them invert the distribution function at U = (a word of 64 random bits) / 2^64 by way of
// -log2 U, which is exponential. Its 32 binary places are exact but for the last, so that a draw is
// within a part in 2^31 of the true inverse, rounded down to an integer: means are low by the
// half that rounding takes, and by nothing else that shows. The word 0 counts as 1.
#pragma once

#include "heap/support/parameter.hpp"
#include "heap/support/random.hpp"

#include <cstdint>

namespace pinlab::workloads {

/// The longest length that is drawn; what would be longer ends there.
inline constexpr std::uint64_t kLongestDraw = std::uint64_t{1} << 62U;

/// -log2(bits / 2^64) with `places` binary places, rounded up: positive, at most 64.
/// REQUIRES places <= 56.
[[nodiscard]] std::uint64_t negative_log2(std::uint64_t bits, unsigned places);

/// Geometric: how many failures come before the first success. Its mean is failures / successes,
/// the odds against, of two whole numbers.
class Failures {
 public:
  /// REQUIRES successes > 0 and a sum below 2^63.
  Failures(std::uint64_t successes, std::uint64_t failures);
  [[nodiscard]] std::uint64_t draw(heap::Random& random) const;

 private:
  std::uint64_t rate_;  ///< -log2 of the chance to fail, 56 binary places; 0: it always succeeds
};

/// Exponential with the given mean.
[[nodiscard]] std::uint64_t draw_exponential(std::uint64_t mean, heap::Random& random);
/// Pareto: P(length > x) = (least / x)^alpha. The mean is infinite where alpha <= 1.
/// REQUIRES alpha_thousandths > 0.
[[nodiscard]] std::uint64_t draw_pareto(std::uint64_t alpha_thousandths,
                                        std::uint64_t least,
                                        heap::Random& random);
/// Weibull: P(length > x) = 2^(-(x / scale)^shape log2 e); shape below 1 is infant mortality.
/// REQUIRES shape_thousandths > 0.
[[nodiscard]] std::uint64_t draw_weibull(std::uint64_t shape_thousandths,
                                         std::uint64_t scale,
                                         heap::Random& random);
/// Gamma: the mean is shape * scale. REQUIRES 0 < shape_thousandths <= 64000.
[[nodiscard]] std::uint64_t draw_gamma(std::uint64_t shape_thousandths,
                                       std::uint64_t scale,
                                       heap::Random& random);
/// Log-normal, given by its median and its 99th percentile. REQUIRES 0 < median <= p99.
[[nodiscard]] std::uint64_t draw_log_normal(std::uint64_t median,
                                            std::uint64_t p99,
                                            heap::Random& random);
/// Uniform on a scale of powers of two, between the two. REQUIRES 0 < least <= most.
[[nodiscard]] std::uint64_t draw_log_uniform(std::uint64_t least,
                                             std::uint64_t most,
                                             heap::Random& random);
/// A length of any kind that has one: fixed, exponential, pareto or uniform.
[[nodiscard]] std::uint64_t draw_length(const heap::Distribution& distribution,
                                        heap::Random& random);

}  // namespace pinlab::workloads
