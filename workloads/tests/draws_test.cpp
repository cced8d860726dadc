#include "workloads/draws.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace pinlab::workloads::tests {
namespace {

constexpr int kDraws = 400'000;

template <class Draw>
double mean_of(Draw draw) {
  heap::Random random(7);
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) {
    sum += static_cast<double>(draw(random));
  }
  return sum / kDraws;
}

/// Whether a measured value lies within four standard errors of the expected one.
bool agrees(double measured, double expected, double deviation) {
  return std::abs(measured - expected) <= 4 * deviation / std::sqrt(kDraws);
}

TEST_CASE("the fixed-point logarithm agrees with the library's to its last place") {
  heap::Random random(1);
  double worst = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t bits = (random.next() >> random.below(64)) | 1U;
    const double exact = 64 - std::log2(static_cast<double>(bits));
    worst =
        std::max(worst, std::abs(static_cast<double>(negative_log2(bits, 32)) * 0x1p-32 - exact));
  }
  CHECK(worst < 0x1p-31);
  CHECK(negative_log2(0, 32) == std::uint64_t{64} << 32U);
  CHECK(negative_log2(1, 32) == std::uint64_t{64} << 32U);
  CHECK(negative_log2(std::uint64_t{1} << 63U, 32) == std::uint64_t{1} << 32U);
  CHECK(negative_log2(~std::uint64_t{0}, 32) == 1);
}

TEST_CASE("failures before a success are as many as the odds say") {
  const auto odds = [](std::uint64_t successes, std::uint64_t failures) {
    const Failures draws(successes, failures);
    const double measured = mean_of([&](heap::Random& random) { return draws.draw(random); });
    const double mean = static_cast<double>(failures) / static_cast<double>(successes);
    return agrees(measured, mean, std::sqrt(mean * (mean + 1)));
  };
  CHECK(odds(1, 0));
  CHECK(odds(1, 1));
  CHECK(odds(9, 1));
  CHECK(odds(1, 99));
  CHECK(odds(50'000'000, 950'000'000));
  CHECK(odds(1, 999'999'999));
}

TEST_CASE("a certain success draws nothing but zeros, and one in a billion is not never") {
  heap::Random random(3);
  const Failures never_fails(5, 0);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(never_fails.draw(random) == 0);
  }
  const Failures rare(1, 999'999'999);
  CHECK(rare.draw(random) < std::uint64_t{64} * 1'000'000'000);
}

/// The share of draws above `bound`.
template <class Draw>
bool tail_agrees(Draw draw, std::uint64_t bound, double expected) {
  const double above =
      mean_of([&](heap::Random& random) { return draw(random) > bound ? 1.0 : 0.0; });
  return agrees(above, expected, std::sqrt(expected * (1 - expected)));
}

TEST_CASE("Weibull lengths have the tail that was asked for") {
  constexpr std::uint64_t kScale = std::uint64_t{1} << 30U;
  for (const std::uint64_t shape : {300U, 1000U, 2500U}) {
    CAPTURE(shape);
    const auto draw = [&](heap::Random& random) { return draw_weibull(shape, kScale, random); };
    for (const double x : {0.01, 1.5}) {
      CAPTURE(x);
      const double tail = std::exp(-std::pow(x, static_cast<double>(shape) / 1000));
      CHECK(tail_agrees(draw, static_cast<std::uint64_t>(x * static_cast<double>(kScale)), tail));
    }
  }
}

TEST_CASE("gamma lengths have the mean, the spread and the tail that were asked for") {
  constexpr std::uint64_t kScale = std::uint64_t{1} << 30U;
  for (const std::uint64_t shape : {50U, 999U, 2500U}) {
    CAPTURE(shape);
    const double k = static_cast<double>(shape) / 1000;
    const auto draw = [&](heap::Random& random) {
      return static_cast<double>(draw_gamma(shape, kScale, random)) / static_cast<double>(kScale);
    };
    CHECK(agrees(mean_of(draw), k, std::sqrt(k)));
    const auto squared = [&](heap::Random& random) {
      const double length = draw(random);
      return (length - k) * (length - k);
    };
    // The fourth central moment of gamma(k) is 3 k^2 + 6 k.
    CHECK(agrees(mean_of(squared), k, std::sqrt(2 * k * k + 6 * k)));
  }
  const auto half = [&](heap::Random& random) { return draw_gamma(500, kScale, random); };
  for (const double x : {0.001, 0.5}) {  // gamma(1/2) is the square of a normal, halved
    CHECK(tail_agrees(half, static_cast<std::uint64_t>(x * static_cast<double>(kScale)),
                      std::erfc(std::sqrt(x))));
  }
}

TEST_CASE("exponential lengths have the mean that was asked for") {
  for (const double mean : {1000.0, 1048576.0, 0x1p40}) {
    const auto length = static_cast<std::uint64_t>(mean);
    const double measured =
        mean_of([&](heap::Random& random) { return draw_exponential(length, random); });
    CHECK(agrees(measured + 0.5, mean, mean));
  }
}

TEST_CASE("a Pareto tail falls as the power of its alpha") {
  heap::Random random(11);
  int above_ten = 0;
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t length = draw_pareto(1200, 1'000'000, random);
    REQUIRE(length >= 1'000'000);
    above_ten += length > 10'000'000 ? 1 : 0;
  }
  const double share = std::pow(0.1, 1.2);
  CHECK(agrees(above_ten / double{kDraws}, share, std::sqrt(share * (1 - share))));
}

TEST_CASE("a Pareto mean is alpha / (alpha - 1) times the least") {
  const double measured =
      mean_of([](heap::Random& random) { return draw_pareto(3000, 1'000'000, random); });
  CHECK(agrees(measured, 1.5e6, 0.87e6));
}

TEST_CASE("no draw is longer than the longest, whatever the tail") {
  heap::Random random(5);
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(draw_pareto(1, 1'000'000, random) <= kLongestDraw);
    REQUIRE(draw_exponential(kLongestDraw, random) <= kLongestDraw);
  }
}

TEST_CASE("uniform lengths reach both ends, and fixed ones are fixed") {
  heap::Random random(5);
  bool least = false;
  bool most = false;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t length =
        draw_length({.kind = heap::Distribution::Kind::uniform, .a = 3, .b = 7}, random);
    REQUIRE(3 <= length);
    REQUIRE(length <= 7);
    least = least || length == 3;
    most = most || length == 7;
  }
  CHECK(least);
  CHECK(most);
  CHECK(draw_length({.kind = heap::Distribution::Kind::fixed, .a = 99, .b = 0}, random) == 99);
}

TEST_CASE("draws are the same on every compiler and machine") {
  heap::Random random(42);
  const Failures failures(1, 99);
  CHECK(failures.draw(random) == 29);
  CHECK(draw_exponential(1'000'000, random) == 1'833'141);
  CHECK(draw_pareto(1200, 1'000'000, random) == 2'900'776);
}

TEST_CASE("log-normal lengths have their median, their 99th percentile and their mean") {
  constexpr std::uint64_t median = 1'000'000;
  constexpr std::uint64_t p99 = 20'000'000;
  const double sigma = std::log(20.0) / 2.3263478740408408;
  heap::Random random(11);
  int below_median = 0;
  int below_p99 = 0;
  double log_sum = 0;
  double log_squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const auto length = static_cast<double>(draw_log_normal(median, p99, random));
    below_median += length < median ? 1 : 0;
    below_p99 += length < p99 ? 1 : 0;
    const double z = std::log(length / median) / sigma;
    log_sum += z;
    log_squares += z * z;
  }
  CHECK(agrees(below_median / double{kDraws}, 0.5, 0.5));
  CHECK(agrees(below_p99 / double{kDraws}, 0.99, std::sqrt(0.99 * 0.01)));
  CHECK(agrees(log_sum / kDraws, 0, 1));
  CHECK(agrees(log_squares / kDraws, 1, std::sqrt(2.0)));
  CHECK(draw_log_normal(777, 777, random) == 777);
}

TEST_CASE("log-uniform lengths are as often in each octave, and never outside") {
  heap::Random random(12);
  std::array<int, 8> octaves{};
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t length = draw_log_uniform(1000, 256'000, random);
    REQUIRE(length >= 1000);
    REQUIRE(length <= 256'000);
    ++octaves.at(std::min<std::size_t>(
        static_cast<std::size_t>(std::log2(static_cast<double>(length) / 1000)), 7));
  }
  for (const int octave : octaves) {
    CHECK(agrees(octave / double{kDraws}, 0.125, std::sqrt(0.125 * 0.875)));
  }
  CHECK(draw_log_uniform(5, 5, random) == 5);
}

}  // namespace
}  // namespace pinlab::workloads::tests
