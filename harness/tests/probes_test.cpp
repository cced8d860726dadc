#include "harness/experiment.hpp"
#include "harness/heap_maps.hpp"
#include "harness/settings.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <string>

namespace pinlab::harness {
namespace {

const Settings kSmall = {{"heap.max", "16MiB"},      {"workload", "lru_churn"},
                         {"workload.slots", "8000"}, {"workload.replacements", "60000"},
                         {"pin.share", "1%"},        {"pin.lifetime", "exp(4MiB)"},
                         {"record.digest", "full"}};

RunResult run_with(const Settings& more) {
  return run_experiment(resolve(kSmall, more));
}

TEST_CASE("maps and survival do not enter the digest, and nothing else changes") {
  const RunResult plain = run_with({});
  const RunResult probed = run_with({{"record.heap_map", "all"}, {"record.survival", "true"}});
  CHECK(probed.digest == plain.digest);
  CHECK(probed.graph_digest == plain.graph_digest);
  CHECK(probed.exact.hostage_byte_time == plain.exact.hostage_byte_time);
  CHECK(plain.heap_maps.empty());
  CHECK(!plain.survival.has_value());
  REQUIRE(probed.heap_maps.size() == probed.collections.size());
  auto map = probed.heap_maps.begin();
  probed.collections.for_each([&](const collector::PauseReport& report) {
    CHECK(map->collection == report.index);
    CHECK(map->clock == report.clock);
    ++map;
  });
  const RunResult full = run_with({{"record.heap_map", "full"}});
  CHECK(full.heap_maps.size() == full.exact.collections[1]);
}

TEST_CASE("of any number of collections at most so many maps are kept, spread by primes") {
  PrimeSampling sampling(8);
  std::vector<std::uint64_t> kept;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    if (!sampling.takes(i)) {
      continue;
    }
    kept.push_back(i);
    const std::vector<std::size_t> dropped = sampling.keep(i);
    for (auto position = dropped.rbegin(); position != dropped.rend(); ++position) {
      kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(*position));
    }
    CHECK(kept.size() <= 8);
  }
  CHECK(kept.size() >= 4);
  CHECK(kept.front() == 0);
  CHECK(sampling.step() == 197);  // 2, 5, 11, 23, 47, 97, 197
  for (std::size_t i = 1; i < kept.size(); ++i) {
    CHECK(kept[i] / sampling.step() > kept[i - 1] / sampling.step());
  }
}

TEST_CASE("survival finds every byte that full collections mark, and never more than was born") {
  for (const char* plan : {"generational", "semispace", "mark_sweep"}) {
    CAPTURE(plan);
    const RunResult result =
        run_with({{"record.survival", "true"}, {"plan", plan}, {"pin.spread", "line"}});
    REQUIRE(result.survival.has_value());
    const SurvivalFigures& survival = *result.survival;
    CHECK(survival.collections == result.exact.collections[1]);
    std::uint64_t marked = 0;
    std::uint64_t born = 0;
    result.collections.for_each([&](const collector::PauseReport& report) {
      if (report.kind == collector::PauseKind::full) {
        marked += report.after.live;
        born += report.clock;
      }
    });
    REQUIRE(survival.live.size() == survival.allocated.size());
    CHECK(std::accumulate(survival.live.begin(), survival.live.end(), std::uint64_t{0}) == marked);
    CHECK(std::accumulate(survival.allocated.begin(), survival.allocated.end(), std::uint64_t{0}) ==
          born);
    for (std::size_t i = 0; i < survival.live.size(); ++i) {
      CHECK(survival.live[i] <= survival.allocated[i]);
    }
    CHECK(survival.live.back() < survival.allocated.back());  // a cache that turns over
  }
}

TEST_CASE("a run without collections has a survival of nothing, and no maps") {
  const RunResult result = run_with({{"record.survival", "true"},
                                     {"record.heap_map", "all"},
                                     {"heap.max", "1GiB"},
                                     {"workload.replacements", "10"}});
  REQUIRE(result.survival.has_value());
  CHECK(result.survival->collections == 0);
  CHECK(result.survival->live.empty());
  CHECK(result.heap_maps.empty());
}

}  // namespace
}  // namespace pinlab::harness
