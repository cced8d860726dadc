#include "workloads/draws.hpp"

#include "heap/support/expects.hpp"

#include <algorithm>
#include <array>
#include <bit>

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

/// factor * 2^exponent; the exponent has kPlaces binary places.
std::uint64_t scaled(std::uint64_t factor, Wide exponent) {
  const auto whole = static_cast<std::uint64_t>(exponent >> kPlaces);
  if (whole >= kRootPlaces) {
    return kLongestDraw;
  }
  std::uint64_t power = kOne;
  for (unsigned place = 0; place < kPlaces; ++place) {
    if (((exponent >> (kPlaces - 1 - place)) & 1U) != 0) {
      power = static_cast<std::uint64_t>((static_cast<Wide>(power) * kRoots[place]) >> kRootPlaces);
    }
  }
  return clamped((static_cast<Wide>(factor) * power) >> (kRootPlaces - whole));
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
  const Wide natural = (static_cast<Wide>(negative_log2(random.next(), kPlaces)) * kLn2) >> kPlaces;
  return clamped((natural * mean) >> kPlaces);
}

std::uint64_t draw_pareto(std::uint64_t alpha_thousandths,
                          std::uint64_t least,
                          heap::Random& random) {
  EXPECTS(alpha_thousandths > 0);
  const Wide exponential = negative_log2(random.next(), kPlaces);
  return scaled(least, exponential * 1000U / alpha_thousandths);
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
