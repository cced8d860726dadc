// Every workload, small, under every plan, with every check that there is.
#include "collector/plan.hpp"
#include "workloads/managed_table.hpp"
#include "workloads/tests/trace_files.hpp"
#include "workloads/tests/world.hpp"
#include "workloads/workload.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

namespace pinlab::workloads::tests {
namespace {

using Kind = PinLifetime::Kind;

/// A recorded program with objects of many sizes, none of them freed in the order of their making.
std::string long_trace() {
  constexpr std::uint64_t kObjects = 4000;
  std::string text(kRawHeader);
  heap::Random random(9);
  std::vector<std::string> live;
  for (std::uint64_t i = 0; i < kObjects; ++i) {
    std::array<char, 64> line{};
    const unsigned address = static_cast<unsigned>(0x10000 + 64 * i);
    const unsigned size = static_cast<unsigned>(random.below(3000));
    std::snprintf(line.data(), line.size(), "+ %x 1 %x\n", size, address);
    text += line.data();
    std::snprintf(line.data(), line.size(), "- %x\n", address);
    live.emplace_back(line.data());
    if (live.size() > 500) {
      std::swap(live[random.below(live.size())], live.back());
      text += live.back();
      live.pop_back();
    }
  }
  return text;
}

/// A use case with so many operations, and without pins of its own: those have tests of their own.
std::map<std::string, std::string> few(const std::string& operations) {
  return {{"workload.operations", operations},
          {"workload.live", "2MiB"},
          {"workload.bytes_per_second", "64MiB"},
          {"workload.arm", "none"}};
}

std::map<std::string, std::string> small_frames() {
  std::map<std::string, std::string> settings = few("20");
  settings["workload.frame_bytes"] = "100KiB";
  settings["workload.lasts"] = "500us";
  return settings;
}

std::map<std::string, std::string> guards() {
  std::map<std::string, std::string> settings = few("3000");
  settings["workload.guards"] = "500";
  settings["workload.steps"] = "3000";
  return settings;
}

std::map<std::string, std::string> keys() {
  std::map<std::string, std::string> settings = few("1000");
  settings["workload.lookups"] = "500";
  return settings;
}

/// Settings that make each workload small. A new workload needs a line here.
std::map<std::string, std::map<std::string, std::string>> small_settings(const std::string& trace) {
  return {
      {"lru_churn",
       {{"workload.slots", "2000"}, {"workload.replacements", "20000"}, {"workload.request", "7"}}},
      {"binary_trees", {{"workload.depth", "10"}}},
      {"gcbench", {{"workload.depth", "10"}}},
      {"heaptrack", {{"workload.trace", trace}, {"workload.rounds", "3"}}},
      {"robson", {{"workload.m", "4096"}, {"workload.n", "256"}}},
      {"pin_adversary", {{"workload.m", "4096"}, {"workload.n", "256"}}},
      {"decay",
       {{"workload.allocate", "6MiB"}, {"workload.lifetimes", "0.9:16KiB,0.1:gamma(0.5,1MiB)"}}},
      {"empirical", {{"workload.allocate", "6MiB"}, {"workload.live", "1MiB"}}},
      {"gcperfsim",
       {{"workload.args",
         "-tc 2 -tagb 6 -tlgb 0.5 -lohar 100 -pohar 20 -pohsr 100-4000 -sohsi 10 -sohpi 10 -ramb "
         "500 "
         "-rlmb 100 -verifyLiveSize"}}},
      {"redis_lru",
       {{"workload.maxmemory", "1MiB"}, {"workload.small", "9000"}, {"workload.large", "3000"}}},
      {"redis_scripts", {{"workload.pairs", "4000"}}},
      {"larson", {{"workload.chunks", "500"}, {"workload.rounds", "4"}}},
      {"mstress", {{"workload.scale", "2"}, {"workload.iterations", "2"}}},
      {"xmalloc",
       {{"workload.batches", "20"}, {"workload.batch", "400"}, {"workload.queued", "5"}}},
      {"alloc_test", {{"workload.slots", "50000"}, {"workload.steps", "400000"}}},
      {"glibc_simple", {{"workload.blocks", "20000"}, {"workload.allocations", "100000"}}},
      {"cohen_petrank", {{"workload.m", "8192"}, {"workload.n", "256"}}},
      {"best_fit_killer", {{"workload.m", "40"}, {"workload.n", "8"}}},
      {"pair_doubling", {{"workload.m", "8192"}, {"workload.first", "2"}}},
      {"pin_ratchet",
       {{"workload.m", "32768"}, {"workload.cycle", "16384"}, {"workload.cycles", "20"}}},
      {"pin_layout", {{"workload.m", "8192"}, {"workload.n", "4"}, {"workload.pins", "1000"}}},
      {"pin_comb", {{"workload.m", "8192"}, {"workload.n", "16"}, {"workload.pins", "512"}}},
      {"iovec", few("40")},
      {"parked_calls", few("100")},
      {"ring", few("100")},
      {"connections", few("100")},
      {"frame_buffers", small_frames()},
      {"async_io", few("40")},
      {"requests", few("20")},
      {"callbacks", few("1000")},
      {"event_loop", few("50")},
      {"guards", guards()},
      {"address_keys", keys()},
      {"debugger_roots", few("20")},
  };
}

struct Ending {
  std::uint64_t graph = 0;
  std::uint64_t collections = 0;
  std::uint64_t pins = 0;
};

Ending run_small(const WorkloadEntry& entry,
                 const collector::Options& options,
                 const PinPressureOptions& pressure) {
  const TemporaryFile trace(long_trace());
  heap::ParameterValues values({entry.parameters.begin(), entry.parameters.end()});
  const auto settings = small_settings(trace.path());
  for (const auto& [name, text] : settings.at(std::string(entry.name))) {
    values.set(name, text);
  }
  const std::unique_ptr<Workload> workload = entry.make(values);
  World world(options);
  PinPressure pins(world.runtime, pressure);
  WorkloadContext context{
      .runtime = world.runtime, .mutator = *world.mutator, .pins = pins, .random = heap::Random(1)};
  workload->run(context);
  world.runtime.verify(*world.mutator, collector::VerifyLevel::full);
  return {.graph = world.runtime.graph_digest(*world.mutator),
          .collections = world.runtime.collections(),
          .pins = pins.made()};
}

collector::Options verified_options(std::string_view plan) {
  collector::Options options = small_options();
  options.plan = plan;
  options.verify = collector::VerifyLevel::full;
  return options;
}

TEST_CASE("every workload runs under every plan, verified, and leaves the same graph behind") {
  for (const WorkloadEntry& entry : workloads()) {
    const std::uint64_t graph = run_small(entry, verified_options("generational"), {}).graph;
    for (const auto& plan : collector::plans()) {
      CAPTURE(entry.name);
      CAPTURE(plan.name);
      const Ending ending = run_small(entry, verified_options(plan.name), {});
      CHECK(ending.graph == graph);
      CHECK(ending.pins == 0);
      const Ending pinned = run_small(entry, verified_options(plan.name), {.share = 50'000'000});
      CHECK(pinned.graph == graph);
      CHECK(pinned.pins > 0);
    }
  }
}

TEST_CASE("workloads run with every shape of pin, and pins that end with a scope") {
  std::size_t turn = 0;  // each workload with some of the shapes, and the other way round
  for (const WorkloadEntry& entry : workloads()) {
    for (const auto& shape : pinning::pin_shapes()) {
      if (++turn % 7 != 0) {
        continue;
      }
      CAPTURE(entry.name);
      CAPTURE(shape.name);
      const PinPressureOptions pressure = {.share = 100'000'000,
                                           .lifetime = {Kind::scope, 0, 0},
                                           .shape = std::string(shape.name),
                                           .limit = shape.name == "limited" ? 1U << 30U : 0U};
      const bool may_block = shape.name == "critical";
      try {
        const Ending ending = run_small(entry, verified_options("generational"), pressure);
        CHECK(ending.pins > 0);
        CHECK((ending.collections > 0 || may_block));
      } catch (const collector::GcBlocked&) {
        CHECK(may_block);
      }
    }
  }
}

/// Adversaries that free what was moved, or that allocate nothing after their one collection.
bool outlives_collections(const WorkloadEntry& entry) {
  return entry.name != "cohen_petrank" && entry.name != "pin_layout";
}

TEST_CASE("every workload runs with pins at every age") {
  for (const WorkloadEntry& entry : workloads()) {
    for (const PinPressureOptions& pressure :
         {PinPressureOptions{.share = 100'000'000, .age = 1},
          PinPressureOptions{.count = 64, .lifetime = {Kind::exponential, 50'000, 0}, .batch = 8},
          PinPressureOptions{.rate = std::uint64_t{1} << 18U,
          .lifetime = {Kind::pareto, 1200, 10'000},
          .age_old = true}}) {
      CAPTURE(entry.name);
      const Ending ending = run_small(entry, verified_options("generational"), pressure);
      const bool at_birth = pressure.age == 0 && !pressure.age_old;
      CHECK((ending.pins > 0 || (!at_birth && !outlives_collections(entry))));
    }
  }
}

TEST_CASE("the program lists the workloads that the build file lists") {
  std::string names;
  for (const WorkloadEntry& entry : workloads()) {
    names += (names.empty() ? "" : ",") + std::string(entry.name);
  }
  CHECK(names == PINLAB_WORKLOADS);
}

TEST_CASE("a workload's parameters are its own, and every one has a sentence") {
  for (const WorkloadEntry& entry : workloads()) {
    CHECK_FALSE(entry.summary.empty());
    CHECK_FALSE(entry.source.empty());
    for (const heap::Parameter& parameter : entry.parameters) {
      CHECK(parameter.name.starts_with("workload."));
      CHECK_FALSE(parameter.summary.empty());
    }
    CHECK_NOTHROW(heap::ParameterValues({entry.parameters.begin(), entry.parameters.end()}));
  }
}

TEST_CASE("a replay needs a trace, and a cache sizes that are in order") {
  const auto made = [](std::string_view workload, const heap::Parameter* changed,
                       const char* text) {
    for (const WorkloadEntry& entry : workloads()) {
      if (entry.name == workload) {
        heap::ParameterValues values({entry.parameters.begin(), entry.parameters.end()});
        if (changed != nullptr) {
          values.set(changed->name, text);
        }
        return entry.make(values) != nullptr;
      }
    }
    return false;
  };
  CHECK_THROWS_AS(made("heaptrack", nullptr, ""), heap::ParameterError);
  const heap::Parameter least = {.name = "workload.size_least", .default_text = "1", .summary = ""};
  CHECK_THROWS_AS(made("lru_churn", &least, "2000"), heap::ParameterError);
  CHECK(made("lru_churn", &least, "1024"));
}

TEST_CASE("a managed table keeps what it was given, across chunks and collections") {
  for (const std::uint64_t slots : {1U, 7U, 8U, 9U, 1000U}) {
    World world(verified_options("generational"));
    const ManagedTable table(*world.mutator, slots, 3);
    for (std::uint64_t slot = 0; slot < slots; slot += 2) {
      const heap::ObjectRef object = world.make();
      object.slot(0).word() = slot;
      table.set(slot, object);
    }
    world.mutator->collect_young();
    world.mutator->collect_full();
    for (std::uint64_t slot = 0; slot < slots; ++slot) {
      const heap::ObjectRef object = table.get(slot);
      REQUIRE(static_cast<bool>(object) == (slot % 2 == 0));
      REQUIRE((!object || object.slot(0).word() == slot));
    }
  }
}

}  // namespace
}  // namespace pinlab::workloads::tests
