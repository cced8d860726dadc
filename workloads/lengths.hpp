// Mixtures of lengths, read from text: how long an object lives on the allocation clock, how long
// foreign code has it, how many bytes it is. "0.9:64KiB, 0.1:gamma(0.5,1MiB)" is nine objects in
// ten with a half-life of 64 KiB and one in ten whose lifetime is gamma.
#pragma once

#include "heap/support/random.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::workloads {

/// What is drawn, which is also how it is written.
enum class LengthUnit : std::uint8_t {
  lifetime,  ///< bytes allocated; a length alone is a half-life
  size,      ///< bytes of an object; a length alone is fixed, and `dacapo` are DaCapo's sizes
  time,      ///< nanoseconds; a length alone is fixed
};

/// Of one kind of object.
struct Length {
  /// Drawn for what never ends.
  static constexpr std::uint64_t kForever = ~std::uint64_t{0};

  enum class Kind : std::uint8_t {
    half_life,  ///< radioactive decay: age tells nothing
    fixed,
    exponential,  ///< the same as half_life, given by its mean
    uniform,
    pareto,
    gamma,
    weibull,
    log_normal,
    log_uniform,
    dacapo,  ///< the pooled sizes of twenty programs
    forever,
  };
  Kind kind = Kind::half_life;
  std::uint64_t shape = 0;  ///< thousandths: of gamma, Weibull and Pareto
  std::uint64_t a = 0;      ///< half-life, length, mean, scale, median or least
  std::uint64_t b = 0;      ///< most, or the 99th percentile

  /// The most that is ever drawn, kForever where that is without bounds.
  [[nodiscard]] std::uint64_t most() const;

  [[nodiscard]] std::uint64_t draw(heap::Random& random) const;
};

class LengthMixture {
 public:
  struct Component {
    std::uint64_t share = 0;  ///< billionths, of all objects
    Length length;
  };

  /// `text`: components SHARE:LENGTH with commas between, or LENGTH alone; shares make 1. A length
  /// is 64KiB (see LengthUnit) or fixed(64KiB), exp(1MiB), uniform(1KiB,1MiB), pareto(1.2,64KiB),
  /// gamma(0.5,1MiB), weibull(0.5,1MiB), log_normal(MEDIAN,P99), log_uniform(1KiB,1MiB), forever
  /// (no size) or dacapo (a size). Throws ParameterError; `name` is the parameter's.
  LengthMixture(std::string_view name,
                std::string_view text,
                LengthUnit unit = LengthUnit::lifetime);

  [[nodiscard]] std::uint64_t draw(heap::Random& random) const;
  /// Which component, so that it can be told apart; then draw of it.
  [[nodiscard]] std::size_t choose(heap::Random& random) const;
  /// The most that is ever drawn, Length::kForever where that is without bounds.
  [[nodiscard]] std::uint64_t most() const;
  [[nodiscard]] const std::vector<Component>& components() const { return components_; }

 private:
  std::vector<Component> components_;
};

}  // namespace pinlab::workloads
