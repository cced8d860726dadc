#include "harness/pause_times.hpp"

#include "heap/support/random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

namespace pinlab::harness {
namespace {

/// By trying every window, a nanosecond apart.
std::uint64_t naive_utilisation(const std::vector<PauseSpan>& pauses,
                                std::uint64_t total,
                                std::uint64_t window) {
  std::vector<bool> paused(total);
  for (const PauseSpan& pause : pauses) {
    for (std::uint64_t t = pause.begin; t < std::min(pause.begin + pause.length, total); ++t) {
      paused[t] = true;
    }
  }
  const std::uint64_t width = std::min(window, total);
  std::uint64_t least = width;
  for (std::uint64_t begin = 0; begin + width <= total; ++begin) {
    const auto from = paused.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto stopped = std::count(from, from + static_cast<std::ptrdiff_t>(width), true);
    least = std::min(least, width - static_cast<std::uint64_t>(stopped));
  }
  return least * 1'000'000 / width;
}

TEST_CASE("minimum mutator utilisation is what trying every window gives") {
  heap::Random random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<PauseSpan> pauses;
    std::uint64_t now = 0;
    const std::uint64_t count = random.below(6);
    for (std::uint64_t i = 0; i < count; ++i) {
      now += random.below(30);
      pauses.push_back({.begin = now, .length = random.below(20)});
      now += pauses.back().length;
    }
    const std::uint64_t total = now + 1 + random.below(30);
    for (const std::uint64_t window :
         {std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{25}, total, total + 9}) {
      CAPTURE(round);
      CAPTURE(window);
      CHECK(minimum_utilisation(pauses, total, window) == naive_utilisation(pauses, total, window));
    }
  }
}

TEST_CASE("no window shorter than the longest pause has any mutator time") {
  const std::vector<PauseSpan> pauses = {{.begin = 100, .length = 50}};
  CHECK(minimum_utilisation(pauses, 1000, 50) == 0);
  CHECK(minimum_utilisation(pauses, 1000, 100) == 500'000);
  CHECK(minimum_utilisation(pauses, 1000, 1000) == 950'000);
  CHECK(minimum_utilisation({}, 1000, 10) == 1'000'000);
}

TEST_CASE("percentiles are by nearest rank") {
  std::vector<std::uint64_t> lengths;
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    lengths.push_back(1001 - i);
  }
  const Percentiles times = percentiles_of(lengths);
  CHECK(times.count == 1000);
  CHECK(times.total == 500'500);
  CHECK(times.p50 == 500);
  CHECK(times.p90 == 900);
  CHECK(times.p99 == 990);
  CHECK(times.p999 == 999);
  CHECK(times.max == 1000);
  CHECK(percentiles_of({7}).p50 == 7);
  CHECK(percentiles_of({}).count == 0);
}

TEST_CASE("pause work that is proportional to time fits it wholly") {
  std::vector<PauseSpan> pauses;
  for (std::uint64_t i = 1; i < 10; ++i) {
    pauses.push_back({.begin = i * 100, .length = 3 * i, .work = 50 + i});
  }
  CHECK(work_fit(pauses).value_or(0) >= 999'999);
  for (PauseSpan& pause : pauses) {
    pause.work = 5;
  }
  CHECK(!work_fit(pauses).has_value());
  pauses.resize(2);
  CHECK(!work_fit(pauses).has_value());
}

}  // namespace
}  // namespace pinlab::harness
