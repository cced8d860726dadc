// Mixtures of lifetimes on the allocation clock, read from text: "0.9:64KiB, 0.1:gamma(0.5,1MiB)"
// is nine objects in ten with a half-life of 64 KiB and one in ten whose lifetime is gamma.
#pragma once

#include "heap/support/random.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pinlab::workloads {

/// How long one kind of object lives, in bytes allocated.
struct Lifetime {
  enum class Kind : std::uint8_t {
    half_life,  ///< radioactive decay: age tells nothing
    fixed,
    exponential,  ///< the same as half_life, given by its mean
    uniform,
    pareto,
    gamma,
    weibull,
    forever,
  };
  Kind kind = Kind::half_life;
  std::uint64_t shape = 0;  ///< thousandths: of gamma, Weibull and Pareto
  std::uint64_t a = 0;      ///< half-life, length, mean, scale or least
  std::uint64_t b = 0;      ///< uniform: most

  [[nodiscard]] std::uint64_t draw(heap::Random& random) const;
};

class LifetimeMixture {
 public:
  struct Component {
    std::uint64_t share = 0;  ///< billionths, of all objects
    Lifetime lifetime;
  };

  /// `text`: components SHARE:LIFETIME with commas between, or LIFETIME alone; shares make 1. A
  /// lifetime is a half-life (64KiB) or fixed(64KiB), exp(1MiB), uniform(1KiB,1MiB),
  /// pareto(1.2,64KiB), gamma(0.5,1MiB), weibull(0.5,1MiB) or forever. Throws ParameterError;
  /// `name` is the parameter's.
  LifetimeMixture(std::string_view name, std::string_view text);

  [[nodiscard]] std::uint64_t draw(heap::Random& random) const;
  /// Which component, so that it can be told apart; then draw of it.
  [[nodiscard]] std::size_t choose(heap::Random& random) const;
  [[nodiscard]] const std::vector<Component>& components() const { return components_; }

 private:
  std::vector<Component> components_;
};

}  // namespace pinlab::workloads
