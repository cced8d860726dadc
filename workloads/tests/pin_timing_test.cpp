// When pins begin and end on the allocation clock, and that nothing but the seed decides it.
#include "workloads/pin_pressure.hpp"
#include "workloads/tests/world.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace pinlab::workloads::tests {
namespace {

using Kind = PinLifetime::Kind;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;
constexpr std::uint64_t kPerMiB = 1024;  ///< rates are for each GiB

/// The average number of pins that are held, from the second half of `bytes` on.
double average_held(const PinPressureOptions& options, std::uint64_t bytes) {
  World world;
  PinPressure pins(world.runtime, options);
  double sum = 0;
  double samples = 0;
  while (pins.clock() < bytes) {
    static_cast<void>(pins.born(world.make(120)));
    if (pins.clock() > bytes / 2) {
      sum += static_cast<double>(pins.held());
      ++samples;
    }
  }
  return sum / samples;
}

TEST_CASE("a rate makes so many pins for each MiB") {
  for (const std::uint64_t rate : {std::uint64_t{1}, std::uint64_t{16}, std::uint64_t{500}}) {
    World world;
    PinPressure pins(world.runtime, {.rate = rate * kPerMiB, .lifetime = {Kind::fixed, 1000, 0}});
    while (pins.clock() < 128 * kMiB) {
      static_cast<void>(pins.born(world.make(120)));
    }
    const double expected = 128 * static_cast<double>(rate);
    CHECK(std::abs(static_cast<double>(pins.made()) - expected) < 4 * std::sqrt(expected));
  }
}

TEST_CASE("a rate is kept where few objects are eligible, and in batches") {
  World world;
  PinPressure pins(world.runtime, {.rate = 64 * kPerMiB,
                                   .lifetime = {Kind::fixed, 1000, 0},
                                   .batch = 8,
                                   .target = "size",
                                   .size_least = 1024});
  for (int i = 0; pins.clock() < 64 * kMiB; ++i) {
    static_cast<void>(pins.born(world.make(i % 16 == 0 ? 1024 : 24)));
  }
  CHECK(std::abs(static_cast<double>(pins.made()) - 4096) < 4 * std::sqrt(4096.0 / 8) * 8);
}

TEST_CASE("a fixed lifetime ends with the first object born after it") {
  World world;
  PinPressure pins(world.runtime, {.rate = 8 * kPerMiB, .lifetime = {Kind::fixed, kMiB, 0}});
  while (pins.clock() < 64 * kMiB) {
    static_cast<void>(pins.born(world.make(120)));
  }
  REQUIRE(pins.site_figures().size() == 1);
  const SiteFigures& figures = pins.site_figures()[0];
  CHECK(figures.made == pins.made());
  CHECK(figures.bytes == pins.made() * 128);
  CHECK(figures.ended == pins.made() - pins.held());
  CHECK(figures.lifetimes[20] == figures.ended);
}

TEST_CASE("pins held are the rate times the mean lifetime, for every distribution") {
  // Little's law is the check: it does not ask how lengths are drawn.
  const std::uint64_t rate = 128 * kPerMiB;
  const auto held = [&](PinLifetime lifetime) {
    return average_held({.rate = rate, .lifetime = lifetime}, 192 * kMiB);
  };
  CHECK(held({Kind::fixed, kMiB, 0}) == doctest::Approx(128).epsilon(0.1));
  CHECK(held({Kind::exponential, kMiB, 0}) == doctest::Approx(128).epsilon(0.1));
  CHECK(held({Kind::uniform, 0, 2 * kMiB}) == doctest::Approx(128).epsilon(0.1));
  CHECK(held({Kind::pareto, 3000, 2 * kMiB / 3}) == doctest::Approx(128).epsilon(0.15));
}

TEST_CASE("a batch of timed pins lasts as long as the longest of them") {
  World world;
  PinPressure pins(
      world.runtime,
      {.share = heap::kBillion, .lifetime = {Kind::uniform, 1000, 100'000}, .batch = 16});
  bool whole = true;
  std::uint64_t before = 0;
  while (pins.clock() < 4 * kMiB) {
    static_cast<void>(pins.born(world.make(120)));
    const std::uint64_t ended = pins.made() - pins.held();
    whole = whole && (ended - before) % 16 == 0;
    before = ended;
  }
  CHECK(whole);
  CHECK(before > 1000);
}

TEST_CASE("the first pins of a number with fixed lifetimes do not end all at once") {
  World world;
  PinPressure pins(world.runtime, {.count = 1000, .lifetime = {Kind::fixed, kMiB, 0}});
  while (pins.clock() < kMiB / 2) {
    static_cast<void>(pins.born(world.make(120)));
  }
  const std::uint64_t ended = pins.made() - pins.held();
  CHECK(ended > 300);
  CHECK(ended < 700);
}

/// Which of the objects are pinned, and when pins have ended, as one sequence.
std::vector<std::uint64_t> history(std::uint64_t seed, const collector::Options& options) {
  World world(options);
  PinPressure pins(
      world.runtime,
      {.share = 20'000'000, .lifetime = {Kind::pareto, 1200, 10'000}, .batch = 3, .seed = seed});
  heap::Random sizes(5);
  std::vector<std::uint64_t> steps;
  for (int i = 0; i < 20'000; ++i) {
    static_cast<void>(pins.born(world.make(8 + sizes.below(500))));
    steps.push_back((pins.made() << 32U) + pins.held());
  }
  return steps;
}

TEST_CASE("the seed decides what is pinned; the plan and the nursery do not") {
  collector::Options large_nursery = small_options();
  large_nursery.nursery_size *= 8;
  collector::Options marking = small_options();
  marking.plan = "mark_sweep";
  const std::vector<std::uint64_t> steps = history(1, small_options());
  CHECK(history(1, small_options()) == steps);
  CHECK(history(1, large_nursery) == steps);
  CHECK(history(1, marking) == steps);
  CHECK(history(2, small_options()) != steps);
}

TEST_CASE("the clock is the sum of the objects' bytes") {
  World world;
  PinPressure pins(world.runtime, {.rate = kGiB / kMiB});
  std::uint64_t sum = 0;
  for (std::uint64_t bytes = 0; bytes < 1000; ++bytes) {
    const heap::ObjectRef object = world.make(bytes);
    static_cast<void>(pins.born(object));
    sum += object.bytes();
  }
  CHECK(pins.clock() == sum);
}

}  // namespace
}  // namespace pinlab::workloads::tests
