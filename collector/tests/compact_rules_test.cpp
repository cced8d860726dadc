// Whether a full collection compacts at all: each rule by itself, and in runs.
#include "collector/compact_rule.hpp"
#include "collector/tests/pinned_table.hpp"

#include <doctest/doctest.h>

#include <string>

namespace pinlab::collector::tests {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kBlock = 16 * kKiB;
constexpr std::uint64_t kCell = 512;
constexpr std::size_t kCells = kBlock / kCell;
constexpr std::uint64_t kShare = 10'000'000;  // one part in a hundred

std::unique_ptr<CompactRule> rule(std::string_view name) {
  return heap::find_named(compact_rules(), name)->make();
}

/// 1000 KiB in use, so many hundredths of them free.
CompactSituation fragmented(std::uint64_t percent) {
  return {.used = 1000 * kKiB,
          .live = 1000 * kKiB - 10 * kKiB * percent,
          .heap_max = 4000 * kKiB,
          .used_before = 1000 * kKiB};
}

TEST_CASE("a threshold compares free bytes and their share") {
  const auto threshold = rule("threshold");
  CHECK(threshold->compacts(fragmented(0), {}));
  CHECK(threshold->compacts(fragmented(25), {.least_share = 25 * kShare}));
  CHECK_FALSE(threshold->compacts(fragmented(24), {.least_share = 25 * kShare}));
  CHECK(threshold->compacts(fragmented(20), {.least_free = 200 * kKiB}));
  CHECK_FALSE(threshold->compacts(fragmented(19), {.least_free = 200 * kKiB}));
  CHECK_FALSE(threshold->compacts({}, {.least_share = 1}));  // nothing is in use
}

TEST_CASE("hysteresis begins at one threshold and ends at another") {
  const auto hysteresis = rule("hysteresis");
  const CompactVariants whippet{.least_share = 10 * kShare, .stop_share = 5 * kShare};
  for (const std::uint64_t percent : {4U, 5U, 9U, 10U, 30U}) {
    CAPTURE(percent);
    CompactSituation situation = fragmented(percent);
    CHECK(hysteresis->compacts(situation, whippet) == (percent >= 10));
    situation.compacted_before = true;
    CHECK(hysteresis->compacts(situation, whippet) == (percent >= 5));
  }
}

TEST_CASE("provisional mode compacts a large old generation only where it grew") {
  const auto provisional = rule("provisional");
  CompactSituation situation = fragmented(30);
  CHECK(provisional->compacts(situation, {}));  // a quarter of the heap
  situation.heap_max = 1900 * kKiB;
  CHECK_FALSE(provisional->compacts(situation, {}));
  situation.used_before = 999 * kKiB;
  CHECK(provisional->compacts(situation, {}));
  situation = fragmented(10);  // not more than a tenth is free: not the mode's business
  situation.heap_max = 1900 * kKiB;
  CHECK(provisional->compacts(situation, {}));
  CHECK_FALSE(provisional->compacts(situation, {.least_share = 11 * kShare}));
}

Options heap_of(std::uint64_t blocks, std::string_view name) {
  Options options = born_old(blocks * kBlock, kBlock);
  options.gap_reuse = "none";
  options.compact_effort = CompactEffort::adaptive;
  options.compact_rule = name;
  return options;
}

void make_cells(PinnedTable& table, std::size_t from, std::size_t to) {
  for (std::size_t row = from; row < to; ++row) {
    table.make(row, {0, kCell - 8});
  }
}

TEST_CASE("an exhaustive collection compacts under every rule, and every variant is some rule's") {
  for (const auto& entry : compact_rules()) {
    CAPTURE(entry.name);
    Options options = heap_of(32, entry.name);
    options.compact_variants.least_share = 1000 * kShare / 10;
    PinnedTable table(options, 16 * kCells, 1);
    make_cells(table, 0, table.rows());
    for (std::size_t row = 0; row < table.rows(); row += 2) {
      table.drop(row);
    }
    const PauseReport adaptive = table.collect(CompactEffort::adaptive);
    CHECK(adaptive.declined);
    CHECK(adaptive.moved_bytes == 0);
    CHECK(adaptive.hostage == 0);
    const PauseReport exhaustive = table.collect(CompactEffort::exhaustive);
    CHECK_FALSE(exhaustive.declined);
    CHECK(exhaustive.moved_bytes > 0);
  }
  for (const std::string_view name : compact_variant_names()) {
    CAPTURE(name);
    CHECK(std::ranges::any_of(compact_rules(), [&](const heap::Named<CompactRule>& entry) {
      const auto made = entry.make();
      return std::ranges::find(made->variants(), name) != made->variants().end();
    }));
  }
}

TEST_CASE("in provisional mode full collections of a fragmented heap move nothing until it grows") {
  for (const char* name : {"threshold", "provisional"}) {
    CAPTURE(std::string(name));
    PinnedTable table(heap_of(40, name), 40 * kCells, 1);
    make_cells(table, 0, 30 * kCells);
    CHECK_FALSE(table.collect(CompactEffort::adaptive).declined);  // it grew from nothing
    for (std::size_t row = 0; row < 30 * kCells; ++row) {
      if (row % kCells % 4 != 0) {
        table.drop(row);
      }
    }
    const PauseReport first = table.collect(CompactEffort::adaptive);
    CHECK(first.declined == (std::string_view(name) == "provisional"));
    CHECK((first.moved_bytes > 0) == (std::string_view(name) == "threshold"));
    make_cells(table, 30 * kCells, 32 * kCells);
    CHECK_FALSE(table.collect(CompactEffort::adaptive).declined);
  }
}

TEST_CASE("what freed no block so often is given up, until less is immovable") {
  Options options = heap_of(32, "threshold");
  options.compact_variants.give_up = 3;
  PinnedTable table(options, 16 * kCells, 1);
  make_cells(table, 0, table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (row % kCells == 5) {
      table.pin(row);  // one in each block: no block can ever be freed
    } else {
      table.drop(row);
    }
  }
  for (unsigned round = 0; round < 6; ++round) {
    CAPTURE(round);
    const PauseReport& report = table.collect(CompactEffort::adaptive);
    CHECK(report.declined == (round >= 3));
    CHECK(report.after.blocks_used == 16);
  }
  CHECK_FALSE(table.collect(CompactEffort::exhaustive).declined);
  table.unpin(15 * kCells + 5);
  CHECK_FALSE(table.collect(CompactEffort::adaptive).declined);
}

}  // namespace
}  // namespace pinlab::collector::tests
