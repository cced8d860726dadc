#include "workloads/draws.hpp"

#include "heap/support/expects.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace pinlab::workloads {

namespace {

using heap::Wide;

constexpr unsigned kPlaces = 32;
constexpr unsigned kRatePlaces = 56;
/// ln 2 with 32 binary places.
constexpr std::uint64_t kLn2 = 2'977'044'472;
/// One, with the places of the table below.
constexpr unsigned kRootPlaces = 62;
constexpr std::uint64_t kOne = std::uint64_t{1} << kRootPlaces;

constexpr std::uint64_t square_root(Wide value) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 63U; bit != 0; bit >>= 1U) {
    const std::uint64_t next = root | bit;
    if (static_cast<Wide>(next) * next <= value) {
      root = next;
    }
  }
  return root;
}

/// 2^(1/2), 2^(1/4), 2^(1/8), ...
constexpr std::array<std::uint64_t, kPlaces> make_roots() {
  std::array<std::uint64_t, kPlaces> roots{};
  std::uint64_t power = 2 * kOne;
  for (std::uint64_t& root : roots) {
    root = square_root(static_cast<Wide>(power) << kRootPlaces);
    power = root;
  }
  return roots;
}
constexpr std::array<std::uint64_t, kPlaces> kRoots = make_roots();
static_assert(kRoots[0] == 6'521'908'912'666'391'106);  // floor(sqrt(2) * 2^62)

constexpr std::uint64_t clamped(Wide length) {
  return static_cast<std::uint64_t>(std::min(length, static_cast<Wide>(kLongestDraw)));
}

/// 2^fraction with the places of the table, for a fraction of kPlaces places.
std::uint64_t power_of_fraction(std::uint64_t fraction) {
  std::uint64_t power = kOne;
  for (unsigned place = 0; place < kPlaces; ++place) {
    if (((fraction >> (kPlaces - 1 - place)) & 1U) != 0) {
      power = static_cast<std::uint64_t>((static_cast<Wide>(power) * kRoots[place]) >> kRootPlaces);
    }
  }
  return power;
}

/// factor * 2^exponent; the exponent has kPlaces binary places.
std::uint64_t scaled(std::uint64_t factor, Wide exponent) {
  const auto whole = static_cast<std::uint64_t>(exponent >> kPlaces);
  if (whole >= kRootPlaces) {
    return kLongestDraw;
  }
  const std::uint64_t power = power_of_fraction(static_cast<std::uint64_t>(exponent));
  return clamped((static_cast<Wide>(factor) * power) >> (kRootPlaces - whole));
}

/// factor * 2^-exponent, rounded down.
std::uint64_t scaled_down(std::uint64_t factor, Wide exponent) {
  const Wide whole = exponent >> kPlaces;
  const auto rest = static_cast<std::uint64_t>(exponent) & ((std::uint64_t{1} << kPlaces) - 1);
  if (whole >= kRootPlaces) {
    return 0;
  }
  const auto shift = static_cast<unsigned>(whole) + (rest == 0 ? 0 : 1);
  const std::uint64_t power =
      rest == 0 ? kOne : power_of_fraction((std::uint64_t{1} << kPlaces) - rest);
  return clamped(((static_cast<Wide>(factor) * power) >> kRootPlaces) >> shift);
}

/// Exponential with mean 1 and kPlaces places.
Wide draw_natural(heap::Random& random) {
  return (static_cast<Wide>(negative_log2(random.next(), kPlaces)) * kLn2) >> kPlaces;
}

/// Gamma of a shape below 1, with mean shape and kPlaces places: Joehnk's method (1964). Of two
/// powers X = U^(1/a) and Y = V^(1/(1-a)) with X + Y <= 1, X / (X + Y) is beta(a, 1 - a), and that
/// times an exponential is gamma(a).
Wide draw_small_gamma(std::uint64_t shape_thousandths, heap::Random& random) {
  for (;;) {
    const Wide u = negative_log2(random.next(), kPlaces);
    const Wide v = negative_log2(random.next(), kPlaces);
    const std::uint64_t x = scaled_down(kOne, u * 1000U / shape_thousandths);
    const std::uint64_t y = scaled_down(kOne, v * 1000U / (1000U - shape_thousandths));
    if (x + y > 0 && x + y <= kOne) {
      return draw_natural(random) * x / (x + y);
    }
  }
}

}  // namespace

// Digit by digit: squaring doubles the logarithm, so that the bit that leaves [1, 2) is the next
// place. An error of the last bit of a square weighs less with each place.
std::uint64_t negative_log2(std::uint64_t bits, unsigned places) {
  const unsigned above = static_cast<unsigned>(std::countl_zero(bits | 1U));
  std::uint64_t mantissa = (bits | (bits == 0 ? 1U : 0U)) << above;  // in [1, 2), 63 places
  std::uint64_t fraction = 0;
  for (unsigned place = 0; place < places; ++place) {
    const Wide square = static_cast<Wide>(mantissa) * mantissa;
    const auto digit = static_cast<unsigned>(square >> 127U);
    mantissa = static_cast<std::uint64_t>(square >> (63U + digit));
    fraction = (fraction << 1U) | digit;
  }
  return ((std::uint64_t{above} + 1) << places) - fraction;
}

Failures::Failures(std::uint64_t successes, std::uint64_t failures) {
  EXPECTS(successes > 0 && failures < (std::uint64_t{1} << 63U) - successes);
  const Wide chance = (static_cast<Wide>(failures) << 64U) / (successes + failures);
  rate_ = failures == 0 ? 0 : negative_log2(static_cast<std::uint64_t>(chance), kRatePlaces);
}

std::uint64_t Failures::draw(heap::Random& random) const {
  if (rate_ == 0) {
    return 0;
  }
  const std::uint64_t exponential = negative_log2(random.next(), kPlaces);
  return static_cast<std::uint64_t>((static_cast<Wide>(exponential) << (kRatePlaces - kPlaces)) /
                                    rate_);
}

std::uint64_t draw_exponential(std::uint64_t mean, heap::Random& random) {
  return clamped((draw_natural(random) * mean) >> kPlaces);
}

std::uint64_t draw_pareto(std::uint64_t alpha_thousandths,
                          std::uint64_t least,
                          heap::Random& random) {
  EXPECTS(alpha_thousandths > 0);
  const Wide exponential = negative_log2(random.next(), kPlaces);
  return scaled(least, exponential * 1000U / alpha_thousandths);
}

std::uint64_t draw_weibull(std::uint64_t shape_thousandths,
                           std::uint64_t scale,
                           heap::Random& random) {
  EXPECTS(shape_thousandths > 0);
  const auto natural = static_cast<std::uint64_t>(std::max<Wide>(draw_natural(random), 1));
  // log2 of it, which has kPlaces places: 64 - kPlaces less than -log2 says.
  const std::uint64_t below = negative_log2(natural, kPlaces);
  constexpr std::uint64_t one = std::uint64_t{64 - kPlaces} << kPlaces;
  return below <= one ? scaled(scale, Wide{one - below} * 1000U / shape_thousandths)
                      : scaled_down(scale, Wide{below - one} * 1000U / shape_thousandths);
}

std::uint64_t draw_gamma(std::uint64_t shape_thousandths,
                         std::uint64_t scale,
                         heap::Random& random) {
  EXPECTS(shape_thousandths > 0 && shape_thousandths <= 64'000);
  Wide sum = 0;
  for (std::uint64_t whole = shape_thousandths / 1000; whole > 0; --whole) {
    sum += draw_natural(random);
  }
  if (shape_thousandths % 1000 != 0) {
    sum += draw_small_gamma(shape_thousandths % 1000, random);
  }
  return clamped((sum * scale) >> kPlaces);
}

namespace {

/// log2(large / small) with kPlaces binary places.
std::uint64_t log2_of_ratio(std::uint64_t large, std::uint64_t small) {
  const Wide share = (static_cast<Wide>(small) << 64U) / large;
  return share >> 64U != 0 ? 0 : negative_log2(static_cast<std::uint64_t>(share), kPlaces);
}

/// Standard normal by Marsaglia's polar method: its absolute value with kPlaces binary places, and
/// whether it is negative.
std::pair<std::uint64_t, bool> draw_normal(heap::Random& random) {
  constexpr std::uint64_t one = std::uint64_t{1} << 62U;
  for (;;) {
    const std::uint64_t bits = random.next();
    const auto a = static_cast<std::int64_t>(static_cast<std::int32_t>(bits >> 32U));
    const auto b = static_cast<std::int64_t>(static_cast<std::int32_t>(bits));
    const auto a_squared = static_cast<std::uint64_t>(a * a);
    const std::uint64_t s = a_squared + static_cast<std::uint64_t>(b * b);
    if (s == 0 || s >= one) {
      continue;
    }
    const Wide minus_two_ln =
        static_cast<Wide>(negative_log2(s << 2U, kPlaces)) * kLn2 >> (kPlaces - 1);
    const Wide square = a_squared * minus_two_ln / s;
    return {square_root(square << kPlaces), a < 0};
  }
}

}  // namespace

std::uint64_t draw_log_normal(std::uint64_t median, std::uint64_t p99, heap::Random& random) {
  EXPECTS(median > 0 && median <= p99);
  /// The 99th percentile of the standard normal distribution, in billionths.
  constexpr std::uint64_t z99 = 2'326'347'874;
  const Wide sigma = static_cast<Wide>(log2_of_ratio(p99, median)) * heap::kBillion / z99;
  const auto [z, negative] = draw_normal(random);
  const Wide exponent = (sigma * z) >> kPlaces;
  return negative ? scaled_down(median, exponent) : scaled(median, exponent);
}

std::uint64_t draw_log_uniform(std::uint64_t least, std::uint64_t most, heap::Random& random) {
  EXPECTS(least > 0 && least <= most);
  const Wide exponent = static_cast<Wide>(log2_of_ratio(most, least)) * random.next() >> 64U;
  return std::min(scaled(least, exponent), most);
}

std::uint64_t draw_length(const heap::Distribution& distribution, heap::Random& random) {
  using Kind = heap::Distribution::Kind;
  switch (distribution.kind) {
    case Kind::fixed:
      return distribution.a;
    case Kind::exponential:
      return draw_exponential(distribution.a, random);
    case Kind::pareto:
      return draw_pareto(distribution.a, distribution.b, random);
    case Kind::uniform:
      return distribution.a + random.below(distribution.b - distribution.a + 1);
    case Kind::object:
    case Kind::forever:
    case Kind::scope:
      break;
  }
  const bool kind_has_a_length = false;
  EXPECTS(kind_has_a_length);
  return 0;
}

}  // namespace pinlab::workloads
