// What every old route promises, whatever gaps are reused how: the same graph, pinned addresses
// that stay, plans that keep to the bounds (the verifier checks I0, I1, LB2 and the order of
// moves), also where there is no room to move to. And what each of their parameters does.
#include "collector/tests/lisp2_oracle.hpp"
#include "collector/tests/pinned_table.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace pinlab::collector::tests {
namespace {

using heap::Address;
using heap::AddressRange;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kBlock = 16 * kKiB;

Options under(std::string_view route, std::string_view reuse, std::uint64_t heap_max) {
  Options options = born_old(heap_max, kBlock);
  options.compact_effort = CompactEffort::adaptive;
  options.old_route = route;
  options.gap_reuse = reuse;
  return options;
}

std::map<std::size_t, Address> pinned_addresses(PinnedTable& table) {
  std::map<std::size_t, Address> addresses;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.is_pinned(row)) {
      addresses[row] = table.object(row).address();
    }
  }
  return addresses;
}

void churn(PinnedTable& table, unsigned steps, unsigned pin_percent, std::uint64_t most_payload) {
  heap::Random& random = table.random();
  for (unsigned step = 0; step < steps; ++step) {
    const std::size_t row = table.any_row();
    const std::uint64_t dice = random.below(20);
    const std::uint64_t most = random.below(30) == 0 ? kBlock / 2 - 64 : most_payload;
    if (dice < 9) {
      table.make(row, {static_cast<std::uint32_t>(random.below(4)), random.below(most)});
      if (random.below(100) < pin_percent) {
        table.pin(row);
      }
    } else if (dice < 13) {
      table.link(row, table.any_row());
    } else if (dice < 18) {
      table.drop(row);
    } else {
      table.unpin(row);
    }
  }
}

void collect_and_check(PinnedTable& table, CompactEffort effort) {
  const std::uint64_t graph = table.runtime().graph_digest(table.mutator());
  const auto pinned = pinned_addresses(table);
  const PauseReport& report = table.collect(effort);
  REQUIRE(table.runtime().graph_digest(table.mutator()) == graph);
  REQUIRE(pinned_addresses(table) == pinned);
  REQUIRE(report.gap_use.reused + report.gap_use.burned <= table.runtime().heap().max_bytes());
}

std::uint64_t graph_under(const Options& options, std::uint64_t seed) {
  PinnedTable table(options, 500, seed);
  for (unsigned round = 0; round < 6; ++round) {
    churn(table, 700, 12, 300);
    collect_and_check(table, round % 2 == 0 ? CompactEffort::adaptive : CompactEffort::exhaustive);
  }
  return table.runtime().graph_digest(table.mutator());
}

TEST_CASE("one program ends in one graph under every old route and gap reuse") {
  const std::uint64_t expected = graph_under(under("slide_around", "bump", 2048 * kKiB), 5);
  for (const auto& route : old_routes()) {
    for (const auto& reuse : heap::gap_reuses()) {
      CAPTURE(route.name);
      CAPTURE(reuse.name);
      CHECK(graph_under(under(route.name, reuse.name, 2048 * kKiB), 5) == expected);
    }
  }
}

TEST_CASE("runs of nearly a block beside a pin move or stay, and every route comes to an end") {
  for (const auto& route : old_routes()) {
    for (const std::uint64_t lack : {0U, 8U, 16U, 24U, 512U}) {
      CAPTURE(route.name);
      CAPTURE(lack);
      PinnedTable table(under(route.name, "first_fit", 16 * kBlock), 64, 1);
      // Block after block: a pinned granule, two objects that fill the rest but for `lack`,
      // garbage.
      std::size_t row = 0;
      for (unsigned block = 0; block < 6; ++block) {
        table.make(row, {});
        table.pin(row++);
        const std::uint64_t rest = kBlock - 8 - lack;
        table.make(row++, {0, rest / 2 / 8 * 8 - 8});
        table.make(row++, {0, rest - rest / 2 / 8 * 8 - 8});
        if (lack > 0) {
          table.make(row, {0, lack - 8});
          table.drop(row);
        }
      }
      table.drop(1);
      table.drop(5);
      for (unsigned round = 0; round < 3; ++round) {
        collect_and_check(table, CompactEffort::exhaustive);
        collect_and_check(table, CompactEffort::adaptive);
      }
      table.unpin(0);
      collect_and_check(table, CompactEffort::exhaustive);
    }
  }
}

/// Fills the heap until nothing fits any more, then drops some rows.
void fill_up(PinnedTable& table, unsigned pin_percent) {
  try {
    for (std::size_t row = 0; row < table.rows(); ++row) {
      table.make(row, {1, table.random().below(400)});
      if (table.random().below(100) < pin_percent) {
        table.pin(row);
      }
    }
    FAIL("the heap is too large for the test");
  } catch (const HeapExhausted&) {
  }
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.random().below(3) == 0) {
      table.drop(row);
    }
  }
}

TEST_CASE("with no free block at all every route compacts what it can, or leaves it") {
  for (const auto& route : old_routes()) {
    for (const unsigned pin_percent : {0U, 10U}) {
      CAPTURE(route.name);
      CAPTURE(pin_percent);
      PinnedTable table(under(route.name, "first_fit", 24 * kBlock), 4000, 3);
      fill_up(table, pin_percent);
      collect_and_check(table, CompactEffort::adaptive);
      collect_and_check(table, CompactEffort::exhaustive);
      collect_and_check(table, CompactEffort::exhaustive);
    }
  }
}

TEST_CASE("what finds no free block stays, unless there is headroom for it") {
  for (const std::uint64_t headroom : {0U, 200'000'000U}) {
    Options options = under("late_veto", "none", 24 * kBlock);
    options.old_variants.headroom = headroom;
    PinnedTable table(options, 4000, 3);
    fill_up(table, 0);
    const PauseReport& report = table.collect();
    CHECK((report.stayed_bytes > 0 || headroom > 0));
    CHECK((report.moved_bytes > 0) == (headroom > 0));
  }
}

/// As the mechanism is told in collector/open_gaps.hpp, by looking at every open gap.
SideTable first_fit(const Snapshot& snapshot, std::size_t most_open) {
  SideTable table;
  std::vector<AddressRange> gaps = gaps_of(snapshot);
  std::vector<std::size_t> open;
  std::size_t next = 0;
  for (const SnapshotBlock& block : snapshot) {
    for (const SnapshotObject& object : block.objects) {
      if (object.immovable) {
        table[object.address] = object.address;
        continue;
      }
      const auto fits = [&](std::size_t gap) { return gaps[gap].bytes() >= object.bytes; };
      auto gap = std::ranges::find_if(open, fits);
      while (gap == open.end()) {
        if (open.size() == most_open) {
          open.erase(
              std::ranges::min_element(open, {}, [&](std::size_t g) { return gaps[g].bytes(); }));
        }
        open.push_back(next++);
        gap = fits(open.back()) ? open.end() - 1 : open.end();
      }
      table[object.address] = gaps[*gap].base;
      gaps[*gap].base += object.bytes;
    }
  }
  return table;
}

TEST_CASE("first fit over open gaps places every object where a naive one places it") {
  for (const std::uint32_t most_open : {1U, 2U, 8U, OldVariants::kAllGaps}) {
    for (const unsigned pin_percent : {3U, 20U, 50U}) {
      CAPTURE(most_open);
      CAPTURE(pin_percent);
      Options options = under("slide_around", "first_fit", 2048 * kKiB);
      options.old_variants.fit = Fit::first;
      options.old_variants.open_gaps = most_open;
      PinnedTable table(options, 700, most_open + pin_percent);
      for (unsigned round = 0; round < 3; ++round) {
        churn(table, 1500, pin_percent, 300);
        const Snapshot snapshot = table.snapshot();
        const SideTable expected =
            first_fit(snapshot, most_open == OldVariants::kAllGaps ? 1'000'000 : most_open);
        if (most_open == 1) {
          REQUIRE(expected == slide(snapshot));
        }
        std::map<std::size_t, Address> places;
        for (std::size_t row = 0; row < table.rows(); ++row) {
          const auto place = expected.find(table.object(row).address());
          if (place != expected.end()) {
            places[row] = place->second;
          }
        }
        table.collect();
        for (const auto& [row, place] : places) {
          REQUIRE(table.object(row).address() == place);
        }
      }
    }
  }
}

/// Movable objects and pins in many blocks, a third of them dropped.
void make_sparse(PinnedTable& table, unsigned pin_percent) {
  for (std::size_t row = 0; row < table.rows(); ++row) {
    table.make(row, {0, table.random().below(500)});
    if (table.random().below(100) < pin_percent) {
      table.pin(row);
    }
  }
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (!table.is_pinned(row) && table.random().below(2) == 0) {
      table.drop(row);
    }
  }
}

PauseReport compact_once(const Options& options, unsigned pin_percent, CompactEffort effort) {
  PinnedTable table(options, 3000, 9);
  make_sparse(table, pin_percent);
  return table.collect(effort);
}

TEST_CASE("more open gaps leave less over in closed ones") {
  Options options = under("slide_around", "none", 2048 * kKiB);
  const std::uint64_t next = compact_once(options, 5, CompactEffort::exhaustive).residual_bytes;
  options.old_variants.fit = Fit::first;
  std::uint64_t before = next;
  for (const std::uint32_t most_open : {4U, 16U, OldVariants::kAllGaps}) {
    options.old_variants.open_gaps = most_open;
    const PauseReport report = compact_once(options, 5, CompactEffort::exhaustive);
    CHECK(report.residual_bytes <= before);
    before = report.residual_bytes;
  }
  CHECK(next > 1000);
  CHECK(before < next / 10);
}

TEST_CASE("no adaptive compaction moves more than its budget, and none where too little is free") {
  for (const auto& route : old_routes()) {
    const auto variants = route.make()->variants();
    if (std::ranges::find(variants, "compact.budget") == variants.end()) {
      continue;
    }
    CAPTURE(route.name);
    Options options = under(route.name, "none", 2048 * kKiB);
    CHECK(compact_once(options, 2, CompactEffort::adaptive).moved_bytes > 0);
    options.old_variants.budget = 20 * kKiB;
    CHECK(compact_once(options, 2, CompactEffort::adaptive).moved_bytes <= 20 * kKiB);
    options.old_variants.budget.reset();
    options.compact_variants.least_share = 990'000'000;
    CHECK(compact_once(options, 2, CompactEffort::adaptive).moved_bytes == 0);
    CHECK(compact_once(options, 2, CompactEffort::exhaustive).moved_bytes > 0);
    options.compact_variants.least_share = 0;
    options.compact_variants.least_free = 2048 * kKiB;
    CHECK(compact_once(options, 2, CompactEffort::adaptive).moved_bytes == 0);
  }
}

TEST_CASE("a parameter that the route does not take is refused, and every one is taken by some") {
  Options options = under("sweep", "none", 2048 * kKiB);
  options.old_variants.fit = Fit::first;
  CHECK_THROWS_AS(Runtime{options}, OptionsError);
  options.old_route = "slide_around";
  CHECK_NOTHROW(Runtime{options});
  options.old_variants.headroom = 1'000'000;
  CHECK_THROWS_AS(Runtime{options}, OptionsError);
  for (const std::string_view name : old_variant_names()) {
    CAPTURE(name);
    CHECK(std::ranges::any_of(old_routes(), [&](const heap::Named<OldRoute>& route) {
      const std::unique_ptr<OldRoute> made = route.make();
      return std::ranges::find(made->variants(), name) != made->variants().end();
    }));
  }
}

TEST_CASE("the gaps of skipped blocks are offered all, at the tail, or not") {
  Options options = under("skip_block", "first_fit", 2048 * kKiB);
  std::uint64_t before = 2048 * kKiB;
  for (const Offer offer : {Offer::all, Offer::tail, Offer::none}) {
    options.old_variants.skipped_gaps = offer;
    const std::uint64_t bytes = compact_once(options, 3, CompactEffort::exhaustive).gap_bytes;
    CHECK(bytes < before);
    before = bytes;
  }
}

TEST_CASE("a long run that would hardly move is an island where the route is told so") {
  for (const bool told : {false, true}) {
    Options options = under("slide_around", "first_fit", 16 * kBlock);
    if (told) {
      options.old_variants.island_least = kBlock / 2;
    }
    PinnedTable table(options, 64, 1);
    table.make(0, {0, 40});
    for (std::size_t row = 1; row < 16; ++row) {
      table.make(row, {0, 1000});
    }
    const Address second = table.object(1).address();
    table.drop(0);
    const PauseReport& report = table.collect();
    CHECK(report.artificial_islands == (told ? 1U : 0U));
    CHECK((table.object(1).address() == second) == told);
    CHECK((report.moved_bytes == 0) == told);
  }
}

}  // namespace
}  // namespace pinlab::collector::tests
