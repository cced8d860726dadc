// Each adversary against its formula, in exact integers, on real heaps of one block.
#include "workloads/residues.hpp"
#include "workloads/tests/world.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <initializer_list>
#include <string>
#include <utility>

namespace pinlab::workloads::tests {
namespace {

struct Opponent {
  std::string plan;
  std::string gap_reuse = "first_fit";
};

/// All of them never move what is pinned; the first moves nothing at all.
const std::initializer_list<Opponent> kOpponents = {
    {"mark_sweep"}, {"generational"}, {"generational", "bump"}, {"generational", "buckets"}};

collector::Options one_block(const Opponent& opponent, std::uint64_t bytes) {
  collector::Options options;
  options.plan = opponent.plan;
  options.gap_reuse = opponent.gap_reuse;
  options.heap_max = bytes;
  options.heap_block = bytes;
  options.nursery_size = 0;
  options.gap_min = heap::kGranuleBytes;
  options.verify = collector::VerifyLevel::full;
  if (opponent.plan == "mark_sweep") {
    options.old_route = "sweep";
  }
  return options;
}

using Setting = std::pair<std::string, std::uint64_t>;

AdversaryFigures play(std::string_view adversary,
                      const Opponent& opponent,
                      std::initializer_list<Setting> settings,
                      const PinPressureOptions& pressure = {},
                      std::uint64_t heap_bytes = std::uint64_t{1} << 20U) {
  for (const WorkloadEntry& entry : workloads()) {
    if (entry.name != adversary) {
      continue;
    }
    heap::ParameterValues values({entry.parameters.begin(), entry.parameters.end()});
    for (const auto& [name, value] : settings) {
      values.set("workload." + name, std::to_string(value));
    }
    const std::unique_ptr<Workload> workload = entry.make(values);
    World world(one_block(opponent, heap_bytes));
    PinPressure pins(world.runtime, pressure);
    WorkloadContext context{.runtime = world.runtime,
                            .mutator = *world.mutator,
                            .pins = pins,
                            .random = heap::Random(1)};
    workload->run(context);
    CHECK(context.live.peak <= context.adversary->m * heap::kGranuleBytes);
    return *context.adversary;
  }
  FAIL("no such adversary");
  return {};
}

/// M (log2(n) / 2 + 1) - n + 1.
std::uint64_t robson(std::uint64_t m, std::uint64_t n) {
  return m * static_cast<unsigned>(std::countr_zero(n)) / 2 + m - n + 1;
}

TEST_CASE("P_R forces Robson's bound on address-ordered first fit, to the granule") {
  for (const std::uint64_t m : {64U, 256U, 1024U, 4096U}) {
    for (std::uint64_t n = 1; n <= m; n *= 2) {
      CAPTURE(m);
      CAPTURE(n);
      const AdversaryFigures figures = play("robson", {"mark_sweep"}, {{"m", m}, {"n", n}});
      CHECK(figures.top == robson(m, n));
      CHECK(figures.bound == robson(m, n));
      CHECK(figures.pins == 0);
    }
  }
}

TEST_CASE("P_R gets nothing out of a heap that moves, unless everything it has is pinned") {
  const std::initializer_list<Setting> game = {{"m", 1024}, {"n", 64}};
  CHECK(play("robson", {"generational"}, game).top == 1024);
  for (const Opponent& opponent : kOpponents) {
    CHECK(play("robson", opponent, game, {.share = heap::kBillion}).top >= robson(1024, 64));
  }
  CHECK(play("robson", {"generational"}, game, {.share = heap::kBillion}).top == robson(1024, 64));
}

TEST_CASE("the pin adversary forces its bound on every heap that keeps pinned objects in place") {
  struct Game {
    std::uint64_t m, q, n;
  };
  for (const Game& game : std::initializer_list<Game>{{1024, 2, 256},
                                                      {4096, 4, 256},
                                                      {4096, 4, 1024},
                                                      {4096, 16, 256},
                                                      {6561, 3, 729},
                                                      {6560, 9, 81},
                                                      {5000, 10, 1000},
                                                      {4095, 64, 64},
                                                      {777, 5, 625}}) {
    const std::uint64_t bound = residue_bound(game.m, game.q, game.n);
    // The formula rounds nothing; each of its steps to sizes S may lose S - 1.
    std::uint64_t steps = 0;
    std::uint64_t rounding = 0;
    for (std::uint64_t size = game.q; size <= game.n; size *= game.q, ++steps) {
      rounding += size;
    }
    const std::uint64_t formula = game.m + game.m * (game.q - 1) * steps / game.q - game.n + 1;
    CHECK(bound <= formula);
    CHECK(bound + rounding >= formula);
    for (const Opponent& opponent : kOpponents) {
      CAPTURE(game.m);
      CAPTURE(game.q);
      CAPTURE(game.n);
      CAPTURE(opponent.plan);
      CAPTURE(opponent.gap_reuse);
      const AdversaryFigures figures =
          play("pin_adversary", opponent, {{"m", game.m}, {"n", game.n}, {"q", game.q}});
      CHECK(figures.top >= bound);
      CHECK(figures.bound == bound);
      CHECK(figures.q == game.q);
      CHECK(figures.pins >= game.m / game.q);
    }
  }
}

TEST_CASE("the pin adversary with q = 2 is Robson's, and moving does not help against it") {
  for (const char* plan : {"mark_sweep", "generational"}) {
    CHECK(play("pin_adversary", {plan}, {{"m", 2048}, {"n", 512}, {"q", 2}}).top ==
          robson(2048, 512));
  }
}

TEST_CASE(
    "the pin comb forces what its pins allow: on first fit exactly, and never more than all") {
  struct Game {
    std::uint64_t m, n, pins;
  };
  for (const Game& game : std::initializer_list<Game>{{1024, 16, 64},
                                                      {1024, 16, 63},
                                                      {1000, 16, 10},
                                                      {4096, 512, 8},
                                                      {4000, 7, 571},
                                                      {810, 8, 10},
                                                      {64, 64, 1},
                                                      {512, 1, 100},
                                                      {512, 8, 0}}) {
    const std::uint64_t held = game.pins + (game.m - game.pins) / game.n;
    const std::uint64_t least = game.n * held - game.n + 1;
    for (const Opponent& opponent : kOpponents) {
      CAPTURE(game.m);
      CAPTURE(game.n);
      CAPTURE(game.pins);
      CAPTURE(opponent.plan);
      CAPTURE(opponent.gap_reuse);
      const AdversaryFigures figures =
          play("pin_comb", opponent, {{"m", game.m}, {"n", game.n}, {"pins", game.pins}});
      CHECK(figures.bound == least);
      CHECK(figures.top >= least);
      CHECK(figures.top <= game.m + game.pins * (game.n - 1));
      CHECK(figures.pins == game.pins);
      if (opponent.gap_reuse == "first_fit" && game.n > 1 && game.pins > 0) {
        CHECK(figures.top == std::max(least, game.m));
      }
    }
  }
}

TEST_CASE("an adversary whose heap is full says how far it came") {
  const Opponent opponent{"mark_sweep"};
  World world(one_block(opponent, std::uint64_t{1} << 16U));
  PinPressure pins(world.runtime, {});
  WorkloadContext context{
      .runtime = world.runtime, .mutator = *world.mutator, .pins = pins, .random = heap::Random(1)};
  const auto fill = [&] {
    Contest contest(context, {.m = 4096, .n = 64, .q = 2, .bound = residue_bound(4096, 2, 64)});
    play_residues(contest, 2, 64, Survivors::free_to_move);
  };
  CHECK_THROWS_AS(fill(), collector::HeapExhausted);
  CHECK(context.adversary->top <= 8192);
  CHECK(context.adversary->top > 8192 - 64);
  CHECK(context.live.now == 0);
}

TEST_CASE("adversaries refuse sizes that their theorems do not speak of") {
  const Opponent opponent{"mark_sweep"};
  CHECK_THROWS_AS(play("robson", opponent, {{"m", 64}, {"n", 128}}), heap::ParameterError);
  CHECK_THROWS_AS(play("robson", opponent, {{"m", 64}, {"n", 24}}), heap::ParameterError);
  CHECK_THROWS_AS(play("pin_adversary", opponent, {{"m", 64}, {"n", 16}, {"q", 8}}),
                  heap::ParameterError);
  CHECK_THROWS_AS(play("pin_comb", opponent, {{"m", 64}, {"n", 16}, {"pins", 5}}),
                  heap::ParameterError);
}

}  // namespace
}  // namespace pinlab::workloads::tests
