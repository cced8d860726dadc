// Each adversary against its formula, in exact integers, on real heaps of one block.
#include "workloads/residues.hpp"
#include "workloads/tests/world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
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

/// All of them never move what is pinned; the first three move nothing at all.
const std::initializer_list<Opponent> kOpponents = {
    {"mark_sweep"},           {"mark_sweep", "best_fit"},   {"mark_sweep", "next_fit"},
    {"generational"},         {"generational", "best_fit"}, {"generational", "next_fit"},
    {"generational", "bump"}, {"generational", "buckets"}};

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

heap::ParameterValues values_of(std::string_view workload) {
  const auto entry = std::ranges::find(workloads(), workload, &WorkloadEntry::name);
  REQUIRE(entry != workloads().end());
  return heap::ParameterValues({entry->parameters.begin(), entry->parameters.end()});
}

std::unique_ptr<Workload> made(std::string_view workload, const heap::ParameterValues& values) {
  return std::ranges::find(workloads(), workload, &WorkloadEntry::name)->make(values);
}

AdversaryFigures play(std::string_view adversary,
                      const Opponent& opponent,
                      std::initializer_list<Setting> settings,
                      const PinPressureOptions& pressure = {},
                      std::uint64_t heap_bytes = std::uint64_t{1} << 20U) {
  heap::ParameterValues values = values_of(adversary);
  for (const auto& [name, value] : settings) {
    values.set("workload." + name, std::to_string(value));
  }
  const std::unique_ptr<Workload> workload = made(adversary, values);
  World world(one_block(opponent, heap_bytes));
  PinPressure pins(world.runtime, pressure);
  WorkloadContext context{
      .runtime = world.runtime, .mutator = *world.mutator, .pins = pins, .random = heap::Random(1)};
  workload->run(context);
  CHECK(context.live.peak <= context.adversary->m * heap::kGranuleBytes);
  return *context.adversary;
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

TEST_CASE("P_R forces its bound on whatever fit never moves") {
  for (const char* fit : {"best_fit", "next_fit", "buckets", "bump"}) {
    for (const std::uint64_t m : {256U, 1024U, 4096U}) {
      for (const std::uint64_t n : {4U, 32U, 256U}) {
        CAPTURE(fit);
        CAPTURE(m);
        CAPTURE(n);
        const AdversaryFigures figures = play("robson", {"mark_sweep", fit}, {{"m", m}, {"n", n}});
        CHECK(figures.top >= robson(m, n));
      }
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
                                                      {1024, 2, 1024},
                                                      {16384, 8, 512},
                                                      {10000, 10, 100},
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

// Where everything divides, all classes are equal; here they are not, and the best one counts.
TEST_CASE("the pin adversary forces its bound in every small game") {
  for (std::uint64_t m = 2; m <= 40; ++m) {
    for (const std::uint64_t q : {2U, 3U, 5U}) {
      for (std::uint64_t n = q; n <= m; n *= q) {
        for (const Opponent& opponent : {Opponent{"mark_sweep"}, Opponent{"generational"}}) {
          CAPTURE(m);
          CAPTURE(q);
          CAPTURE(n);
          CAPTURE(opponent.plan);
          CHECK(play("pin_adversary", opponent, {{"m", m}, {"n", n}, {"q", q}}, {},
                     std::uint64_t{1} << 16U)
                    .top >= residue_bound(m, q, n));
        }
      }
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

TEST_CASE("pair doubling turns half of what comes into holes") {
  for (const auto& row : std::initializer_list<std::pair<std::uint64_t, std::uint64_t>>{
           {4096, 1}, {8192, 64}, {10000, 3}}) {
    const auto& m = row.first;
    const auto& first = row.second;
    CAPTURE(m);
    CAPTURE(first);
    const AdversaryFigures figures =
        play("pair_doubling", {"mark_sweep"}, {{"m", m}, {"first", first}});
    CHECK(figures.top == figures.bound);
    CHECK(figures.top > m * 3 / 2);
    CHECK(play("pair_doubling", {"generational"}, {{"m", m}, {"first", first}}).top <= m);
  }
}

TEST_CASE("the best-fit killer makes best fit need n times what lives, and first fit little") {
  constexpr std::uint64_t kSmall = std::uint64_t{1} << 16U;  // thousands of collections
  for (const auto& row : std::initializer_list<std::pair<std::uint64_t, std::uint64_t>>{
           {24, 8}, {64, 8}, {150, 8}, {150, 16}, {201, 33}}) {
    const auto& m = row.first;
    const auto& n = row.second;
    CAPTURE(m);
    CAPTURE(n);
    const AdversaryFigures killed =
        play("best_fit_killer", {"mark_sweep", "best_fit"}, {{"m", m}, {"n", n}}, {}, kSmall);
    CHECK(killed.top == killed.bound);
    CHECK(killed.top + 2 * m + 5 * n * n >= m * n);  // n M - O(M + n^2)
    CHECK(play("best_fit_killer", {"mark_sweep"}, {{"m", m}, {"n", n}}, {}, kSmall).top <=
          m * static_cast<unsigned>(std::bit_width(n)));
    CHECK(play("best_fit_killer", {"generational"}, {{"m", m}, {"n", n}}, {}, kSmall).top <= 2 * m);
  }
}

TEST_CASE("the reconstructed P_F reaches Cohen's and Petrank's bound on first fit") {
  struct Row {
    std::uint64_t m, n, c;
    std::uint64_t percent;  ///< of M: the published bound
  };
  for (const Row& row : std::initializer_list<Row>{{1U << 16U, 1U << 10U, 50, 231},
                                                   {1U << 16U, 1U << 10U, 100, 257},
                                                   {1U << 16U, 1U << 10U, 1000, 303},
                                                   {1U << 14U, 1U << 8U, 20, 0},
                                                   {1U << 14U, 1U << 6U, 10, 0}}) {
    CAPTURE(row.m);
    CAPTURE(row.n);
    CAPTURE(row.c);
    const std::uint64_t bytes = std::uint64_t{1} << 22U;
    const AdversaryFigures figures = play("cohen_petrank", {"mark_sweep"},
                                          {{"m", row.m}, {"n", row.n}, {"c", row.c}}, {}, bytes);
    CHECK(figures.top + row.n >= figures.bound);
    if (row.percent > 0) {
      CHECK((*figures.bound * 1000 / row.m + 5) / 10 == row.percent);
    }
    // What moves is freed at once, and stays on the books: the program goes on, and wins nothing.
    CHECK(play("cohen_petrank", {"generational"}, {{"m", row.m}, {"n", row.n}, {"c", row.c}}, {},
               bytes)
              .top <= figures.top);
  }
}

TEST_CASE("scattered pins keep a block each, and a batch of them the blocks that it fills") {
  struct Row {
    const char* layout;
    std::uint64_t pins;
    std::uint32_t blocks;
  };
  // 1 MiB in 64 blocks of 16 KiB, in objects of 64 bytes.
  for (const Row& row : std::initializer_list<Row>{{"scattered", 1, 1},
                                                   {"scattered", 16, 16},
                                                   {"scattered", 64, 64},
                                                   {"scattered", 1000, 64},
                                                   {"batched", 1, 1},
                                                   {"batched", 256, 1},
                                                   {"batched", 257, 2},
                                                   {"batched", 1000, 4}}) {
    CAPTURE(row.layout);
    CAPTURE(row.pins);
    heap::ParameterValues values = values_of("pin_layout");
    values.set("workload.m", "131072");
    values.set("workload.n", "8");
    values.set("workload.layout", row.layout);
    values.set("workload.pins", std::to_string(row.pins));
    collector::Options options = one_block({"generational"}, std::uint64_t{1} << 21U);
    options.heap_block = std::uint64_t{1} << 14U;
    World world(options);
    PinPressure pins(world.runtime, {});
    WorkloadContext context{.runtime = world.runtime,
                            .mutator = *world.mutator,
                            .pins = pins,
                            .random = heap::Random(1)};
    made("pin_layout", values)->run(context);
    CHECK(world.runtime.heap().used_blocks() == row.blocks);
    CHECK(context.adversary->pins == row.pins);
  }
}

TEST_CASE("the ratchet holds as many pins as it may, each of an object that was young") {
  collector::Options options = small_options();
  options.verify = collector::VerifyLevel::full;
  World world(options);
  heap::ParameterValues values = values_of("pin_ratchet");
  values.set("workload.m", "65536");
  values.set("workload.cycle", "16384");
  values.set("workload.cycles", "50");
  values.set("workload.pins", "7");
  PinPressure pins(world.runtime, {});
  WorkloadContext context{
      .runtime = world.runtime, .mutator = *world.mutator, .pins = pins, .random = heap::Random(1)};
  made("pin_ratchet", values)->run(context);
  CHECK(context.adversary->pins == 8);  // the newest is pinned before the oldest ends
  CHECK_FALSE(context.adversary->bound.has_value());
  CHECK(world.runtime.pins().counts().made == 50);
  CHECK(world.runtime.collections() >= 50);
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
