// Programs of malloc and free, as published: what they hold, and the thresholds of those that have
// some.
#include "workloads/tests/world.hpp"
#include "workloads/workload.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace pinlab::workloads::tests {
namespace {

/// Of full collections that the program asked for: used before and after for each live byte, in
/// thousandths.
class Fragmentation final : public collector::PauseObserver {
 public:
  void paused(const collector::PauseReport& report) override {
    if (report.kind == collector::PauseKind::full &&
        report.cause == collector::PauseCause::requested) {
      before.push_back(report.before.used * 1000 / report.survivor_bytes);
      after.push_back(report.after.used * 1000 / report.survivor_bytes);
    }
  }
  std::vector<std::uint64_t> before;
  std::vector<std::uint64_t> after;
};

struct Ran {
  std::vector<std::uint64_t> before;
  std::vector<std::uint64_t> after;
  LiveBytes live;
};

Ran run(std::string_view name,
        std::initializer_list<std::pair<const char*, const char*>> settings,
        std::string_view plan,
        const PinPressureOptions& pressure = {}) {
  const auto entry = std::ranges::find(workloads(), name, &WorkloadEntry::name);
  heap::ParameterValues values({entry->parameters.begin(), entry->parameters.end()});
  for (const auto& [parameter, text] : settings) {
    values.set(parameter, text);
  }
  collector::Options options = small_options();
  options.heap_max = std::uint64_t{256} << 20U;
  options.plan = plan;
  if (plan == "mark_sweep") {
    options.nursery_size = 0;
    options.old_route = "sweep";
    options.gap_reuse = "buckets";
    options.gap_min = heap::kGranuleBytes;
  }
  Fragmentation fragmentation;
  World world(options);
  world.runtime.add_observer(fragmentation);
  PinPressure pins(world.runtime, pressure);
  WorkloadContext context{
      .runtime = world.runtime, .mutator = *world.mutator, .pins = pins, .random = heap::Random(1)};
  entry->make(values)->run(context);
  return {.before = fragmentation.before, .after = fragmentation.after, .live = context.live};
}

TEST_CASE("Redis, evicted keys: fragmentation of at least 1.4 becomes at most 1.1") {
  const std::initializer_list<std::pair<const char*, const char*>> small = {
      {"workload.maxmemory", "10MiB"}, {"workload.small", "70000"}, {"workload.large", "17000"}};
  const Ran moved = run("redis_lru", small, "generational");
  REQUIRE(moved.before.size() == 1);
  CHECK(moved.before[0] >= 1400);
  CHECK(moved.after[0] <= 1100);
  // A pin keeps its block: one value in a thousand pinned undoes some of it, one in two all.
  const auto pinned = [&](std::uint64_t share) {
    return run("redis_lru", small, "generational", {.share = share}).after.back();
  };
  const std::uint64_t few = pinned(1'000'000);
  const std::uint64_t many = pinned(500'000'000);
  CHECK(few > moved.after[0]);
  CHECK(many > few);
  const Ran swept = run("redis_lru", small, "mark_sweep");
  CHECK(swept.after[0] >= 1400);  // nobody moves: the holes stay
}

TEST_CASE("Redis, every second object: 1.05 becomes more than 1.4, and at most 1.05 again") {
  const std::initializer_list<std::pair<const char*, const char*>> small = {
      {"workload.pairs", "10000"}};
  const Ran moved = run("redis_scripts", small, "generational");
  REQUIRE(moved.before.size() == 2);
  CHECK(moved.after[0] <= 1050);
  CHECK(moved.before[1] > 1400);
  CHECK(moved.after[1] <= 1050);
  const Ran swept = run("redis_scripts", small, "mark_sweep");
  CHECK(swept.before[0] <= 1050);
  CHECK(swept.after[1] > 1400);  // nobody moves: the holes stay
}

TEST_CASE("programs of malloc and free hold what they say") {
  const auto live = [](std::string_view name,
                       std::initializer_list<std::pair<const char*, const char*>> settings) {
    return run(name, settings, "generational").live;
  };
  // 4 x 500 blocks of 8 to 1000 bytes, header included 512 on average.
  const LiveBytes larson = live("larson", {{"workload.chunks", "500"}, {"workload.rounds", "10"}});
  CHECK(larson.now > 2000 * 480);
  CHECK(larson.now < 2000 * 544);
  const LiveBytes simple = live(
      "glibc_simple",
      {{"workload.blocks", "25"}, {"workload.allocations", "100000"}, {"workload.size", "64B"}});
  CHECK(simple.peak == 25 * 72);
  CHECK(simple.now == 0);
  const LiveBytes stress = live("mstress", {{"workload.scale", "5"}, {"workload.iterations", "2"}});
  CHECK(stress.now == 0);  // the last iteration frees the whole table
  CHECK(stress.peak > 100'000);
  const LiveBytes queue =
      live("xmalloc",
           {{"workload.batches", "60"}, {"workload.batch", "500"}, {"workload.queued", "10"}});
  CHECK(queue.now == 0);
  CHECK(queue.peak < 10 * 500 * 2056);
  CHECK(queue.peak > 500 * 300);
  // Of slots that are toggled in even numbers half are full on average, weighted by their use.
  const LiveBytes toggled =
      live("alloc_test", {{"workload.slots", "4096"}, {"workload.steps", "200000"}});
  CHECK(toggled.now > 4096 / 4 * 16);
  CHECK(toggled.now < 4096 * 100);
}

}  // namespace
}  // namespace pinlab::workloads::tests
