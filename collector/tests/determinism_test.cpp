// The same program gives the same heap, byte for byte, wherever it lies and whoever runs beside it;
// and the same graph whatever the collector does.
#include "collector/plan.hpp"
#include "collector/tests/random_program.hpp"

#include <array>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace pinlab::collector::tests {
namespace {

Options small_heap() {
  Options options;
  options.heap_max = std::uint64_t{8} << 20U;
  options.heap_block = std::uint64_t{16} << 10U;
  options.nursery_size = std::uint64_t{256} << 10U;
  options.gap_min = 256;
  options.verify = VerifyLevel::full;
  return options;
}

Options heap_under(std::string_view plan) {
  Options options = small_heap();
  options.plan = plan;
  return options;
}

constexpr unsigned kRounds = 6;

ProgramMix mix_of(std::uint64_t seed) {
  return {.seed = seed, .steps = 400, .pin_percent = 12, .live_target = 300};
}

struct Digests {
  std::array<std::uint64_t, kRounds> heap{};
  std::array<std::uint64_t, kRounds> graph{};
  std::array<std::uint64_t, kRounds> sampled_heap{};
  std::array<std::uint64_t, kRounds> sampled_graph{};
  std::uint64_t clock = 0;
  std::uint64_t collections = 0;
  friend bool operator==(const Digests&, const Digests&) = default;
};

/// Runs one round, and notes what the heap is then.
void run_round(RandomProgram& program, unsigned round, Digests& digests) {
  program.run();
  digests.heap[round] = program.runtime().heap_digest(program.mutator());
  digests.graph[round] = program.runtime().graph_digest(program.mutator());
  const collector::Digests sampled = program.runtime().sampled_digests(program.mutator());
  digests.sampled_heap[round] = sampled.heap;
  digests.sampled_graph[round] = sampled.graph;
  digests.clock = program.runtime().clock();
  digests.collections = program.runtime().collections();
}

Digests run_alone(const Options& options, std::uint64_t seed) {
  RandomProgram program(options, mix_of(seed));
  Digests digests;
  for (unsigned round = 0; round < kRounds; ++round) {
    run_round(program, round, digests);
  }
  return digests;
}

TEST_CASE("the same seed gives the same heap twice in one process, under every plan") {
  for (const heap::Named<Plan>& plan : plans()) {
    CAPTURE(plan.name);
    const Options options = heap_under(plan.name);
    const Digests first = run_alone(options, 5);
    CHECK(first == run_alone(options, 5));
    const Digests other = run_alone(options, 6);
    CHECK(first.heap != other.heap);
    CHECK(first.graph != other.graph);
    CHECK(first.sampled_heap != other.sampled_heap);
    CHECK(first.sampled_graph != other.sampled_graph);
  }
}

TEST_CASE("the same seed gives the same heap twice under every gap reuse and spread") {
  for (const auto& reuse : heap::gap_reuses()) {
    for (const auto& spread : pinning::spreads()) {
      CAPTURE(reuse.name);
      CAPTURE(spread.name);
      Options options = small_heap();
      options.gap_reuse = reuse.name;
      options.pin_spread = spread.name;
      CHECK(run_alone(options, 9) == run_alone(options, 9));
    }
  }
}

TEST_CASE("two runtimes whose programs take turns do not see each other") {
  const Digests alone = run_alone(small_heap(), 1);
  const Digests other_alone = run_alone(small_heap(), 2);
  RandomProgram program(small_heap(), mix_of(1));
  RandomProgram other(small_heap(), mix_of(2));
  Digests digests;
  Digests other_digests;
  for (unsigned round = 0; round < kRounds; ++round) {
    run_round(program, round, digests);
    run_round(other, round, other_digests);
  }
  CHECK(digests == alone);
  CHECK(other_digests == other_alone);
}

TEST_CASE("two runtimes on two threads do not see each other") {
  const Digests alone = run_alone(small_heap(), 1);
  const Digests other_alone = run_alone(small_heap(), 2);
  Digests digests;
  Digests other_digests;
  {
    const auto run_on_thread = [](std::uint64_t seed, Digests& result) {
      return std::thread([seed, &result] { result = run_alone(small_heap(), seed); });
    };
    std::thread first = run_on_thread(1, digests);
    std::thread second = run_on_thread(2, other_digests);
    first.join();
    second.join();
  }
  CHECK(digests == alone);
  CHECK(other_digests == other_alone);
}

/// The graphs of the program's rounds, in full and sampled; nothing where the route forbids to
/// collect beside pins.
using Graphs = std::pair<std::array<std::uint64_t, kRounds>, std::array<std::uint64_t, kRounds>>;
std::optional<Graphs> graphs_under(const Options& options, std::uint64_t seed) {
  try {
    const Digests digests = run_alone(options, seed);
    return Graphs(digests.graph, digests.sampled_graph);
  } catch (const GcBlocked&) {
    CHECK(options.nursery_route == "lock");
    return std::nullopt;
  }
}

TEST_CASE("a program with pins builds the same graph under every plan, route and gap reuse") {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    CAPTURE(seed);
    const auto expected = graphs_under(heap_under("no_gc"), seed);
    REQUIRE(expected.has_value());
    const auto compare = [&](const Options& these) {
      const auto graphs = graphs_under(these, seed);
      CHECK((!graphs || *graphs == *expected));
    };
    for (const auto& plan : plans()) {
      CAPTURE(plan.name);
      compare(heap_under(plan.name));
    }
    for (const auto& nursery : nursery_routes()) {
      for (const auto& old : old_routes()) {
        for (const auto& reuse : heap::gap_reuses()) {
          CAPTURE(nursery.name);
          CAPTURE(old.name);
          CAPTURE(reuse.name);
          Options options = small_heap();
          options.nursery_route = nursery.name;
          options.old_route = old.name;
          options.gap_reuse = reuse.name;
          compare(options);
        }
      }
    }
  }
}

}  // namespace
}  // namespace pinlab::collector::tests
